"""What a fresh file is given before it takes over: the tables of the served one, or its history.

The fresh file is attached beside the served one under the name `next` (HotFile.beside). What only says how
a file was built stays its own; what was published, held back and accepted goes on: the numbers of releases
never go back. Also tells how the two differ. Builds nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb

from amalimart.core.errors import AmalimartError, DiskFull
from amalimart.core.names import TableRef, quoted
from amalimart.warehouse.bronze import BronzeTable, create_bronze
from amalimart.warehouse.file.hot_file import NEXT, HotFile
from amalimart.warehouse.releases.release_records import as_built_anew

_SERVED = "warehouse"
_COMPARED = ("staging", "silver", "gold")
_FORMAT = "file_format"
_OF_THE_FILE = frozenset({"run_context", "models", "checks", "built_with", _FORMAT})
"""Tables of `meta` that say how the file they are in was built."""


@dataclass(frozen=True, slots=True)
class TableDifference:
    """A table that differs: rows of the served and of the fresh one, None where it is not there."""

    table: str
    served_rows: int | None
    fresh_rows: int | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many tables were compared and which differ; `at_one_position` unless the served one was behind."""

    tables: int
    differences: tuple[TableDifference, ...]
    at_one_position: bool


def hold_still(cursor: duckdb.DuckDBPyConnection) -> bool:
    """See one state of both files from now on; whether they hold the same positions of the sources."""
    cursor.execute("begin transaction")
    found = [
        cursor.execute(
            f"select positions from {catalog}.meta.releases order by release_id desc limit 1"
        ).fetchone()
        for catalog in (_SERVED, NEXT)
    ]
    return found[0] is not None and found[0] == found[1]


def compare(cursor: duckdb.DuckDBPyConnection, *, at_one_position: bool) -> Comparison:
    """Hold every built table of the fresh file against the served one, by its rows and a checksum of them."""
    served, fresh = _tables(cursor, _SERVED, _COMPARED), _tables(cursor, NEXT, _COMPARED)
    differences = []
    for table in sorted({*served, *fresh}):
        ours = _summed(cursor, _SERVED, table, served[table]) if table in served else None
        theirs = _summed(cursor, NEXT, table, fresh[table]) if table in fresh else None
        if ours != theirs or served.get(table) != fresh.get(table):
            differences.append(
                TableDifference(
                    f"{table.schema}.{table.name}", ours[0] if ours else None, theirs[0] if theirs else None
                )
            )
    return Comparison(len({*served, *fresh}), tuple(differences), at_one_position)


