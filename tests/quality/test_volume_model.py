"""The volume model as the monitored checks ask it: series in, verdicts in words out."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, cast

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amalimart.config.project import Project, Settings
from amalimart.core.calendar import DayRange, Grain
from amalimart.core.errors import UnusableSeries
from amalimart.core.quality import Verdict
from amalimart.orchestrate.quality.volume_events import MarketplaceEvents
from amalimart.quality.ports import VolumeSeries
from amalimart.quality.volume.events import Event, EventKind
from amalimart.quality.volume.judgement import Scope, period_name
from amalimart.quality.volume_model import CalendarVolumeModel, named_days
from amalimart.warehouse.file.hot_file import HotFile
from amalimart.warehouse.file.reading import Rows

LAST = date(2026, 11, 24)
Campaign = tuple[str | None, str | None, str | None, str | None]


def series(days: int, rows: int = 1_000, last: date = LAST, **more: Any) -> VolumeSeries:
    dice = random.Random(days)  # noqa: S311 - counts, not secrets
    first = last - timedelta(days=days - 1)
    counts = {first + timedelta(days=n): int(dice.gauss(rows, rows**0.5)) for n in range(days)}
    return VolumeSeries("fact_orders", first, last, counts, **more)


def model(*events: Event) -> CalendarVolumeModel:
    return CalendarVolumeModel(lambda _first, _last: events)


@given(day=st.dates(date(1990, 1, 1), date(2090, 12, 31)), scope=st.sampled_from(list(Scope)))
def test_a_period_is_known_by_its_name(day: date, scope: Scope) -> None:
    if scope in {Scope.SLOW_LOSS, Scope.MISSING}:
        days = DayRange(day, day + timedelta(days=27))
    else:
        start = scope.grain.start(day)
        days = DayRange(start, scope.grain.next_start(start) - timedelta(days=1))
    assert named_days(period_name(scope, days)) == days


@pytest.mark.parametrize("name", ["", "yesterday", "2026-W60", "2026-13-01", "2026-Q9", "20261124x"])
def test_what_is_no_period_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        named_days(name)


@given(last=st.dates(date(2024, 1, 1), date(2026, 12, 31)), grain=st.sampled_from(["day", "week", "quarter"]))
def test_the_last_whole_period_is_judged(last: date, grain: str) -> None:
    (found,) = model().judge(series(10, last=last), grain)  # too short to judge, whatever the period
    assert found.verdict is Verdict.CANNOT_TELL
    days = named_days(found.period)
    assert (
        days.last <= last < days.last + (days.last - days.first) + timedelta(days=1 if grain == "day" else 2)
    )
    assert Grain(grain).start(days.first) == days.first


def test_a_usual_day_passes_and_an_empty_one_fails_with_its_band() -> None:
    usual = series(120)
    (passed,) = model().judge(usual, "day")
    assert passed.verdict is Verdict.PASSED
    assert passed.low is not None
    assert passed.low <= 1_000 <= (passed.high or 0)
    (failed,) = model().judge(replace(usual, counts={**usual.counts, LAST: 0}), "day")
    assert (failed.verdict, failed.period, failed.value) == (Verdict.FAILED, "2026-11-24", 0)
    assert failed.expected.endswith("rows")
    assert failed.message.endswith("The yearly term needs 2 years of history, there are 119 days.")


def test_a_day_outside_set_bounds_fails_although_it_is_as_expected() -> None:
    (few,) = model().judge(series(120, low=5_000), "day")
    (many,) = model().judge(series(120, high=500), "day")
    assert (few.verdict, many.verdict) == (Verdict.FAILED, Verdict.FAILED)
    assert "fewer than the 5,000 rows that are set" in few.message
    assert "more than the 500 rows that are set" in many.message


def test_what_somebody_acknowledged_is_no_measure_of_what_is_ordinary() -> None:
    """A fortnight of a tenth of the rows, just before: learnt from, it pulls the level down."""
    usual = series(120)
    first = LAST - timedelta(days=15)
    hurt = {day: rows // 10 if first <= day < LAST else rows for day, rows in usual.counts.items()}
    weeks = frozenset({"2026-W46", "2026-W47", "2026-11-23"})
    (known,) = model().judge(replace(usual, counts=hurt, acknowledged=weeks), "day")
    (unknown,) = model().judge(replace(usual, counts=hurt), "day")
    assert known.verdict is Verdict.PASSED
    assert (unknown.low or 0) < (known.low or 0)


def test_a_campaign_that_doubled_sales_before_is_expected_to_do_so_again() -> None:
    usual = series(200)
    days = frozenset(date(2026, month, 24) for month in (7, 8, 9, 10, 11))
    counts = {day: rows * 2 if day in days else rows for day, rows in usual.counts.items()}
    sale = Event("Market day", EventKind.CAMPAIGN, days)
    (known,) = model(sale).judge(replace(usual, counts=counts), "day")
    (unknown,) = model().judge(replace(usual, counts=counts), "day")
    assert (known.verdict, unknown.verdict) == (Verdict.PASSED, Verdict.FAILED)


def test_rows_that_are_missing_a_little_for_weeks_are_a_slow_loss() -> None:
    usual = series(200, rows=10_000)
    first = LAST - timedelta(days=20)
    lossy = {day: int(rows * 0.93) if day >= first else rows for day, rows in usual.counts.items()}
    (passed,) = model().slow_loss(usual)
    (failed,) = model().slow_loss(replace(usual, counts=lossy))
    assert (passed.verdict, failed.verdict) == (Verdict.PASSED, Verdict.FAILED)


def test_counts_that_cannot_be_are_refused() -> None:
    usual = series(60)
    with pytest.raises(UnusableSeries, match="lie after"):
        model().judge(replace(usual, counts={**usual.counts, LAST + timedelta(days=400): 5}), "day")


class Published:
    """A hot file of which only the campaigns are read."""

    def __init__(self, campaigns: list[Campaign]) -> None:
        self._engine = duckdb.connect()
        self._engine.execute("create schema staging")
        self._engine.execute(
            "create table staging.stg_campaigns"
            " (campaign_name varchar, start_date date, end_date date, _rejected varchar)"
        )
        for campaign in campaigns:
            self._engine.execute("insert into staging.stg_campaigns values (?, ?, ?, ?)", campaign)

    def rows(self, sql: str) -> Rows:
        found = self._engine.execute(sql)
        return Rows(tuple(name for name, *_ in found.description or ()), tuple(found.fetchall()))

    @contextmanager
    def read(self) -> Iterator[Published]:
        yield self


def events_of(country: str | None, *campaigns: Campaign) -> list[Event]:
    project = Project(Path("shop"), Settings(country=country))
    return list(MarketplaceEvents(project, cast("HotFile", Published(list(campaigns))))(2025, 2026))


def test_a_marketplace_knows_its_campaigns_and_its_countrys_holidays() -> None:
    events = events_of(
        "GH",
        ("Harvest", "2025-09-01", "2025-09-03", None),
        ("Harvest", "2026-09-07", "2026-09-07", None),
        ("For ever", "2025-01-01", "2026-12-31", None),
        ("Backwards", "2026-05-02", "2026-05-01", None),
        ("Rejected", "2026-05-02", "2026-05-02", "start_date is unreadable"),
        (None, "2026-05-02", "2026-05-02", None),
    )
    by_name = {event.name: event for event in events}
    assert by_name["Christmas Day"].days == {date(2025, 12, 25), date(2026, 12, 25)}
    assert by_name["Independence Day"].kind is EventKind.HOLIDAY
    campaigns = [event for event in events if event.kind is EventKind.CAMPAIGN]
    assert [event.name for event in campaigns] == ["Harvest"]
    assert campaigns[0].days == {date(2025, 9, 1), date(2025, 9, 2), date(2025, 9, 3), date(2026, 9, 7)}


def test_without_a_country_there_are_no_holidays() -> None:
    assert events_of(None) == []
