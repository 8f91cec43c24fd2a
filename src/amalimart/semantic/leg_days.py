"""The days of one leg: which of its rows count, and in which bucket of time each falls.

Rows of the period before stand in for the bucket after their own: a day of May is moved to June, and 31 May
to 30 June, so that both sides have the same elapsed span. Those of a metric's own period move by that period:
a day of last year to this year, whatever the grain. Without a grain the earlier range is read as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from amalimart.core.calendar import Grain
from amalimart.core.fiscal import Calendar
from amalimart.semantic.parameters import DaySlot, ParameterBook, TodaySlot
from amalimart.semantic.periods import Reading, window_of
from amalimart.semantic.sql.expressions import (
    Sql,
    arithmetic,
    cast,
    comparison,
    days_between,
    interval,
    months,
    truncated,
)


def day_bucket(day: Sql, grain: Grain, calendar: Calendar) -> Sql:
    """The first day of the bucket that holds a day."""
    if grain is Grain.DAY:
        return day
    shift = calendar.shift(grain)
    if shift:
        day = arithmetic(day, "-", months(Sql(str(shift))))
    bucket = truncated(day, grain.unit.upper())
    if shift:
        bucket = arithmetic(bucket, "+", months(Sql(str(shift))))
    return cast(bucket, "DATE")


def one(grain: Grain) -> Sql:
    """The length of a bucket."""
    return interval(grain.unit.upper())


@dataclass(frozen=True, slots=True)
class LegDays:
    """How a leg reads the days of its rows.

    read         the column with the day of a row; it is read only where it is asked for
    grain        of the question's grouping
    reading      which of the question's days are read
    has_days     whether the question has a range
    calendar     where buckets start
    by_year      what is compared lies a year back, so that each day stands beside its own of last year
    """

    book: ParameterBook
    read: Callable[[], Sql]
    grain: Grain | None
    reading: Reading
    has_days: bool
    calendar: Calendar
    by_year: bool

    @property
    def column(self) -> Sql:
        """The day of a row, as it stands."""
        return self.read()

    @property
    def _moves(self) -> bool:
        return self.reading.is_previous and self.grain is not None

    @property
    def _read(self) -> Reading:
        """The range that is read. What moves is read in place of what it is moved to."""
        return replace(self.reading, is_previous=False) if self._moves else self.reading

    @property
    def day(self) -> Sql:
        """The day on which a row counts."""
        return cast(self._moved(), "DATE") if self._moves else self.column

    def bucket(self, grain: Grain) -> Sql:
        """The bucket in which a row counts."""
        bucket = self.own_bucket(grain)
        return self._aligned(bucket, grain) if self.reading.is_compared else bucket

    def own_bucket(self, grain: Grain) -> Sql:
        """The same, without moving compared days to the place of those that they are compared with."""
        if self._moves and grain is not Grain.DAY:
            return day_bucket(self._moved(), grain, self.calendar)
        return day_bucket(self.day, grain, self.calendar)

    @property
    def _step(self) -> Grain:
        """By what a day of the period before moves."""
        step = window_of(self.reading.period) or self.grain
        if step is None:
            raise AssertionError("without a grain nothing moves")
        return step

    def _moved(self) -> Sql:
        return arithmetic(self.column, "+", one(self._step))

    def period_start(self) -> Sql:
        """The first day of the period that holds a row: of its own bucket, or of the range that is read."""
        if self.grain is not None:
            return day_bucket(self.column, self.grain, self.calendar)
        return self.book.placeholder(DaySlot(self._read, "first"))

    def conditions(self) -> list[Sql]:
        """The conditions on a row's day."""
        if self.reading.period is None and not self.has_days:
            # Without an end, a running bucket would be held against the whole of the one before.
            return [comparison(self.day, "<=", self.book.placeholder(TodaySlot()))] if self._moves else []
        first = self.book.placeholder(DaySlot(self._read, "first"))
        last = self.book.placeholder(DaySlot(self._read, "last"))
        bounds: list[Sql] = [
            comparison(self.day, ">=", first),
            comparison(self.day, "<=", last),
        ]
        if self._moves:
            bounds += self._prunable()
        if self.reading.is_compared and self.grain is not None:
            end = self.book.placeholder(DaySlot(Reading(self.reading.period), "last"))
            aligned = self._aligned(self.own_bucket(self.grain), self.grain)
            bounds.append(comparison(aligned, "<=", end))
        return bounds

    def _prunable(self) -> list[Sql]:
        """Bounds on the column as it stands, which let the engine skip what lies outside."""
        first = self.book.placeholder(DaySlot(self._read, "first", before=self._step))
        last = self.book.placeholder(DaySlot(self._read, "last", before=self._step))
        return [
            comparison(self.column, ">=", first),
            comparison(self.column, "<=", last),
        ]

    def _aligned(self, bucket: Sql, grain: Grain) -> Sql:
        """A bucket of the compared days, moved to the bucket at the same position of the covered days."""
        if self.by_year and grain is Grain.DAY:
            return cast(arithmetic(bucket, "+", one(Grain.YEAR)), "DATE")
        period = self.reading.period
        here = self.book.placeholder(DaySlot(Reading(period), "first", grain=grain))
        there = self.book.placeholder(DaySlot(Reading(period, is_compared=True), "first", grain=grain))
        unit = "DAY" if grain in {Grain.DAY, Grain.WEEK} else "MONTH"
        distance = cast(days_between(cast(there, "DATE"), bucket, unit), "INT")
        step = distance if unit == "DAY" else months(distance)
        return cast(arithmetic(cast(here, "DATE"), "+", step), "DATE")
