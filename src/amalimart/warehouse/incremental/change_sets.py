"""Change sets inside one transaction: what came into a relation and what went out of it.

They are temporary tables of the transaction's connection and are gone with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from amalimart.core.names import TableRef
from amalimart.warehouse.incremental.recipe import PLACE, after_of, before_of, changes_of


@dataclass(frozen=True, slots=True)
class Difference:
    """The size of a change set: the rows that came, and those that went."""

    came: int
    went: int

    def __bool__(self) -> bool:
        return bool(self.came or self.went)


def keep_changes(
    cursor: duckdb.DuckDBPyConnection, table: TableRef, before: str = "", after: str = ""
) -> Difference:
    """Compare before with after as multisets, keep the difference, and return its size.

    They are queries; by default of what is kept of a table before and after.
    """
    before = before or f"select * exclude ({PLACE}) from {before_of(table)}"
    after = after or f"from {after_of(table)}"
    changes = changes_of(table)
    filled(
        cursor,
        changes,
        f"select * exclude (_side), cast(sum(_side) as integer) as _sign from ("
        f"select *, -1 as _side from (\n{before}\n) union all select *, 1 as _side from (\n{after}\n)"
        ") as sides group by all having sum(_side) <> 0",
    )
    found = cursor.execute(
        f"select coalesce(sum(_sign) filter (where _sign > 0), 0),"
        f" coalesce(-sum(_sign) filter (where _sign < 0), 0), coalesce(max(abs(_sign)), 0) from {changes}"
    ).fetchone()
    came, went, alike = found or (0, 0, 0)
    if alike > 1:
        _repeat(cursor, changes)
    return Difference(int(came), int(went))


def _repeat(cursor: duckdb.DuckDBPyConnection, changes: str) -> None:
    """Rows that are alike were counted in one: a change set has a row for each."""
    cursor.execute(
        f"insert into {changes} select c.* replace (cast(sign(_sign) as integer) as _sign)"
        f" from {changes} as c, unnest(range(abs(_sign) - 1)) where abs(_sign) > 1"
    )
    cursor.execute(f"update {changes} set _sign = sign(_sign) where abs(_sign) > 1")


def nothing_changed(cursor: duckdb.DuckDBPyConnection, table: TableRef, like: TableRef) -> None:
    """An empty change set, of the columns of `like`, for a relation that did not change."""
    cursor.execute(
        f"create temp table if not exists {changes_of(table)} as "
        f"select *, cast(0 as integer) as _sign from {like.sql} limit 0"
    )


def filled(cursor: duckdb.DuckDBPyConnection, name: str, sql: str) -> int:
    """Make a temporary table of a query and return its rows."""
    found = cursor.execute(f"create temp table {name} as {sql}").fetchone()
    return int(found[0]) if found else 0
