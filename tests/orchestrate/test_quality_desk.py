"""Monitored checks of a project: declared in its folder, run over its release, kept, and acknowledged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from amalimart.control.database import open_database
from amalimart.control.deciding import Decider
from amalimart.core.errors import CompileFailed, NotFound, NothingPublished, UnknownName
from amalimart.core.quality import MonitorKind, QualityResult, Severity, Verdict
from amalimart.orchestrate.engine import Engine
from amalimart.orchestrate.quality.desk import QualityDesk
from amalimart.quality import running
from amalimart.quality.counting import check_counts
from amalimart.quality.declared import DeclaredCheck
from amalimart.quality.looking import Look
from amalimart.quality.shapes import Every
from tests.orchestrate.landed_shop import LandedShop, tiny_models

AMA = Decider("Ama Serwaa", "ama@example.com")
OWN = """\
kind: reconciliation
description: Every order is where it should be.
owner: tests
severity: error
every: week
source:
  table: staging.stg_orders
  key: order_id
  day: order_date
  currency: currency
  amounts: {total: total_amount}
gold: {table: gold.copied, key: order_id, day: order_date, currency: currency, amounts: {total: total_amount}}
"""


@pytest.fixture(scope="module", autouse=True)
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with tiny_models(tmp_path_factory.mktemp("models")):
        yield


@dataclass
class Place:
    """The shop, and its desk."""

    shop: LandedShop
    desk: QualityDesk

    def tamper(self, sql: str) -> None:
        with self.shop.engine.hot_file.write() as cursor:
            cursor.execute(sql)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    shop = LandedShop(tmp_path / "home")
    (shop.home / "quality" / "own.yml").write_text(OWN)
    control = open_database(shop.engine.project.control_database)
    yield Place(shop, QualityDesk(shop.engine, control, shop.clock))
    control.dispose()
    shop.engine.close()


@pytest.fixture
def published(place: Place) -> Place:
    place.shop.land(("1", "10.00"), ("2", "20.00"))
    place.shop.engine.refresh()
    place.tamper("create table gold.copied as select * from staging.stg_orders")
    return place


def test_without_a_release_there_is_nothing_to_run_over(place: Place) -> None:
    with pytest.raises(NothingPublished):
        place.desk.run()


def test_a_fault_is_found_kept_acknowledged_and_over_when_the_check_passes(published: Place) -> None:
    desk = published.desk
    assert desk.run(name="own").results[0].verdict is Verdict.PASSED
    published.tamper("update gold.copied set total_amount = 10.01 where order_id = '1'")
    run = desk.run(Every.WEEK)
    assert run.fails
    assert [result.check for result in run.results] == ["order_volume_weekly", "own"]
    (failing,) = desk.failing()
    assert failing.result.samples is not None
    assert failing.result.samples.rows[0][0] == "1"
    desk.acknowledge("own", "gold.copied", None, AMA, "we know")
    assert desk.failing() == ()
    published.tamper("update gold.copied set total_amount = 10.00 where order_id = '1'")
    desk.run(name="own")
    assert [each.result.verdict for each in desk.history("own", 10)] == [
        Verdict.PASSED, Verdict.FAILED, Verdict.PASSED,
    ]  # fmt: skip


def test_all_checks_of_a_run_see_one_release(published: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def publishing(check: DeclaredCheck, shape: Any, look: Look) -> Iterator[QualityResult]:
        published.shop.land(("1", "99.00"), ("3", "30.00"))
        published.shop.engine.refresh()
        yield from check_counts(check, shape, look)

    monkeypatch.setattr(running, "RUNNERS", {**running.RUNNERS, MonitorKind.COUNTS: publishing})
    run = published.desk.run()
    latest = published.shop.engine.hot_file.latest_release()
    assert latest is not None
    assert latest.release_id > 1
    assert {result.release_id for result in run.results} == {1}
    found = {result.check: result for result in run.results}
    assert found["own"].verdict is Verdict.PASSED  # though `copied` is no copy of the new release
    assert found["committed_rows_are_loaded"].value == 2


def test_everything_declared_is_listed_and_a_broken_file_says_why(published: Place) -> None:
    (published.shop.home / "quality" / "broken.yml").write_text("kind: volumes\n")
    published.desk.run(name="own")
    found = {each.name: each for each in published.desk.listed()}
    assert found["own"].newest[0].result.verdict is Verdict.PASSED
    assert (found["own"].severity, found["own"].every) == (Severity.ERROR, Every.WEEK)
    assert "broken.yml:1" in (found["broken"].problem or "")
    assert found["orders_reconcile"].newest == ()
    run = published.desk.run(Every.BATCH)
    assert set(run.not_run) == {"broken"}
    assert {result.check for result in run.results} == {"committed_rows_are_loaded"}
    assert {result.verdict for result in run.results} == {Verdict.PASSED}


def test_a_check_that_is_not_there_and_one_that_never_ran(published: Place) -> None:
    assert published.desk.history("own", 10) == ()
    for asked in (published.desk.run, lambda name: published.desk.history(name, 10)):
        with pytest.raises(NotFound) as caught:
            asked(name="owm")
        assert caught.value.nearest == "own"


def test_an_acknowledged_change_of_shape_is_the_known_shape(published: Place) -> None:
    desk, drop = published.desk, published.shop.home / "drops" / "orders.csv"
    drop.write_text("id,at,total\n1,2026-03-01,10\n")
    name = "sources_keep_their_shape"
    assert desk.run(name=name).results[0].verdict is Verdict.PASSED
    drop.write_text("id,at,total\n1,2026-03-01,10.5\n")
    changed = desk.run(name=name).results[0]
    assert changed.verdict is not Verdict.CANNOT_TELL
    drop.write_text("id,at,total,colour\n1,2026-03-01,10,red\n")
    new = desk.run(name=name).results[0]
    assert (new.subject, new.verdict, new.severity) == ("shop.orders", Verdict.FAILED, Severity.WARNING)
    assert "colour is not in the mapping" in new.message
    desk.acknowledge(name, "shop.orders", None, AMA, "we do not need it")
    assert [each for each in desk.failing() if each.result.check == name] == []


def test_a_source_that_is_stale_fails_at_the_clock_of_the_engine(published: Place) -> None:
    published.shop.clock.instant += timedelta(hours=2)
    run = published.desk.run(name="sources_are_fresh")
    assert run.fails
    assert "2 h old, 60 min too old" in run.results[0].message


def test_a_database_that_is_none_cannot_be_told(published: Place) -> None:
    (published.shop.home / "quality" / "own.yml").write_text(f"{OWN}against: database\n")
    result = published.desk.run(name="own").results[0]
    assert result.verdict is Verdict.CANNOT_TELL
    assert "no source of the project is a database" in result.message


def test_a_table_is_profiled_and_an_unknown_one_named(published: Place) -> None:
    found = published.desk.profile("gold.copied")
    total = next(each for each in found.columns if each.name == "total_amount")
    assert (found.rows, total.smallest, total.largest) == (2, "10.00", "20.00")
    with pytest.raises(UnknownName) as caught:
        published.desk.profile("gold.fact_order")
    assert caught.value.nearest == "gold.fact_orders"


def test_where_the_project_does_not_compile_checks_run_and_every_value_is_masked(
    published: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_engine: Engine) -> None:
        raise CompileFailed("a model does not compile")

    monkeypatch.setattr(Engine, "compiled", refused)
    published.tamper("update gold.copied set total_amount = 10.01 where order_id = '1'")
    (result,) = published.desk.run(name="own").results
    assert result.verdict is Verdict.FAILED
    assert result.samples is not None
    assert set(result.samples.masked) == set(result.samples.columns) - {"differs"}
    assert all(each.smallest is None for each in published.desk.profile("gold.copied").columns)
