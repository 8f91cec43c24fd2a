"""One leg of a plan: one dataset, aggregated at its own grain, over its own days, by its own date.

Legs never join each other: the planner stitches their results on the shared groups.
"""

from __future__ import annotations

from collections.abc import Callable

from amalimart.core.calendar import Grain
from amalimart.semantic.aggregates import aggregate_of, over_entities
from amalimart.semantic.best import best_members, is_best
from amalimart.semantic.conditions import is_known
from amalimart.semantic.defined import DimensionUse
from amalimart.semantic.entity_filters import EntityFilters
from amalimart.semantic.formula import Measure
from amalimart.semantic.leg_rows import LegKey, LegRows
from amalimart.semantic.leg_sources import LegSources
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.parameters import ParameterBook
from amalimart.semantic.request import Request
from amalimart.semantic.rollups.aggregates import aggregate_from
from amalimart.semantic.scan import Door
from amalimart.semantic.shapes import Aggregate
from amalimart.semantic.sql.expressions import (
    ONE,
    ZERO,
    Sql,
    aggregate,
    all_of,
    column,
    comparison,
    named,
    when,
)
from amalimart.semantic.sql.select import Select
from amalimart.semantic.two_steps import FIRST_STEP, second_step

_ENTITY, _CURRENCY = "entity", "currency"


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
        self._request = request
        self._key = key
        self._one_currency = one_currency
        self._sources = LegSources(model, door, key.dataset, key.rollup)
        self._rows = LegRows(model, door, book, entities, request, key, self._sources)
        self._inner: list[Sql] = []
        self._outer: list[Sql] = []
        self._has_second_step = True
        self._currency: tuple[str, str] | None = None

    def add_measure(self, measure: Measure, name: str, mark: str | None = None) -> None:
        """An aggregate, under a name; of distinct values, the number of rows that bear a mark."""
        conditions = [self._rows.fixed(known) for known in measure.where]
        if mark is not None:
            conditions.append(self._rows.own_column(mark))
        counted = all_of(conditions) if conditions else None
        value = aggregate("COUNT", ONE, counted) if mark is not None else self._aggregate(measure, counted)
        self._inner.append(named(value, name))
        if measure.per is not None:
            self._outer.append(named(over_entities(measure.per, column(name), self._book), name))
            return
        is_counted = mark is not None or self._is_key(measure)
        again = second_step(measure.aggregate, name, is_key=is_counted)
        if again is None:
            self._has_second_step = False
        else:
            self._outer.append(named(again, name))

    def _aggregate(self, measure: Measure, where: Sql | None) -> Sql:
        if self._key.rollup is not None:
            return aggregate_from(self._key.rollup, measure, where, self._rows.own_column)
        dataset, is_key = self._model.datasets[measure.dataset], self._is_key(measure)
        counts = measure.aggregate is Aggregate.COUNT_DISTINCT and is_key
        counts = counts or (measure.aggregate is Aggregate.COUNT and measure.field == dataset.key)
        if counts and self._door.may_read(measure.dataset, measure.field):
            return aggregate("COUNT", ONE, where)  # every row has a key, which need not be read
        return aggregate_of(measure.aggregate, self._rows.own_column(measure.field), where, is_key=is_key)

    def _is_key(self, measure: Measure) -> bool:
        """Whether a measure's field tells all rows apart; a stock has one row for each key on each day."""
        dataset = self._model.datasets[measure.dataset]
        return measure.field == dataset.key and not dataset.is_stock

    def add_currency(self, lowest: str, highest: str) -> None:
        """The least and greatest currency of the group's rows; they differ where currencies are mixed.

        One name twice, where the dataset has one currency only.
        """
        self._currency = (lowest, highest)

    @property
    def groups(self) -> list[str]:
        """The keys of the request by which it is grouped."""
        return self._rows.groups

    def select(self) -> Select:
        """The finished leg. Raises Denied where a scan it needs is not permitted."""
        groups = {key: self._rows.group(key) for key in self.groups}
        conditions = self._rows.conditions()
        if self._key.per is None:
            return (
                self._before_parents(groups, conditions)
                or self._in_two_steps(groups, conditions)
                or self._in_one_step(groups, conditions)
            )
        entity = self._rows.own_column(self._key.per)
        conditions.append(is_known(entity))
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
            first[bucketed] = self._rows.day()
            days = self._rows.days(lambda: column(bucketed))
            second[bucketed] = days.bucket(self._request.grain)
        inner, outer = self._steps(first)
        return _again(second, outer, self._grouped(first, inner, conditions))

    def _before_parents(self, groups: dict[str, Sql], conditions: list[Sql]) -> Select | None:
        """By what is looked up first, and by what is found there then; None where that cannot be.

        An engine then looks up a few thousand groups, and not millions of rows.
        """
        sources = self._sources
        foreign = sources.lookup_column
        if foreign is None or not groups or not self._has_second_step or self._rows.top is not None:
            return None
        if any(sources.reads_dataset(group) or not sources.reads_parents(group) for group in groups.values()):
            return None
        if any(sources.reads_parents(each) for each in (*self._inner, *conditions)):
            return None
        first: dict[str, Sql] = {foreign: self._rows.own_column(foreign)}
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
        if grain is None or grain is Grain.DAY or self._rows.ignores(grain):
            return None
        if any(use.dimension.lookup for use in dimensions):
            return None
        return f"g{self._request.groups.index(grain)}"

    def _currency_column(self) -> Sql:
        currency = self._model.datasets[self._key.dataset].currency
        if currency is None:
            raise AssertionError("the loader refuses money without a currency")
        return self._rows.own_column(currency)

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
        if self._rows.top is not None:
            select.left_join(best_members(), is_best(self._rows.top))
        return select.where(*conditions).group_by_first(len(groups))


def _again(groups: dict[str, Sql], measures: list[Sql], inner: Select) -> Select:
    """Aggregates of the groups of another query."""
    shown = [named(expression, name) for name, expression in groups.items()]
    outer = Select([*shown, *measures]).read(named(inner.subquery, FIRST_STEP))
    return outer.group_by_first(len(groups))
