"""Bands are left as seldom as they say: held against counts that are drawn, not computed."""

from __future__ import annotations

import math

import numpy as np
import pytest

from amalimart.quality.volume.band import band
from amalimart.quality.volume.on_demand import estimators
from amalimart.quality.volume.outlook import Expected


def expected(total: float, spread: float, *, event: float = 0.0, new: float = 0.0) -> Expected:
    return Expected((total,), spread, event, new, ("Fair",) if new else ())


def left(of: Expected, sigmas: float, draws: int = 400_000) -> tuple[float, float]:
    """Shares of drawn counts below and above the band: chance, good and bad days, and what the event does."""
    dice = np.random.default_rng(7)
    size = 1 / of.spread**2
    event = np.exp(dice.normal(0, math.hypot(of.event_spread, of.new_event_spread), draws))
    counts = dice.poisson(of.total * event * dice.gamma(size, 1 / size, draws))
    low, high = band(of, sigmas)
    return float((counts < low).mean()), float((counts > high).mean())


def test_without_an_event_it_is_the_band_of_a_count() -> None:
    assert band(expected(900, 0.07), 3.25) == estimators().count_band(900, 0.07, 3.25)


@pytest.mark.parametrize("total", [60.0, 900.0, 40_000.0])
@pytest.mark.parametrize("spread", [0.04, 0.12])
def test_what_an_event_does_leaves_its_band_as_seldom_as_chance_does(total: float, spread: float) -> None:
    for share in left(expected(total, spread, event=0.15), 2.5):
        assert 0.004 < share < 0.0105  # a normal value leaves 0.0062 on each side, whole rows of 60 more


@pytest.mark.parametrize("total", [900.0, 40_000.0])
def test_a_new_event_is_judged_more_closely_than_a_known_one(total: float) -> None:
    for share in left(expected(total, 0.05, new=0.2), 3.25):
        assert 0.003 < share < 0.0085  # mostly that of 2.5 standard deviations
    for share in left(expected(total, 0.05, event=0.2), 3.25):
        assert share < 0.001


def test_half_of_a_day_of_a_new_event_is_seen_where_its_kind_differs_by_a_fifth() -> None:
    low, high = band(expected(1_000, 0.07, new=0.2), 3.25)
    assert low > 500
    assert high < 2_000
    assert 1_000 / low == pytest.approx(high / 1_000, rel=0.02)


def test_an_empty_day_of_few_rows_stays_within_a_band_that_ends_at_none() -> None:
    assert band(expected(2, 0.1, new=0.2), 3.25)[0] == 0


def test_weeks_are_judged_no_more_closely_for_an_event_than_they_are_without() -> None:
    of = expected(7_000, 0.03, new=0.02)
    low, high = band(of, 2.0)
    plain_low, plain_high = band(expected(7_000, 0.03), 2.0)
    assert low < plain_low
    assert high > plain_high
