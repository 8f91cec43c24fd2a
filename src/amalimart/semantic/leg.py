"""One leg of a plan: one dataset, aggregated at its own grain, over its own days, by its own date.

Legs never join each other: the planner stitches their results on the shared groups.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from amalimart.core.calendar import Grain
from amalimart.semantic import nodes
from amalimart.semantic.aggregates import aggregate_of, filtered, over_entities
from amalimart.semantic.best import best_member, best_members, is_best, is_of_others
from amalimart.semantic.conditions import (
    among,
    compare,
    compare_bucket,
    compare_buckets,
    equality,
    known_value,
)
from amalimart.semantic.entity_filters import EntityFilters
from amalimart.semantic.formula import Condition, Measure, PeriodStart, Reach
from amalimart.semantic.leg_days import LegDays, day_bucket
from amalimart.semantic.leg_sources import LegSources, aliased
from amalimart.semantic.model import DimensionUse, SemanticModel
from amalimart.semantic.nodes import named
from amalimart.semantic.parameters import FilterSlot, ParameterBook
from amalimart.semantic.periods import Reading
from amalimart.semantic.question_shape import ComparedWith
from amalimart.semantic.request import OTHERS, AskedFilter, Request
from amalimart.semantic.rollups.aggregates import aggregate_from
from amalimart.semantic.rollups.rollup import Rollup
from amalimart.semantic.scan import Door
from amalimart.semantic.shapes import Aggregate
from amalimart.semantic.two_steps import FIRST_STEP, second_step

_ENTITY, _CURRENCY = "entity", "currency"


@dataclass(frozen=True, slots=True)
class LegKey:
    """What is aggregated together.

    per      the column of the entity for which it is aggregated first
    ignores  dimensions of the question by which it is not grouped
    at_end   of the last day only
    rollup   what is read in place of the dataset
    known    the column of an entity without which a row is left out
    """

    dataset: str
    time: str | None
    reading: Reading
    per: str | None = None
    ignores: tuple[str, ...] = ()
    at_end: bool = False
    rollup: Rollup | None = None
    known: str | None = None


class LegWriter:
    """Writes the SELECT of one leg. Columns: the request's keys, then what `add_*` was told to name."""

    def __init__(
        self,
        model: SemanticModel,
        door: Door,
        book: ParameterBook,
        entities: EntityFilters,
        request: Request,
        key: LegKey,
        one_currency: str | None = None,
    ) -> None:
        self._model = model
        self._door = door
        self._book = book
        self._entities = entities
        self._request = request
        self._key = key
        self._one_currency = one_currency
        self._sources = LegSources(model, door, key.dataset, key.rollup)
        self._inner: list[exp.Expr] = []
        self._outer: list[exp.Expr] = []
        self._has_second_step = True
        self._currency: tuple[str, str] | None = None
        self._top: exp.Expr | None = None

    def add_measure(self, measure: Measure, name: str) -> None:
        """An aggregate, under a name."""
        conditions = [self._fixed(known) for known in measure.where]
        aggregate = self._aggregate(measure)
        if conditions:
            aggregate = filtered(aggregate, exp.and_(*conditions, copy=False))
        self._inner.append(named(aggregate, name))
        if measure.per is not None:
            self._outer.append(named(over_entities(measure.per, nodes.column(name), self._book), name))
            return
        again = second_step(measure.aggregate, name, is_key=self._is_key(measure))
        if again is None:
            self._has_second_step = False
        else:
            self._outer.append(named(again, name))

    def _aggregate(self, measure: Measure) -> exp.Expr:
        if self._key.rollup is not None:
            return aggregate_from(self._key.rollup, measure, self._own_column)
        dataset, is_key = self._model.datasets[measure.dataset], self._is_key(measure)
        counts = measure.aggregate is Aggregate.COUNT_DISTINCT and is_key
        counts = counts or (measure.aggregate is Aggregate.COUNT and measure.field == dataset.key)
        if counts and self._door.may_read(measure.dataset, measure.field):
            return exp.Count(this=exp.Literal.number(1))  # every row has a key, which need not be read
        return aggregate_of(measure.aggregate, self._own_column(measure.field), is_key=is_key)

    def _is_key(self, measure: Measure) -> bool:
        """Whether a measure's field tells all rows apart; a stock has one row for each key on each day."""
        dataset = self._model.datasets[measure.dataset]
        return measure.field == dataset.key and not dataset.is_stock

    def _own_column(self, name: str) -> exp.Column:
        return self._sources.column(Reach((), self._key.dataset, name))

    def add_currency(self, lowest: str, highest: str) -> None:
        """The least and greatest currency of the group's rows; they differ where currencies are mixed.

        One name twice, where the dataset has one currency only.
        """
        self._currency = (lowest, highest)

    @property
    def groups(self) -> list[str]:
        """The keys of the request by which it is grouped."""
        groups = ((key, self._request.group(key)) for key in self._request.keys)
        return [key for key, group in groups if not self._ignores(group)]

    def _ignores(self, target: DimensionUse | Grain) -> bool:
        """Whether the leg is the same for all values: a state that stands in for a stock, at any time."""
        if isinstance(target, Grain):
            return self._key.time is None
        return target.dimension.name in self._key.ignores

    def select(self) -> exp.Select:
        """The finished leg. Raises Denied where a scan it needs is not permitted."""
        groups = {key: self._group(key) for key in self.groups}
        conditions = self._conditions()
        if self._key.known is not None:
            conditions.append(_is_known(self._own_column(self._key.known)))
        if self._key.per is None:
            return (
                self._before_parents(groups, conditions)
                or self._in_two_steps(groups, conditions)
                or self._in_one_step(groups, conditions)
            )
        entity = self._own_column(self._key.per)
        conditions.append(_is_known(entity.copy()))
        inner = self._grouped({**groups, _ENTITY: entity}, self._inner, conditions)
        return _again({name: nodes.column(name) for name in groups}, self._outer, inner)

    def _in_one_step(self, groups: dict[str, exp.Expr], conditions: list[exp.Expr]) -> exp.Select:
        if self._currency is None:
            currencies = []
        elif self._one_currency is not None:
            currencies = [named(self._the_currency(self._one_currency), self._currency[0])]
        else:
            ends = zip(self._currency, (exp.Min, exp.Max), strict=True)
            currencies = [named(end(this=self._currency_column()), name) for name, end in ends]
        return self._grouped(groups, [*self._inner, *currencies], conditions)

    def _the_currency(self, code: str) -> exp.Expr:
        """The one currency there is, where any row tells one."""
        told = exp.Count(this=self._currency_column())
        any_told = exp.GT(this=told, expression=exp.Literal.number(0))
        return exp.Case(ifs=[exp.If(this=any_told, true=self._book.constant(code))])

    def _in_two_steps(self, groups: dict[str, exp.Expr], conditions: list[exp.Expr]) -> exp.Select | None:
        """By day and currency first; None where that gives another result, or gains nothing.

        Which rows count, and to which of the best members each belongs, is decided in the first step.
        """
        bucketed = self._bucketed()
        is_by_currency = self._currency is not None and self._one_currency is None
        if not self._has_second_step or (bucketed is None and not is_by_currency):
            return None
        first = dict(groups)
        second: dict[str, exp.Expr] = {name: nodes.column(name) for name in groups}
        if bucketed is not None and self._request.grain is not None:
            first[bucketed] = self._day()
            days = self._days(lambda: nodes.column(bucketed))
            second[bucketed] = days.bucket(self._request.grain)
        inner, outer = self._steps(first)
        return _again(second, outer, self._grouped(first, inner, conditions))

    def _before_parents(self, groups: dict[str, exp.Expr], conditions: list[exp.Expr]) -> exp.Select | None:
        """By what is looked up first, and by what is found there then; None where that cannot be.

        An engine then looks up a few thousand groups, and not millions of rows.
        """
        sources = self._sources
        foreign = sources.lookup_column
        if foreign is None or not groups or not self._has_second_step or self._top is not None:
            return None
        if any(sources.reads_dataset(group) or not sources.reads_parents(group) for group in groups.values()):
            return None
        if any(sources.reads_parents(each) for each in (*self._inner, *conditions)):
            return None
        first: dict[str, exp.Expr] = {foreign: self._own_column(foreign)}
        inner, outer = self._steps(first)
        shown = [named(expression, name) for name, expression in groups.items()]
        found = self._where(sources.alone, first, inner, conditions)
        select = sources.joined_after(exp.Select(expressions=[*shown, *outer]), found, FIRST_STEP)
        return _by_position(select, len(groups))

    def _steps(self, first: dict[str, exp.Expr]) -> tuple[list[exp.Expr], list[exp.Expr]]:
        """The measures of the first step, whose groups may become more, and those of the second."""
        inner, outer = list(self._inner), list(self._outer)
        if self._currency is not None and self._one_currency is not None:
            inner.append(named(self._the_currency(self._one_currency), _CURRENCY))
            outer.append(named(exp.Max(this=nodes.column(_CURRENCY, FIRST_STEP)), self._currency[0]))
        elif self._currency is not None:
            first[_CURRENCY] = self._currency_column()
            for name, end in zip(self._currency, (exp.Min, exp.Max), strict=True):
                outer.append(named(end(this=nodes.column(_CURRENCY, FIRST_STEP)), name))
        return inner, outer

    def _bucketed(self) -> str | None:
        """The group that is a bucket of more than a day, where a day has not too many other groups."""
        grain = self._request.grain
        dimensions = [group for group in self._request.groups if isinstance(group, DimensionUse)]
        if grain is None or grain is Grain.DAY or self._ignores(grain):
            return None
        if any(use.dimension.lookup for use in dimensions):
            return None
        return f"g{self._request.groups.index(grain)}"

    def _currency_column(self) -> exp.Column:
        currency = self._model.datasets[self._key.dataset].currency
        if currency is None:
            raise AssertionError("the loader refuses money without a currency")
        return self._own_column(currency)

    def _grouped(
        self, groups: dict[str, exp.Expr], measures: list[exp.Expr], conditions: list[exp.Expr]
    ) -> exp.Select:
        return self._where(self._sources.joined, groups, measures, conditions)

    def _where(
        self,
        read: Callable[[exp.Select], exp.Select],
        groups: dict[str, exp.Expr],
        measures: list[exp.Expr],
        conditions: list[exp.Expr],
    ) -> exp.Select:
        shown = [named(expression, name) for name, expression in groups.items()]
        select = read(exp.Select(expressions=[*shown, *measures]))
        if self._top is not None:
            select = nodes.left_join(select, best_members(), is_best(self._top))
        if conditions:
            select = select.where(*conditions, copy=False)
        return _by_position(select, len(groups))

    def _fixed(self, known: Condition) -> exp.Expr:
        values = [
            self._days().period_start() if isinstance(value, PeriodStart) else self._book.constant(value)
            for value in known.values
        ]
        return compare(self._sources.column(known.column), known.operator, values)

    def _group(self, key: str) -> exp.Expr:
        group, top = self._request.group(key), self._request.top
        if isinstance(group, Grain):
            return self._days().bucket(group)
        if top is None or group != top.use:
            return self._dimension(group, is_group=True)
        self._top = self._top or self._dimension(group, is_group=True)
        return is_of_others() if key == OTHERS else best_member()

    def _conditions(self) -> list[exp.Expr]:
        found = self._days().conditions() if self._key.time is not None else []
        if self._request.shape.time is not None and self._key.time is not None:
            found.append(_is_known(self._day()))
        if self._key.at_end:
            found.append(self._on_last_days())
        either: dict[int, list[exp.Expr]] = {}
        for wanted in self._request.filters:
            if self._ignores(wanted.target):
                continue
            if wanted.either is None:
                found.append(self._filter(wanted))
            else:
                either.setdefault(wanted.either, []).append(self._filter(wanted))
        return found + [exp.Paren(this=exp.or_(*each, copy=False)) for each in either.values()]

    def _on_last_days(self) -> exp.Expr:
        """Of each bucket, or of all the days, the last that has any row, whatever else is asked for."""
        time, alias = self._key.time or "", "d"
        days = self._days(lambda: nodes.column(time, alias))
        scan = aliased(self._door.scan(self._key.dataset, {time}), alias)
        last = exp.Select(expressions=[exp.Max(this=days.column)]).from_(scan, copy=False)
        either: dict[int, list[exp.Expr]] = {}
        conditions = days.conditions()
        for wanted in self._request.filters:
            if isinstance(wanted.target, Grain):
                condition = self._time_filter(wanted, wanted.target, days)
                if wanted.either is None:
                    conditions.append(condition)
                else:
                    either.setdefault(wanted.either, []).append(condition)
        conditions += [exp.Paren(this=exp.or_(*each, copy=False)) for each in either.values()]
        if conditions:
            last = last.where(*conditions, copy=False)
        if self._request.grain is not None:
            last = last.group_by(days.own_bucket(self._request.grain), copy=False)
        return exp.In(this=self._day(), query=exp.Subquery(this=last))

    def _days(self, read: Callable[[], exp.Column] | None = None) -> LegDays:
        return LegDays(
            self._book,
            read or self._day,
            self._request.grain,
            self._key.reading,
            self._request.shape.has_days,
            self._model.calendar,
            self._request.shape.compare_with is ComparedWith.LAST_YEAR,
        )

    def _day(self) -> exp.Column:
        if self._key.time is None:
            raise AssertionError("the resolver refuses time for a dataset without a date")
        return self._sources.column(self._model.date(self._key.dataset, self._key.time))

    def _dimension(self, use: DimensionUse, *, is_group: bool = False) -> exp.Expr:
        reach = self._model.reach(self._key.dataset, use.dimension)
        if reach is None:
            raise AssertionError("the resolver refuses a dimension that is out of reach")
        column = self._sources.column(reach, is_group=is_group)
        if use.dimension.bucket is not None:
            return day_bucket(column, use.dimension.bucket, self._model.calendar)
        if use.dimension.elapsed is None:
            return known_value(column, use.dimension.type)
        unit = exp.Var(this=use.dimension.elapsed.value.upper())
        return exp.DateDiff(this=self._days().column, expression=column, unit=unit)

    def _filter(self, wanted: AskedFilter) -> exp.Expr:
        if isinstance(wanted.target, Grain):
            return self._time_filter(wanted, wanted.target, self._days())
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

    def _time_filter(self, wanted: AskedFilter, grain: Grain, days: LegDays) -> exp.Expr:
        if wanted.is_list:
            bucket = days.own_bucket(grain)
            return compare_buckets(self._book, bucket, grain, wanted.operator, wanted.position)
        return compare_bucket(self._book, days.day, grain, wanted.operator, wanted.position)


def _is_known(column: exp.Expr) -> exp.Expr:
    return exp.Not(this=exp.Is(this=column, expression=exp.null()))


def _again(groups: dict[str, exp.Expr], measures: list[exp.Expr], inner: exp.Select) -> exp.Select:
    """Aggregates of the groups of another query."""
    shown = [named(expression, name) for name, expression in groups.items()]
    outer = exp.Select(expressions=[*shown, *measures])
    source = aliased(exp.Subquery(this=inner), FIRST_STEP)
    return _by_position(outer.from_(source, copy=False), len(groups))


def _by_position(select: exp.Select, groups: int) -> exp.Select:
    if not groups:
        return select
    return select.group_by(*(exp.Literal.number(position + 1) for position in range(groups)), copy=False)
