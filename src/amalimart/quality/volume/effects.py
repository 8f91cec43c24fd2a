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
_BETWEEN_NAMES = 0.25**2
_BETWEEN_TIMES = 0.08**2
_WEIGHT = 2
_SAME_EVENT_DAYS = 4
# An event that does more than this is taken for an anomaly that fell on it.
_MOST_LIFT = 1.1


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
        within = sum(float(np.sum((np.array(lifts) - np.mean(lifts)) ** 2)) for lifts in named)
        repeats = sum(len(lifts) - 1 for lifts in named)
        times = (_WEIGHT * _BETWEEN_TIMES + within) / (_WEIGHT + repeats)
        if not named:
            return _Spread(0.0, _BETWEEN_NAMES, times)
        means = np.array([np.mean(lifts) for lifts in named])
        between = float(np.sum((means - means.mean()) ** 2))
        names = (_WEIGHT * _BETWEEN_NAMES + between) / (_WEIGHT + len(means) - 1)
        # The mean of few names is itself unsure.
        return _Spread(float(means.mean()), names * (1 + 1 / len(means)), times)


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
