"""What the ordinary days before a day teach: the weights of weekday, month, quarter and year, and growth.

Days of events, and those right after, are left out: their effect is measured against these weights later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from amalimart.quality.volume.level import LEAST_SPREAD
from amalimart.quality.volume.on_demand import estimators
from amalimart.quality.volume.series import History
from amalimart.quality.volume.terms import Floats, calendar_terms, trend_terms
from amalimart.quality.volume.tiers import Reach, Tier, reach_of

# Older days tell of another shop, and cost time.
MOST_DAYS = 3 * 365 + 1
_YEAR = 365
_COMPARED = 91
_FEWEST_TIMES = 2
_WEEKS_AROUND = 4
_FARTHEST = 0.8


@dataclass(frozen=True, slots=True)
class Fit:
    """The weights that the days before `before` teach, on the scale of logarithms.

    weights  of the calendar terms
    growth   a day; 0 as long as a year cannot be compared with the one before it
    scale    robust standard deviation of what is left
    weekdays those that were seen often enough to be known
    """

    before: date
    reach: Reach
    weights: Floats
    growth: float
    scale: float
    weekdays: frozenset[int]

    def shape(self, days: Sequence[date]) -> Floats:
        """How far each day lies above or below the level by its place in the calendar alone."""
        shape: Floats = calendar_terms(days, self.reach.tier) @ self.weights
        return shape


def reach_before(history: History, before: date) -> Reach:
    """What the history before a day allows to estimate, without estimating it."""
    days = history.training(before, MOST_DAYS)
    return reach_of(
        days,
        before,
        ordinary=sum(not history.events.labels(day) for day in days),
        any_rows=any(history.series.counts[day] for day in days),
    )


def fit(history: History, before: date) -> Fit:
    """Learn from the days before a day; its reach must be known to be more than none."""
    reach = reach_before(history, before)
    days = [day for day in history.training(before, MOST_DAYS) if not history.events.labels(day)]
    counts = np.array([history.series.counts[day] for day in days], dtype=np.float64)
    calendar = calendar_terms(days, reach.tier)
    trend = trend_terms(days, days[0], before, reach.tier)
    observed = _tamed(np.log1p(counts), days)
    mean = float(counts.mean())
    # What the chance of counting alone does to a logarithm; much, where a day has a row or two.
    by_chance = float(np.sqrt(mean)) / (mean + 1)
    terms = np.column_stack([calendar, trend])
    found, scale = estimators().robust_fit(observed, terms, max(by_chance, LEAST_SPREAD))
    weights, bends = found[: calendar.shape[1]], found[calendar.shape[1] :]
    growth = 0.0
    if reach.tier >= Tier.QUARTERS:
        growth = _growth(trend @ bends, [(before - day).days for day in days])
    seen = Counter(day.weekday() for day in days)
    weekdays = frozenset(weekday for weekday, times in seen.items() if times >= _FEWEST_TIMES)
    return Fit(before, reach, weights, growth, scale, weekdays)


def _tamed(observed: Floats, days: Sequence[date]) -> Floats:
    """No further than a factor from the same weekday around: no fit may start from an empty day."""
    tamed = observed.copy()
    weekday = np.array([day.weekday() for day in days])
    for each in set(weekday.tolist()):
        places = np.flatnonzero(weekday == each)
        around = np.pad(observed[places], _WEEKS_AROUND, mode="symmetric")
        middle = np.median(sliding_window_view(around, 2 * _WEEKS_AROUND + 1), axis=1)
        tamed[places] = np.clip(observed[places], middle - _FARTHEST, middle + _FARTHEST)
    return tamed


def _growth(trend: Floats, ages: Sequence[int]) -> float:
    """A day, from the newest days to the same ones a year before: the time of the year cancels out."""
    age = np.array(ages)
    width = min(_COMPARED, int(age[0]) - _YEAR)
    now, then = trend[age <= width], trend[(age > _YEAR) & (age <= _YEAR + width)]
    return float(now.mean() - then.mean()) / _YEAR if len(now) and len(then) else 0.0
