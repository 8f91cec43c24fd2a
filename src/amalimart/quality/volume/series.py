"""What a volume model learns from: counts of days, what happened on them, and what is known to be wrong.

Nothing is estimated here. A series that cannot be one is refused by a typed error; one that is merely short,
empty or full of gaps is a series, of which little can be told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType

from amalimart.core.calendar import DayRange
from amalimart.core.errors import UnusableSeries
from amalimart.quality.volume.events import EventCalendar

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DailyCounts:
    """How many rows each day has, from `first` to `last`, the last day that is over.

    A day without a count is a gap: nothing is known of it. A day with the count 0 was looked at and is empty.
    """

    subject: str
    first: date
    last: date
    counts: Mapping[date, int]

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise self._unusable(f"it ends on {self.last}, before it starts on {self.first}", "a last day")
        for day, count in self.counts.items():
            if isinstance(day, datetime) or not isinstance(day, date):
                raise self._unusable(f"{day!r} is no calendar day", "dates without a time")
            if isinstance(count, bool) or not isinstance(count, int) or count < 0:
                raise self._unusable(f"{day} has the count {count!r}", "a whole number of rows, 0 or more")
        if late := sorted(day for day in self.counts if day > self.last):
            raise self._unusable(
                f"{len(late)} of its days, from {late[0]} on, lie after {self.last}, the last that is over",
                "days up to the last one",
                "see whether the clock of the source, or of this machine, has jumped",
            )
        if early := sorted(day for day in self.counts if day < self.first):
            raise self._unusable(f"it has a count on {early[0]}, before it starts", f"days from {self.first}")
        object.__setattr__(self, "counts", MappingProxyType(dict(sorted(self.counts.items()))))

    def gaps(self, days: DayRange) -> tuple[date, ...]:
        """The days of a range that have no count."""
        return tuple(day for day in days_of(days) if day not in self.counts)

    def require(self, days: DayRange) -> None:
        """Raises UnusableSeries where the series does not reach over all these days."""
        if days.first < self.first or days.last > self.last:
            raise self._unusable(
                f"{days.first} to {days.last} is asked of it",
                f"days from {self.first} to {self.last}",
                "ask for days that are over and that the series reaches back to",
            )

    def _unusable(self, what: str, expected: str, next_step: str | None = None) -> UnusableSeries:
        return UnusableSeries(
            f"the daily counts of {self.subject} cannot be judged: {what}",
            where=self.subject,
            expected=expected,
            next_step=next_step,
        )


@dataclass(frozen=True, slots=True)
class History:
    """A series with the calendar of its marketplace and the anomalies that somebody acknowledged.

    acknowledged  days nothing is learnt from, and that no sum of a period holds
    """

    series: DailyCounts
    events: EventCalendar = field(default_factory=EventCalendar)
    acknowledged: frozenset[date] = frozenset()

    def usable(self, days: DayRange) -> tuple[date, ...]:
        """The days of a range that have a count which may be learnt from."""
        return tuple(
            day
            for day in self.series.counts
            if days.first <= day <= days.last and day not in self.acknowledged
        )

    def training(self, before: date, most_days: int) -> tuple[date, ...]:
        """The usable days before a day, at most so many calendar days back; empty ones at the start left out.

        A table has no rows before its shop opens: those days say nothing about the ones after.
        """
        last = before - _ONE_DAY
        first = max(self.series.first, before - timedelta(days=most_days))
        if last < first:
            return ()
        days = self.usable(DayRange(first, last))
        counts = self.series.counts
        opened = next((place for place, day in enumerate(days) if counts[day]), len(days))
        return days[opened:]


def days_of(days: DayRange) -> Iterator[date]:
    """Every day of a range, in order."""
    return (days.first + timedelta(days=offset) for offset in range(days.days))