def copy_tables(cursor: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """Copy every table into the fresh file as of one release, in the order of its first column, its key.

    Returns the definitions of the views, the oldest first: they can only be made in the file itself.
    """
    cursor.execute("begin transaction")
    made = _tables(cursor, NEXT, ("meta",))
    for table, columns in _tables(cursor, _SERVED).items():
        source, target = f"{_SERVED}.{table.sql}", f"{NEXT}.{table.sql}"
        if table not in made:
            cursor.execute(f"create schema if not exists {NEXT}.{quoted(table.schema)}")
            first = quoted(next(iter(columns)))
            cursor.execute(f"create table {target} as select * from {source} order by {first}")
        elif table.name != _FORMAT:
            cursor.execute(f"insert into {target} by name {_common(source, columns, made[table])}")
    found = cursor.execute(
        f"select sql from duckdb_views() where database_name = '{_SERVED}' and not internal order by view_oid"
    ).fetchall()
    cursor.execute("commit")
    return tuple(sql for (sql,) in found)


def create_views(hot_file: HotFile, definitions: Iterable[str], landed: Iterable[BronzeTable]) -> None:
    """Make the views of another file in this one.

    A view is bound as it is made, and one of bronze may name files that are gone by now. It is made of what
    is committed today, as a build does before it reads one. A view waits for those that it reads.
    """
    left = [sql for sql in definitions if not _is_made(hot_file, sql)]
    if not left:
        return
    with hot_file.write() as cursor:
        known = _views(cursor)
        for table in landed:
            if table.place not in known:
                create_bronze(cursor, table)
    while left:
        still = [sql for sql in left if not _is_made(hot_file, sql)]
        if len(still) == len(left):
            return  # what is left has been made of the lake, or nothing lands there any more
        left = still


def carry_history(cursor: duckdb.DuckDBPyConnection, *, own_release: bool, published_at: datetime) -> int:
    """Give the fresh file the history of the served one, and return the number of its newest release.

    With `own_release` what the fresh file published itself becomes one release after all of them;
    without, it holds the very releases of the served one.
    """
    last = _last_release(cursor, _SERVED)
    found = cursor.execute(
        "select min(release_id), max(release_id), sum(rows_built), max(models_built)"
        f" from {NEXT}.meta.releases"
    ).fetchone()
    first, newest, *written = found or (None, None, None, None)
    served, fresh = _tables(cursor, _SERVED, ("meta",)), _tables(cursor, NEXT, ("meta",))
    number = last + 1 if own_release else last
    if own_release and first is not None:
        as_built_anew(cursor, NEXT, first)
    for table in (table for table in fresh if table.name not in _OF_THE_FILE):
        # What a release did is told by the one that built everything; where it stands, by the last one.
        own = newest if table.name == "releases" else first
        _carry(cursor, table, fresh[table], served.get(table), own if own_release else None, number)
    if own_release:
        moment = published_at.astimezone(UTC).replace(tzinfo=None)
        cursor.execute(
            f"update {NEXT}.meta.releases set published_at = ?, rows_built = ?, models_built = ?"
            " where release_id = ?",
            [moment, *written, number],
        )
    return number


def _carry(
    cursor: duckdb.DuckDBPyConnection,
    table: TableRef,
    columns: dict[str, str],
    served: dict[str, str] | None,
    own: int | None,
    number: int,
) -> None:
    """Replace the rows of a table of `meta` by those of the served file, beside those of the own release."""
    target, kept = f"{NEXT}.{table.sql}", f"carried_{table.name}"
    cursor.execute(f"create or replace temp table {kept} as select * from {target}")
    cursor.execute(f"delete from {target}")
    keys = _key(cursor, table)
    if own is not None and "release_id" in columns:
        of_release = "" if keys and "release_id" not in keys else f"where release_id = {own}"
        cursor.execute(
            f"insert into {target} by name select * replace ({number} as release_id) from {kept} {of_release}"
        )
    if served is not None:
        chosen = _common(f"{_SERVED}.{table.sql}", served, columns)
        known = f"anti join {target} as own using ({', '.join(map(quoted, keys))})" if keys else ""
        cursor.execute(f"insert into {target} by name select theirs.* from ({chosen}) as theirs {known}")
    cursor.execute(f"drop table {kept}")


def _last_release(cursor: duckdb.DuckDBPyConnection, catalog: str) -> int:
    found = cursor.execute(f"select coalesce(max(release_id), 0) from {catalog}.meta.releases").fetchone()
    return int(found[0]) if found else 0


def _tables(
    cursor: duckdb.DuckDBPyConnection, catalog: str, schemas: Iterable[str] = ()
) -> dict[TableRef, dict[str, str]]:
    """Every table of a file (in some schemas) with the type of each column."""
    found: dict[TableRef, dict[str, str]] = {}
    wanted = set(schemas)
    for schema, name, column, kind in cursor.execute(
        "select schema_name, table_name, column_name, data_type from duckdb_columns()"
        " join duckdb_tables() using (database_name, schema_name, table_name)"
        f" where database_name = '{catalog}' order by schema_name, table_name, column_index"
    ).fetchall():
        if not wanted or schema in wanted:
            found.setdefault(TableRef(schema, name), {})[column] = kind
    return found


def _views(cursor: duckdb.DuckDBPyConnection) -> set[TableRef]:
    found = cursor.execute(
        "select schema_name, view_name from duckdb_views()"
        " where database_name = current_database() and not internal"
    ).fetchall()
    return {TableRef(schema, name) for schema, name in found}


def _key(cursor: duckdb.DuckDBPyConnection, table: TableRef) -> list[str]:
    """The columns of a table's primary key."""
    found = cursor.execute(
        "select constraint_column_names from duckdb_constraints()"
        f" where database_name = '{NEXT}' and schema_name = ? and table_name = ?"
        " and constraint_type = 'PRIMARY KEY'",
        [table.schema, table.name],
    ).fetchone()
    return list(found[0]) if found else []


def _summed(
    cursor: duckdb.DuckDBPyConnection, catalog: str, table: TableRef, columns: dict[str, str]
) -> tuple[int, int | None]:
    """Rows of a table and a sum over them that knows no order."""
    listed = ", ".join(quoted(column) for column in sorted(columns))
    found = cursor.execute(f"select count(*), sum(hash({listed})) from {catalog}.{table.sql}").fetchone()
    return (int(found[0]), found[1]) if found else (0, None)


def _common(source: str, columns: Iterable[str], target: Iterable[str]) -> str:
    known = set(target)
    return f"select {', '.join(quoted(name) for name in columns if name in known)} from {source}"


def _is_made(hot_file: HotFile, sql: str) -> bool:
    try:
        with hot_file.write() as cursor:
            cursor.execute(sql)
    except DiskFull:
        raise
    except AmalimartError:
        return False
    return True
