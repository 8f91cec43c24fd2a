"""What was found of one period: what was expected, what there was, and how small a loss would show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from amalimart.core.calendar import DayRange, Grain
from amalimart.core.quality import Verdict
from amalimart.quality.volume.tiers import Reach, Tier


class Scope(StrEnum):
    """What is judged: a period of the calendar, a loss over weeks, or which days there are at all."""

    DAY = "day"
    WEEK = "week"
    QUARTER = "quarter"
    YEAR = "year"
    SLOW_LOSS = "slow_loss"
    MISSING = "missing"

    @property
    def grain(self) -> Grain:
        """The period of the calendar; only where it is one."""
        return Grain(self.value)


@dataclass(frozen=True, slots=True)
class SmallestLoss:
    """The fewest rows whose loss leaves the band, in a period that is otherwise just as expected."""

    rows: int
    percent: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """One verdict with all it rests on.

    days            the days it speaks of
    expected        rows of the days that were compared; missing days where those are judged
    low, high       what would have passed, both included; no `high` where only a loss is looked for
    actual          what there was on the days compared
    not_estimated   one sentence for each term that the history cannot carry yet
    smallest_loss   None where not even an empty period would show
    left_out        days of the period that were not compared
    message         one sentence for people
    """

    scope: Scope
    subject: str
    days: DayRange
    verdict: Verdict
    tier: Tier
    not_estimated: tuple[str, ...]
    message: str
    expected: float | None = None
    low: float | None = None
    high: float | None = None
    actual: float | None = None
    smallest_loss: SmallestLoss | None = None
    left_out: tuple[date, ...] = ()

    @property
    def period(self) -> str:
        """`2026-11-24`, `2026-W47`, `2026-Q3`, `2026`, or the first and last day."""
        return period_name(self.scope, self.days)


def period_name(scope: Scope, days: DayRange) -> str:
    """What people call these days."""
    first = days.first
    match scope:
        case Scope.DAY:
            return str(first)
        case Scope.WEEK:
            year, week, _ = first.isocalendar()
            return f"{year}-W{week:02d}"
        case Scope.QUARTER:
            return f"{first.year}-Q{(first.month + 2) // 3}"
        case Scope.YEAR:
            return str(first.year)
        case Scope.SLOW_LOSS | Scope.MISSING:
            return f"{days.first} to {days.last}"


def cannot_tell(scope: Scope, subject: str, days: DayRange, reach: Reach, why: str) -> Judgement:
    """No verdict, which is not a good one."""
    return Judgement(
        scope,
        subject,
        days,
        Verdict.CANNOT_TELL,
        reach.tier,
        reach.lacking,
        f"It cannot be told whether {subject} has the rows of {period_name(scope, days)}: {why}.",
    )
