"""Business calendar: time grains, day ranges, and the period a range is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class Grain(StrEnum):
    """A bucket of time; weeks start on Monday (ISO 8601)."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    def start(self, day: date) -> date:
        """First day of the bucket that holds `day`."""
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
            case Grain.YEAR:
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
