"""Series that cannot be: a typed error that says what is wrong, never a judgement."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from amalimart.core.calendar import DayRange
from amalimart.core.errors import ConfigError, UnusableSeries
from amalimart.core.quality import Verdict
from amalimart.quality.volume.public_holidays import public_holidays
from amalimart.quality.volume.series import DailyCounts
from tests.quality.clean_counts import LAST, clean_counts, judge_of

FIRST = LAST - timedelta(days=10)


@pytest.mark.parametrize("count", [-1, 1.5, float("nan"), True, None, "12"])
def test_a_count_that_is_none_is_refused(count: Any) -> None:
    with pytest.raises(UnusableSeries, match="has the count"):
        DailyCounts("fact_orders", FIRST, LAST, {LAST: count})


@pytest.mark.parametrize("day", [datetime(2026, 9, 27), "2026-09-27", 20_000])  # noqa: DTZ001
def test_a_day_that_is_none_is_refused(day: Any) -> None:
    with pytest.raises(UnusableSeries, match="is no calendar day"):
        DailyCounts("fact_orders", FIRST, LAST, {day: 1})


def test_days_after_the_last_that_is_over_are_a_clock_that_jumped() -> None:
    with pytest.raises(UnusableSeries, match="2 of its days, from 2026-10-01 on") as caught:
        DailyCounts("fact_orders", FIRST, LAST, {LAST: 1, date(2026, 10, 1): 5, date(2031, 1, 1): 5})
    assert "clock" in (caught.value.next_step or "")


def test_days_before_the_first_are_refused() -> None:
    with pytest.raises(UnusableSeries, match="before it starts"):
        DailyCounts("fact_orders", FIRST, LAST, {date(1970, 1, 1): 5})


def test_a_series_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(UnusableSeries, match="before it starts"):
        DailyCounts("fact_orders", LAST, FIRST, {})


@pytest.mark.parametrize("asked", ["day", "week", "quarter", "year", "slow_loss"])
@pytest.mark.parametrize("day", [LAST + timedelta(days=1), date(1999, 1, 1)])
def test_a_day_that_the_series_does_not_have_is_refused(asked: str, day: date) -> None:
    with pytest.raises(UnusableSeries, match="is asked of it"):
        getattr(judge_of(clean_counts(60)), asked)(day)


def test_missing_days_outside_the_series_are_refused() -> None:
    with pytest.raises(UnusableSeries, match="is asked of it"):
        judge_of(clean_counts(60)).missing(DayRange(LAST, LAST + timedelta(days=3)))


def test_a_series_is_a_copy_that_nobody_changes() -> None:
    counts = clean_counts(60)
    series = DailyCounts("fact_orders", min(counts), LAST, counts)
    counts[LAST] = -5
    assert series.counts[LAST] >= 0
    with pytest.raises(TypeError):
        series.counts[LAST] = 1  # type: ignore[index]


@pytest.mark.parametrize("country", ["XX", "gh", "", "Ghana"])
def test_a_country_that_is_not_known_is_refused(country: str) -> None:
    with pytest.raises(ConfigError, match="no public holidays are known"):
        public_holidays(country, 2026, 2026)


@pytest.mark.parametrize("rows", [10**9, 10**14])
def test_huge_counts_are_judged(rows: int) -> None:
    counts = {day: rows + 10**6 * place for place, day in enumerate(clean_counts(120))}
    assert judge_of(counts).day(LAST).verdict is Verdict.PASSED
    assert judge_of({**counts, LAST: rows // 2}).day(LAST).verdict is Verdict.FAILED


def test_a_series_that_never_changes_is_judged() -> None:
    counts = dict.fromkeys(clean_counts(120), 500)
    assert judge_of(counts).day(LAST).verdict is Verdict.PASSED
    assert judge_of({**counts, LAST: 200}).day(LAST).verdict is Verdict.FAILED


def test_a_wild_series_is_judged_without_a_false_alarm() -> None:
    """Counts over nine orders of magnitude: the band holds anything, and says so."""
    counts = {day: 10 ** (place * 7 % 10) for place, day in enumerate(clean_counts(120))}
    found = judge_of(counts).day(LAST)
    assert found.verdict is not Verdict.FAILED
    assert found.smallest_loss is None or found.smallest_loss.percent > 90
