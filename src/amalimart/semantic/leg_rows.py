"""Which rows of a leg count, and by what they are told apart.

How the rows are then aggregated, and in how many steps, is `leg`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from amalimart.core.calendar import Grain
from amalimart.semantic.best import best_member, is_of_others
from amalimart.semantic.conditions import (
    among,
    compare,
    compare_bucket,
    compare_buckets,
    equality,
    is_known,
    known_value,
)
from amalimart.semantic.defined import DimensionUse
from amalimart.semantic.entity_filters import EntityFilters
from amalimart.semantic.formula import Condition, PeriodStart, Reach
from amalimart.semantic.leg_days import LegDays, day_bucket
from amalimart.semantic.leg_sources import LegSources
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.parameters import FilterSlot, ParameterBook
from amalimart.semantic.periods import Reading
from amalimart.semantic.question_shape import ComparedWith
from amalimart.semantic.request import OTHERS, AskedFilter, Request
from amalimart.semantic.rollups.rollup import Rollup
from amalimart.semantic.scan import Door
from amalimart.semantic.sql.expressions import (
    Sql,
    aggregate,
    any_of,
    column,
    days_between,
    is_in,
    named,
    parenthesised,
)
from amalimart.semantic.sql.select import Select


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


class LegRows:
    """The conditions and groups of one leg, which notes in its sources what they read."""

    def __init__(
        self,
        model: SemanticModel,
        door: Door,
        book: ParameterBook,
        entities: EntityFilters,
        request: Request,
        key: LegKey,
        sources: LegSources,
    ) -> None:
        self._model = model
        self._door = door
        self._book = book
        self._entities = entities
        self._request = request
        self._key = key
        self._sources = sources
        self._top: Sql | None = None

    @property
    def top(self) -> Sql | None:
        """The member by which a row is one of the best; None before `group` needed it."""
        return self._top

    @property
    def groups(self) -> list[str]:
        """The keys of the request by which it is grouped."""
        groups = ((key, self._request.group(key)) for key in self._request.keys)
        return [key for key, group in groups if not self.ignores(group)]

    def ignores(self, target: DimensionUse | Grain) -> bool:
        """Whether the leg is the same for all values: a state that stands in for a stock, at any time."""
        if isinstance(target, Grain):
            return self._key.time is None
        return target.dimension.name in self._key.ignores

    def own_column(self, name: str) -> Sql:
        """A column of the dataset itself."""
        return self._sources.column(Reach((), self._key.dataset, name))

    def day(self) -> Sql:
        """The day of a row."""
        if self._key.time is None:
            raise AssertionError("the resolver refuses time for a dataset without a date")
        return self._sources.column(self._model.date(self._key.dataset, self._key.time))

    def days(self, read: Callable[[], Sql] | None = None) -> LegDays:
        """The days of its rows, or of those that another way to read the day gives."""
        return LegDays(
            self._book,
            read or self.day,
            self._request.grain,
            self._key.reading,
            self._request.shape.has_days,
            self._model.calendar,
            self._request.shape.compare_with is ComparedWith.LAST_YEAR,
        )

    def fixed(self, known: Condition) -> Sql:
        """A condition of a definition."""
        values = [
            self.days().period_start() if isinstance(value, PeriodStart) else self._book.constant(value)
            for value in known.values
        ]
        return compare(self._sources.column(known.column), known.operator, values)

    def group(self, key: str) -> Sql:
        """What a key of the request is for a row."""
        group, top = self._request.group(key), self._request.top
        if isinstance(group, Grain):
            return self.days().bucket(group)
        if top is None or group != top.use:
            return self._dimension(group, is_group=True)
        self._top = self._top or self._dimension(group, is_group=True)
        return is_of_others() if key == OTHERS else best_member()

    def conditions(self) -> list[Sql]:
        """What holds of a row that counts, whatever the measure."""
        found = self.days().conditions() if self._key.time is not None else []
        if self._request.shape.time is not None and self._key.time is not None:
            found.append(is_known(self.day()))
        if self._key.at_end:
            found.append(self._on_last_days())
        wanted = (each for each in self._request.filters if not self.ignores(each.target))
        found += _joined((each, self._filter(each)) for each in wanted)
        if self._key.known is not None:
            found.append(is_known(self.own_column(self._key.known)))
        return found

    def _on_last_days(self) -> Sql:
        """Of each bucket, or of all the days, the last that has any row, whatever else is asked for."""
        time, alias = self._key.time or "", "d"
        days = self.days(lambda: column(time, alias))
        last = Select([aggregate("MAX", days.column)])
        last.read(named(self._door.scan(self._key.dataset, {time}), alias))
        timed = (
            (each, self._time_filter(each, each.target, days))
            for each in self._request.filters
            if isinstance(each.target, Grain)
        )
        last.where(*days.conditions(), *_joined(timed))
        if self._request.grain is not None:
            last.group_by(days.own_bucket(self._request.grain))
        return is_in(self.day(), [last.sql])

    def _dimension(self, use: DimensionUse, *, is_group: bool = False) -> Sql:
        reach = self._model.reach(self._key.dataset, use.dimension)
        if reach is None:
            raise AssertionError("the resolver refuses a dimension that is out of reach")
        value = self._sources.column(reach, is_group=is_group)
        if use.dimension.bucket is not None:
            return day_bucket(value, use.dimension.bucket, self._model.calendar)
        if use.dimension.elapsed is None:
            return known_value(value, use.dimension.type)
        return days_between(value, self.days().column, use.dimension.elapsed.value.upper())

    def _filter(self, wanted: AskedFilter) -> Sql:
        if isinstance(wanted.target, Grain):
            return self._time_filter(wanted, wanted.target, self.days())
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


def _joined(conditions: Iterable[tuple[AskedFilter, Sql]]) -> list[Sql]:
    """The conditions, those that are alternatives of each other as one."""
    plain: list[Sql] = []
    either: dict[int, list[Sql]] = {}
    for wanted, condition in conditions:
        if wanted.either is None:
            plain.append(condition)
        else:
            either.setdefault(wanted.either, []).append(condition)
    return plain + [parenthesised(any_of(each)) for each in either.values()]
