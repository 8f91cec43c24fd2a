"""A build that is held back leaves the old release as it was, and says why."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from amalimart.core.clock import FixedClock
from amalimart.core.errors import CompileFailed, ModelFailed, NotFound, RequestError
from amalimart.warehouse.graph import Check, ValuesOf, model_id
from amalimart.warehouse.releases import blocked_builds as blocked_builds_module
from tests.warehouse.held_shop import AMA, FACT, SMALL, Desk, desk, order
from tests.warehouse.tiny_shop import NOW, Shop

__all__ = ["desk"]


def contents(shop: Shop) -> dict[str, Counter[tuple[object, ...]]]:
    """Everything the file holds for readers, and what it says of its releases."""
    names = shop.query(
        "select table_schema || '.' || table_name from information_schema.tables"
        " where table_schema in ('bronze', 'staging', 'silver', 'gold', 'meta')"
        " and table_name <> 'blocked_builds'"
    )
    return {str(name): Counter(shop.query(f"select * from {name}")) for (name,) in names}


def test_a_build_that_is_held_back_changes_nothing_and_says_why(desk: Desk) -> None:
    before = contents(desk.shop)
    desk.land(order("2", "5000"), order("3", "1001"), order("4", buyer="nobody"))
    build = desk.is_held()
    assert contents(desk.shop) == before
    assert (build.number, build.code, build.attempts, build.serving) == (1, "check_failed", 1, 1)
    assert build.what == "the release is held back: buyers_have_numbers (1 rows), not_too_large (2 rows)"
    assert build.project_hash == desk.graph.project_hash
    assert build.positions == {"shop": 2}
    assert build.attempted_at == build.last_attempted_at == NOW
    [nobody, large] = sorted(build.checks, key=lambda check: check.name)
    assert (large.name, large.failing_rows) == (SMALL, 2)
    # The check asks for the amount alone; the sample shows which orders they are.
    assert large.sample.columns == ("order_id", "total_amount", "status")
    assert sorted(large.sample.rows) == [("2", "5000.00", "COMPLETED"), ("3", "1001.00", "COMPLETED")]
    assert large.sample.masked == ()
    shown = dict(zip(nobody.sample.columns, nobody.sample.rows[0], strict=True))
    assert nobody.sample.masked == ("customer_id",)
    assert (shown["order_id"], shown["customer_id"]) == ("4", None)
    with desk.shop.hot_file.records() as cursor:
        [(kept,)] = cursor.execute("select checks::varchar from meta.blocked_builds").fetchall()
    assert "nobody" not in kept.replace("buyers_have_numbers", "")


def test_of_a_check_that_shows_values_the_rows_that_hold_them_are_kept(desk: Desk) -> None:
    of_states = Check(
        unique_id="test.marketplace.states",
        name="states",
        is_error=True,
        sql=f"select status as value_field, count(*) as n_records from {FACT.sql}"
        " where status <> 'COMPLETED' group by status",
        parents=frozenset({model_id("fact_orders")}),
        values=ValuesOf(model_id("fact_orders"), "status", "value_field"),
    )
    desk.graph = replace(desk.graph, checks=(*desk.graph.checks, of_states))
    desk.land(
        ("2", "7", "2026-03-01", "5", "open", "", "sale"), ("3", "7", "2026-03-01", "5", "", "", "sale")
    )
    [check] = desk.is_held().checks
    assert check.failing_rows == 2  # two values
    assert check.sample.columns == ("order_id", "total_amount", "status")
    assert sorted(check.sample.rows) == [("2", "5.00", "PENDING"), ("3", "5.00", "UNKNOWN")]


def test_no_more_than_a_few_rows_are_kept_of_many(desk: Desk) -> None:
    desk.land(*[order(str(key), "9999") for key in range(10, 60)])
    [check] = desk.is_held().checks
    assert (check.failing_rows, len(check.sample.rows)) == (50, 5)


def test_tries_of_the_same_are_one_build_and_another_reason_or_release_is_another(desk: Desk) -> None:
    desk.land(order("2", "5000"))
    desk.is_held()
    desk.shop.clock = FixedClock(NOW + timedelta(minutes=5))
    desk.restart()
    desk.land(order("3"))  # what is attempted moves on, what is wrong does not
    build = desk.is_held()
    assert (build.number, build.attempts, build.positions) == (1, 2, {"shop": 3})
    assert (build.attempted_at, build.last_attempted_at) == (NOW, NOW + timedelta(minutes=5))
    desk.land(order("4", "6000"))
    assert (desk.is_held().number, len(desk.book.blocked(10))) == (2, 2)
    desk.land(order("2"), order("4"))
    assert desk.published().release.release_id == 2
    desk.land(order("2", "5000"))
    build = desk.is_held()
    assert (build.number, build.serving, build.attempts) == (3, 2, 1)


def test_no_more_blocked_builds_are_kept_than_so_many(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocked_builds_module, "MOST_KEPT", 2)
    for number in range(4):
        desk.land(order(str(10 + number), "5000"))
        desk.is_held()
    assert [build.number for build in desk.book.blocked(10)] == [4, 3]
    with pytest.raises(NotFound, match="no blocked build 1") as refused:
        desk.book.blocked_build(1)
    assert (refused.value.expected, refused.value.nearest) == ("3 to 4", "3")


def test_a_model_that_fails_and_a_project_that_does_not_compile_are_kept_too(desk: Desk) -> None:
    broken = tuple(
        replace(each, sql="select nothing from gold.nowhere", recipe=None) if each.table == FACT else each
        for each in desk.graph.models
    )
    whole, desk.graph = desk.graph, replace(desk.graph, models=broken, project_hash="broken")
    with pytest.raises(ModelFailed):
        desk.publish()
    build = desk.book.blocked_build(1)
    assert (build.code, build.checks) == ("model_failed", ())
    assert model_id("fact_orders") in str(build.where)
    assert build.project_hash == "broken"
    with pytest.raises(RequestError, match=r"cannot be accepted: the model gold\.fact_orders failed"):
        desk.book.accept(1, AMA, "it will be all right")
    desk.shop.executor.note_refused(CompileFailed("no", where="mine.sql"))
    build = desk.book.blocked_build(2)
    assert (build.code, build.project_hash, build.positions) == ("compile_failed", None, {})
    desk.graph = whole
    assert desk.publish() is None
    assert desk.totals() == [Decimal("5.00")]


def test_before_the_first_release_a_blocked_build_can_be_seen_and_accepted(shop: Shop) -> None:
    desk = Desk(shop)
    with pytest.raises(NotFound, match="no build has been blocked"):
        desk.book.blocked_build(None)
    desk.land(order("2", "5000"))
    assert desk.is_held().serving is None
    desk.book.accept(1, AMA, "the shop sells cars now")
    assert desk.published().release.release_id == 1
    desk.ledger.close()
