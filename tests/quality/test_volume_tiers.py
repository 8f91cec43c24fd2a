"""What a short history cannot tell, it says; it never passes what it could not judge."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from amalimart.core.quality import Verdict
from amalimart.quality.volume.events import Event, EventCalendar, EventKind
from amalimart.quality.volume.judgement import Judgement
from amalimart.quality.volume.tiers import Tier
from tests.quality.clean_counts import LAST, clean_counts, judge_of

WEEKDAYS = "a level with its weekdays needs 28 days of history, there are {}"
MONTHS = "the trend and the place in the month need 90 days of history, there are {}"
QUARTERS = "the place in the quarter and growth over a year need 395 days of history, there are {}"
YEARS = "the yearly term needs 2 years of history, there are {}"


@pytest.mark.parametrize(
    ("known", "tier", "lacking"),
    [
        (1, Tier.NONE, [WEEKDAYS, MONTHS, QUARTERS, YEARS]),
        (27, Tier.NONE, [WEEKDAYS, MONTHS, QUARTERS, YEARS]),
        (28, Tier.WEEKDAYS, [MONTHS, QUARTERS, YEARS]),
        (90, Tier.MONTHS, [QUARTERS, YEARS]),
        (143, Tier.MONTHS, [QUARTERS, YEARS]),
        (395, Tier.QUARTERS, [YEARS]),
        (730, Tier.YEARS, []),
    ],
)
def test_each_tier_says_what_it_cannot_estimate(known: int, tier: Tier, lacking: list[str]) -> None:
    found = judge_of(clean_counts(known + 1)).day(LAST)
    days = "1 day" if known == 1 else f"{known} days"
    assert found.tier is tier
    assert found.not_estimated == tuple(text.format(days) for text in lacking)
    assert (found.verdict is Verdict.CANNOT_TELL) == (tier is Tier.NONE)


def test_a_series_that_starts_yesterday_cannot_be_judged() -> None:
    found = judge_of({LAST: 1_000})
    for each in (found.day(LAST), found.week(LAST), found.slow_loss(LAST)):
        assert _is_no_verdict(each, "there is no day to learn from")


def test_an_empty_series_cannot_be_judged() -> None:
    judge = judge_of({}, first=LAST - timedelta(days=100))
    for each in (judge.day(LAST), judge.week(LAST), judge.slow_loss(LAST), judge.quarter(date(2026, 7, 1))):
        assert each.verdict is Verdict.CANNOT_TELL


def test_a_series_of_zeros_cannot_be_judged() -> None:
    judge = judge_of(dict.fromkeys(clean_counts(200), 0))
    for each in (judge.day(LAST), judge.week(LAST), judge.slow_loss(LAST)):
        assert _is_no_verdict(each, "there is no day to learn from")


def test_the_empty_days_before_a_shop_opens_are_not_learnt_from() -> None:
    counts = clean_counts(400)
    opened = LAST - timedelta(days=100)
    quiet = counts | {day: 0 for day in counts if day < opened}
    young = {day: count for day, count in counts.items() if day >= opened}
    assert judge_of(quiet).day(LAST) == judge_of(young).day(LAST)


def test_a_history_of_gaps_cannot_be_judged() -> None:
    counts = {day: count for day, count in clean_counts(201).items() if day.day % 3 == 0 or day == LAST}
    found = judge_of(counts).day(LAST)
    assert found.verdict is Verdict.CANNOT_TELL
    assert "have a count" in found.message


def test_some_gaps_leave_it_judged() -> None:
    counts = {day: count for day, count in clean_counts(300).items() if day.day % 5 or day == LAST}
    judge = judge_of(counts)
    assert judge.day(LAST).verdict is Verdict.PASSED
    assert judge_of({**counts, LAST: counts[LAST] // 2}).day(LAST).verdict is Verdict.FAILED


def test_a_weekday_that_was_never_seen_is_not_judged() -> None:
    counts = {day: count for day, count in clean_counts(120).items() if day.weekday() != 6 or day == LAST}
    found = judge_of(counts).day(LAST)
    assert found.verdict is Verdict.CANNOT_TELL
    assert "no Sunday is known" in found.message


def test_a_week_that_mostly_lacks_counts_is_not_judged() -> None:
    counts = clean_counts(120)
    for back in range(4):
        del counts[LAST - timedelta(days=back)]
    assert _is_no_verdict(judge_of(counts).week(LAST), "only 3 of 7 days can be compared")


def test_days_of_events_alone_are_no_measure() -> None:
    counts = clean_counts(60)
    sale = Event("Long Sale", EventKind.CAMPAIGN, frozenset(sorted(counts)[5:50]))
    found = judge_of(counts, events=EventCalendar([sale])).day(LAST)
    assert found.verdict is Verdict.CANNOT_TELL
    assert "not those of an event" in found.message


def test_an_event_that_was_never_seen_is_named_and_widens_the_band() -> None:
    counts = clean_counts(200)
    ordinary = judge_of(counts).day(LAST)
    sale = Event("First Sale", EventKind.CAMPAIGN, frozenset([LAST]))
    found = judge_of(counts, events=EventCalendar([sale])).day(LAST)
    assert "what First Sale does has not been seen yet" in found.not_estimated
    assert found.low is not None
    assert ordinary.low is not None
    assert found.low < ordinary.low
    assert judge_of({**counts, LAST: 0}, events=EventCalendar([sale])).day(LAST).verdict is Verdict.FAILED


def _is_no_verdict(found: Judgement, why: str) -> bool:
    assert found.verdict is Verdict.CANNOT_TELL
    assert found.expected is found.low is found.high is found.actual is None
    return why in found.message
