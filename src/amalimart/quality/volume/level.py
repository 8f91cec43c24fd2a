"""The level that counts have after their calendar is taken away, followed day by day at several paces.

Simple exponential smoothing: the level moves by a share (the gain) of each surprise. A surprise counts for
no more than a few standard deviations, and a gross one for nothing unless the day before was as gross on the
same side: an anomaly leaves the level alone, and a new level is followed within days.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amalimart.quality.volume.terms import Floats

GAINS = (0.02, 0.04, 0.08, 0.15, 0.25, 0.4)
LEAST_SPREAD = 0.02
_MOST_SURPRISE = 2.5
_GROSS = 4.0
_FIRST_DAYS = 14


@dataclass(frozen=True, slots=True)
class Level:
    """The level at one pace: after the last day, and what was known of it before each day."""

    now: float
    before: Floats


def levels(residuals: Floats, ordinary: NDArray[np.bool_], scale: float) -> tuple[Level, ...]:
    """The level at each pace, slowest first. On days that are not ordinary it stands still."""
    start = float(np.median(residuals[ordinary][:_FIRST_DAYS]))
    return tuple(_followed(residuals, ordinary, start, gain, scale) for gain in GAINS)


def _followed(
    residuals: Floats, ordinary: NDArray[np.bool_], start: float, gain: float, spread: float
) -> Level:
    """In plain floats: an array operation for each day would cost more."""
    most, gross = _MOST_SURPRISE * spread, _GROSS * spread
    level, last, before = start, 0.0, []
    for value, is_ordinary in zip(residuals.tolist(), ordinary.tolist(), strict=True):
        before.append(level)
        if not is_ordinary:
            continue
        surprise = value - level
        if abs(surprise) <= gross or (abs(last) > gross and last * surprise > 0):
            level += gain * max(-most, min(most, surprise))
        last = surprise
    return Level(level, np.array(before))
