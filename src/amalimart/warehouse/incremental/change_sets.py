"""Change sets inside one transaction: what came into a relation and what went out of it.

They are temporary tables of the transaction's connection and are gone with it.
"""

from __future__ import annotations

import duckdb

from amalimart.core.names import TableRef
from amalimart.warehouse.incremental.recipe import PLACE, after_of, before_of, changes_of


def keep_changes(
    cursor: duckdb.DuckDBPyConnection, table: TableRef, before: str = "", after: str = ""
) -> int:
    """Compare before with after as multisets, keep the difference, and return its rows.

    They are queries; by default of what is kept of a table before and after.
    """
    before = before or f"select * exclude ({PLACE}) from {before_of(table)}"
    after = after or f"from {after_of(table)}"
    return filled(
        cursor,
        changes_of(table),
        f"select counted.* exclude (_count), cast(sign(_count) as tinyint) as _sign from ("
        f"select * exclude (_side), cast(sum(_side) as bigint) as _count from ("
        f"select *, -1 as _side from (\n{before}\n) union all select *, 1 as _side from (\n{after}\n)"
        ") as sides group by all having sum(_side) <> 0) as counted, unnest(range(abs(_count)))",
    )


def nothing_changed(cursor: duckdb.DuckDBPyConnection, table: TableRef, like: TableRef) -> None:
    """An empty change set, of the columns of `like`, for a relation that did not change."""
    cursor.execute(
        f"create temp table if not exists {changes_of(table)} as "
        f"select *, cast(0 as tinyint) as _sign from {like.sql} limit 0"
    )


def filled(cursor: duckdb.DuckDBPyConnection, name: str, sql: str) -> int:
    """Make a temporary table of a query and return its rows."""
    found = cursor.execute(f"create temp table {name} as {sql}").fetchone()
    return int(found[0]) if found else 0
