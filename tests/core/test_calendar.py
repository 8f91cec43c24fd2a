"""Buckets, ranges and the period a range is compared with, against the standard library's own calendar."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amalimart.core.calendar import DayRange, Grain

days = st.dates(date(1990, 1, 1), date(2090, 12, 31))
grains = st.sampled_from([grain for grain in Grain if not grain.is_fiscal])


@given(days, grains)
def test_a_day_lies_in_its_own_bucket_and_the_next_bucket_starts_right_after(day: date, grain: Grain) -> None:
    start, following = grain.start(day), grain.next_start(day)
    assert start <= day < following
    assert grain.start(following) == following
    assert grain.start(following - timedelta(days=1)) == start


@given(days)
def test_weeks_are_iso_weeks(day: date) -> None:
    assert Grain.WEEK.start(day).isocalendar()[:2] == day.isocalendar()[:2]
    assert Grain.WEEK.start(day).isoweekday() == 1


@given(days)
def test_quarters_hold_three_whole_months(day: date) -> None:
    start = Grain.QUARTER.start(day)
    assert (start.day, start.month % 3) == (1, 1)
    assert (day.year - start.year, (day.month - 1) // 3) == (0, (start.month - 1) // 3)


@given(days, st.integers(0, 800), grains)
def test_buckets_cover_the_range_without_gaps(first: date, length: int, grain: Grain) -> None:
    asked = DayRange(first, first + timedelta(days=length))
    buckets = asked.buckets(grain)
    assert buckets == sorted({grain.start(first + timedelta(days=n)) for n in range(length + 1)})


@given(days, st.integers(0, 800))
def test_the_preceding_range_is_as_long_and_ends_the_day_before(first: date, length: int) -> None:
    asked = DayRange(first, first + timedelta(days=length))
    before = asked.preceding()
    assert before.days == asked.days == length + 1
    assert before.last + timedelta(days=1) == asked.first


def test_a_bucket_that_reaches_outside_the_range_is_partial() -> None:
    asked = DayRange(date(2026, 3, 3), date(2026, 4, 30))
    assert asked.is_partial(Grain.MONTH, date(2026, 3, 1))
    assert not asked.is_partial(Grain.MONTH, date(2026, 4, 1))
    assert not asked.is_partial(Grain.DAY, date(2026, 3, 3))


def test_a_range_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValueError, match="ends before it starts"):
        DayRange(date(2026, 1, 2), date(2026, 1, 1))
