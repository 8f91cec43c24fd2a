"""Which messages of a channel go out next, and which of them together: a pure rule. Reads and sends nothing.

A channel that gathers gets what is urgent at once, and everything else in one letter when the oldest of it
has waited long enough. Of one incident no message overtakes an earlier one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

_LONGEST_WAIT = timedelta(days=1)
NO_GATHERING = timedelta()


@dataclass(frozen=True, slots=True)
class Unsent:
    """A message that has not gone yet.

    letter     the letter that it was put into with others; None while it goes alone, or was not tried
    is_urgent  whether it is about an error that is new, or has become one
    """

    number: int
    incident: int
    made_at: datetime
    next_attempt_at: datetime
    letter: str | None
    is_urgent: bool


def next_letter(unsent: Iterable[Unsent], now: datetime, gathers: timedelta) -> tuple[Unsent, ...]:
    """The messages to send now as one, in the order they were made; none where it is time for none."""
    waiting = sorted(unsent, key=lambda each: each.number)
    fresh: list[Unsent] = []
    held: set[int] = set()
    for each in waiting:
        if each.incident in held:
            continue
        if each.letter is not None:
            together = tuple(other for other in waiting if other.letter == each.letter)
            if _is_due(each, now):
                return together
            held.update(other.incident for other in together)
        elif not _is_due(each, now):
            held.add(each.incident)
        elif gathers == NO_GATHERING:
            return (each,)
        else:
            fresh.append(each)
    return _gathered([each for each in fresh if each.incident not in held], now, gathers)


def _gathered(fresh: Sequence[Unsent], now: datetime, gathers: timedelta) -> tuple[Unsent, ...]:
    urgent = {each.incident for each in fresh if each.is_urgent}
    if urgent:
        return tuple(each for each in fresh if each.incident in urgent)
    # Of a clock that was set back only the distance is known.
    is_time = any(abs(now - each.made_at) >= gathers for each in fresh)
    return tuple(fresh) if is_time else ()


def _is_due(each: Unsent, now: datetime) -> bool:
    # A wait that is longer than any comes from a clock that was set back.
    return not timedelta() < each.next_attempt_at - now <= _LONGEST_WAIT
