"""What can be estimated from a history of a given length, and what cannot yet, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum


class Tier(IntEnum):
    """How much a history allows to estimate: each tier adds to the one before it."""

    NONE = 0  # nothing is told
    WEEKDAYS = 1  # the level and the weekdays
    MONTHS = 2  # the trend and the place in the month
    QUARTERS = 3  # the place in the quarter, and growth over a year
    YEARS = 4  # the time of the year


_NEEDS = {Tier.WEEKDAYS: 28, Tier.MONTHS: 90, Tier.QUARTERS: 395, Tier.YEARS: 730}
TERMS = {
    Tier.WEEKDAYS: "a level with its weekdays needs 28 days",
    Tier.MONTHS: "the trend and the place in the month need 90 days",
    Tier.QUARTERS: "the place in the quarter and growth over a year need 395 days",
    Tier.YEARS: "the yearly term needs 2 years",
}
# Fewer than these between events, and the events would be the measure of what is ordinary.
_FEWEST_ORDINARY = 21
_LEAST_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a history reaches: its tier, and a sentence for each term that it cannot carry yet."""

    tier: Tier
    lacking: tuple[str, ...]


def reach_of(days: Sequence[date], before: date, *, ordinary: int, any_rows: bool) -> Reach:
    """The tier of a history of these days. ordinary: how many of them are no event and follow none."""
    if not days:
        return Reach(Tier.NONE, ("there is no day to learn from",))
    if not any_rows:
        return Reach(Tier.NONE, (f"none of the {_days(len(days))} before has any row",))
    span = (before - days[0]).days
    if span >= _NEEDS[Tier.WEEKDAYS] and len(days) < span * _LEAST_SHARE:
        return Reach(Tier.NONE, (f"only {len(days)} of {_days(span)} have a count",))
    tier = max((tier for tier, needed in _NEEDS.items() if span >= needed), default=Tier.NONE)
    lacking = tuple(
        f"{text} of history, there are {_days(span)}" for step, text in TERMS.items() if step > tier
    )
    if tier is not Tier.NONE and ordinary < _FEWEST_ORDINARY:
        return Reach(Tier.NONE, (f"only {_days(ordinary)} of {span} are not those of an event",))
    return Reach(tier, lacking)


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"
