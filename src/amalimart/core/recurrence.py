"""When something comes again, as people say it: every day, on days of the week, or on a day of the month."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from amalimart.core.choices import one_of
from amalimart.core.errors import RequestError
from amalimart.core.names import nearest

_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_LATEST_DAY = 28
LAST_DAY = "last"


class Cadence(StrEnum):
    """How often it comes."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Weekday(StrEnum):
    """A day of the week."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


@dataclass(frozen=True, slots=True)
class Recurrence:
    """Made by `recurrence`, which refuses what cannot be.

    at        the time of day, hh:mm, in the business time zone
    weekdays  of a week, in its order; none otherwise
    day       of a month, 1 to 28 or `last`; None otherwise
    """

    every: Cadence
    at: str
    weekdays: tuple[Weekday, ...] = ()
    day: str | None = None

    @property
    def cron(self) -> str:
        """The same as five fields."""
        hour, minute = (int(part) for part in self.at.split(":"))
        days = {Cadence.DAY: "* * *", Cadence.MONTH: f"{'L' if self.day == LAST_DAY else self.day} * *"}
        known = list(Weekday)
        on = ",".join(str((known.index(each) + 1) % 7) for each in self.weekdays)
        return f"{minute} {hour} {days.get(self.every, f'* * {on}')}"


def recurrence(every: str, at: str, weekdays: Sequence[str] = (), day: str | int | None = None) -> Recurrence:
    """When it comes, of what somebody said. Raises RequestError that names the part which cannot be."""
    cadence = Cadence(one_of(every, list(Cadence), "every"))
    if not _TIME.fullmatch(at):
        raise RequestError(
            f"there is no time of day {_shown(at)}",
            where="at",
            expected="hh:mm from 00:00 to 23:59, in the business time zone",
            next_step="say 07:30 for half past seven in the morning",
        )
    chosen = {one_of(each, list(Weekday), "weekdays") for each in weekdays}
    if (cadence is Cadence.WEEK) != bool(chosen):
        raise RequestError(
            "a week needs its days" if cadence is Cadence.WEEK else "days of the week belong to a week",
            where="weekdays",
            expected="one or more days of the week with every: week, and none otherwise",
            next_step="choose the days, or another every",
        )
    if (cadence is Cadence.MONTH) != (day is not None):
        raise RequestError(
            "a month needs its day" if cadence is Cadence.MONTH else "a day of the month belongs to a month",
            where="day",
            expected="1 to 28 or last with every: month, and none otherwise",
            next_step="choose the day, or another every",
        )
    kept = tuple(each for each in Weekday if each in chosen)
    return Recurrence(cadence, at, kept, None if day is None else _day_of_month(str(day)))


def _day_of_month(day: str) -> str:
    if day == LAST_DAY or (day.isdecimal() and day.isascii() and 1 <= int(day[:3]) <= _LATEST_DAY):
        return day if day == LAST_DAY else str(int(day))
    is_late = day.isdecimal() and day.isascii() and _LATEST_DAY < int(day[:3]) <= 31
    raise RequestError(
        f"not every month has a day {_shown(day)}",
        where="day",
        expected="1 to 28, or last for the last day of the month",
        nearest=LAST_DAY if is_late else nearest(day[:100], [LAST_DAY]),
        next_step="choose a day that every month has, or last",
    )


def _shown(said: str) -> str:
    return repr(said[:100])
