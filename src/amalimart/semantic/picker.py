"""The values of a dimension, for filter pickers: read through the same door, so scoped like every answer."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from amalimart.access.policies import Policies
from amalimart.core.errors import Denied, InvalidFilter
from amalimart.core.fiscal import Calendar
from amalimart.semantic.conditions import function, known_value
from amalimart.semantic.guard import check_text
from amalimart.semantic.leg_days import day_bucket
from amalimart.semantic.model import Dimension, DimensionUse, SemanticModel
from amalimart.semantic.parameters import LimitSlot, ParameterBook, SearchSlot, Slot
from amalimart.semantic.scan import Door, Scope
from amalimart.semantic.shapes import FieldType


@dataclass(frozen=True, slots=True)
class PlannedValues:
    """One statement that passed the guard, and the tables it reads."""

    sql: str
    slots: tuple[Slot, ...]
    tables: frozenset[str]


def plan_values(model: SemanticModel, policies: Policies, scope: Scope, use: DimensionUse) -> PlannedValues:
    """SQL whose rows are key and label, in the order of the labels. Raises Denied, InvalidFilter."""
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
        key: exp.Expr = _column(key_name)
        label = function(exp.Coalesce, _column(dimension.lookup.label), key.copy())
    else:
        dataset, name = next(
            ((dataset, name) for dataset, name in dimension.sources if door.may_group(dataset, name)),
            dimension.sources[0],
        )
        columns, shown = {name}, set()
        key = _value(_column(name), dimension, model.calendar)
        if dimension.type not in {FieldType.TEXT, FieldType.ENUM}:
            key = exp.Cast(this=key, to=exp.DataType.build("varchar"))
        label = key.copy()
    scan = _named(door.scan(dataset, columns, shown=shown, grouped=columns), "v")
    sought = book.placeholder(SearchSlot())
    tree = (
        exp.Select(
            expressions=[exp.alias_(key, "key", quoted=True), exp.alias_(label, "label", quoted=True)],
            distinct=exp.Distinct(),
        )
        .from_(scan, copy=False)
        .where(
            exp.Or(
                this=exp.Contains(this=exp.Lower(this=label.copy()), expression=exp.Lower(this=sought)),
                expression=exp.EQ(this=key.copy(), expression=sought.copy()),
            ),
            copy=False,
        )
        .order_by(
            exp.Ordered(this=exp.Literal.number(2), nulls_first=False),
            exp.Ordered(this=exp.Literal.number(1), nulls_first=False),
            copy=False,
        )
        .limit(book.placeholder(LimitSlot()), copy=False)
    )
    offered = dimension.lookup.offered if dimension.lookup else None
    if offered is not None and door.may_read(*offered):
        tree = tree.where(exp.In(this=key.copy(), query=_only_column(door, *offered)), copy=False)
    sql, slots = book.positional(tree.sql(dialect="duckdb"))
    check_text(sql, door.issued)
    return PlannedValues(sql, slots, door.tables)


def _value(column: exp.Column, dimension: Dimension, calendar: Calendar) -> exp.Expr:
    if dimension.bucket is not None:
        return day_bucket(column, dimension.bucket, calendar)
    return known_value(column, dimension.type)


def _only_column(door: Door, dataset: str, name: str) -> exp.Subquery:
    scan = _named(door.scan(dataset, {name}), "o")
    return exp.Subquery(
        this=exp.Select(expressions=[exp.column(name, table="o", quoted=True)]).from_(scan, copy=False)
    )


def _named(scan: exp.Subquery, name: str) -> exp.Subquery:
    scan.set("alias", exp.TableAlias(this=exp.to_identifier(name, quoted=True)))
    return scan


def _column(name: str) -> exp.Column:
    return exp.column(name, table="v", quoted=True)
