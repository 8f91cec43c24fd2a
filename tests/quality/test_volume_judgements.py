"""What a judgement depends on, and what it does not."""

from __future__ import annotations

import math
import random
from dataclasses import asdict, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from amalimart.core.calendar import DayRange
from amalimart.core.quality import Verdict
from amalimart.quality.volume.judgement import Judgement
from amalimart.quality.volume.tiers import Tier
from tests.quality.clean_counts import LAST, clean_counts, days_before, judge_of


@pytest.mark.parametrize("seed", range(4))
def test_an_empty_a_half_and_a_double_day_of_ninety_are_found(seed: int) -> None:
    counts = clean_counts(91, seed=seed)
    assert judge_of(counts).day(LAST).verdict is Verdict.PASSED
    for share in (0, 0.5, 2):
        found = judge_of({**counts, LAST: round(counts[LAST] * share)}).day(LAST)
        assert found.verdict is Verdict.FAILED
        assert ("missing" if share < 1 else "too many") in found.message


def test_an_empty_day_does_not_spoil_the_judgement_of_its_weekday_a_week_later() -> None:
    counts = clean_counts(91)
    counts[LAST - timedelta(days=7)] = 0
    assert judge_of(counts).day(LAST).verdict is Verdict.PASSED


def test_more_data_never_changes_an_earlier_judgement() -> None:
    counts = clean_counts(460, seed=3)
    day = LAST - timedelta(days=30)
    then = judge_of({each: count for each, count in counts.items() if each <= day}, last=day)
    now = judge_of({**counts, LAST: 10**9})
    for ask in ("day", "slow_loss"):
        assert getattr(then, ask)(day) == getattr(now, ask)(day)
    assert then.week(day - timedelta(days=7)) == now.week(day - timedelta(days=7))


def test_nothing_is_learnt_from_the_days_judged() -> None:
    counts = clean_counts(120)
    week = [LAST - timedelta(days=back) for back in range(7)]
    honest, absurd = judge_of(counts), judge_of(counts | dict.fromkeys(week, 10**7))
    assert _band(honest.day(LAST)) != _band(absurd.day(LAST))  # the days before it are learnt from
    assert _band(honest.week(LAST)) == _band(absurd.week(LAST))
    assert _band(honest.day(week[-1])) == _band(absurd.day(week[-1]))


def test_what_is_on_acknowledged_days_moves_no_band() -> None:
    counts = clean_counts(430)
    wrong = [LAST - timedelta(days=back) for back in (3, 10, 11, 12, 60, 200)]
    bands = []
    for rows in (0, 5, 100_000):
        judge = judge_of(counts | dict.fromkeys(wrong, rows), acknowledged=wrong)
        found = [judge.day(LAST), judge.week(LAST), judge.slow_loss(LAST), judge.quarter(date(2026, 6, 1))]
        bands.append([_band(each) for each in found])
    assert bands[0] == bands[1] == bands[2]
    assert len(judge.week(LAST).left_out) == 1


def test_the_order_in_which_days_come_changes_nothing() -> None:
    counts = clean_counts(200)
    shuffled = list(counts.items())
    random.Random(5).shuffle(shuffled)  # noqa: S311 - an order, not a secret
    assert judge_of(counts).slow_loss(LAST) == judge_of(dict(shuffled)).slow_loss(LAST)


@pytest.mark.parametrize("factor", [10, 1_000, 1_000_000])
def test_verdicts_of_large_counts_do_not_depend_on_the_unit(factor: int) -> None:
    counts = clean_counts(150, rows=50_000, seed=7)
    counts[LAST] = round(counts[LAST] * 0.6)
    larger = {day: count * factor for day, count in counts.items()}
    for back in range(0, 40, 3):
        day = LAST - timedelta(days=back)
        small, large = judge_of(counts).day(day), judge_of(larger).day(day)
        assert small.verdict is large.verdict
        assert large.expected == pytest.approx(factor * (small.expected or 0), rel=1e-3)
    assert judge_of(larger).day(LAST).verdict is Verdict.FAILED


def test_few_clean_days_leave_the_band() -> None:
    """Of 3.5 standard deviations: at most 1 in 200, for the spread is itself estimated."""
    judged = left = 0
    for seed in range(3):
        judge = judge_of(clean_counts(170, seed=100 + seed))
        for day in days_before(LAST, 60):
            judged += 1
            left += judge.day(day).verdict is not Verdict.PASSED
    assert judged == 180
    assert _chance_of_at_least(left, judged, 0.005) > 0.01


def test_the_band_is_no_wider_than_it_must_be() -> None:
    """Three known standard deviations of weekday, spread and chance hold about what the band should."""
    counts = clean_counts(400, rows=2_000, spread=0.06)
    found = judge_of(counts).day(LAST)
    assert found.low is not None
    assert found.expected is not None
    known = np.hypot(0.06, 1 / np.sqrt(found.expected))
    assert 2.8 * known < 1 - found.low / found.expected < 4.5 * known


