"""From what was expected and what there was to a verdict with its sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from amalimart.core.calendar import DayRange
from amalimart.core.quality import Verdict
from amalimart.quality.volume.band import band
from amalimart.quality.volume.judgement import Judgement, Scope, SmallestLoss, period_name
from amalimart.quality.volume.outlook import Expected
from amalimart.quality.volume.series import History, days_of
from amalimart.quality.volume.tiers import Reach

# Standard deviations that a count may lie off. Days are judged often and of many series; a quarter is
# judged once, and what it misses nobody else finds.
SIGMAS = {
    Scope.DAY: 3.25,
    Scope.WEEK: 4.0,
    Scope.SLOW_LOSS: 3.0,
    Scope.QUARTER: 3.0,
    Scope.YEAR: 3.0,
}


def verdict_on(
    scope: Scope, history: History, days: DayRange, compared: Sequence[date], expected: Expected, reach: Reach
) -> Judgement:
    """Hold what there was on the compared days of a period against what was expected of them."""
    actual = sum(history.series.counts[day] for day in compared)
    low, high = band(expected, SIGMAS[scope])
    top = None if scope is Scope.SLOW_LOSS else high
    smallest = _smallest_loss(expected.total, low)
    if actual < low or (top is not None and actual > top):
        verdict = Verdict.FAILED
    elif actual == 0 and smallest is None:
        verdict = Verdict.CANNOT_TELL
    else:
        verdict = Verdict.PASSED
    unknown = tuple(f"what {name} does has not been seen yet" for name in expected.unknown_events)
    left_out = tuple(day for day in days_of(days) if day not in compared)
    told = _sentence(scope, history.series.subject, days, actual, expected.total, low, top, verdict, smallest)
    if left_out:
        told += f" {_days(len(left_out))} of {days.days} left out: no count, acknowledged, or far off alone."
    return Judgement(
        scope,
        history.series.subject,
        days,
        verdict,
        reach.tier,
        reach.lacking + unknown,
        told,
        expected=expected.total,
        low=low,
        high=top,
        actual=actual,
        smallest_loss=smallest,
        left_out=left_out,
    )


def over(found: Judgement) -> Judgement:
    """A loss that has ended: it was told of while it went on, and the sum of the quarter still lacks it."""
    told = f"{found.message} The newest week has its rows again."
    return replace(found, verdict=Verdict.PASSED, message=told)


def _smallest_loss(expected: float, low: int) -> SmallestLoss | None:
    if low == 0:
        return None
    rows = math.floor(expected - low) + 1
    return SmallestLoss(rows, 100 * rows / expected)


def _sentence(
    scope: Scope,
    subject: str,
    days: DayRange,
    actual: int,
    expected: float,
    low: int,
    high: int | None,
    verdict: Verdict,
    smallest: SmallestLoss | None,
) -> str:
    bounds = f"at least {low:,}" if high is None else f"{low:,} to {high:,}"
    on = "on" if scope is Scope.DAY else "in" if scope in {Scope.WEEK, Scope.QUARTER, Scope.YEAR} else "from"
    has = f"{subject} has {_rows(actual)} {on} {period_name(scope, days)}"
    off = abs(actual - expected)
    share = f"about {_rows(round(off))} ({100 * off / expected:.1f} %)"
    if verdict is Verdict.CANNOT_TELL:
        return f"{has}, which may be chance: {expected:,.1f} were expected, too few to tell a loss by."
    if verdict is Verdict.PASSED:
        shown = (
            f"a loss of {_rows(smallest.rows)} ({smallest.percent:.1f} %) would show"
            if smallest
            else "too few to tell a loss by"
        )
        return f"{has}, as expected ({bounds}); {shown}."
    what = "are missing" if actual < expected else "are too many"
    return f"{has} where {bounds} were expected: {share} {what}."


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"
