"""What events do to the count of a day, learnt from how far their days lay from the ordinary level.

What is known of an event by name comes first; a name that was never seen is expected to be like others of its
kind, and with nothing seen at all like an ordinary day, by far less certainly.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from amalimart.quality.volume.events import EventKind, Label

# Variances that are assumed, with the weight of so many observations, until there are observations.
_BETWEEN_NAMES = {EventKind.HOLIDAY: 0.15**2, EventKind.CAMPAIGN: 0.3**2}
_BETWEEN_TIMES = 0.06**2
_NAMES_WEIGHT = 5
_WEIGHT = 2
_SAME_EVENT_DAYS = 4
# An event that does more than this is taken for an anomaly that fell on it.
_MOST_LIFT = 1.1
_MOST_APART = 0.4


@dataclass(frozen=True, slots=True)
class Effect:
    """How far an event lifts the logarithm of a count, and how sure that is."""

    lift: float
    variance: float
    is_known: bool


@dataclass(frozen=True, slots=True)
class _Spread:
    """Mean of what names of a kind do, and how they and their occurrences differ."""

    mean: float
    between_names: float
    between_times: float


class Effects:
    """The effect of each event, from days that have only that one."""

    def __init__(self, seen: Iterable[tuple[date, Sequence[Label], float]], variance: float) -> None:
        self._times = _occurrences(seen)
        self._noise = variance
        self._spreads = {kind: self._spread(kind) for kind in EventKind}

    def of(self, label: Label) -> Effect:
        """What is expected of an event, at its next occurrence."""
        times = self._times.get(label, [])
        of_kind = self._spreads[label.kind]
        # The days after an event are no event: they are not expected to be like one.
        prior = _Spread(0.0, of_kind.between_times, of_kind.between_times) if label.is_after else of_kind
        if not times:
            return Effect(prior.mean, prior.between_names + prior.between_times, is_known=False)
        precision = sum(1 / (prior.between_times + self._noise / days) for _, days in times)
        weighed = sum(lift / (prior.between_times + self._noise / days) for lift, days in times)
        total = precision + 1 / prior.between_names
        lift = (weighed + prior.mean / prior.between_names) / total
        return Effect(lift, 1 / total + prior.between_times, is_known=True)

    def _spread(self, kind: EventKind) -> _Spread:
        named = [
            [lift for lift, _ in times]
            for label, times in self._times.items()
            if label.kind is kind and not label.is_after
        ]
        within = sum(_squares(lifts) for lifts in named)
        repeats = sum(len(lifts) - 1 for lifts in named)
        within = max(within - self._noise * repeats, 0.0)
        times = (_WEIGHT * _BETWEEN_TIMES + within) / (_WEIGHT + repeats)
        if not named:
            return _Spread(0.0, _BETWEEN_NAMES[kind], times)
        means = [float(np.median(lifts)) for lifts in named]
        # What differs between names is what is left when chance is taken away.
        by_chance = (times + self._noise) * (len(means) - 1)
        apart = max(_squares(means) - by_chance, 0.0)
        names = (_NAMES_WEIGHT * _BETWEEN_NAMES[kind] + apart) / (_NAMES_WEIGHT + len(means) - 1)
        # The mean of few names is itself unsure, and leans towards no effect.
        known = len(means) + 1
        return _Spread(float(np.sum(means)) / known, names * (1 + 1 / known), times)


def _squares(lifts: Sequence[float]) -> float:
    """Squared distances from the median; none counts for more than an ordinary one may."""
    apart = np.abs(np.array(lifts) - np.median(lifts))
    return float(np.sum(np.minimum(apart, _MOST_APART) ** 2))


def _occurrences(
    seen: Iterable[tuple[date, Sequence[Label], float]],
) -> dict[Label, list[tuple[float, int]]]:
    """Median lift and number of days of each occurrence of each event."""
    runs: dict[Label, list[list[tuple[date, float]]]] = {}
    for day, labels, lift in seen:
        if len(labels) != 1:
            continue
        of_label = runs.setdefault(labels[0], [])
        if of_label and (day - of_label[-1][-1][0]).days <= _SAME_EVENT_DAYS:
            of_label[-1].append((day, lift))
        else:
            of_label.append([(day, lift)])
    return {
        label: [
            (float(np.clip(np.median([lift for _, lift in run]), -_MOST_LIFT, _MOST_LIFT)), len(run))
            for run in of_label
        ]
        for label, of_label in runs.items()
    }
