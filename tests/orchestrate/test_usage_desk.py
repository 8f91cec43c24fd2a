"""Usage in figures: counted by hand from calls that were made, and nobody's name in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from amalimart.access.audit_record import Asked, Outcome
from amalimart.control.audit.summary import AuditSummary
from amalimart.control.page_visits import PageVisits
from amalimart.control.question_log import QuestionLog
from amalimart.core.asked import AskedShape, Tally
from amalimart.core.clock import FixedClock
from amalimart.core.usage import DashboardUse, Ended, KeptUse, MetricUse, RefusedQuestion
from amalimart.observe.exposition import cache_lookups
from amalimart.orchestrate.metrics.usage_desk import UsageDesk
from tests.control.audit_trail import Trail, asked

METRICS = {"gmv": "gmv", "sales": "gmv", "order_count": "order_count", "return_rate": "return_rate"}
PERSON = "ama.serwaa@shop.example"
TODAY = date(2026, 3, 2)
FIGURES = """\
# TYPE amalimart_cache_lookups_total counter
amalimart_cache_lookups_total{cache="page",result="hit"} 30
amalimart_cache_lookups_total{cache="page",result="miss"} 10
amalimart_cache_lookups_total{cache="answer",result="miss"} 2
# TYPE amalimart_open_sessions gauge
amalimart_open_sessions 3
"""


@pytest.fixture
def trail(tmp_path: Path) -> Trail:
    return Trail(tmp_path)


def desk(trail: Trail, zone: str = "UTC", ticks: list[float] | None = None) -> UsageDesk:
    return UsageDesk(
        AuditSummary(trail.control),
        QuestionLog(trail.control),
        PageVisits(trail.control),
        lambda: cache_lookups(FIGURES),
        METRICS,
        {"admin", "vendor", "empty"},
        FixedClock(datetime(2026, 3, 2, 12, tzinfo=UTC)),
        ZoneInfo(zone),
        lambda: ticks[0] if ticks else 0.0,
    )


def call(
    metric: str, role: str, door: str = "web", outcome: Outcome = Outcome.ANSWERED, day: int = 2
) -> Asked:
    at = datetime(2026, 3, day, 11, tzinfo=UTC)
    return replace(asked(metric, PERSON, outcome, at), role=role, door=door)


def test_metrics_are_counted_by_role_and_door_and_an_alias_is_its_metric(trail: Trail) -> None:
    for each in (
        call("gmv", "admin"),
        call("sales", "vendor", "api"),
        call("sales", "vendor", "web"),
        call("order_count", "admin"),
        call("?", "admin"),
        call("gone_since", "admin"),
        call("sales", "vendor", outcome=Outcome.DENIED),
    ):
        trail.log.record(each)
    found = desk(trail).now(30)
    assert found.metrics == (
        MetricUse("gmv", 3, {"vendor": 2, "admin": 1}, {"web": 2, "api": 1}),
        MetricUse("order_count", 1, {"admin": 1}, {"web": 1}),
    )
    assert found.unused_metrics == ("return_rate",)
    assert found.roles == (Ended("admin", 4), Ended("vendor", 2, denied=1))
    assert found.doors == (Ended("web", 5, denied=1), Ended("api", 1))
    assert found.refused == (RefusedQuestion("denied", ("denied",), "vendor", "web", ("gmv",), (), 1),)
    assert PERSON not in repr(found)
    assert trail.keys.subject(PERSON) not in repr(found)


def test_days_begin_in_the_marketplace_and_older_ones_are_left_out(trail: Trail) -> None:
    trail.log.record(replace(asked("gmv"), at=datetime(2026, 3, 1, 22, 59, tzinfo=UTC)))
    trail.log.record(replace(asked("gmv"), at=datetime(2026, 3, 1, 23, 1, tzinfo=UTC)))
    assert [each.asked for each in desk(trail, "Africa/Lagos").now(1).metrics] == [1]
    assert [each.asked for each in desk(trail, "Africa/Lagos").now(2).metrics] == [2]
    assert desk(trail).now(1).since == TODAY
    assert desk(trail).now(1).metrics == ()


def test_dashboards_slow_questions_and_what_is_kept(trail: Trail) -> None:
    PageVisits(trail.control).add(TODAY, {("admin", "admin"): 2, ("vendor", "vendor"): 5})
    PageVisits(trail.control).add(TODAY, {("admin", "analyst"): 1, ("gone", "admin"): 9})
    quick, slow = AskedShape(("gmv",)), AskedShape(("gmv",), by=("product",))
    QuestionLog(trail.control).add(TODAY, {quick: Tally(100, 2.0), slow: Tally(4, 6.0)})
    found = desk(trail).now(30)
    assert found.dashboards == (
        DashboardUse("vendor", 5, {"vendor": 5}),
        DashboardUse("admin", 3, {"admin": 2, "analyst": 1}),
    )
    assert found.unused_dashboards == ("empty",)
    assert [(each.shape, each.count, each.seconds) for each in found.slow] == [
        (slow, 4, 1.5),
        (quick, 100, 0.02),
    ]
    assert found.kept == (KeptUse("page", 30, 10), KeptUse("answer", 0, 2))


def test_it_looks_once_a_minute_and_at_no_damage(trail: Trail) -> None:
    ticks = [0.0]
    looking = desk(trail, ticks=ticks)
    assert looking.now(30).metrics == ()
    trail.log.record(asked("gmv"))
    ticks[0] = 59.0
    assert looking.now(30).metrics == ()
    ticks[0] = 60.0
    assert [each.metric for each in looking.now(30).metrics] == ["gmv"]
    trail.sql("delete from audit_shapes")
    ticks[0] = 120.0
    assert looking.now(30).metrics == ()
    assert looking.now(30).roles == (Ended("admin", 1),)


def test_visits_are_forgotten_after_a_quarter(trail: Trail) -> None:
    visits = PageVisits(trail.control)
    visits.add(date(2025, 12, 1), {("admin", "admin"): 1})
    visits.add(date(2026, 3, 1), {("admin", "admin"): 1})
    assert visits.since(date(2020, 1, 1)) == {("admin", "admin"): 2}
    visits.add(date(2026, 3, 2), {("admin", "admin"): 1})
    assert visits.since(date(2020, 1, 1)) == {("admin", "admin"): 2}
