"""The terms of the regression as columns: weekday, trend, place in month and quarter, time of year."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from amalimart.core.calendar import Grain
from amalimart.quality.volume.tiers import Tier

Floats = NDArray[np.float64]

# A trend that bent as often as the year has seasons would be another yearly term, and the two would fight.
_BEND_EVERY = {Tier.MONTHS: 91, Tier.QUARTERS: 182, Tier.YEARS: 365}
_QUARTER_END = 7
_YEARLY_WAVES = 4
# A shop's year ends with a climb to Christmas Eve and a fall in a night; waves are too round for either.
_CLIMB_DAYS = 21
_EVE = {"month": 12, "day": 24}
_YEAR = 365.25


def calendar_terms(days: Sequence[date], tier: Tier) -> Floats:
    """What a day's place in week, month, quarter and year says; no level and no trend."""
    weekday, of_month, month_left, quarter_left, of_year = np.array([_places(day) for day in days]).T
    # A weekday is measured against the mean of all seven, so that the level means the whole week.
    columns = [1.0 * (weekday == place) - 1.0 * (weekday == 6) for place in range(6)]
    if tier >= Tier.MONTHS:
        columns += [1.0 * ((month_left <= 6) | (of_month <= 2)), 1.0 * ((of_month >= 11) & (of_month <= 20))]
    if tier >= Tier.QUARTERS:
        columns.append(1.0 * (quarter_left <= _QUARTER_END))
    if tier >= Tier.YEARS:
        angle = of_year * (2 * np.pi / _YEAR)
        for wave in range(1, _YEARLY_WAVES + 1):
            columns += [np.sin(wave * angle), np.cos(wave * angle)]
        to_eve = np.array([(day.replace(**_EVE) - day).days for day in days], dtype=np.float64)
        columns += [(to_eve >= 0) * np.maximum(1 - to_eve / _CLIMB_DAYS, 0.0), 1.0 * (to_eve < 0)]
    return np.column_stack(columns)


def trend_terms(days: Sequence[date], first: date, before: date, tier: Tier) -> Floats:
    """Level and a trend that bends now and then: it keeps growth out of the other terms, no more."""
    at = np.array([(day - before).days for day in days], dtype=np.float64)
    columns = [np.ones(len(days))]
    if tier >= Tier.MONTHS:
        every = _BEND_EVERY[tier]
        bends = np.arange(-every, (first - before).days + every / 2, -every)
        columns += [at / _YEAR, *(np.maximum(at - bend, 0.0) / _YEAR for bend in bends)]
    return np.column_stack(columns)


@lru_cache(maxsize=8_192)
def _places(day: date) -> tuple[int, int, int, int, int]:
    """Weekday, day of the month, days left of month and quarter with this one, day of the year."""
    month_left, quarter_left = ((grain.next_start(day) - day).days for grain in (Grain.MONTH, Grain.QUARTER))
    return day.weekday(), day.day, month_left, quarter_left, day.timetuple().tm_yday
