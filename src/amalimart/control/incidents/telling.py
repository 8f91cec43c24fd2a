"""When a person is told of an incident: a pure rule over what a channel was told of it. Sends nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from amalimart.core.incidents import DeliveryState, NoticeEvent, Trouble
from amalimart.core.quality import Severity

DAMPED = timedelta(minutes=15)
"""What comes back within this time after it was gone was never over; only after it a person hears so."""


@dataclass(frozen=True, slots=True)
class Telling:
    """Who hears of what, and how often.

    channels_for  the channels that want to hear of a trouble
    remind_after  until somebody acknowledges it, it is said again so often
    """

    channels_for: Callable[[Trouble], Collection[str]]
    remind_after: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Told:
    """A message that was made before, for one channel about one incident."""

    event: NoticeEvent
    severity: Severity
    at: datetime
    state: DeliveryState
    attempts: int


def next_event(
    severity: Severity, told: Sequence[Told], now: datetime, remind_after: timedelta
) -> NoticeEvent | None:
    """What a channel is to be told now of an incident that goes on; `told` in the order it was made."""
    if not told:
        return NoticeEvent.OPENED
    if severity is Severity.ERROR and all(each.severity is not Severity.ERROR for each in told):
        return NoticeEvent.WORSENED
    if any(each.state in {DeliveryState.QUEUED, DeliveryState.FAILED} for each in told):
        return None  # what is on its way is not said twice
    # Of a clock that was set back only the distance is known.
    return NoticeEvent.REMINDER if abs(now - told[-1].at) >= remind_after else None


def hears_of_the_end(told: Sequence[Told]) -> bool:
    """Whether a channel is told that an incident is over: only where it was told of it, or may have been.

    A try whose end is not known, or that ended in silence, may have brought its message all the same.
    """
    return any(each.state is not DeliveryState.GIVEN_UP or each.attempts > 0 for each in told)


def is_over(resolved_at: datetime | None, now: datetime) -> bool:
    """Whether what is gone has stayed away long enough, or was gone at a time that the clock has unsaid."""
    return resolved_at is not None and not timedelta() <= now - resolved_at < DAMPED
