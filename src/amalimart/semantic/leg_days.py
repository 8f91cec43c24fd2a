"""The days of one leg: which of its rows count, and in which bucket of time each falls.

Rows of the period before stand in for the bucket after their own: a day of May is moved to June, and 31 May
to 30 June, so that both sides have the same elapsed span. Those of a metric's own period move by that period:
a day of last year to this year, whatever the grain. Without a grain the earlier range is read as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlglot import exp

from amalimart.core.calendar import Grain
from amalimart.core.fiscal import Calendar
from amalimart.semantic.nodes import to_date, to_whole
from amalimart.semantic.parameters import DaySlot, ParameterBook, TodaySlot
from amalimart.semantic.periods import Reading, window_of


def day_bucket(day: exp.Expr, grain: Grain, calendar: Calendar) -> exp.Expr:
    """The first day of the bucket that holds a day."""
    if grain is Grain.DAY:
        return day
    shift = calendar.shift(grain)
    if shift:
        day = exp.Sub(this=day, expression=months(exp.Literal.number(shift)))
    bucket: exp.Expr = exp.TimestampTrunc(this=day, unit=exp.Var(this=grain.unit.upper()))
    if shift:
        bucket = exp.Add(this=bucket, expression=months(exp.Literal.number(shift)))
    return to_date(bucket)


def one(grain: Grain) -> exp.Interval:
    """The length of a bucket."""
    return exp.Interval(this=exp.Literal.string("1"), unit=exp.Var(this=grain.unit.upper()))


def months(count: exp.Expr) -> exp.Expr:
    """So many months, to be added to a day."""
    return exp.Anonymous(this="to_months", expressions=[count])


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
    read: Callable[[], exp.Column]
    grain: Grain | None
    reading: Reading
    has_days: bool
    calendar: Calendar
    by_year: bool

    @property
    def column(self) -> exp.Column:
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
    def day(self) -> exp.Expr:
        """The day on which a row counts."""
        return to_date(self._moved()) if self._moves else self.column

    def bucket(self, grain: Grain) -> exp.Expr:
        """The bucket in which a row counts."""
        bucket = self.own_bucket(grain)
        return self._aligned(bucket, grain) if self.reading.is_compared else bucket

    def own_bucket(self, grain: Grain) -> exp.Expr:
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

    def _moved(self) -> exp.Expr:
        return exp.Add(this=self.column, expression=one(self._step))

    def period_start(self) -> exp.Expr:
        """The first day of the period that holds a row: of its own bucket, or of the range that is read."""
        if self.grain is not None:
            return day_bucket(self.column, self.grain, self.calendar)
        return self.book.placeholder(DaySlot(self._read, "first"))

    def conditions(self) -> list[exp.Expr]:
        """The conditions on a row's day."""
        if self.reading.period is None and not self.has_days:
            # Without an end, a running bucket would be held against the whole of the one before.
            return (
                [exp.LTE(this=self.day, expression=self.book.placeholder(TodaySlot()))] if self._moves else []
            )
        first = self.book.placeholder(DaySlot(self._read, "first"))
        last = self.book.placeholder(DaySlot(self._read, "last"))
        bounds: list[exp.Expr] = [
            exp.GTE(this=self.day, expression=first),
            exp.LTE(this=self.day, expression=last),
        ]
        if self._moves:
            bounds += self._prunable()
        if self.reading.is_compared and self.grain is not None:
            end = self.book.placeholder(DaySlot(Reading(self.reading.period), "last"))
            aligned = self._aligned(self.own_bucket(self.grain), self.grain)
            bounds.append(exp.LTE(this=aligned, expression=end))
        return bounds

    def _prunable(self) -> list[exp.Expr]:
        """Bounds on the column as it stands, which let the engine skip what lies outside."""
        first = self.book.placeholder(DaySlot(self._read, "first", before=self._step))
        last = self.book.placeholder(DaySlot(self._read, "last", before=self._step))
        return [
            exp.GTE(this=self.column, expression=first),
            exp.LTE(this=self.column, expression=last),
        ]

    def _aligned(self, bucket: exp.Expr, grain: Grain) -> exp.Expr:
        """A bucket of the compared days, moved to the bucket at the same position of the covered days."""
        if self.by_year and grain is Grain.DAY:
            return to_date(exp.Add(this=bucket, expression=one(Grain.YEAR)))
        period = self.reading.period
        here = self.book.placeholder(DaySlot(Reading(period), "first", grain=grain))
        there = self.book.placeholder(DaySlot(Reading(period, is_compared=True), "first", grain=grain))
        unit = "DAY" if grain in {Grain.DAY, Grain.WEEK} else "MONTH"
        distance = to_whole(exp.DateDiff(this=bucket, expression=to_date(there), unit=exp.Var(this=unit)))
        step = distance if unit == "DAY" else months(distance)
        return to_date(exp.Add(this=to_date(here), expression=step))
