"""Measures: one aggregate over one dataset, as a simple metric defines it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from amalimart.core.errors import InvalidFilter
from amalimart.semantic.defined import Dataset, Field
from amalimart.semantic.definitions.entries import Entry
from amalimart.semantic.formula import (
    EVERY,
    Condition,
    Formula,
    Leaf,
    Measure,
    Operation,
    PerEntity,
    PeriodStart,
    Reach,
    Value,
)
from amalimart.semantic.question import Operator
from amalimart.semantic.question_text import parse_filters
from amalimart.semantic.shapes import Aggregate, FieldType, MetricShape, Over, OverTime, Unit
from amalimart.semantic.typed_values import typed_value

_SUMMABLE = {FieldType.INTEGER, FieldType.DECIMAL, FieldType.MONEY}
_ORDERED = _SUMMABLE | {FieldType.DATE}
_ADDING = {Aggregate.SUM, Aggregate.AVG}
_EXTREMES = {Aggregate.MIN, Aggregate.MAX}


class MeasureBuilder:
    """Builds the measure of one simple metric."""

    def __init__(self, entry: Entry[MetricShape], datasets: Mapping[str, Dataset]) -> None:
        shape = entry.shape
        self._entry, self._shape, self._datasets = entry, shape, datasets
        self._dataset = datasets[entry.known(shape.dataset or "", datasets, "dataset", "dataset")]

    def formula(self) -> Formula:
        """Its formula: one leaf, or for an average a sum over a count. Raises ConfigError."""
        field = self._field(self._shape.field or "", "field")
        aggregate = self._shape.aggregate or Aggregate.COUNT
        self._check_field(field, aggregate)
        where = tuple(self._condition(text, position) for position, text in enumerate(self._shape.where))
        per = self._per()
        time = self._time()
        if time is None and any(condition.is_of_period for condition in where):
            raise self._entry.refuse("a state has no period, so period_start says nothing", "where")

        over_time = self._over_time(time)

        def leaf(how: Aggregate) -> Leaf:
            at_end = over_time is OverTime.LAST
            measure = Measure(self._dataset.name, how, field.name, where, time, per, at_end)
            return Leaf(measure, None, ignores=tuple(sorted(self._shape.ignore)))

        if over_time is OverTime.AVERAGE and time is not None:
            # The days are those that have any stock at all, so that averages of groups add up.
            days = Measure(self._dataset.name, Aggregate.COUNT_DISTINCT, time, (), time)
            return Operation("/", leaf(aggregate), Leaf(days, None, ignores=EVERY))
        if aggregate is Aggregate.AVG and per is None:
            return Operation("/", leaf(Aggregate.SUM), leaf(Aggregate.COUNT))
        return leaf(aggregate)

    def _field(self, name: str, *key: str) -> Field:
        known = self._entry.known(name, self._dataset.fields, f"field of {self._dataset.name}", *key)
        return self._dataset.fields[known]

    def _check_field(self, field: Field, aggregate: Aggregate) -> None:
        entry, per = self._entry, self._shape.per
        if aggregate in _ADDING and field.type not in _SUMMABLE:
            raise entry.refuse(
                f"{field.name} holds no numbers to add up", "field", expected="a number or money"
            )
        if aggregate in _EXTREMES and field.type not in _ORDERED:
            raise entry.refuse(f"{field.name} has no order", "field", expected="a number, money or a date")
        if aggregate is Aggregate.SPAN and field.type is not FieldType.DATE:
            raise entry.refuse(f"{field.name} spans no days", "field", expected="a date")
        is_value = aggregate in _ADDING | _EXTREMES and (per is None or per.over is not Over.COUNT)
        for unit, kind in ((Unit.MONEY, FieldType.MONEY), (Unit.DATE, FieldType.DATE)):
            if (self._shape.unit is unit) != (is_value and field.type is kind):
                raise entry.refuse(
                    "the unit does not fit the field", "unit", expected=f"{unit} for {kind}, and only then"
                )

    def _time(self) -> str | None:
        if self._shape.time is None:
            return self._dataset.time
        if self._shape.time == "none":
            return None
        field = self._field(self._shape.time, "time")
        if field.type is not FieldType.DATE:
            raise self._entry.refuse(
                f"{field.name} is not a date", "time", expected="a field of type date, or none"
            )
        return field.name

    def _over_time(self, time: str | None) -> OverTime | None:
        wanted = self._shape.over_time
        if self._dataset.is_stock and (wanted is None or time is None):
            raise self._entry.refuse(
                f"{self._dataset.name} holds what is there on each day, which adds up over no days",
                "over_time",
                expected="over_time: last, average or sum",
            )
        if wanted is not None and not self._dataset.is_stock:
            raise self._entry.refuse(f"{self._dataset.name} is no stock", "over_time", expected="stock: true")
        adds_up = {Aggregate.SUM, Aggregate.COUNT}
        if wanted is OverTime.AVERAGE and (self._shape.aggregate not in adds_up or self._shape.per):
            raise self._entry.refuse(
                "an average over days is of what adds up", "over_time", expected="sum or count"
            )
        return wanted

    def _per(self) -> PerEntity | None:
        shape = self._shape.per
        if shape is None:
            return None
        field = self._field(shape.field, "per", "field")
        if field.type is not FieldType.ID:
            raise self._entry.refuse(f"{field.name} names no entity", "per", "field", expected="an id")
        if shape.keep is None:
            return PerEntity(field.name, shape.over)
        symbol = shape.keep.rstrip("0123456789. ")
        return PerEntity(
            field.name, shape.over, (Operator(symbol), Decimal(shape.keep[len(symbol) :].strip()))
        )

    def _condition(self, text: str, position: int) -> Condition:
        entry, dataset = self._entry, self._dataset
        try:
            parsed = parse_filters(text)
        except InvalidFilter as error:
            raise entry.refuse(f"cannot read the condition: {error.what}", "where", position) from error
        if len(parsed) != 1:
            raise entry.refuse("one condition an entry", "where", position)
        (condition,) = parsed
        path: tuple[str, ...] = ()
        name = condition.dimension
        if "." in name:
            relationship, _, name = name.partition(".")
            entry.known(
                relationship, dataset.relationships, f"relationship of {dataset.name}", "where", position
            )
            path = (relationship,)
            dataset = self._datasets[dataset.relationships[relationship].to]
        field = dataset.fields[
            entry.known(name, dataset.fields, f"field of {dataset.name}", "where", position)
        ]
        if condition.operator not in {Operator.EQ, Operator.NE, Operator.IN, Operator.NOT_IN} and (
            field.type not in _ORDERED
        ):
            raise entry.refuse(
                f"{field.name} has no order", "where", position, expected="=, !=, in or not in"
            )
        try:
            values = tuple(self._value(value, field) for value in condition.values)
        except ValueError as error:
            raise entry.refuse(
                f"the condition's value does not fit {field.name}", "where", position, expected=str(error)
            ) from error
        return Condition(Reach(path, dataset.name, field.name), condition.operator, values)

    @staticmethod
    def _value(text: str, field: Field) -> Value | PeriodStart:
        if field.type is FieldType.DATE and text == PeriodStart.HERE.value:
            return PeriodStart.HERE
        return typed_value(text, field.type, field.values)
