"""Which days a number covers, its own period or the question's, and which days it is compared with."""

from __future__ import annotations

from datetime import date, timedelta

from amalimart.core.calendar import DayRange, Grain
from amalimart.semantic.shapes import Period


def covered_days(period: Period | None, days: DayRange | None, today: date) -> DayRange | None:
    """The days of a period that ends today, or the question's days where the metric has none of its own."""
    match period:
        case Period.YEAR_TO_DATE:
            return DayRange(Grain.YEAR.start(today), today)
        case Period.CURRENT_MONTH:
            return DayRange(Grain.MONTH.start(today), today)
        case Period.LAST_30_DAYS:
            return DayRange(today - timedelta(days=29), today)
        case None:
            return days


def compared_days(period: Period | None, days: DayRange | None, today: date) -> DayRange | None:
    """The range before the covered days, or the same elapsed span of the period before.

    A span that ends on a day the earlier period lacks (31 March, 29 February) ends on its last day.
    """
    match period:
        case Period.YEAR_TO_DATE:
            last_year = today.year - 1
            same_day = _day_or_last(last_year, today.month, today.day)
            return DayRange(date(last_year, 1, 1), same_day)
        case Period.CURRENT_MONTH:
            before = Grain.MONTH.start(today) - timedelta(days=1)
            return DayRange(Grain.MONTH.start(before), _day_or_last(before.year, before.month, today.day))
        case Period.LAST_30_DAYS:
            return DayRange(today - timedelta(days=29), today).preceding()
        case None:
            return days.preceding() if days is not None else None


def days_back(period: Period | None, days: DayRange | None, today: date, back: int) -> DayRange | None:
    """The days so many ranges before the covered ones; 0 for those themselves."""
    found = covered_days(period, days, today)
    for _ in range(back):
        if found is None:
            return None
        found = compared_days(period, found, found.last if period is not None else today)
    return found


def moved_from(day: date, grain: Grain) -> tuple[date, date]:
    """The earliest and the latest day that a step of one bucket may bring to a day, or to before it."""
    if grain is Grain.DAY:
        return day - timedelta(days=1), day - timedelta(days=1)
    if grain is Grain.WEEK:
        return day - timedelta(days=7), day - timedelta(days=7)
    months = {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.YEAR: 12}[grain]
    count = day.year * 12 + day.month - 1 - months
    year, month = divmod(count, 12)
    earliest = _day_or_last(year, month + 1, day.day)
    return earliest, Grain.MONTH.next_start(earliest) - timedelta(days=1)


def _day_or_last(year: int, month: int, day: int) -> date:
    last = Grain.MONTH.next_start(date(year, month, 1)) - timedelta(days=1)
    return last.replace(day=min(day, last.day))
