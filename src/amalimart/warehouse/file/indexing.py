"""Indexes for the lookups of models that follow, where the bounds of row groups cannot narrow them.

Rows that come in the order of time need none: few row groups can hold a key. The orders of a customer,
though, lie all over the table, and looking for them would read a whole column in every batch.
"""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

from amalimart.core.names import TableRef, quoted
from amalimart.warehouse.file.hot_file import ROW_GROUP
from amalimart.warehouse.incremental.recipe import Lookup

_FEWEST_ROWS = 200_000
"""A smaller table is read whole in less time than an index of it takes to keep."""
_KEYS = 200
_MOST_GROUPS = 0.05
"""A larger share of row groups that may hold a key calls for an index."""
_MOST_ROWS_OF_A_KEY = 200
"""With more, reading the column is no slower."""
_BOUNDED = 8
"""So many characters of a text are kept in the bounds of a row group."""


def index_lookups(cursor: duckdb.DuckDBPyConnection, lookups: Iterable[Lookup]) -> int:
    """Make the indexes that are missing, and return how many. Changes no rows."""
    kept = {
        (schema, table, name)
        for schema, table, name in cursor.execute(
            "select schema_name, table_name, index_name from duckdb_indexes()"
            " where database_name = current_database()"
        ).fetchall()
    }
    large = {
        (schema, table)
        for schema, table in cursor.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = current_database()"
            f" and estimated_size >= {_FEWEST_ROWS}"
        ).fetchall()
    }
    made = 0
    for lookup in sorted(lookups, key=str):
        table = TableRef(lookup.schema, lookup.table)
        if (lookup.schema, lookup.table) in large and not _is_indexed(lookup, kept):
            column = _to_be_indexed(cursor, table, lookup.columns)
            if column is not None:
                name = _name(lookup.table, column)
                cursor.execute(f"create index {quoted(name)} on {table.sql} ({quoted(column)})")
                kept.add((lookup.schema, lookup.table, name))
                made += 1
    return made


def _name(table: str, column: str) -> str:
    return f"{table} by {column}"


def _is_indexed(lookup: Lookup, kept: set[tuple[str, str, str]]) -> bool:
    names = (_name(lookup.table, column) for column in lookup.columns)
    return any((lookup.schema, lookup.table, name) in kept for name in names)


def _to_be_indexed(
    cursor: duckdb.DuckDBPyConnection, table: TableRef, columns: tuple[str, ...]
) -> str | None:
    """The column that tells rows apart best, unless the bounds of row groups narrow the search already."""
    found = [_shape(cursor, table, column) for column in columns]
    if min(share for share, _ in found) <= _MOST_GROUPS:
        return None
    (_, rows_of_a_key), column = min(zip(found, columns, strict=True), key=lambda each: each[0][1])
    return column if rows_of_a_key <= _MOST_ROWS_OF_A_KEY else None


def _shape(cursor: duckdb.DuckDBPyConnection, table: TableRef, column: str) -> tuple[float, float]:
    """The share of row groups whose bounds hold a value of a column, and about how many rows have it."""
    name = quoted(column)
    is_text = cursor.execute(f"select typeof({name}) = 'VARCHAR' from {table.sql} limit 1").fetchone()
    bounded = f"left({name}, {_BOUNDED})" if is_text and is_text[0] else name
    row = cursor.execute(
        f"with groups as (select rowid // {ROW_GROUP}, min({bounded}) as low, max({bounded}) as high"
        f" from {table.sql} group by 1),"
        f" keys as (select {bounded} as key from {table.sql} where {name} is not null"
        f" using sample {_KEYS} rows)"
        " select (select count(*) from keys, groups where key between low and high)"
        " / greatest((select count(*) from keys) * (select count(*) from groups), 1),"
        f" (select count(*) / greatest(approx_count_distinct({name}), 1) from {table.sql})"
    ).fetchone()
    return (float(row[0]), float(row[1])) if row else (0.0, 0.0)
