"""One leg of a plan: one dataset, aggregated at its own grain, over its own days, by its own date.

Legs never join each other: the planner stitches their results on the shared groups.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from amalimart.core.calendar import Grain
from amalimart.semantic.aggregates import aggregate_of, over_entities
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
from amalimart.semantic.leg_sources import LegSources
from amalimart.semantic.model import DimensionUse, SemanticModel
from amalimart.semantic.parameters import FilterSlot, ParameterBook
from amalimart.semantic.periods import Reading
from amalimart.semantic.question_shape import ComparedWith
from amalimart.semantic.request import OTHERS, AskedFilter, Request
from amalimart.semantic.rollups.aggregates import aggregate_from
from amalimart.semantic.rollups.rollup import Rollup
from amalimart.semantic.scan import Door
from amalimart.semantic.shapes import Aggregate
from amalimart.semantic.sql.expressions import (
    ONE,
    ZERO,
    Sql,
    aggregate,
    all_of,
    any_of,
    column,
    comparison,
    days_between,
    is_in,
    is_missing,
    named,
    negated,
    parenthesised,
    when,
)
from amalimart.semantic.sql.select import Select
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
        self._inner: list[Sql] = []
        self._outer: list[Sql] = []
        self._has_second_step = True
        self._currency: tuple[str, str] | None = None
        self._top: Sql | None = None

    def add_measure(self, measure: Measure, name: str) -> None:
        """An aggregate, under a name."""
        conditions = [self._fixed(known) for known in measure.where]
        counted = all_of(conditions) if conditions else None
        self._inner.append(named(self._aggregate(measure, counted), name))
        if measure.per is not None:
            self._outer.append(named(over_entities(measure.per, column(name), self._book), name))
            return
        again = second_step(measure.aggregate, name, is_key=self._is_key(measure))
        if again is None:
            self._has_second_step = False
        else:
            self._outer.append(named(again, name))

    def _aggregate(self, measure: Measure, where: Sql | None) -> Sql:
        if self._key.rollup is not None:
            return aggregate_from(self._key.rollup, measure, where, self._own_column)
        dataset, is_key = self._model.datasets[measure.dataset], self._is_key(measure)
        counts = measure.aggregate is Aggregate.COUNT_DISTINCT and is_key
        counts = counts or (measure.aggregate is Aggregate.COUNT and measure.field == dataset.key)
        if counts and self._door.may_read(measure.dataset, measure.field):
            return aggregate("COUNT", ONE, where)  # every row has a key, which need not be read
        return aggregate_of(measure.aggregate, self._own_column(measure.field), where, is_key=is_key)

    def _is_key(self, measure: Measure) -> bool:
        """Whether a measure's field tells all rows apart; a stock has one row for each key on each day."""
        dataset = self._model.datasets[measure.dataset]
        return measure.field == dataset.key and not dataset.is_stock

    def _own_column(self, name: str) -> Sql:
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

    def select(self) -> Select:
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
        conditions.append(_is_known(entity))
        inner = self._grouped({**groups, _ENTITY: entity}, self._inner, conditions)
        return _again({name: column(name) for name in groups}, self._outer, inner)

    def _in_one_step(self, groups: dict[str, Sql], conditions: list[Sql]) -> Select:
        if self._currency is None:
            currencies = []
        elif self._one_currency is not None:
            currencies = [named(self._the_currency(self._one_currency), self._currency[0])]
        else:
            least, greatest = self._currency
            currencies = [
                named(aggregate("MIN", self._currency_column()), least),
                named(aggregate("MAX", self._currency_column()), greatest),
            ]
        return self._grouped(groups, [*self._inner, *currencies], conditions)

    def _the_currency(self, code: str) -> Sql:
        """The one currency there is, where any row tells one."""
        told = aggregate("COUNT", self._currency_column())
        return when(comparison(told, ">", ZERO), self._book.constant(code))

    def _in_two_steps(self, groups: dict[str, Sql], conditions: list[Sql]) -> Select | None:
        """By day and currency first; None where that gives another result, or gains nothing.

        Which rows count, and to which of the best members each belongs, is decided in the first step.
        """
        bucketed = self._bucketed()
        is_by_currency = self._currency is not None and self._one_currency is None
        if not self._has_second_step or (bucketed is None and not is_by_currency):
            return None
        first = dict(groups)
        second: dict[str, Sql] = {name: column(name) for name in groups}
        if bucketed is not None and self._request.grain is not None:
            first[bucketed] = self._day()
            days = self._days(lambda: column(bucketed))
            second[bucketed] = days.bucket(self._request.grain)
        inner, outer = self._steps(first)
        return _again(second, outer, self._grouped(first, inner, conditions))

    def _before_parents(self, groups: dict[str, Sql], conditions: list[Sql]) -> Select | None:
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
        first: dict[str, Sql] = {foreign: self._own_column(foreign)}
        inner, outer = self._steps(first)
        shown = [named(expression, name) for name, expression in groups.items()]
        found = self._where(sources.alone, first, inner, conditions)
        select = sources.joined_after(Select([*shown, *outer]), found, FIRST_STEP)
        return select.group_by_first(len(groups))

    def _steps(self, first: dict[str, Sql]) -> tuple[list[Sql], list[Sql]]:
        """The measures of the first step, whose groups may become more, and those of the second."""
        inner, outer = list(self._inner), list(self._outer)
        if self._currency is not None and self._one_currency is not None:
            inner.append(named(self._the_currency(self._one_currency), _CURRENCY))
            outer.append(named(aggregate("MAX", column(_CURRENCY, FIRST_STEP)), self._currency[0]))
        elif self._currency is not None:
            first[_CURRENCY] = self._currency_column()
            least, greatest = self._currency
            outer.append(named(aggregate("MIN", column(_CURRENCY, FIRST_STEP)), least))
            outer.append(named(aggregate("MAX", column(_CURRENCY, FIRST_STEP)), greatest))
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

    def _currency_column(self) -> Sql:
        currency = self._model.datasets[self._key.dataset].currency
        if currency is None:
            raise AssertionError("the loader refuses money without a currency")
        return self._own_column(currency)

    def _grouped(self, groups: dict[str, Sql], measures: list[Sql], conditions: list[Sql]) -> Select:
        return self._where(self._sources.joined, groups, measures, conditions)

    def _where(
        self,
        read: Callable[[Select], Select],
        groups: dict[str, Sql],
        measures: list[Sql],
        conditions: list[Sql],
    ) -> Select:
        shown = [named(expression, name) for name, expression in groups.items()]
        select = read(Select([*shown, *measures]))
        if self._top is not None:
            select.left_join(best_members(), is_best(self._top))
        return select.where(*conditions).group_by_first(len(groups))

    def _fixed(self, known: Condition) -> Sql:
        values = [
            self._days().period_start() if isinstance(value, PeriodStart) else self._book.constant(value)
            for value in known.values
        ]
        return compare(self._sources.column(known.column), known.operator, values)

    def _group(self, key: str) -> Sql:
        group, top = self._request.group(key), self._request.top
        if isinstance(group, Grain):
            return self._days().bucket(group)
        if top is None or group != top.use:
            return self._dimension(group, is_group=True)
        self._top = self._top or self._dimension(group, is_group=True)
        return is_of_others() if key == OTHERS else best_member()

    def _conditions(self) -> list[Sql]:
        found = self._days().conditions() if self._key.time is not None else []
        if self._request.shape.time is not None and self._key.time is not None:
            found.append(_is_known(self._day()))
        if self._key.at_end:
            found.append(self._on_last_days())
        either: dict[int, list[Sql]] = {}
        for wanted in self._request.filters:
            if self._ignores(wanted.target):
                continue
            if wanted.either is None:
                found.append(self._filter(wanted))
            else:
                either.setdefault(wanted.either, []).append(self._filter(wanted))
        return found + [parenthesised(any_of(each)) for each in either.values()]

    def _on_last_days(self) -> Sql:
        """Of each bucket, or of all the days, the last that has any row, whatever else is asked for."""
        time, alias = self._key.time or "", "d"
        days = self._days(lambda: column(time, alias))
        scan = named(self._door.scan(self._key.dataset, {time}), alias)
        last = Select([aggregate("MAX", days.column)]).read(scan)
        either: dict[int, list[Sql]] = {}
        conditions = days.conditions()
        for wanted in self._request.filters:
            if isinstance(wanted.target, Grain):
                condition = self._time_filter(wanted, wanted.target, days)
                if wanted.either is None:
                    conditions.append(condition)
                else:
                    either.setdefault(wanted.either, []).append(condition)
        last.where(*conditions, *(parenthesised(any_of(each)) for each in either.values()))
        if self._request.grain is not None:
            last.group_by(days.own_bucket(self._request.grain))
        return is_in(self._day(), [last.sql])

    def _days(self, read: Callable[[], Sql] | None = None) -> LegDays:
        return LegDays(
            self._book,
            read or self._day,
            self._request.grain,
            self._key.reading,
            self._request.shape.has_days,
            self._model.calendar,
            self._request.shape.compare_with is ComparedWith.LAST_YEAR,
        )

    def _day(self) -> Sql:
        if self._key.time is None:
            raise AssertionError("the resolver refuses time for a dataset without a date")
        return self._sources.column(self._model.date(self._key.dataset, self._key.time))

    def _dimension(self, use: DimensionUse, *, is_group: bool = False) -> Sql:
        reach = self._model.reach(self._key.dataset, use.dimension)
        if reach is None:
            raise AssertionError("the resolver refuses a dimension that is out of reach")
        value = self._sources.column(reach, is_group=is_group)
        if use.dimension.bucket is not None:
            return day_bucket(value, use.dimension.bucket, self._model.calendar)
        if use.dimension.elapsed is None:
            return known_value(value, use.dimension.type)
        return days_between(value, self._days().column, use.dimension.elapsed.value.upper())

    def _filter(self, wanted: AskedFilter) -> Sql:
        if isinstance(wanted.target, Grain):
            return self._time_filter(wanted, wanted.target, self._days())
        value = self._dimension(wanted.target)
        if wanted.target.has_label:
            return equality(wanted.operator, is_in(value, [self._entities.keys(wanted, wanted.target)]))
        dimension = wanted.target.dimension
        slot = FilterSlot(wanted.position, dimension.type, dimension.values, wanted.is_list)
        operand = self._book.placeholder(slot)
        if wanted.is_list:
            return equality(wanted.operator, among(value, operand, is_list=True))
        return compare(value, wanted.operator, [operand])

    def _time_filter(self, wanted: AskedFilter, grain: Grain, days: LegDays) -> Sql:
        if wanted.is_list:
            bucket = days.own_bucket(grain)
            return compare_buckets(self._book, bucket, grain, wanted.operator, wanted.position)
        return compare_bucket(self._book, days.day, grain, wanted.operator, wanted.position)


def _is_known(value: Sql) -> Sql:
    return negated(is_missing(value))


def _again(groups: dict[str, Sql], measures: list[Sql], inner: Select) -> Select:
    """Aggregates of the groups of another query."""
    shown = [named(expression, name) for name, expression in groups.items()]
    outer = Select([*shown, *measures]).read(named(inner.subquery, FIRST_STEP))
    return outer.group_by_first(len(groups))