@pytest.mark.parametrize("rows", [0.2, 1.2, 4, 8])
def test_no_empty_day_of_a_tiny_table_is_an_alarm_nor_a_pass(rows: float) -> None:
    counts = clean_counts(200, rows=rows, spread=0)
    counts[LAST] = 0
    found = judge_of(counts).day(LAST)
    assert found.verdict is Verdict.CANNOT_TELL
    assert found.smallest_loss is None
    assert "too few to tell a loss by" in found.message


@pytest.mark.parametrize("rows", [0.5, 1.2, 3, 12])
def test_few_days_of_a_tiny_table_are_alarms(rows: float) -> None:
    counts = clean_counts(260, rows=rows, spread=0, seed=11)
    judge = judge_of(counts)
    days = days_before(LAST, 40)
    assert sum(judge.day(day).verdict is Verdict.FAILED for day in days) <= 1
    expected = [judge.day(day).expected or 0 for day in days]
    about = np.mean([counts[day] for day in days_before(LAST, 100)])
    assert np.mean(expected) == pytest.approx(about, rel=0.3 if rows > 1 else 0.45)


def test_an_empty_day_of_a_table_that_is_not_tiny_is_one() -> None:
    counts = clean_counts(200, rows=40, spread=0)
    counts[LAST] = 0
    found = judge_of(counts).day(LAST)
    assert found.verdict is Verdict.FAILED
    assert found.smallest_loss is not None
    assert found.smallest_loss.rows <= (found.expected or 0)


def test_the_smallest_loss_is_the_least_that_leaves_the_band() -> None:
    counts = clean_counts(150)
    judge = judge_of(counts)
    for found, days in ((judge.day(LAST), 1), (judge.week(LAST), 7)):
        assert found.smallest_loss is not None
        assert found.expected is not None
        assert found.low is not None
        assert found.expected - found.smallest_loss.rows < found.low
        assert found.expected - found.smallest_loss.rows + 1 >= found.low
        assert found.smallest_loss.percent == pytest.approx(100 * found.smallest_loss.rows / found.expected)
        assert found.days == DayRange(LAST - timedelta(days=days - 1), LAST)


def test_a_slow_loss_is_found_while_it_goes_on_and_not_after() -> None:
    counts = clean_counts(300, rows=4_000, spread=0.04)
    end = LAST - timedelta(days=21)
    lost = days_before(end, 20)
    counts |= {day: round(counts[day] * 0.92) for day in lost}
    judge = judge_of(counts)
    assert judge.slow_loss(lost[0] - timedelta(days=1)).verdict is Verdict.PASSED
    found = judge.slow_loss(end)
    assert found.verdict is Verdict.FAILED
    assert found.high is None
    alone = [day for day in lost if judge.day(day).verdict is Verdict.FAILED]
    assert len(alone) <= 3  # hardly a day of it says so by itself
    assert judge.slow_loss(end + timedelta(days=9)).verdict is Verdict.PASSED


def test_days_that_stand_out_alone_are_no_slow_loss() -> None:
    counts = clean_counts(300, rows=4_000)
    for back in (2, 5, 9):
        counts[LAST - timedelta(days=back)] = 0
    found = judge_of(counts).slow_loss(LAST)
    assert found.verdict is Verdict.PASSED
    assert len(found.left_out) >= 3


def test_missing_days_are_counted_exactly() -> None:
    counts = clean_counts(60)
    gone = [LAST - timedelta(days=back) for back in (30, 12, 11, 3)]
    for day in gone:
        del counts[day]
    days = DayRange(LAST - timedelta(days=29), LAST)
    found = judge_of(counts).missing(days)
    assert (found.verdict, found.actual, found.left_out) == (Verdict.FAILED, 3, tuple(gone[1:]))
    assert judge_of(counts, acknowledged=gone).missing(days).verdict is Verdict.PASSED
    counts[gone[1]] = counts[gone[2]] = counts[gone[3]] = 0  # empty is not missing
    assert judge_of(counts).missing(days).verdict is Verdict.PASSED


def test_a_day_without_a_count_is_not_passed() -> None:
    counts = clean_counts(120)
    del counts[LAST]
    found = judge_of(counts).day(LAST)
    assert found.verdict is Verdict.CANNOT_TELL
    assert found.tier is Tier.MONTHS
    assert "no count" in found.message


def _chance_of_at_least(hits: int, tries: int, chance: float) -> float:
    """How likely so many hits are by chance alone."""
    return sum(
        math.comb(tries, count) * chance**count * (1 - chance) ** (tries - count)
        for count in range(hits, tries + 1)
    )


def _band(found: Judgement) -> dict[str, Any]:
    """All of a judgement but what there was."""
    return {
        name: value
        for name, value in asdict(replace(found, verdict=Verdict.PASSED, message="", actual=None)).items()
        if name != "left_out"
    }
