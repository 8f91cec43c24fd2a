"""Moments of a schedule: against a look at every minute over changes of the clock, and by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from amalimart.orchestrate.scheduling.moments import moments, newest, next_moment
from tests.orchestrate.cron_oracle import Part, WallTimes, utc

BERLIN, HAVANA = ZoneInfo("Europe/Berlin"), ZoneInfo("America/Havana")
# The clocks of Berlin change at 02:00 and 03:00, those of Havana at midnight and 01:00.
CHANGES = (
    (BERLIN, utc(2026, 3, 29, 1)),
    (BERLIN, utc(2026, 10, 25, 1)),
    (HAVANA, utc(2026, 3, 8, 5)),
    (HAVANA, utc(2026, 11, 1, 5)),
)


def parts(most: int) -> st.SearchStrategy[Part]:
    every = range(most + 1)
    listed = st.sets(st.integers(0, most), min_size=1, max_size=3).map(
        lambda values: Part(",".join(map(str, sorted(values))), frozenset(values))
    )
    stepped = st.sampled_from([1, 2, 3, 5, 7, 10, 30]).map(
        lambda step: Part("*" if step == 1 else f"*/{step}", frozenset(every[::step]))
    )
    early = st.sampled_from([0, 1, 2, 3]).map(lambda hour: Part(str(hour), frozenset({hour})))
    return st.one_of(listed, stepped, early)


TWO_THIRTY = WallTimes(Part("30", frozenset({30})), Part("2", frozenset({2})))
MIDNIGHT = WallTimes(Part("0", frozenset({0})), Part("0", frozenset({0})))


@settings(max_examples=100)
@given(
    change=st.sampled_from(CHANGES),
    times=st.builds(WallTimes, parts(59), parts(23)),
    before=st.integers(0, 30 * 60),
    after=st.integers(0, 30 * 60),
)
@example(change=CHANGES[0], times=TWO_THIRTY, before=90, after=90)
@example(change=CHANGES[1], times=TWO_THIRTY, before=10, after=90)
@example(change=CHANGES[2], times=MIDNIGHT, before=90, after=90)
def test_moments_are_those_that_a_look_at_every_minute_finds(
    change: tuple[ZoneInfo, datetime], times: WallTimes, before: int, after: int
) -> None:
    zone, instant = change
    first, last = instant - timedelta(minutes=before), instant + timedelta(minutes=after)
    expected = times.moments(zone, first, last)
    found = list(takewhile(lambda moment: moment <= last, moments(times.cron, zone, first)))
    assert found == expected
    assert newest(times.cron, zone, first, last, 3) == expected[-3:]


def test_a_time_that_does_not_exist_comes_when_the_clock_goes_on() -> None:
    two = list(islice(moments("30 2 * * *", BERLIN, utc(2026, 3, 27, 12)), 3))
    assert two == [utc(2026, 3, 28, 1, 30), utc(2026, 3, 29, 1, 0), utc(2026, 3, 30, 0, 30)]
    assert two[1].astimezone(BERLIN).isoformat() == "2026-03-29T03:00:00+02:00"


def test_a_time_that_exists_twice_comes_the_first_time_wherever_one_starts_to_look() -> None:
    first, following = utc(2026, 10, 25, 0, 30), utc(2026, 10, 26, 1, 30)
    assert first.astimezone(BERLIN).isoformat() == "2026-10-25T02:30:00+02:00"
    assert next_moment("30 2 * * *", BERLIN, utc(2026, 10, 24, 12)) == first
    for minutes in (0, 1, 31, 60, 61, 90):
        assert next_moment("30 2 * * *", BERLIN, first + timedelta(minutes=minutes)) == following


def test_every_hour_means_every_hour_whatever_the_clock_shows() -> None:
    found = list(islice(moments("0 * * * *", BERLIN, utc(2026, 10, 24, 22)), 5))
    assert found == [utc(2026, 10, 24, 23), *(utc(2026, 10, 25, hour) for hour in range(4))]


@pytest.mark.parametrize("cron", ["* * * * *", "0 6 1 1 *", "0 0 29 2 *"])
def test_the_newest_moment_of_years_is_found_without_a_look_at_all_of_them(cron: str) -> None:
    found = newest(cron, BERLIN, utc(2016, 1, 1), utc(2026, 7, 1, 0, 0), 1)
    assert found == [
        {"* * * * *": utc(2026, 7, 1), "0 6 1 1 *": utc(2026, 1, 1, 5), "0 0 29 2 *": utc(2024, 2, 28, 23)}[
            cron
        ]
    ]
