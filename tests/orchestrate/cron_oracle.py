"""The moments of simple cron expressions by a look at every minute: an oracle for the real arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Part:
    """A minute or hour field: its text and what it means."""

    text: str
    values: frozenset[int]


@dataclass(frozen=True)
class WallTimes:
    """Minutes and hours of every day, and how a person would say that they follow the clock."""

    minute: Part
    hour: Part

    @property
    def cron(self) -> str:
        return f"{self.minute.text} {self.hour.text} * * *"

    @property
    def is_fixed(self) -> bool:
        return not self.minute.text.startswith("*") and not self.hour.text.startswith("*")

    def holds(self, wall: datetime) -> bool:
        return wall.minute in self.minute.values and wall.hour in self.hour.values

    def moments(self, zone: ZoneInfo, after: datetime, until: datetime) -> list[datetime]:
        """The moments after one instant up to another, minute by minute."""
        found = []
        instant = (after - timedelta(days=1)).replace(second=0, microsecond=0)
        before = instant.astimezone(zone)
        while instant <= until:
            wall = instant.astimezone(zone)
            is_second_time = self.is_fixed and wall.fold == 1
            skipped = self.is_fixed and any(map(self.holds, _between(before, wall)))
            if after < instant and ((self.holds(wall) and not is_second_time) or skipped):
                found.append(instant)
            before, instant = wall, instant + MINUTE
        return found


def _between(before: datetime, wall: datetime) -> Iterator[datetime]:
    """Minutes that the clock on the wall left out."""
    shown = before.replace(tzinfo=None) + MINUTE
    while shown < wall.replace(tzinfo=None):
        yield shown
        shown += MINUTE


def utc(*when: int) -> datetime:
    return datetime(*when, tzinfo=UTC)  # type: ignore[misc,arg-type]
