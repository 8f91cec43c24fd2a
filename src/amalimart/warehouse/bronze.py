"""Bronze as the engine sees it: what is committed behind one landed table, all of it or what is new.

Files are named one by one: a pattern would also read what a crash left behind. Batches that are still
in the journal are copied into tables, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from amalimart.core.errors import WarehouseError
from amalimart.core.names import TableRef, quoted
from amalimart.lake.journal import JournalPart
from amalimart.warehouse.incremental.recipe import changes_of

_ARRIVED = "arrived_in_journal"
REPLACED = "replaced"
"""The `_op` of a row of history that says that a snapshot replaced everything before it."""


@dataclass(frozen=True, slots=True)
class BronzeFiles:
    """Committed files that are read alike; the columns `as_text` have another type elsewhere."""

    paths: tuple[Path, ...]
    as_text: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class BronzeJournal:
    """Rows in the journal that are read alike; the columns `as_text` have another type elsewhere."""

    parts: tuple[JournalPart, ...]
    as_text: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class BronzeRows:
    """Rows of one table, in files and in the journal.

    replaced  of history: version and moment of each snapshot that replaced what came before it; a row each
    columns   of history: what the view has even where there are no rows
    """

    files: tuple[BronzeFiles, ...]
    journal: tuple[BronzeJournal, ...]
    replaced: tuple[tuple[int, datetime], ...] = ()
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BronzeTable:
    """What is committed behind one bronze view.

    version   the last commit that touched it
    snapshot  the commit it was last read anew with: whoever has built less must build it anew
    rows_of   version -> what may hold rows of later commits; of 0 it is all that is committed
    """

    source: str
    view: str
    version: int
    snapshot: int
    rows_of: Callable[[int], BronzeRows]

    @property
    def place(self) -> TableRef:
        """Where its view stands."""
        return TableRef("bronze", self.view)

    @property
    def journal_table(self) -> str:
        """Name of the table that holds what is in the journal."""
        return f"{self.view}__journal"


def refuse_missing(tables: Sequence[BronzeTable], expected: frozenset[str]) -> None:
    """Raises WarehouseError where a table that the models read has landed nothing."""
    missing = expected - {table.view for table in tables}
    if missing:
        raise WarehouseError(
            f"the lake holds no table for {', '.join(sorted(missing))}",
            next_step="run the ingest again",
        )


def create_bronze(cursor: duckdb.DuckDBPyConnection, table: BronzeTable) -> None:
    """Make the view over all rows of a table."""
    rows = table.rows_of(0)
    cursor.execute(f"drop view if exists {table.place.sql}")
    selects = [_select_of_files(files) for files in rows.files]
    selects += [_select_of_mark(version, moment) for version, moment in rows.replaced]
    if rows.columns:
        selects.append(f"select {', '.join(f'null as {quoted(name)}' for name in rows.columns)} where false")
    if rows.journal:
        kept = f"bronze.{quoted(table.journal_table)}"
        with _registered(cursor, rows.journal) as journaled:
            cursor.execute(f"create or replace table {kept} as {_together(journaled)}")
        selects.append(f"select * from {kept}")
    else:
        cursor.execute(f"drop table if exists bronze.{quoted(table.journal_table)}")
    cursor.execute(f"create view {table.place.sql} as {_together(selects)}")


def take_news(cursor: duckdb.DuckDBPyConnection, table: BronzeTable, after: int) -> frozenset[str]:
    """Keep the rows of later commits as the view's change set, and return the operations among them."""
    rows = table.rows_of(after)
    files = [_select_of_files(files) for files in rows.files]
    with _registered(cursor, rows.journal) as journaled:
        cursor.execute(
            f"create temp table {changes_of(table.place)} as"
            f" select * from ({_together([*files, *journaled])}) where _batch > {after}"
        )
    found = cursor.execute(f"select distinct _op from {changes_of(table.place)}").fetchall()
    return frozenset(operation for (operation,) in found)


@contextmanager
def _registered(cursor: duckdb.DuckDBPyConnection, journal: Sequence[BronzeJournal]) -> Iterator[list[str]]:
    """Selects over rows of the journal, while the block lasts."""
    selects: list[str] = []
    try:
        for number, alike in enumerate(journal):
            rows = pa.concat_tables([part.read() for part in alike.parts], promote_options="permissive")
            cursor.register(f"{_ARRIVED}_{number}", rows)
            selects.append(f"select {_columns(alike.as_text)} from {_ARRIVED}_{number}")
        yield selects
    finally:
        for number in range(len(selects)):
            cursor.unregister(f"{_ARRIVED}_{number}")


def _together(selects: Sequence[str]) -> str:
    return " union all by name ".join(selects)


def _select_of_files(files: BronzeFiles) -> str:
    paths = ", ".join("'" + str(path).replace("'", "''") + "'" for path in files.paths)
    return f"select {_columns(files.as_text)} from read_parquet([{paths}], union_by_name = true)"


def _select_of_mark(version: int, moment: datetime) -> str:
    return (
        f"select '{REPLACED}' as _op, cast({version} as bigint) as _batch, cast(0 as bigint) as _sequence,"
        f" cast('{moment.isoformat()}' as timestamptz) as _committed_at"
    )


def _columns(as_text: frozenset[str]) -> str:
    cast = ", ".join(f"cast({quoted(name)} as varchar) as {quoted(name)}" for name in sorted(as_text))
    return f"* replace ({cast})" if cast else "*"
