"""Bronze as the engine sees it: one view a landed table, over exactly what is committed.

Files are named one by one: a pattern would also read what a crash left behind. Batches that are still
in the journal are copied into a table beside the view, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from amalimart.core.errors import WarehouseError
from amalimart.core.names import quoted
from amalimart.lake.journal import JournalPart

_ARRIVED = "arrived_in_journal"


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
class BronzeTable:
    """What is committed behind one bronze view. `version` is the last commit that touched it."""

    source: str
    view: str
    files: tuple[BronzeFiles, ...]
    journal: tuple[BronzeJournal, ...]
    version: int

    @property
    def journal_table(self) -> str:
        """Name of the table that holds what is in the journal."""
        return f"{self.view}__journal"


def create_bronze(
    cursor: duckdb.DuckDBPyConnection, tables: Sequence[BronzeTable], expected: frozenset[str]
) -> None:
    """Make the views the models read. Raises WarehouseError where one of them has landed nothing."""
    missing = expected - {table.view for table in tables}
    if missing:
        raise WarehouseError(
            f"the lake holds no table for {', '.join(sorted(missing))}",
            next_step="run the ingest again",
        )
    for table in tables:
        selects = [_select_of_files(files) for files in table.files]
        cursor.execute(f"drop view if exists bronze.{quoted(table.view)}")
        if table.journal:
            _copy_journal(cursor, table)
            selects.append(f"select * from bronze.{quoted(table.journal_table)}")
        else:
            cursor.execute(f"drop table if exists bronze.{quoted(table.journal_table)}")
        joined = " union all by name ".join(selects)
        cursor.execute(f"create view bronze.{quoted(table.view)} as {joined}")


def _copy_journal(cursor: duckdb.DuckDBPyConnection, table: BronzeTable) -> None:
    names = []
    try:
        for number, journal in enumerate(table.journal):
            rows = pa.concat_tables([part.read() for part in journal.parts], promote_options="permissive")
            names.append((f"{_ARRIVED}_{number}", journal.as_text))
            cursor.register(names[-1][0], rows)
        joined = " union all by name ".join(
            f"select {_columns(as_text)} from {name}" for name, as_text in names
        )
        cursor.execute(f"create or replace table bronze.{quoted(table.journal_table)} as {joined}")
    finally:
        for name, _ in names:
            cursor.unregister(name)


def _select_of_files(files: BronzeFiles) -> str:
    paths = ", ".join("'" + str(path).replace("'", "''") + "'" for path in files.paths)
    return f"select {_columns(files.as_text)} from read_parquet([{paths}], union_by_name = true)"


def _columns(as_text: frozenset[str]) -> str:
    cast = ", ".join(f"cast({quoted(name)} as varchar) as {quoted(name)}" for name in sorted(as_text))
    return f"* replace ({cast})" if cast else "*"
