"""What is expected of coming days, one by one and together, seen from the days before a moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from amalimart.quality.volume.effects import Effects
from amalimart.quality.volume.events import Label
from amalimart.quality.volume.level import levels
from amalimart.quality.volume.regression import MOST_DAYS, Fit
from amalimart.quality.volume.series import History
from amalimart.quality.volume.terms import Floats
from amalimart.quality.volume.trials import LEAST_MEAN, Trials


@dataclass(frozen=True, slots=True)
class Expected:
    """Rows expected of each day, and how sure their sum is.

    spread            relative, beyond the chance of counting, of days that have no event
    event_spread      relative, by which events differ from what they did before
    new_event_spread  the same of events that were never seen
    """

    by_day: tuple[float, ...]
    spread: float
    event_spread: float
    new_event_spread: float
    unknown_events: tuple[str, ...]

    @property
    def total(self) -> float:
        return sum(self.by_day)


class Outlook:
    """The view from the days before `before`, by the weights of a fit that knows no later ones."""

    def __init__(self, history: History, fitted: Fit, before: date) -> None:
        if fitted.before > before:
            raise ValueError(f"weights learnt up to {fitted.before} would know days from {before} on")
        self._history, self._fit, self._before = history, fitted, before
        days = history.training(before, MOST_DAYS)
        counts = np.array([history.series.counts[day] for day in days], dtype=np.float64)
        labels = [history.events.labels(day) for day in days]
        ordinary = np.array([not each for each in labels])
        shape = self._shape(days)
        residuals = np.log1p(counts) - shape
        paces = levels(residuals, ordinary, fitted.scale)
        weights = len(fitted.weights)
        daily = Trials(counts, shape, ordinary, paces, weights).daily
        errors = residuals - daily.level.before
        self._effects = Effects(
            ((day, has, float(error)) for day, has, error in zip(days, labels, errors, strict=True) if has),
            daily.spread**2,
        )
        self._trials = Trials(counts, shape + self._lifts(labels), ordinary, paces, weights)
        self._smear = self._trials.smear()
        self._last = days[-1]

    def expected(self, days: Sequence[date]) -> Expected:
        """Expected rows of these days, in order, all of them after what was learnt from."""
        labels = [self._history.events.labels(day) for day in days]
        ahead = (days[-1] - self._last).days
        pace = self._trials.daily if len(days) == 1 else self._trials.sum_of(ahead)
        shape = self._shape(days) + self._lifts(labels)
        mean = np.maximum(self._smear * np.expm1(pace.level.now + shape), LEAST_MEAN)
        total = float(mean.sum())
        unknown = {
            label
            for has in labels
            for label in has
            if not label.is_after and not self._effects.of(label).is_known
        }
        rows = self._rows_of_events(labels, mean)
        new = {label: of_event for label, of_event in rows.items() if label in unknown}
        known = {label: of_event for label, of_event in rows.items() if label not in unknown}
        return Expected(
            tuple(mean.tolist()),
            pace.spread,
            self._spread(known) / total,
            self._spread(new) / total,
            tuple(sorted({label.name for label in unknown})),
        )

    def _shape(self, days: Sequence[date]) -> Floats:
        ahead = np.array([(day - self._before).days for day in days], dtype=np.float64)
        shape: Floats = self._fit.shape(days) + self._fit.growth * ahead
        return shape

    def _lifts(self, labels: Sequence[Sequence[Label]]) -> Floats:
        return np.array([sum(self._effects.of(label).lift for label in has) for has in labels])

    def _rows_of_events(self, labels: Sequence[Sequence[Label]], mean: Floats) -> dict[Label, float]:
        rows: dict[Label, float] = {}
        for has, of_day in zip(labels, mean, strict=True):
            for label in has:
                rows[label] = rows.get(label, 0.0) + float(of_day)
        return rows

    def _spread(self, rows: Mapping[Label, float]) -> float:
        """In rows. Days of one event are wrong together, different events each on their own."""
        return float(
            np.sqrt(sum(self._effects.of(label).variance * of_event**2 for label, of_event in rows.items()))
        )
