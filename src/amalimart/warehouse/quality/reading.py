"""Plain facts of one release: its positions, columns and accounts, rows a day, the newest moment."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from amalimart.core.names import TableRef, quoted
from amalimart.warehouse.file.reading import ReadTransaction
from amalimart.warehouse.releases.release_log import SourcePosition

Columns = Mapping[str, Mapping[str, str]]
"""Published table as schema.name -> column -> the engine's type."""
Wanted = Mapping[str, Sequence[Any]]
"""Column -> the values that a row may have there."""


@dataclass(frozen=True, slots=True)
class Account:
    """How many landed rows of a source's table an entity was made of."""

    entity: str
    source: str
    table: str
    landed: int


def positions(transaction: ReadTransaction) -> Mapping[str, SourcePosition]:
    """Source -> what the release holds of it."""
    found = transaction.rows(
        "select positions from meta.releases where release_id = ?", [transaction.release.release_id]
    ).rows
    stored = json.loads(found[0][0])
    return {source: SourcePosition(**position) for source, position in stored.items()}


def published_columns(transaction: ReadTransaction) -> Columns:
    """Every table and view that may be asked about."""
    found: dict[str, dict[str, str]] = {}
    for schema, table, column, kind in transaction.rows(
        "select table_schema, table_name, column_name, data_type from information_schema.columns"
        " where table_catalog = current_database() and table_schema in ('staging', 'silver', 'gold')"
        " order by table_schema, table_name, ordinal_position"
    ).rows:
        found.setdefault(f"{schema}.{table}", {})[column] = kind
    return found


def accounts(transaction: ReadTransaction) -> tuple[Account, ...]:
    """Where the landed rows went, one account for each part of an entity."""
    found = transaction.rows(
        "select entity, source, table_name, landed_rows from silver.reconciliation order by all"
    ).rows
    return tuple(Account(entity, source, table, int(landed)) for entity, source, table, landed in found)


def staged_rows(transaction: ReadTransaction, table: str) -> tuple[int, int]:
    """How many rows a staged table has, and how many of them were rejected."""
    found = transaction.rows(
        f"select count(*), count(*) filter (where _rejected is not null) from {place(table).sql}"
    ).rows
    return int(found[0][0]), int(found[0][1])


def quarantined(transaction: ReadTransaction, entity: str) -> int:
    """How many rows of an entity are in quarantine."""
    found = transaction.rows("select count(*) from silver.quarantine where entity = ?", [entity]).rows
    return int(found[0][0])


def rows_by_day(
    transaction: ReadTransaction, table: str, column: str, wanted: Wanted | None = None
) -> Mapping[date, int]:
    """Rows of each day that has some, of those that are wanted; rows without a day are left out."""
    condition, parameters = _condition(wanted or {})
    day = f"cast({quoted(column)} as date)"
    found = transaction.rows(
        f"select {day}, count(*) from {place(table).sql} where {day} is not null{condition}"
        " group by 1 order by 1",
        parameters,
    ).rows
    return {day: int(rows) for day, rows in found}


def newest(transaction: ReadTransaction, table: str, column: str) -> datetime | None:
    """The newest moment of a column, without a zone where the column has none; None in an empty table."""
    found = transaction.rows(f"select max(cast({quoted(column)} as timestamp)) from {place(table).sql}").rows
    moment: datetime | None = found[0][0]
    return moment


def place(table: str) -> TableRef:
    """A table by its schema.name."""
    schema, _, name = table.partition(".")
    return TableRef(schema, name)


def _condition(wanted: Wanted) -> tuple[str, list[Any]]:
    parts = [
        f" and {quoted(column)} in ({', '.join('?' for _ in values)})" for column, values in wanted.items()
    ]
    return "".join(parts), [value for values in wanted.values() for value in values]
