"""A declared reconciliation as the two sides that are compared; every name in it is looked up first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from amalimart.quality.declared import DeclaredCheck
from amalimart.quality.looking import Look, unknown
from amalimart.quality.shapes import Product, ReconciliationShape
from amalimart.warehouse.quality.sides import Join, Reading, Side, gold_side, source_side

Declared = str | tuple[str, ...] | Product
OWN = "own"


def require_names(check: DeclaredCheck, shape: ReconciliationShape, look: Look) -> None:
    """Raises ConfigError for a table, a column or an alias that is not there."""
    source, gold = shape.source, shape.gold
    look.require(check, source.table, (), "source")
    look.require(check, source.table, [source.key], "source", "key")
    tables = {OWN: source.table}
    for alias, join in source.join.items():
        look.require(check, join.table, (), "source", "join", alias)
        look.require(check, join.table, [join.column], "source", "join", alias, "column")
        _require_read(check, look, tables, join.by, "source", "join", alias, "by")
        tables[alias] = join.table
    reads = {
        "day": source.day,
        "vendor": source.vendor,
        "currency": source.currency,
        "changed": source.changed,
    }
    for key, read in reads.items():
        if read is not None:
            _require_read(check, look, tables, read, "source", key)
    for name, amount in source.amounts.items():
        _require_read(check, look, tables, amount, "source", "amounts", name)
    for number, column in enumerate(source.leave_out):
        _require_read(check, look, tables, column, "source", "leave_out", number)
    look.require(check, gold.table, (), "gold")
    named = {"key": gold.key, "day": gold.day, "vendor": gold.vendor, "currency": gold.currency}
    for key, own in named.items():
        if own is not None:
            look.require(check, gold.table, [own], "gold", key)
    for name, own in gold.amounts.items():
        look.require(check, gold.table, [own], "gold", "amounts", name)


def declared_source(shape: ReconciliationShape, look: Look) -> Side:
    """What the source says."""
    source = shape.source
    joins = [
        Join(alias, join.table, join.column, reading(join.by), "_rejected" in look.columns[join.table])
        for alias, join in source.join.items()
    ]
    return source_side(
        source.table,
        source.key,
        joins,
        day=reading(source.day),
        vendor=reading(source.vendor) if source.vendor is not None else None,
        currency=reading(source.currency),
        amounts={name: reading(read) for name, read in source.amounts.items()},
        leave_out=[reading(column) for column in source.leave_out],
        changed=reading(source.changed) if source.changed else None,
    )


def declared_gold(shape: ReconciliationShape) -> Side:
    """What is published."""
    gold = shape.gold
    return gold_side(
        gold.table,
        gold.key,
        day=gold.day,
        vendor=gold.vendor,
        currency=gold.currency,
        amounts={name: gold.amounts[name] for name in shape.source.amounts},
    )


def reading(read: Declared) -> Reading:
    """The columns that are read."""
    if isinstance(read, Product):
        return replace(reading(read.product), is_product=True)
    columns = (read,) if isinstance(read, str) else read
    parted = [column.rpartition(".") for column in columns]
    return Reading(tuple((alias or OWN, column) for alias, _, column in parted))


def _require_read(
    check: DeclaredCheck,
    look: Look,
    tables: Mapping[str, str],
    read: Declared,
    *path: str | int,
) -> None:
    for alias, column in reading(read).columns:
        if alias not in tables:
            raise unknown("joined table", alias, tables, check.where(*path))
        look.require(check, tables[alias], [column], *path)
