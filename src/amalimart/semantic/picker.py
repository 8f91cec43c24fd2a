"""The values of a dimension, for filter pickers: read through the same door, so scoped like every answer."""

from __future__ import annotations

from dataclasses import dataclass

from amalimart.access.policies import Policies
from amalimart.core.errors import Denied, InvalidFilter
from amalimart.core.fiscal import Calendar
from amalimart.semantic.conditions import known_value
from amalimart.semantic.defined import Dimension, DimensionUse
from amalimart.semantic.leg_days import day_bucket
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.parameters import LimitSlot, ParameterBook, SearchSlot, Slot
from amalimart.semantic.scan import Door, Scope
from amalimart.semantic.shapes import FieldType
from amalimart.semantic.sql.expressions import (
    ONE,
    Sql,
    any_of,
    call,
    cast,
    coalesce,
    column,
    comparison,
    is_in,
    named,
    parenthesised,
)
from amalimart.semantic.sql.guard import check_text
from amalimart.semantic.sql.select import Select, ordered

_VALUE = "v"


@dataclass(frozen=True, slots=True)
class PlannedValues:
    """One statement that passed the guard, and the tables it reads."""

    sql: str
    slots: tuple[Slot, ...]
    tables: frozenset[str]


def plan_values(model: SemanticModel, policies: Policies, scope: Scope, use: DimensionUse) -> PlannedValues:
    """SQL whose rows are key and label, by label, what is sought by its key first.

    Raises Denied, InvalidFilter.
    """
    dimension = use.dimension
    if not policies.may_use_dimension(scope.role, dimension.name):
        raise Denied(f"the role {scope.role.value} may not see the values of {use.asked}")
    if dimension.elapsed is not None:
        raise InvalidFilter(
            f"{use.asked} is counted to the day of each fact, so it has no list of values",
            expected="a number, 0 or more",
        )
    book = ParameterBook()
    door = Door(model, policies, scope, book)
    if dimension.lookup is not None:
        dataset = dimension.lookup.dataset
        key_name = model.datasets[dataset].key
        columns, shown = {key_name, dimension.lookup.label}, {dimension.lookup.label}
        key = column(key_name, _VALUE)
        label = coalesce(column(dimension.lookup.label, _VALUE), key)
    else:
        dataset, name = next(
            ((dataset, name) for dataset, name in dimension.sources if door.may_group(dataset, name)),
            dimension.sources[0],
        )
        columns, shown = {name}, set()
        key = _value(column(name, _VALUE), dimension, model.calendar)
        if dimension.type not in {FieldType.TEXT, FieldType.ENUM}:
            key = cast(key, "TEXT")
        label = key
    scan = door.scan(dataset, columns, shown=shown, grouped=columns)
    sought = book.placeholder(SearchSlot())
    is_sought = any_of(
        (call("CONTAINS", call("LOWER", label), call("LOWER", sought)), comparison(key, "=", sought))
    )
    select = (
        Select([named(key, "key"), named(label, "label")], is_distinct=True)
        .read(named(scan, _VALUE))
        .where(parenthesised(is_sought))
        .order_by(ordered(comparison(column("key"), "=", sought), is_descending=True), Sql("2"), ONE)
        .limit(book.placeholder(LimitSlot()))
    )
    offered = dimension.lookup.offered if dimension.lookup else None
    if offered is not None and door.may_read(*offered):
        select.where(is_in(key, [_only_column(door, *offered)]))
    sql, slots = book.positional(select.sql)
    check_text(sql, door.issued)
    return PlannedValues(sql, slots, door.tables)


def _value(value: Sql, dimension: Dimension, calendar: Calendar) -> Sql:
    if dimension.bucket is not None:
        return day_bucket(value, dimension.bucket, calendar)
    return known_value(value, dimension.type)


def _only_column(door: Door, dataset: str, name: str) -> Sql:
    return Select([column(name, "o")]).read(named(door.scan(dataset, {name}), "o")).sql
