"""The clock is passed in: nothing below reads the wall clock on its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Tells the time; always an aware UTC instant."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class FixedClock:
    """A clock that stands still, for tests and for asking as of a day."""

    instant: datetime

    def now(self) -> datetime:
        return self.instant


def business_day(clock: Clock, zone: ZoneInfo) -> date:
    """The calendar day in the marketplace's business time zone."""
    return clock.now().astimezone(zone).date()
