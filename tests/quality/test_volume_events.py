"""Holidays and campaigns: known by name, learnt from their own days, no disturbance of the ordinary ones."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from amalimart.core.quality import Verdict
from amalimart.quality.volume.effects import Effects
from amalimart.quality.volume.events import Event, EventCalendar, EventKind, Label
from amalimart.quality.volume.public_holidays import public_holidays
from tests.quality.clean_counts import LAST, clean_counts, judge_of

SALE = Label(EventKind.CAMPAIGN, "Mid-Year Deals")


def test_a_campaign_that_was_seen_is_expected_again() -> None:
    counts = clean_counts(420)
    days = [LAST - timedelta(days=back) for back in (0, 1, 364, 365, 366, 180, 181)]
    counts |= {day: counts[day] * 2 for day in days}
    calendar = EventCalendar([Event("Mid-Year Deals", EventKind.CAMPAIGN, frozenset(days))])
    assert judge_of(counts).day(LAST).verdict is Verdict.FAILED
    found = judge_of(counts, events=calendar).day(LAST)
    assert found.verdict is Verdict.PASSED
    assert found.expected == pytest.approx(counts[LAST], rel=0.2)
    missing_half = judge_of({**counts, LAST: counts[LAST] // 2}, events=calendar).day(LAST)
    assert missing_half.verdict is Verdict.FAILED


def test_the_day_after_a_campaign_has_a_name_of_its_own() -> None:
    sale = Event("Sale", EventKind.CAMPAIGN, frozenset([date(2026, 5, 1), date(2026, 5, 2)]))
    holiday = Event("May Day", EventKind.HOLIDAY, frozenset([date(2026, 5, 1)]))
    calendar = EventCalendar([sale, holiday])
    assert [label.name for label in calendar.labels(date(2026, 5, 1))] == ["Sale", "May Day"]
    assert [label.name for label in calendar.labels(date(2026, 5, 2))] == ["Sale"]
    assert all(label.is_after for label in calendar.labels(date(2026, 5, 4)))
    assert calendar.labels(date(2026, 5, 5))
    assert not calendar.labels(date(2026, 5, 6))


def test_what_a_name_did_comes_before_what_its_kind_does() -> None:
    seen = [(date(2025, 6, 20) + timedelta(days=offset), (SALE,), 0.5) for offset in range(6)]
    other = Label(EventKind.CAMPAIGN, "Harvest Fair")
    seen += [(date(2025, 10, 1) + timedelta(days=offset), (other,), 0.1) for offset in range(6)]
    effects = Effects(seen, variance=0.005)
    assert effects.of(SALE).lift == pytest.approx(0.5, abs=0.06)
    unseen = effects.of(Label(EventKind.CAMPAIGN, "New Sale"))
    assert unseen.lift == pytest.approx((0.5 + 0.1 + 0) / 3)  # no effect counts as one more name
    assert not unseen.is_known
    assert unseen.variance > 2 * effects.of(SALE).variance
    assert effects.of(Label(EventKind.HOLIDAY, "Republic Day")).lift == 0


def test_an_event_with_more_occurrences_is_known_better() -> None:
    once = Effects([(date(2025, 6, 20), (SALE,), 0.4)], variance=0.005).of(SALE)
    often = Effects([(date(2025, month, 20), (SALE,), 0.4) for month in range(1, 9)], variance=0.005).of(SALE)
    assert often.variance < once.variance
    assert abs(often.lift - 0.4) < abs(once.lift - 0.4)


def test_an_anomaly_that_fell_on_an_event_does_not_become_its_effect() -> None:
    counts = clean_counts(420)
    days = [LAST - timedelta(days=back) for back in (0, 60, 120, 180, 240)]
    counts[days[2]] = 0
    calendar = EventCalendar([Event("Market Day", EventKind.CAMPAIGN, frozenset(days))])
    found = judge_of(counts, events=calendar).day(LAST)
    assert found.verdict is Verdict.PASSED
    assert (found.low or 0) > 0


def test_public_holidays_move_with_their_year_under_one_name() -> None:
    """Good Friday by the calendar of the church: 2024-03-29, 2025-04-18, 2026-04-03."""
    found = {event.name: event for event in public_holidays("GH", 2024, 2026)}
    assert found["Good Friday"].days == {date(2024, 3, 29), date(2025, 4, 18), date(2026, 4, 3)}
    assert all(event.kind is EventKind.HOLIDAY for event in found.values())
    assert not [name for name in found if "(" in name or ";" in name]


def test_names_of_estimated_holidays_are_those_of_the_announced() -> None:
    names = {event.name for event in public_holidays("EG", 2020, 2030)}
    assert names
    assert not [name for name in names if "estimated" in name]
