"""Business calendar: time grains, day ranges, and the period a range is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class Grain(StrEnum):
    """A bucket of time; weeks start on Monday (ISO 8601).

    Where fiscal buckets start is a setting of the project: a Calendar of core/fiscal.py knows.
    """

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    FISCAL_QUARTER = "fiscal_quarter"
    FISCAL_YEAR = "fiscal_year"

    @property
    def is_fiscal(self) -> bool:
        """Whether where it starts depends on the project's fiscal year."""
        return self in {Grain.FISCAL_QUARTER, Grain.FISCAL_YEAR}

    @property
    def unit(self) -> str:
        """The unit of the calendar that it is as long as."""
        return self.value.removeprefix("fiscal_")

    def start(self, day: date) -> date:
        """First day of the bucket that holds `day`. Raises ValueError for a fiscal one."""
        match self:
            case Grain.DAY:
                return day
            case Grain.WEEK:
                return day - timedelta(days=day.weekday())
            case Grain.MONTH:
                return day.replace(day=1)
            case Grain.QUARTER:
                return day.replace(month=3 * ((day.month - 1) // 3) + 1, day=1)
            case Grain.YEAR:
                return day.replace(month=1, day=1)
            case _:
                raise ValueError(f"where a {self.value} starts is for a Calendar to say")

    def next_start(self, day: date) -> date:
        """First day of the bucket after the one that holds `day`."""
        start = self.start(day)
        match self:
            case Grain.DAY:
                return start + timedelta(days=1)
            case Grain.WEEK:
                return start + timedelta(days=7)
            case Grain.MONTH:
                return (start + timedelta(days=31)).replace(day=1)
            case Grain.QUARTER:
                return (start + timedelta(days=93)).replace(day=1)
            case _:
                return start.replace(year=start.year + 1)


@dataclass(frozen=True, slots=True)
class DayRange:
    """Calendar days from `first` to `last`, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(f"a range ends before it starts: {self.first} to {self.last}")

    @property
    def days(self) -> int:
        """How many days, at least 1."""
        return (self.last - self.first).days + 1

    def preceding(self) -> DayRange:
        """The range of the same length that ends the day before this one starts."""
        last = self.first - timedelta(days=1)
        return DayRange(last - timedelta(days=self.days - 1), last)

    def buckets(self, grain: Grain) -> list[date]:
        """Start of every bucket the range touches, in order; none is left out."""
        starts = [grain.start(self.first)]
        while (following := grain.next_start(starts[-1])) <= self.last:
            starts.append(following)
        return starts

    def is_partial(self, grain: Grain, start: date) -> bool:
        """Whether the bucket reaches outside the range and so holds only a part of its days."""
        return start < self.first or grain.next_start(start) > self.last + timedelta(days=1)
