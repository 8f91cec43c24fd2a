"""What monitored checks found is kept, the newest run of each is what holds, and people acknowledge."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from amalimart.control.audit.decisions import entries
from amalimart.control.deciding import Decider
from amalimart.control.quality.results import QualityResults
from amalimart.control.quality.source_shapes import SourceShapes
from amalimart.control.store import ControlStore
from amalimart.core.errors import NotFound, RequestError
from amalimart.core.quality import MonitorKind, QualityResult, Severity, Verdict
from amalimart.core.releases import SampleRows
from tests.control.conftest import HandClock

AMA = Decider("Ama Serwaa", "ama@example.com")
FAILED = QualityResult(
    check="orders_reconcile",
    kind=MonitorKind.RECONCILIATION,
    subject="gold.fact_orders",
    period=None,
    severity=Severity.ERROR,
    verdict=Verdict.FAILED,
    expected="10 rows",
    actual="9 rows",
    message="1 row differs",
    checked_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
    release_id=7,
    low=10.0,
    high=10.0,
    value=9.0,
    unit="rows",
    samples=SampleRows(("key", "email"), (("1", None),), ("email",)),
)
PASSED = replace(FAILED, verdict=Verdict.PASSED, samples=None)


@pytest.fixture
def results(store: ControlStore, clock: HandClock) -> QualityResults:
    return QualityResults(store.engine, clock, keep_days=10)


def week(number: int, verdict: Verdict = Verdict.FAILED) -> QualityResult:
    return replace(
        FAILED, check="volume", kind=MonitorKind.VOLUME, period=f"2026-W{number:02}", verdict=verdict
    )


def test_a_result_comes_back_as_it_was_found(results: QualityResults) -> None:
    results.add("r1", [FAILED, PASSED])
    assert {each.result for each in results.newest()} == {FAILED, PASSED}
    assert [each.result for each in results.history("orders_reconcile", 10)] == [PASSED, FAILED]
    assert [each.result for each in results.history("orders_reconcile", 1)] == [PASSED]
    assert results.history("orders_reconcile", 10, "elsewhere") == ()


def test_the_newest_run_of_each_check_holds(results: QualityResults) -> None:
    results.add("r1", [FAILED, replace(FAILED, subject="gone"), week(9)])
    results.add("r2", [FAILED])
    assert {(each.run_id, each.result.check, each.result.subject) for each in results.newest()} == {
        ("r2", "orders_reconcile", "gold.fact_orders"),
        ("r1", "volume", "gold.fact_orders"),
    }
    results.add("r3", [PASSED])
    assert [each.result.check for each in results.failing()] == ["volume"]


def test_errors_stand_before_warnings_and_what_cannot_be_told_is_no_failure(results: QualityResults) -> None:
    warning = replace(FAILED, check="a_warning", severity=Severity.WARNING)
    unknown = replace(FAILED, check="a_question", verdict=Verdict.CANNOT_TELL)
    results.add("r1", [warning, unknown, FAILED])
    assert [each.result.check for each in results.failing()] == ["orders_reconcile", "a_warning"]


def test_what_is_too_old_is_forgotten_but_never_the_newest_run(
    results: QualityResults, clock: HandClock
) -> None:
    results.add("r1", [FAILED, week(9)])
    clock.forward(timedelta(days=11))
    results.add("r2", [replace(FAILED, checked_at=clock.now())])
    # The other check's newest run is still r1.
    assert [each.run_id for each in results.history("orders_reconcile", 10)] == ["r2", "r1"]
    clock.forward(timedelta(hours=1))
    results.add("r3", [replace(week(10), checked_at=clock.now())])
    assert [each.run_id for each in results.history("orders_reconcile", 10)] == ["r2"]
    assert [each.run_id for each in results.history("volume", 10)] == ["r3"]


def test_of_passes_before_yesterday_the_last_of_each_hour_is_kept(
    results: QualityResults, clock: HandClock
) -> None:
    for run in range(12):
        found = FAILED if run == 3 else PASSED
        results.add(f"r{run}", [replace(found, checked_at=clock.now())])
        clock.forward(timedelta(minutes=10))
    clock.forward(timedelta(days=2))
    results.add("last", [replace(PASSED, checked_at=clock.now())])
    kept = [each.run_id for each in results.history("orders_reconcile", 100)]
    assert kept == ["last", "r11", "r5", "r3"]


def test_texts_longer_than_their_column_are_cut(results: QualityResults) -> None:
    results.add("r1", [replace(FAILED, message="x" * 5000)])
    (kept,) = results.newest()
    assert kept.result.message == "x" * 3999 + "…"


def test_a_present_failure_stays_acknowledged_until_the_check_passes(
    results: QualityResults, store: ControlStore
) -> None:
    results.add("r1", [FAILED])
    word = results.acknowledge("orders_reconcile", "gold.fact_orders", None, AMA, " a known row ")
    assert (word.acknowledged_by, word.principal, word.reason) == (AMA.name, AMA.subject, "a known row")
    results.add("r2", [FAILED])
    assert results.failing() == ()
    (kept,) = results.newest()
    assert kept.acknowledgement == word
    results.add("r3", [PASSED])
    results.add("r4", [FAILED])
    assert len(results.failing()) == 1
    (entry,) = entries(store.engine)
    assert (entry.action, entry.subject) == ("quality.acknowledged", AMA.subject)
    assert entry.details["reason"] == "a known row"


def test_an_acknowledged_period_is_known_for_good_and_no_measure_of_others(results: QualityResults) -> None:
    results.add("r1", [week(9), week(10)])
    results.acknowledge("volume", "gold.fact_orders", "2026-W09", AMA, "the shop was closed")
    assert [each.result.period for each in results.failing()] == ["2026-W10"]
    results.add("r2", [week(9, Verdict.PASSED), week(10)])
    assert results.acknowledged_periods("volume", "gold.fact_orders") == {"2026-W09"}
    assert results.acknowledged_periods("volume", "gold.fact_payments") == frozenset()
    assert results.acknowledged_periods("orders_reconcile", "gold.fact_orders") == frozenset()


def test_a_day_of_a_result_about_many_may_be_acknowledged(results: QualityResults) -> None:
    results.add("r1", [FAILED])
    results.acknowledge("orders_reconcile", "gold.fact_orders", "2026-01-01", AMA, "a holiday")
    assert results.acknowledged_periods("orders_reconcile", "gold.fact_orders") == {"2026-01-01"}
    assert len(results.failing()) == 1  # the result is about more than that day


@pytest.mark.parametrize(
    ("check", "subject", "period"),
    [
        ("orders_reconcil", "gold.fact_orders", None),
        ("orders_reconcile", "gold.fact_order", None),
        ("volume", "gold.fact_orders", "2026-W44"),
        ("passes", "gold.fact_orders", None),
    ],
)
def test_what_was_not_found_cannot_be_acknowledged(
    results: QualityResults, check: str, subject: str, period: str | None
) -> None:
    results.add("r1", [FAILED, week(9), replace(PASSED, check="passes")])
    with pytest.raises(NotFound):
        results.acknowledge(check, subject, period, AMA, "why not")


def test_an_acknowledgement_needs_a_reason_and_comes_once(results: QualityResults) -> None:
    results.add("r1", [FAILED])
    for decider, reason in ((AMA, "  "), (AMA, "x" * 2001), (Decider(" ", "x"), "known")):
        with pytest.raises(RequestError):
            results.acknowledge("orders_reconcile", "gold.fact_orders", None, decider, reason)
    results.acknowledge("orders_reconcile", "gold.fact_orders", None, AMA, "known")
    with pytest.raises(RequestError, match="already, by Ama Serwaa"):
        results.acknowledge("orders_reconcile", "gold.fact_orders", None, AMA, "known")


def test_a_shape_is_known_as_it_was_first_seen_until_somebody_acknowledges(
    store: ControlStore, clock: HandClock
) -> None:
    shapes = SourceShapes(store.engine, clock)
    assert shapes.known("shop") is None
    first = {"orders": {"id": "int", "total": "int"}, "gone": {"id": "int"}}
    shapes.saw("shop", first)
    assert shapes.known("shop") == first
    now = {"orders": {"id": "bigint", "note": "text"}, "gifts": {"id": "int"}}
    shapes.saw("shop", now)
    known = {
        "orders": {"id": "int", "total": "int", "note": "text"},
        "gone": {"id": "int"},
        "gifts": {"id": "int"},
    }
    assert shapes.known("shop") == known
    shapes.acknowledge("shop", "orders")
    assert shapes.known("shop") == known | {"orders": now["orders"]}
    shapes.acknowledge("shop", "gone")
    assert shapes.known("shop") == {"orders": now["orders"], "gifts": now["gifts"]}
    shapes.acknowledge("elsewhere", "orders")
    assert shapes.known("elsewhere") is None
