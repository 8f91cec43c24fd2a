"""Series whose law is known, so that a test can say what a judgement of them must be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

import numpy as np

from amalimart.quality.volume.events import EventCalendar
from amalimart.quality.volume.judging import VolumeJudge
from amalimart.quality.volume.series import DailyCounts, History

LAST = date(2026, 9, 27)  # a Sunday
WEEKDAYS = np.array([1.0, 0.9, 0.95, 1.0, 1.2, 1.3, 0.75])


def days_before(last: date, length: int) -> list[date]:
    """So many days, `last` being the last."""
    return [last - timedelta(days=length - 1 - place) for place in range(length)]


def clean_counts(length: int, rows: float = 1_000, seed: int = 1, spread: float = 0.05) -> dict[date, int]:
    """Poisson around a weekday pattern, slow growth and a spread between days; nothing is wrong with it."""
    dice = np.random.default_rng(seed)
    days = days_before(LAST, length)
    mean = rows * WEEKDAYS[[day.weekday() for day in days]] * 1.0002 ** np.arange(length)
    mean *= dice.lognormal(-(spread**2) / 2, spread, length)
    return dict(zip(days, dice.poisson(mean).tolist(), strict=True))


def judge_of(
    counts: Mapping[date, int],
    *,
    acknowledged: Iterable[date] = (),
    events: EventCalendar | None = None,
    first: date | None = None,
    last: date = LAST,
) -> VolumeJudge:
    """A judge of these counts."""
    series = DailyCounts("fact_orders", first or min(counts, default=last), last, counts)
    return VolumeJudge(History(series, events or EventCalendar(), frozenset(acknowledged)))
