"""The shop under attack: its tables, what each column lands as, and the mapping that lands them.

Every transaction of the load numbers itself: it stamps each row it writes with its number and leaves one
row in the ledger that says how many row versions it wrote. So the lake can be asked for each transaction
by name. The names of canonical columns carry no meaning here; only types matter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol

NULL = "~"


class Kind(StrEnum):
    """What a column holds. A quarter is a float that is a multiple of 0.25; a local time has no zone."""

    WHOLE = "whole"
    DECIMAL = "decimal"
    QUARTER = "quarter"
    TEXT = "text"
    BOOLEAN = "boolean"
    INSTANT = "instant"
    LOCAL = "local"


@dataclass(frozen=True)
class Column:
    """One column; `canonical` is where the mapping puts it, `size` the type's arguments."""

    name: str
    kind: Kind
    canonical: str
    size: str = ""


@dataclass(frozen=True)
class Table:
    """One table. `entity` is what it is mapped as."""

    name: str
    entity: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    constants: Mapping[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


_W, _D, _Q, _T, _B, _I, _L = Kind

ORDERS = Table(
    "orders",
    "orders",
    ("order_id",),
    (
        Column("order_id", _W, "order_id"),
        Column("customer_id", _W, "customer_id"),
        Column("order_date", _I, "order_date"),
        Column("status", _T, "status", "20"),
        Column("total_amount", _D, "total_amount", "18,2"),
        Column("discount_amount", _D, "discount_amount", "12,4"),
        Column("delivery_fee", _Q, "delivery_fee"),
        Column("tax_amount", _D, "tax_amount", "10,2"),
        Column("currency", _T, "currency", "3"),
        Column("transaction_no", _W, "discount_id"),
        Column("channel", _T, "channel", "200"),
        Column("shipping_city", _T, "shipping_city", "200"),
        Column("is_test", _B, "is_test"),
        Column("created_at", _L, "created_at"),
        Column("updated_at", _I, "updated_at"),
    ),
    {},
)
PRODUCTS = Table(
    "products",
    "products",
    ("product_id",),
    (
        Column("product_id", _W, "product_id"),
        Column("transaction_no", _W, "vendor_id"),
        Column("description", _T, "product_name", "long"),
        Column("sku", _T, "sku", "40"),
        Column("price", _D, "price", "12,2"),
        Column("stock_quantity", _W, "stock_quantity"),
        Column("is_active", _B, "is_active"),
        Column("updated_at", _L, "updated_at"),
    ),
    {"currency": "GHS"},
)
CARTS = Table(
    "carts",
    "carts",
    ("cart_id",),
    (
        Column("cart_id", _W, "cart_id"),
        Column("transaction_no", _W, "customer_id"),
        Column("created_at", _L, "created_at"),
    ),
    {},
)
BULK = Table(
    "bulk_items",
    "order_items",
    ("line_code",),
    (
        Column("order_id", _W, "order_id"),
        Column("line_no", _W, "quantity"),
        Column("line_code", _T, "order_item_id", "60"),
        Column("unit_price", _D, "unit_price", "10,2"),
        Column("transaction_no", _W, "variant_id"),
    ),
    {"currency": "GHS"},
)
LEDGER = Table(
    "ledger",
    "order_status_history",
    ("entry_id",),
    (
        Column("entry_id", _W, "status_change_id"),
        Column("rows_written", _W, "order_id"),
        Column("written_at", _L, "created_at"),
    ),
    {},
)
TABLES = (ORDERS, PRODUCTS, CARTS, BULK, LEDGER)
STAMPED = (ORDERS, PRODUCTS, BULK)
"""Tables whose stamped rows the ledger counts. Carts are stamped too, but are read anew now and then."""


def mapping_yaml(tables: Iterable[Table] = TABLES, *, optional: Iterable[str] = ()) -> str:
    """The mapping file; `optional` names table.column pairs the source may lack."""
    wanted = set(optional)
    lines = ["mapping: faults", "description: The shop under attack.", "time_zone: Africa/Accra", "tables:"]
    tables = list(tables)
    lines += [f"  {table.name}: {{}}" for table in tables]
    lines.append("entities:")
    for table in tables:
        lines += [f"  {table.entity}:", f"    table: {table.name}", "    columns:"]
        for column in table.columns:
            is_optional = f"{table.name}.{column.name}" in wanted
            more = ", optional: true" if is_optional else ""
            lines.append(f"      {column.canonical}: {{from: {column.name}{more}}}")
        lines += [f"      {name}: {{constant: {value}}}" for name, value in table.constants.items()]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Digest:
    """The rows of a table in one number: how many, and the MD5 of their sorted canonical lines."""

    rows: int
    md5: str


class Dialect(Protocol):
    """What differs between the databases."""

    def canonical(self, column: Column) -> str:
        """SQL for the canonical text of a column, never null."""
        ...

    def digest(self, table: Table) -> Digest:
        """The digest of a table, computed by the database."""
        ...


def _instant(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")


def _text(value: str) -> str:
    return hashlib.md5(value.encode(), usedforsecurity=False).hexdigest()


_CANONICAL: Mapping[Kind, Callable[[Any], str]] = {
    Kind.WHOLE: str,
    Kind.DECIMAL: lambda value: format(value, "f"),
    Kind.QUARTER: lambda value: str(int(value * 4)),
    Kind.TEXT: _text,
    Kind.BOOLEAN: lambda value: "t" if value else "f",
    Kind.INSTANT: _instant,
    Kind.LOCAL: lambda value: value.strftime("%Y-%m-%dT%H:%M:%S.%f"),
}


def canonical_line(table: Table, row: Mapping[str, Any]) -> str:
    """A row as the dialects write it in SQL."""
    return "|".join(
        NULL if (value := row[column.name]) is None else _CANONICAL[column.kind](value)
        for column in table.columns
    )


def digest_of(table: Table, rows: Iterable[Mapping[str, Any]]) -> Digest:
    """The digest of rows that are at hand."""
    lines = sorted(canonical_line(table, row).encode() for row in rows)
    return Digest(len(lines), hashlib.md5(b"\n".join(lines), usedforsecurity=False).hexdigest())
