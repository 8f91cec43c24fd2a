"""However many pages are looked at all the time, answering them leaves time for the rest."""

from __future__ import annotations

import math
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amalimart.api.dashboards.resting import FACTOR, MOST, Rests

COSTS = st.lists(st.floats(0.001, 1.0), min_size=1, max_size=6)


class Clock:
    """A clock that is moved by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def rests(costs: list[float], clock: Clock | None = None) -> list[float]:
    """How long each page rests, where all were answered in the same moment."""
    of_pages = Rests(FACTOR, 1e9, clock or Clock())
    for number, cost in enumerate(costs):
        of_pages.answered(number, cost)
    return [of_pages.of(cost) for cost in costs]


@given(COSTS)
def test_all_of_them_together_take_a_quarter_of_the_time(costs: list[float]) -> None:
    share = sum(cost / rest for cost, rest in zip(costs, rests(costs), strict=True))
    assert share == pytest.approx(1 / FACTOR)


@given(COSTS, st.data())
def test_no_other_rests_of_that_share_are_shorter_in_sum(costs: list[float], data: st.DataObject) -> None:
    found = rests(costs)
    other = [rest * data.draw(st.floats(0.5, 2.0)) for rest in found]
    share = sum(cost / rest for cost, rest in zip(costs, other, strict=True))
    of_the_same_share = [rest * share * FACTOR for rest in other]
    assert sum(found) <= sum(of_the_same_share) * (1 + 1e-9)


@given(st.floats(0.001, 1.0), st.floats(0.001, 1.0))
def test_the_cheaper_of_two_rests_less(one: float, other: float) -> None:
    first, second = rests([one, other])
    assert math.isclose(first, second) if one == other else (first < second) == (one < other)


def test_what_nobody_looks_at_any_more_is_not_waited_for() -> None:
    clock = Clock()
    pages = Rests(clock=clock)
    pages.answered("heavy", 4.0)
    pages.answered("light", 1.0)
    assert pages.of(1.0) == pytest.approx(FACTOR * 3)
    clock.now = MOST + 1
    assert pages.of(1.0) == pytest.approx(FACTOR)


def test_a_page_that_nobody_looks_at_again_takes_no_memory() -> None:
    class Key:
        """What a page is known by."""

    clock, key = Clock(), Key()
    pages, gone = Rests(clock=clock), weakref.ref(key)
    pages.answered(key, 1.0)
    del key
    assert gone() is not None
    clock.now = MOST + 1
    pages.answered("another", 1.0)
    assert gone() is None


def test_a_page_that_is_answered_again_counts_once() -> None:
    pages = Rests(clock=Clock())
    for _ in range(100):
        pages.answered("page", 1.0)
    assert pages.of(1.0) == pytest.approx(FACTOR)


def test_nothing_rests_longer_than_the_most() -> None:
    pages = Rests(clock=Clock())
    for number in range(1_000):
        pages.answered(number, 1.0)
    assert pages.of(1.0) == MOST
