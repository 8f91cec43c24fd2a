"""The days of one leg: which of its rows count, and in which bucket of time each falls.

Rows of the period before stand in for the bucket after their own: a day of May is moved to June, and 31 May
to 30 June, so that both sides have the same elapsed span. Without a grain the earlier range is read as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from amalimart.core.calendar import Grain
from amalimart.semantic.nodes import to_date, to_whole
from amalimart.semantic.parameters import DaySlot, ParameterBook, TodaySlot
from amalimart.semantic.shapes import Period


def day_bucket(day: exp.Expr, grain: Grain) -> exp.Expr:
    """The first day of the bucket that holds a day."""
    if grain is Grain.DAY:
        return day
    return to_date(exp.TimestampTrunc(this=day, unit=exp.Var(this=grain.value.upper())))


@dataclass(frozen=True, slots=True)
class LegDays:
    """How a leg reads the days of its rows.

    read         the column with the day of a row; it is read only where it is asked for
    grain        of the question's grouping
    period       the metric's own span, if it has one
    compared     over the days that the question compares with
    is_previous  over the period before those
    has_days     whether the question has a range
    """

    book: ParameterBook
    read: Callable[[], exp.Column]
    grain: Grain | None
    period: Period | None
    compared: bool
    is_previous: bool
    has_days: bool

    @property
    def column(self) -> exp.Column:
        """The day of a row, as it stands."""
        return self.read()

    @property
    def _moves(self) -> bool:
        return self.is_previous and self.grain is not None

    @property
    def _back(self) -> int:
        """How many ranges before the asked one are read."""
        return int(self.compared) + int(self.is_previous and self.grain is None)

    @property
    def day(self) -> exp.Expr:
        """The day on which a row counts."""
        return to_date(self._moved()) if self._moves else self.column

    def bucket(self, grain: Grain) -> exp.Expr:
        """The bucket in which a row counts."""
        bucket = self.own_bucket(grain)
        return self._aligned(bucket, grain) if self.compared else bucket

    def own_bucket(self, grain: Grain) -> exp.Expr:
        """The same, without moving compared days to the place of those that they are compared with."""
        if self._moves and grain is not Grain.DAY:
            return day_bucket(self._moved(), grain)
        return day_bucket(self.day, grain)

    def _moved(self) -> exp.Expr:
        if self.grain is None:
            raise AssertionError("without a grain nothing moves")
        step = exp.Interval(this=exp.Literal.string("1"), unit=exp.Var(this=self.grain.value.upper()))
        return exp.Add(this=self.column, expression=step)

    def period_start(self) -> exp.Expr:
        """The first day of the period that holds a row: of its own bucket, or of the range that is read."""
        if self.grain is not None:
            return day_bucket(self.column, self.grain)
        return self.book.placeholder(DaySlot(self.period, self._back, "first"))

    def conditions(self) -> list[exp.Expr]:
        """The conditions on a row's day."""
        if self.period is None and not self.has_days:
            # Without an end, a running bucket would be held against the whole of the one before.
            return (
                [exp.LTE(this=self.day, expression=self.book.placeholder(TodaySlot()))] if self._moves else []
            )
        first = self.book.placeholder(DaySlot(self.period, self._back, "first"))
        last = self.book.placeholder(DaySlot(self.period, self._back, "last"))
        bounds: list[exp.Expr] = [
            exp.GTE(this=self.day, expression=first),
            exp.LTE(this=self.day, expression=last),
        ]
        if self._moves:
            bounds += self._prunable()
        if self.compared and self.grain is not None:
            end = self.book.placeholder(DaySlot(self.period, 0, "last"))
            aligned = self._aligned(self.own_bucket(self.grain), self.grain)
            bounds.append(exp.LTE(this=aligned, expression=end))
        return bounds

    def _prunable(self) -> list[exp.Expr]:
        """Bounds on the column as it stands, which let the engine skip what lies outside."""
        first = self.book.placeholder(DaySlot(self.period, self._back, "first", before=self.grain))
        last = self.book.placeholder(DaySlot(self.period, self._back, "last", before=self.grain))
        return [
            exp.GTE(this=self.column, expression=first),
            exp.LTE(this=self.column, expression=last),
        ]

    def _aligned(self, bucket: exp.Expr, grain: Grain) -> exp.Expr:
        """A bucket of the compared days, moved to the bucket at the same position of the covered days."""
        here = self.book.placeholder(DaySlot(self.period, 0, "first", grain=grain))
        there = self.book.placeholder(DaySlot(self.period, 1, "first", grain=grain))
        unit = "DAY" if grain in {Grain.DAY, Grain.WEEK} else "MONTH"
        distance = to_whole(exp.DateDiff(this=bucket, expression=to_date(there), unit=exp.Var(this=unit)))
        step: exp.Expr = (
            distance if unit == "DAY" else exp.Anonymous(this="to_months", expressions=[distance])
        )
        return to_date(exp.Add(this=to_date(here), expression=step))
