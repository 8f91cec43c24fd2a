"""What a page's address means: days, grain and filters. The address is the only place that holds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from amalimart.api.dashboards.definition import PageFilter, RangeName
from amalimart.core.calendar import DayRange, Grain
from amalimart.core.errors import InvalidFilter
from amalimart.core.fiscal import Calendar
from amalimart.core.names import nearest

LONGEST_DAYS = 3660
_LONGEST_KEY = 200
_FIXED_KEYS = ("range", "from", "to", "grain", "today")
PAGE_GRAINS = (Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.YEAR)

RANGE_LABELS = {
    RangeName.YESTERDAY: "Last business day",
    RangeName.LAST_7_DAYS: "Last 7 days",
    RangeName.LAST_30_DAYS: "Last 30 days",
    RangeName.LAST_90_DAYS: "Last 90 days",
    RangeName.THIS_MONTH: "This month",
    RangeName.THIS_YEAR: "This year",
    RangeName.LAST_12_MONTHS: "Last 12 months",
    RangeName.CUSTOM: "Custom",
}


_CALENDAR_YEAR = Calendar()


class Opened(Protocol):
    """What decides how an address is read: the days a page opens with, its grain and its filters."""

    @property
    def range(self) -> RangeName: ...

    @property
    def grain(self) -> Grain | None: ...

    @property
    def filters(self) -> Sequence[PageFilter]: ...


@dataclass(frozen=True, slots=True)
class PageState:
    """The days, grain and filters of one page.

    today     the business day the ranges end with
    filters   (dimension, key) in the order of the dashboard's filters
    calendar  when a year of this marketplace begins
    """

    range: RangeName
    days: DayRange
    grain: Grain
    today: date
    filters: tuple[tuple[str, str], ...]
    calendar: Calendar = _CALENDAR_YEAR

    def filtered_by(self) -> frozenset[str]:
        """The dimensions with a filter set."""
        return frozenset(dimension for dimension, _ in self.filters)


def days_of(name: RangeName, today: date, calendar: Calendar = _CALENDAR_YEAR) -> DayRange:
    """The days of a named range. Raises ValueError for a custom range, which has no fixed days."""
    match name:
        case RangeName.YESTERDAY:
            return DayRange(today - timedelta(days=1), today - timedelta(days=1))
        case RangeName.LAST_7_DAYS:
            first = today - timedelta(days=6)
        case RangeName.LAST_30_DAYS:
            first = today - timedelta(days=29)
        case RangeName.LAST_90_DAYS:
            first = today - timedelta(days=89)
        case RangeName.THIS_MONTH:
            first = Grain.MONTH.start(today)
        case RangeName.THIS_YEAR:
            first = calendar.start(Grain.FISCAL_YEAR, today)
        case RangeName.LAST_12_MONTHS:
            first = _a_year_before(today) + timedelta(days=1)
        case RangeName.CUSTOM:
            raise ValueError("a custom range has no fixed days")
    return DayRange(first, today)


def fitting_grain(days: DayRange) -> Grain:
    """The grain that gives a readable number of points."""
    if days.days <= 92:
        return Grain.DAY
    return Grain.WEEK if days.days <= 183 else Grain.MONTH


def read_state(
    query: Sequence[tuple[str, str]],
    page: Opened,
    business_day: date,
    calendar: Calendar = _CALENDAR_YEAR,
) -> PageState:
    """The state an address asks for. Raises InvalidFilter for anything it does not understand."""
    given = _once_each(query, page)
    today = _day(given, "today") or business_day
    name = _range_name(given.get("range"), page.range)
    days = _custom_days(given) if name is RangeName.CUSTOM else days_of(name, today, calendar)
    if name is not RangeName.CUSTOM and ("from" in given or "to" in given):
        raise InvalidFilter(
            "from and to need range=custom",
            where="range",
            next_step="add range=custom, or leave out from and to",
        )
    grain = _grain(given.get("grain")) or page.grain or fitting_grain(days)
    filters = tuple(
        (each.dimension, given[each.dimension]) for each in page.filters if each.dimension in given
    )
    return PageState(name, days, grain, today, filters, calendar)


def _once_each(query: Sequence[tuple[str, str]], page: Opened) -> dict[str, str]:
    known = (*_FIXED_KEYS, *(each.dimension for each in page.filters))
    given: dict[str, str] = {}
    for key, value in query:
        if key not in known:
            raise InvalidFilter(
                f"this page has no filter {key[:80]!r}",
                where="the address of the page",
                expected=", ".join(known),
                nearest=nearest(key[:80], known),
                next_step="correct or remove it",
            )
        if key in given:
            raise InvalidFilter(f"{key} is given twice", where=key, next_step="give it once")
        if not value or len(value) > _LONGEST_KEY or "\0" in value:
            raise InvalidFilter(
                f"{key} has no usable value",
                where=key,
                expected=f"1 to {_LONGEST_KEY} characters",
                next_step="correct or remove it",
            )
        given[key] = value
    return given


def _range_name(value: str | None, default: RangeName) -> RangeName:
    if value is None:
        return default
    names = [each.value for each in RangeName]
    if value not in names:
        raise InvalidFilter(
            f"there is no range {value!r}",
            where="range",
            expected=", ".join(names),
            nearest=nearest(value, names),
            next_step="choose one of the ranges",
        )
    return RangeName(value)


def _grain(value: str | None) -> Grain | None:
    if value is None:
        return None
    names = [each.value for each in PAGE_GRAINS]
    if value not in names:
        raise InvalidFilter(
            f"there is no grain {value!r} on this page",
            where="grain",
            expected=", ".join(names),
            nearest=nearest(value, names),
            next_step="choose one of them",
        )
    return Grain(value)


def _day(given: dict[str, str], key: str) -> date | None:
    if (value := given.get(key)) is None:
        return None
    try:
        day = date.fromisoformat(value)
    except ValueError:
        day = date.min
    if not date(1990, 1, 1) <= day <= date(2199, 12, 31):
        raise InvalidFilter(
            f"{value!r} is not a day",
            where=key,
            expected="YYYY-MM-DD between 1990 and 2199",
            next_step="correct the day",
        )
    return day


def _custom_days(given: dict[str, str]) -> DayRange:
    first, last = _day(given, "from"), _day(given, "to")
    if first is None or last is None:
        raise InvalidFilter(
            "a custom range needs its first and last day",
            where="from, to",
            expected="from=YYYY-MM-DD and to=YYYY-MM-DD",
            next_step="give both days",
        )
    if last < first:
        raise InvalidFilter(
            f"the range ends on {last} before it starts on {first}",
            where="from, to",
            next_step="swap the two days",
        )
    days = DayRange(first, last)
    if days.days > LONGEST_DAYS:
        raise InvalidFilter(
            f"the range is {days.days} days long",
            where="from, to",
            expected=f"{LONGEST_DAYS} days at most",
            next_step="choose a shorter range",
        )
    return days


def _a_year_before(day: date) -> date:
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28) if is_leap_day else day.replace(year=day.year - 1)
