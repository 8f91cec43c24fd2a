"""Weeks, quarters and years: what their days add up to, and how sure that is."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from amalimart.core.calendar import DayRange
from amalimart.core.quality import Verdict
from amalimart.quality.volume.judgement import Judgement
from amalimart.quality.volume.outlook import Outlook
from amalimart.quality.volume.regression import fit
from amalimart.quality.volume.series import DailyCounts, History, days_of
from tests.quality.clean_counts import LAST, clean_counts, judge_of


def outlook_before(counts: dict[date, int], day: date) -> Outlook:
    history = History(DailyCounts("fact_orders", min(counts), LAST, counts))
    monday = day - timedelta(days=day.weekday())
    return Outlook(history, fit(history, monday), day)


@pytest.mark.parametrize(("scope", "day"), [("quarter", date(2026, 4, 1)), ("year", date(2025, 1, 1))])
def test_a_period_is_expected_to_be_the_sum_of_its_days(scope: str, day: date) -> None:
    counts = clean_counts(1_400)
    found: Judgement = getattr(judge_of(counts), scope)(day)
    by_day = outlook_before(counts, day).expected(list(days_of(found.days))).by_day
    assert len(by_day) == found.days.days
    assert found.expected == pytest.approx(sum(by_day))
    assert found.actual == sum(counts[each] for each in days_of(found.days))
    assert found.verdict is Verdict.PASSED


@pytest.mark.parametrize("scope", ["quarter", "year"])
def test_the_smallest_loss_of_a_period_is_found_and_a_smaller_one_is_not_promised(scope: str) -> None:
    counts = clean_counts(1_400)
    day = date(2025, 1, 1)
    clean: Judgement = getattr(judge_of(counts), scope)(day)
    assert clean.smallest_loss is not None
    assert clean.expected is not None
    assert clean.actual is not None
    assert f"({clean.smallest_loss.percent:.1f} %) would show" in clean.message
    # What there was may lie above what was expected: the loss is taken from there.
    share = (clean.expected - clean.smallest_loss.rows) / clean.actual
    lost = counts | {each: int(counts[each] * share) for each in days_of(clean.days)}
    assert getattr(judge_of(lost), scope)(day).verdict is Verdict.FAILED


def test_the_band_of_a_sum_knows_that_errors_hang_together() -> None:
    """Where the level wanders, a quarter's band is wider by far than days that err apart would make it."""
    dice = np.random.default_rng(5)
    counts = clean_counts(1_100, rows=5_000, spread=0.03)
    wander = np.exp(np.cumsum(dice.normal(0, 0.012, len(counts))))
    counts = {day: int(count * by) for (day, count), by in zip(counts.items(), wander, strict=True)}
    days = list(days_of(DayRange(date(2026, 4, 1), date(2026, 6, 30))))
    outlook = outlook_before(counts, days[0])
    apart = outlook.expected(days[:1]).spread / np.sqrt(len(days))
    assert outlook.expected(days).spread > 4 * apart


def test_quarters_of_clean_series_stay_in_their_band() -> None:
    left = 0
    for seed in range(12):
        found = judge_of(clean_counts(900, seed=seed)).quarter(date(2026, 4, 1))
        left += found.verdict is not Verdict.PASSED
    assert left <= 1


def test_a_quarter_without_a_year_before_it_and_a_year_without_two_are_not_judged() -> None:
    young, older = judge_of(clean_counts(300)), judge_of(clean_counts(900))
    quarter, year = young.quarter(date(2026, 4, 1)), older.year(date(2025, 1, 1))
    assert quarter.verdict is year.verdict is Verdict.CANNOT_TELL
    assert "growth over a year need 395 days" in quarter.message
    assert "the yearly term needs 2 years of history" in year.message


def test_a_period_that_is_not_over_is_not_judged() -> None:
    found = judge_of(clean_counts(1_400)).quarter(LAST)
    assert found.verdict is Verdict.CANNOT_TELL
    assert "it is not over before 2026-09-30" in found.message


def test_periods_have_the_names_people_use() -> None:
    judge = judge_of(clean_counts(60))
    named = [judge.day(LAST), judge.week(LAST), judge.quarter(LAST), judge.year(LAST), judge.slow_loss(LAST)]
    assert [each.period for each in named] == [
        "2026-09-27",
        "2026-W39",
        "2026-Q3",
        "2026",
        "2026-08-31 to 2026-09-27",
    ]


def test_weights_of_later_days_are_refused() -> None:
    history = History(DailyCounts("fact_orders", min(clean_counts(90)), LAST, clean_counts(90)))
    with pytest.raises(ValueError, match="would know days"):
        Outlook(history, fit(history, LAST), LAST - timedelta(days=1))
