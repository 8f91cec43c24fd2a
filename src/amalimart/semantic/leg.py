"""One leg of a plan: one dataset, aggregated at its own grain, over its own days, by its own date.

Parents are joined many-to-one only, so no row of the dataset is ever counted twice; a missing parent
leaves the row under the unknown member. Legs never join each other: the planner stitches their
results on the shared groups.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from amalimart.core.calendar import Grain
from amalimart.semantic.conditions import (
    among,
    compare,
    compare_bucket,
    compare_buckets,
    equality,
    known_value,
)
from amalimart.semantic.entity_filters import EntityFilters
from amalimart.semantic.formula import Measure, Reach
from amalimart.semantic.model import DimensionUse, SemanticModel
from amalimart.semantic.parameters import DaySlot, FilterSlot, ParameterBook
from amalimart.semantic.request import AskedFilter, Request
from amalimart.semantic.scan import Door
from amalimart.semantic.shapes import Aggregate, Period


@dataclass(frozen=True, slots=True)
class LegKey:
    """What is aggregated together."""

    dataset: str
    time: str | None
    period: Period | None
    compared: bool


def day_bucket(day: exp.Expr, grain: Grain) -> exp.Expr:
    """The first day of the bucket that holds a day."""
    if grain is Grain.DAY:
        return day
    return to_date(exp.TimestampTrunc(this=day, unit=exp.Var(this=grain.value.upper())))


def to_date(value: exp.Expr) -> exp.Cast:
    return exp.Cast(this=value, to=exp.DataType.build("date"))


class LegWriter:
    """Writes the SELECT of one leg. Columns: g<n> for the groups, then what `add_*` was told to name."""

    def __init__(
        self,
        model: SemanticModel,
        door: Door,
        book: ParameterBook,
        entities: EntityFilters,
        request: Request,
        key: LegKey,
    ) -> None:
        self._model = model
        self._door = door
        self._book = book
        self._entities = entities
        self._request = request
        self._key = key
        self._aliases: dict[tuple[str, ...], str] = {(): "t0"}
        self._datasets: dict[tuple[str, ...], str] = {(): key.dataset}
        self._columns: dict[tuple[str, ...], set[str]] = {(): set()}
        self._measures: list[exp.Expr] = []

    def add_measure(self, measure: Measure, name: str) -> None:
        """An aggregate, under a name."""
        column = self._column(Reach((), measure.dataset, measure.field))
        aggregate = self._aggregate(measure, column)
        conditions = [
            compare(
                self._column(known.column),
                known.operator,
                [self._book.constant(value) for value in known.values],
            )
            for known in measure.where
        ]
        if conditions:
            where = exp.Where(this=exp.and_(*conditions, copy=False))
            aggregate = exp.Filter(this=aggregate, expression=where)
        self._measures.append(exp.alias_(aggregate, name, quoted=True, copy=False))

    def add_currency(self, lowest: str, highest: str) -> None:
        """The least and greatest currency of the group's rows; they differ where currencies are mixed."""
        currency = self._model.datasets[self._key.dataset].currency
        if currency is None:
            raise AssertionError("the loader refuses money without a currency")
        for aggregate, name in ((exp.Min, lowest), (exp.Max, highest)):
            column = self._column(Reach((), self._key.dataset, currency))
            self._measures.append(exp.alias_(aggregate(this=column), name, quoted=True, copy=False))

    def select(self) -> exp.Select:
        """The finished leg. Raises Denied where a scan it needs is not permitted."""
        groups = [
            exp.alias_(self._group(group), f"g{position}", quoted=True, copy=False)
            for position, group in enumerate(self._request.groups)
        ]
        conditions = [*self._days(), *(self._filter(wanted) for wanted in self._request.filters)]
        select = exp.Select(expressions=[*groups, *self._measures]).from_(self._source(()), copy=False)
        for path in list(self._aliases)[1:]:
            select = select.join(
                self._source(path), on=self._join_condition(path), join_type="left", copy=False
            )
        if conditions:
            select = select.where(*conditions, copy=False)
        if groups:
            select = select.group_by(
                *(exp.Literal.number(position + 1) for position in range(len(groups))), copy=False
            )
        return select

    def _aggregate(self, measure: Measure, column: exp.Expr) -> exp.Expr:
        if measure.aggregate is Aggregate.SUM:
            return exp.Sum(this=column)
        if (
            measure.aggregate is Aggregate.COUNT_DISTINCT
            and measure.field != self._model.datasets[measure.dataset].key
        ):
            return exp.Count(this=exp.Distinct(expressions=[column]))
        return exp.Count(this=column)  # the key is unique in its dataset, and parents join many-to-one

    def _group(self, group: DimensionUse | Grain) -> exp.Expr:
        if not isinstance(group, Grain):
            return self._dimension(group)
        bucket = day_bucket(self._day(), group)
        return self._aligned(bucket, group) if self._key.compared else bucket

    def _aligned(self, bucket: exp.Expr, grain: Grain) -> exp.Expr:
        """A bucket of the compared days, moved to the bucket at the same position of the covered days."""
        period = self._key.period
        here = self._book.placeholder(DaySlot(period, compared=False, edge="first", grain=grain))
        there = self._book.placeholder(DaySlot(period, compared=True, edge="first", grain=grain))
        unit = "DAY" if grain in {Grain.DAY, Grain.WEEK} else "MONTH"
        distance = exp.Cast(
            this=exp.DateDiff(this=bucket, expression=to_date(there), unit=exp.Var(this=unit)),
            to=exp.DataType.build("int"),
        )
        step: exp.Expr = (
            distance if unit == "DAY" else exp.Anonymous(this="to_months", expressions=[distance])
        )
        return to_date(exp.Add(this=to_date(here), expression=step))

    def _days(self) -> list[exp.Expr]:
        if self._key.time is None or (self._key.period is None and not self._request.shape.has_days):
            return []
        compared, period = self._key.compared, self._key.period
        first = self._book.placeholder(DaySlot(period, compared, "first"))
        last = self._book.placeholder(DaySlot(period, compared, "last"))
        bounds: list[exp.Expr] = [
            exp.GTE(this=self._day(), expression=first),
            exp.LTE(this=self._day(), expression=last),
        ]
        grain = self._request.grain
        if compared and grain is not None:
            end = self._book.placeholder(DaySlot(period, compared=False, edge="last"))
            bounds.append(exp.LTE(this=self._aligned(day_bucket(self._day(), grain), grain), expression=end))
        return bounds

    def _day(self) -> exp.Column:
        if self._key.time is None:
            raise AssertionError("the resolver refuses time for a dataset without a date")
        return self._column(Reach((), self._key.dataset, self._key.time))

    def _dimension(self, use: DimensionUse) -> exp.Expr:
        reach = self._model.reach(self._key.dataset, use.dimension)
        if reach is None:
            raise AssertionError("the resolver refuses a dimension that is out of reach")
        return known_value(self._column(reach), use.dimension.type)

    def _filter(self, wanted: AskedFilter) -> exp.Expr:
        if isinstance(wanted.target, Grain):
            return self._time_filter(wanted, wanted.target)
        value = self._dimension(wanted.target)
        if wanted.target.has_label:
            return equality(
                wanted.operator, exp.In(this=value, query=self._entities.keys(wanted, wanted.target))
            )
        dimension = wanted.target.dimension
        slot = FilterSlot(wanted.position, dimension.type, dimension.values, wanted.is_list)
        operand = self._book.placeholder(slot)
        if wanted.is_list:
            return equality(wanted.operator, among(value, operand, is_list=True))
        return compare(value, wanted.operator, [operand])

    def _time_filter(self, wanted: AskedFilter, grain: Grain) -> exp.Expr:
        if wanted.is_list:
            bucket = day_bucket(self._day(), grain)
            return compare_buckets(self._book, bucket, grain, wanted.operator, wanted.position)
        return compare_bucket(self._book, self._day(), grain, wanted.operator, wanted.position)

    def _column(self, reach: Reach) -> exp.Column:
        for length in range(1, len(reach.path) + 1):
            path = reach.path[:length]
            if path not in self._aliases:
                parent = self._datasets[path[:-1]]
                relationship = self._model.datasets[parent].relationships[path[-1]]
                self._columns[path[:-1]].add(relationship.column)
                self._aliases[path] = f"t{len(self._aliases)}"
                self._datasets[path] = relationship.to
                self._columns[path] = {self._model.datasets[relationship.to].key}
        self._columns[reach.path].add(reach.field)
        return exp.column(reach.field, table=self._aliases[reach.path], quoted=True)

    def _source(self, path: tuple[str, ...]) -> exp.Subquery:
        return _aliased(self._door.scan(self._datasets[path], self._columns[path]), self._aliases[path])

    def _join_condition(self, path: tuple[str, ...]) -> exp.Expr:
        parent = self._model.datasets[self._datasets[path[:-1]]]
        foreign = parent.relationships[path[-1]].column
        key = self._model.datasets[self._datasets[path]].key
        return exp.EQ(
            this=exp.column(foreign, table=self._aliases[path[:-1]], quoted=True),
            expression=exp.column(key, table=self._aliases[path], quoted=True),
        )


def _aliased(scan: exp.Subquery, name: str) -> exp.Subquery:
    scan.set("alias", exp.TableAlias(this=exp.to_identifier(name, quoted=True)))
    return scan
