"""Which days a number covers, its own period or the question's, and which days it is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from amalimart.core.calendar import DayRange, Grain
from amalimart.core.fiscal import Calendar
from amalimart.semantic.question import Comparison, Question
from amalimart.semantic.shapes import Period

_WINDOWS = {
    Period.YEAR_TO_DATE: Grain.FISCAL_YEAR,
    Period.QUARTER_TO_DATE: Grain.FISCAL_QUARTER,
    Period.CURRENT_MONTH: Grain.MONTH,
}
_MONTHS = {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.FISCAL_QUARTER: 3, Grain.YEAR: 12, Grain.FISCAL_YEAR: 12}


@dataclass(frozen=True, slots=True)
class Reading:
    """Which of a question's days a leg reads.

    period       the metric's own span, if it has one
    is_compared  those that the question compares with
    is_previous  the range before those, or the same elapsed span of the period before
    """

    period: Period | None
    is_compared: bool = False
    is_previous: bool = False

    def days(self, question: Question, calendar: Calendar) -> DayRange | None:
        """The days, or None for all."""
        found = covered_days(self.period, question.days, question.today, calendar)
        if found is not None and self.is_compared:
            found = _compared_days(self.period, found, question.compare_with, calendar)
        if found is not None and self.is_previous:
            found = range_before(self.period, found, calendar)
        return found


def covered_days(
    period: Period | None, days: DayRange | None, today: date, calendar: Calendar
) -> DayRange | None:
    """The days of a period that ends today, or the question's days where the metric has none of its own.

    The year to date is that of the fiscal year, which is the calendar year unless the project says otherwise.
    """
    if period is None:
        return days
    if period is Period.LAST_30_DAYS:
        return DayRange(today - timedelta(days=29), today)
    return DayRange(calendar.start(_WINDOWS[period], today), today)


def window_of(period: Period | None) -> Grain | None:
    """The bucket of time whose elapsed part a period is; None where it is no such part."""
    return _WINDOWS.get(period) if period is not None else None


def range_before(period: Period | None, days: DayRange, calendar: Calendar) -> DayRange:
    """The range of the same length before, or the same elapsed span of the period before.

    A span that ends on a day the earlier period lacks (31 March, 29 February) ends on its last day.
    """
    grain = window_of(period)
    if grain is None:
        return days.preceding()
    first = calendar.start(grain, days.first - timedelta(days=1))
    return DayRange(first, _months_later(days.last, -_MONTHS[grain]))


def same_days_last_year(days: DayRange) -> DayRange:
    """The same days a year before; whole months stay whole, 29 February or not."""
    first, last = _months_later(days.first, -12), _months_later(days.last, -12)
    if days.first.day == 1 and Grain.MONTH.next_start(days.last) == days.last + timedelta(days=1):
        last = Grain.MONTH.next_start(last) - timedelta(days=1)
    return DayRange(first, last)


def _compared_days(
    period: Period | None, days: DayRange, wanted: Comparison | DayRange, calendar: Calendar
) -> DayRange:
    match wanted:
        case DayRange():
            return wanted
        case Comparison.SAME_PERIOD_LAST_YEAR:
            return same_days_last_year(days)
        case _:
            return range_before(period, days, calendar)


def moved_from(day: date, grain: Grain) -> tuple[date, date]:
    """The earliest and the latest day that a step of one bucket may bring to a day, or to before it."""
    if grain in {Grain.DAY, Grain.WEEK}:
        earlier = day - timedelta(days=1 if grain is Grain.DAY else 7)
        return earlier, earlier
    earliest = _months_later(day, -_MONTHS[grain])
    return earliest, Grain.MONTH.next_start(earliest) - timedelta(days=1)


def _months_later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = Grain.MONTH.next_start(date(year, month + 1, 1)) - timedelta(days=1)
    return last.replace(day=min(day.day, last.day))
