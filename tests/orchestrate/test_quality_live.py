"""Checks against a live PostgreSQL: what was lost is found, what may have come since is no fault."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from amalimart.config.project import open_project
from amalimart.config.source_settings import SourceSettings
from amalimart.control.database import open_database
from amalimart.core.quality import QualityResult, Verdict
from amalimart.orchestrate.engine import Engine
from amalimart.orchestrate.project.init import add_source, init_project
from amalimart.orchestrate.quality.desk import QualityDesk
from amalimart.orchestrate.sources.opening import open_source
from amalimart.sources import ingest_once
from tests.orchestrate.landed_shop import SettableClock, tiny_models

if TYPE_CHECKING:
    from tests.mariadb_server import MySQLDatabase
    from tests.sources.conftest import Database

pytestmark = pytest.mark.slow

MAPPING = """\
mapping: shop
description: One table.
time_zone: Africa/Accra
tables: {sales: {key: [id]}}
entities:
  orders:
    table: sales
    columns:
      order_id: id
      order_date: at
      total_amount: total
      currency: {constant: GHS}
      updated_at: changed
"""
MODEL = """\
select order_id, cast(order_date as date) as order_date, total_amount, currency from {{ ref('stg_orders') }}
"""
OWN = """\
kind: reconciliation
description: Every order of the shop's database.
owner: tests
severity: error
every: day
against: database
source:
  table: staging.stg_orders
  key: order_id
  day: order_date
  currency: currency
  amounts: {total: total_amount}
  changed: updated_at
gold:
  table: gold.own_orders
  key: order_id
  day: order_date
  currency: currency
  amounts: {total: total_amount}
"""
SALES = """
insert into sales values (1, '2020-03-01', 10, '2020-03-01'), (2, '2020-03-01', 20, '2020-03-01'),
    (3, '2020-03-02', 30, '2020-03-02')
"""


class LiveShop:
    """A database, a project that reads it, and its desk."""

    def __init__(self, home: Path, database: Database | MySQLDatabase, *, is_mysql: bool = False) -> None:
        moment = "datetime(6)" if is_mysql else "timestamp"
        columns = f"id bigint primary key, at {moment}, total decimal(12, 2), changed {moment}"
        database.run(f"create table sales ({columns})", SALES)
        self.database = database
        self.now = "utc_timestamp(6)" if is_mysql else "now() at time zone 'UTC'"
        project = init_project(home)
        (home / "sources" / "shop.yml").write_text(MAPPING)
        (home / "models" / "own_orders.sql").write_text(MODEL)
        (home / "quality" / "own.yml").write_text(OWN)
        settings = SourceSettings(
            kind="mysql" if is_mysql else "postgres",
            mapping="shop",
            url="secret:SHOP",
            capture="stream" if is_mysql else "poll",
        )
        add_source(project, "shop", settings, database.address)
        self.clock = SettableClock(datetime.now(UTC))
        self.engine = Engine(open_project(home), self.clock)
        self.control = open_database(self.engine.project.control_database)
        self.desk = QualityDesk(self.engine, self.control, self.clock)

    def follow(self) -> None:
        settings = self.engine.project.settings.sources["shop"]
        with closing(open_source(self.engine.project, "shop", settings)) as source:
            ingest_once(self.engine.lake, "shop", source, self.engine.mappings["shop"])
        self.engine.refresh()

    def check(self) -> QualityResult:
        (result,) = self.desk.run(name="own").results
        return result


@pytest.fixture
def live(tmp_path: Path, database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveShop]:
    with tiny_models(tmp_path_factory.mktemp("models")):
        shop = LiveShop(tmp_path / "home", database)
        shop.follow()
        yield shop
        shop.control.dispose()
        shop.engine.close()


@pytest.fixture
def live_mysql(
    tmp_path: Path, mysql_database: MySQLDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveShop]:
    with tiny_models(tmp_path_factory.mktemp("models")):
        shop = LiveShop(tmp_path / "home", mysql_database, is_mysql=True)
        shop.follow()
        yield shop
        shop.control.dispose()
        shop.engine.close()


def keys(result: QualityResult) -> list[str | None]:
    assert result.samples is not None
    return [row[0] for row in result.samples.rows]


@pytest.mark.parametrize("kind", ["live", "live_mysql"])
def test_what_differs_is_told_as_far_as_it_can_be(kind: str, request: pytest.FixtureRequest) -> None:
    live: LiveShop = request.getfixturevalue(kind)
    healthy = live.check()
    assert healthy.verdict is Verdict.PASSED, healthy.message
    assert "only days before" in healthy.message
    assert healthy.value == 3

    # Not noted as changed, and not in the release: the change was lost.
    live.database.run("update sales set total = 10.01 where id = 1")
    lost = live.check()
    assert lost.verdict is Verdict.FAILED
    assert keys(lost) == ["1"]

    # Changed a moment ago, and deleted a moment ago: the release could not have it yet.
    live.database.run("update sales set total = 10 where id = 1")
    live.database.run(f"update sales set total = 21, changed = {live.now} where id = 2")
    live.database.run("delete from sales where id = 3")
    recent = live.check()
    assert recent.verdict is Verdict.CANNOT_TELL
    assert sorted(filter(None, keys(recent))) == ["2", "3"]
    assert "may have changed since the release" in recent.message

    # An order of today is not compared.
    live.database.run(f"insert into sales values (4, {live.now}, 1, {live.now})")
    assert sorted(filter(None, keys(live.check()))) == ["2", "3"]
    assert list((live.engine.project.build).glob("live-*")) == []


def test_a_database_that_is_away_cannot_be_told(live: LiveShop) -> None:
    (live.engine.project.home / "secrets.env").write_text("SHOP=postgresql://nobody@127.0.0.1:1/shop\n")
    result = live.check()
    assert result.verdict is Verdict.CANNOT_TELL
    shape = live.desk.run(name="sources_keep_their_shape").results[0]
    assert shape.verdict is Verdict.CANNOT_TELL
    assert "cannot be looked at" in shape.message


def test_a_change_of_the_tables_shape_is_seen(live: LiveShop) -> None:
    name = "sources_keep_their_shape"
    assert live.desk.run(name=name).results[0].verdict is Verdict.PASSED
    live.database.run("alter table sales alter total type decimal(14, 2)")
    (widened,) = live.desk.run(name=name).results
    assert widened.actual == "widening: total was numeric(12,2) and is numeric(14,2)"
    live.database.run("alter table sales alter total type decimal(8, 2)")
    (narrowed,) = live.desk.run(name=name).results
    assert "breaking" in narrowed.actual
    live.database.run("alter table sales rename total to amount")
    (renamed,) = live.desk.run(name=name).results
    assert "the column total is gone" in renamed.actual
