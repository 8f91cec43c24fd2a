"""The calendar of what is not an ordinary day: public holidays and the marketplace's own campaigns.

An event is known by its name, so that what is learnt of one year's serves the next. The days right after an
event have a name of their own, for demand that was brought forward is missed afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType


class EventKind(StrEnum):
    """Whose event it is; of an event that was never seen, others of its kind are the best guess."""

    HOLIDAY = "holiday"
    CAMPAIGN = "campaign"


_DAYS_AFTER = {EventKind.HOLIDAY: 0, EventKind.CAMPAIGN: 3}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that recurs under one name, with all its days."""

    name: str
    kind: EventKind
    days: frozenset[date]


@dataclass(frozen=True, slots=True, order=True)
class Label:
    """What a day is known as. `is_after`: a day right after events of a kind, whatever they are called."""

    kind: EventKind
    name: str
    is_after: bool = False


class EventCalendar:
    """Which events fall on which day; the same name may be given more than once."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        on: dict[date, set[Label]] = {}
        given = tuple(events)
        for event in given:
            for day in event.days:
                on.setdefault(day, set()).add(Label(event.kind, event.name))
        after: dict[date, set[Label]] = {}
        for event in given:
            label = Label(event.kind, f"the days after a {event.kind}", is_after=True)
            for day in event.days:
                for later in range(1, _DAYS_AFTER[event.kind] + 1):
                    if (reached := day + timedelta(days=later)) not in on:
                        after.setdefault(reached, set()).add(label)
        self._labels = MappingProxyType({day: tuple(sorted(labels)) for day, labels in (after | on).items()})

    def labels(self, day: date) -> tuple[Label, ...]:
        """What is known of a day; nothing of an ordinary one."""
        return self._labels.get(day, ())
