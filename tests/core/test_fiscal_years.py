"""Fiscal years: every day of some years against a walk back to the day on which its year or quarter began."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from amalimart.core.calendar import DayRange, Grain
from amalimart.core.fiscal import Calendar

DAYS = [date(2023, 1, 1) + timedelta(days=n) for n in range(3 * 366)]


@pytest.mark.parametrize("month", range(1, 13))
def test_a_fiscal_year_starts_on_the_last_first_of_its_month(month: int) -> None:
    calendar = Calendar(month)
    quarters = {(month - 1 + 3 * n) % 12 + 1 for n in range(4)}
    for grain, months in ((Grain.FISCAL_YEAR, {month}), (Grain.FISCAL_QUARTER, quarters)):
        for day in DAYS[::7]:
            start, following = day, day + timedelta(days=1)
            while (start.day, start.month in months) != (1, True):
                start -= timedelta(days=1)
            while (following.day, following.month in months) != (1, True):
                following += timedelta(days=1)
            assert calendar.start(grain, day) == start
            assert calendar.next_start(grain, day) == following


@pytest.mark.parametrize(
    ("month", "day", "year", "quarter"),
    [
        (1, "2024-02-29", "FY2024", "FY2024-Q1"),
        (4, "2024-03-31", "FY2024", "FY2024-Q4"),
        (4, "2024-04-01", "FY2025", "FY2025-Q1"),
        (7, "2024-12-31", "FY2025", "FY2025-Q2"),
        (12, "2024-11-30", "FY2024", "FY2024-Q4"),
        (12, "2024-12-01", "FY2025", "FY2025-Q1"),
    ],
)
def test_a_year_is_called_by_the_one_it_ends_in(month: int, day: str, year: str, quarter: str) -> None:
    calendar, on = Calendar(month), date.fromisoformat(day)
    assert calendar.label(Grain.FISCAL_YEAR, calendar.start(Grain.FISCAL_YEAR, on)) == year
    start = calendar.start(Grain.FISCAL_QUARTER, on)
    assert calendar.label(Grain.FISCAL_QUARTER, start) == quarter
    assert calendar.first_of_fiscal_year(int(quarter[2:6]), int(quarter[-1])) == start


def test_other_grains_are_those_of_the_calendar() -> None:
    for grain in (grain for grain in Grain if not grain.is_fiscal):
        for day in DAYS[::31]:
            assert Calendar(4).start(grain, day) == grain.start(day)
            assert Calendar(4).next_start(grain, day) == grain.next_start(day)
            assert Calendar(4).label(grain, day) == day.isoformat()


def test_a_fiscal_bucket_may_reach_outside_the_days() -> None:
    days = DayRange(date(2024, 4, 1), date(2024, 9, 29))
    assert not Calendar(4).is_partial(days, Grain.FISCAL_QUARTER, date(2024, 4, 1))
    assert Calendar(4).is_partial(days, Grain.FISCAL_QUARTER, date(2024, 7, 1))


def test_without_a_calendar_nobody_guesses_where_a_fiscal_year_starts() -> None:
    with pytest.raises(ValueError, match="Calendar"):
        Grain.FISCAL_YEAR.start(date(2024, 1, 1))
