"""A project's calendar: fiscal years start with a month of its choice; the year they end in names them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from amalimart.core.calendar import DayRange, Grain


@dataclass(frozen=True, slots=True)
class Calendar:
    """Where buckets of any grain start. With month 1 fiscal buckets are those of the calendar year."""

    fiscal_year_start_month: int = 1

    def shift(self, grain: Grain) -> int:
        """How many months after the calendar's own bucket the fiscal one starts."""
        months = self.fiscal_year_start_month - 1
        return {Grain.FISCAL_YEAR: months, Grain.FISCAL_QUARTER: months % 3}.get(grain, 0)

    def start(self, grain: Grain, day: date) -> date:
        """First day of the bucket that holds `day`."""
        plain = Grain(grain.unit)
        shift = self.shift(grain)
        return (
            add_months(plain.start(add_months(day.replace(day=1), -shift)), shift)
            if shift
            else plain.start(day)
        )

    def next_start(self, grain: Grain, day: date) -> date:
        """First day of the bucket after the one that holds `day`."""
        if not grain.is_fiscal:
            return grain.next_start(day)
        return add_months(self.start(grain, day), 12 if grain is Grain.FISCAL_YEAR else 3)

    def is_partial(self, days: DayRange, grain: Grain, start: date) -> bool:
        """Whether the bucket reaches outside the days and so holds only a part of its own."""
        return start < days.first or self.next_start(grain, start) > days.last + timedelta(days=1)

    def fiscal_year(self, day: date) -> int:
        """The fiscal year that holds `day`: the calendar year in which it ends."""
        return (self.next_start(Grain.FISCAL_YEAR, day) - timedelta(days=1)).year

    def first_of_fiscal_year(self, year: int, quarter: int = 1) -> date:
        """First day of a fiscal year, or of one of its quarters. Raises ValueError out of range."""
        starts_before = self.fiscal_year_start_month > 1
        first = date(year - 1 if starts_before else year, self.fiscal_year_start_month, 1)
        return add_months(first, 3 * (quarter - 1))

    def label(self, grain: Grain, start: date) -> str:
        """What people call a fiscal bucket: FY2025, FY2025-Q1. Others are called by their first day."""
        if not grain.is_fiscal:
            return start.isoformat()
        year = self.fiscal_year(start)
        if grain is Grain.FISCAL_YEAR:
            return f"FY{year}"
        months = (start.month - self.fiscal_year_start_month) % 12
        return f"FY{year}-Q{months // 3 + 1}"


def add_months(first: date, months: int) -> date:
    """The day so many months after the first day of a month. Raises ValueError beyond what a date holds."""
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, first.day)
