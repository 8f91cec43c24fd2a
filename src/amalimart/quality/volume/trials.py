"""How well the days of the past were foreseen, one by one and in sums: the measure of every band.

Errors of neighbouring days hang together, by a level that wanders and by days that resemble the day before.
No formula is trusted with that: sums of as many days are foreseen at many earlier moments, at each pace of
the level, and the pace that does best is taken with the error it has. Sums longer than the history can try
are taken from the longest it can, by the law of a wandering level: the error grows with the root of the
length.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amalimart.quality.volume.level import LEAST_SPREAD, Level
from amalimart.quality.volume.terms import Floats

LEAST_MEAN = 0.05
_MAD_TO_SIGMA = 1.4826
_RECENT = 180
_RECENT_MEAN = 56
_FAR = 3.0
_FEW = 2
_SETTLED = 56
_FEWEST_APART = 3


@dataclass(frozen=True, slots=True)
class Pace:
    """A level to foresee by, and the relative spread it leaves beyond the chance of counting."""

    level: Level
    spread: float


class Trials:
    """One history, foreseen at each of its moments.

    counts    of each day that is learnt from
    shape     logarithm of each day against the level: calendar, growth, events
    ordinary  which days are no event
    fitted    how many weights were fitted to these days, which makes errors look smaller than they are
    """

    def __init__(
        self,
        counts: Floats,
        shape: Floats,
        ordinary: NDArray[np.bool_],
        paces: tuple[Level, ...],
        fitted: int,
    ) -> None:
        self._counts, self._shape, self._paces = counts, shape, paces
        self._settled = min(_SETTLED, len(counts) // 3)
        places = np.flatnonzero(ordinary)
        self._judged = places[min(_SETTLED, len(places) // 3) :]
        self._loss_of_freedom = len(places) / max(len(places) - fitted, 1)
        self.daily = self._daily()
        self._tame = self._tamed()

    def sum_of(self, length: int) -> Pace:
        """The pace that foresees sums of so many days best."""
        tried = max(min(length, (len(self._counts) - self._settled) // (_FEWEST_APART + 1)), 1)
        start = np.arange(self._settled, len(self._counts) - tried + 1)
        weight = np.concatenate([[0.0], np.cumsum(np.exp(self._shape))])
        found = np.concatenate([[0.0], np.cumsum(self._tame + 1)])
        sums = found[start + tried] - found[start]
        errors = np.log(sums / (weight[start + tried] - weight[start]))
        spreads = [_sigma(errors - pace.before[start]) for pace in self._paces]
        best = int(np.argmin(spreads))
        # The fewer sums lie apart, the less is known of their error, and the more the best looks too good.
        variance = spreads[best] ** 2 * (1 + 2 * tried / len(start)) * self._loss_of_freedom
        variance = max(variance - 1 / float(np.median(sums)), LEAST_SPREAD**2 / tried)
        return Pace(self._paces[best], float(np.sqrt(variance * length / tried)))

    def smear(self) -> float:
        """By how much the mean of counts lies above the exponential of their mean logarithm."""
        recent = self._judged[-_RECENT_MEAN:]
        mean = self._mean(self.daily.level)[recent]
        near = np.abs(self._counts[recent] - mean) <= self._far(mean)
        return float(self._counts[recent][near].sum() / mean[near].sum()) if near.any() else 1.0

    def _daily(self) -> Pace:
        errors = np.log1p(self._counts) - self._shape
        surprises = [(errors - pace.before)[self._judged][-_RECENT:] for pace in self._paces]
        bound = _FAR * min(_sigma(each) for each in surprises)
        best = int(np.argmin([np.mean(np.minimum(np.abs(each), bound) ** 2) for each in surprises]))
        mean = self._mean(self._paces[best])[self._judged][-_RECENT:]
        variance = _sigma(surprises[best]) ** 2 * self._loss_of_freedom
        # The variance of the logarithm of a count that chance alone spreads.
        variance -= float(np.mean(mean / (mean + 1) ** 2))
        return Pace(self._paces[best], float(np.sqrt(max(variance, LEAST_SPREAD**2))))

    def _tamed(self) -> Floats:
        """The counts, none of them further off than an ordinary one may be: an anomaly is no measure."""
        mean = self._mean(self.daily.level)
        return np.clip(self._counts, np.maximum(mean - self._far(mean), 0), mean + self._far(mean))

    def _mean(self, level: Level) -> Floats:
        return np.maximum(np.expm1(level.before + self._shape), LEAST_MEAN)

    def _far(self, mean: Floats) -> Floats:
        return _FAR * np.sqrt((self.daily.spread * mean) ** 2 + mean) + _FEW


def _sigma(errors: Floats) -> float:
    return _MAD_TO_SIGMA * float(np.median(np.abs(errors)))
