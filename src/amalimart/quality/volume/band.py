"""The least and the most rows that may be there by chance, from what is expected and how sure that is."""

from __future__ import annotations

import math

from amalimart.quality.volume.on_demand import estimators
from amalimart.quality.volume.outlook import Expected

# An event comes under a new name on a dozen days of a first year and seldom after. Judged by this, such days
# call wolf less often in a year than all the ordinary ones do by theirs, and half of one is mostly seen.
_NEW_EVENT_SIGMAS = 2.5


def band(expected: Expected, sigmas: float) -> tuple[int, int]:
    """What would pass, both included: each side is left as seldom as a normal value leaves so many sigmas.

    Chance and ordinary days have the band of a count. What an event does is known as a factor, so it widens
    that band by factors: a day is as far below what is expected at half of it as it is above at twice.
    """
    low, high = estimators().count_band(expected.total, expected.spread, sigmas)
    if not expected.event_spread and not expected.new_event_spread:
        return low, high
    by_events = math.hypot(
        sigmas * expected.event_spread, min(sigmas, _NEW_EVENT_SIGMAS) * expected.new_event_spread
    )
    if low:
        low = math.ceil(expected.total * math.exp(-math.hypot(math.log(expected.total / low), by_events)))
    most = math.log(max(high, 1) / expected.total)
    return low, math.floor(expected.total * math.exp(math.hypot(most, by_events)))
