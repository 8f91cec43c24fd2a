"""Where memory is too short to make a table sorted, a first build makes it and sorts it then."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from amalimart.core.errors import WarehouseError
from amalimart.lake import Operation
from amalimart.warehouse.executor import Executor
from amalimart.warehouse.file.hot_file import HotFile
from amalimart.warehouse.graph import CompiledGraph, model_id
from amalimart.warehouse.lake_view import lake_state
from amalimart.warehouse.project.model_log import forget_project
from tests.warehouse.tiny_graph import tiny_graph
from tests.warehouse.tiny_shop import ZONE, Shop

MEMORY = 64 * 1024**2
TOO_MUCH = "create or replace table gold.hoard as select list(range) as held from range(50000000)"
DEAR = ("9", "7", "2026-03-01 10:00:00", "8.00", "done", "False", "sale")
CHEAP = ("10", "7", "2026-03-09 10:00:00", "2.00", "done", "False", "sale")
FACTS = 'create or replace table "gold"."fact_orders"'


class _Stingy:
    """A cursor on which a statement of `refused` takes more memory than the engine has."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, file: _StingyFile) -> None:
        self._cursor = cursor
        self._file = file

    def execute(self, sql: str, *parameters: Any) -> duckdb.DuckDBPyConnection:
        if FACTS in sql:
            self._file.made.append(sql)
        return self._cursor.execute(TOO_MUCH if self._file.refuses(sql) else sql, *parameters)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


class _StingyFile(HotFile):
    """A file whose engine refuses to make the facts and to sort them at once; or to make them at all."""

    is_hopeless = False

    def __init__(self, shop: Shop) -> None:
        super().__init__(
            shop.folder / "stingy.duckdb", readable_folders=[shop.lake.root], memory_bytes=MEMORY
        )
        self.made: list[str] = []

    def refuses(self, sql: str) -> bool:
        if FACTS not in sql:
            return False
        return self.is_hopeless or ("order by" in sql and not sql.startswith(f"{FACTS} as (select * from"))

    @contextmanager
    def write(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with super().write() as cursor:
            yield _Stingy(cursor, self)  # type: ignore[misc]


@pytest.fixture
def stingy(shop: Shop) -> Iterator[_StingyFile]:
    file = _StingyFile(shop)
    yield file
    file.close()


def by_amount(shop: Shop) -> CompiledGraph:
    """The shop's graph, with its facts sorted by what they come to."""
    graph = tiny_graph(shop)
    facts = model_id("fact_orders")
    models = tuple(
        replace(model, sorted_by=("total_amount",)) if model.unique_id == facts else model
        for model in graph.models
    )
    return replace(graph, models=models)


def publish(shop: Shop, file: HotFile, project_hash: str | None = None) -> None:
    executor = Executor(file, shop.clock, ZoneInfo(ZONE))
    graph = by_amount(shop)
    graph = replace(graph, project_hash=project_hash or graph.project_hash)
    assert executor.publish(graph, lake_state(shop.lake, {"shop": shop.mapping})) is not None


def test_a_table_that_cannot_be_made_sorted_is_made_and_sorted_then(
    shop: Shop, stingy: _StingyFile, caplog: pytest.LogCaptureFixture
) -> None:
    shop.land(DEAR, CHEAP)
    with caplog.at_level(logging.INFO):
        publish(shop, stingy)
    assert len(stingy.made) == 3
    assert "memory is short" in caplog.text
    with stingy.read() as transaction:
        assert transaction.rows("select order_id from gold.fact_orders order by rowid").rows == (
            ("10",),
            ("9",),
        )
        assert transaction.rows("select count(*) from staging.stg_orders").rows == ((2,),)
    shop.land(("11", "7", "2026-03-09 10:00:00", "3.00", "done", "False", "sale"), operation=Operation.UPSERT)
    publish(shop, stingy)
    with stingy.read() as transaction:
        assert transaction.rows("select count(*) from gold.fact_orders").rows == ((3,),)


def test_a_table_that_cannot_be_made_at_all_is_told_once(shop: Shop, stingy: _StingyFile) -> None:
    shop.land(DEAR)
    stingy.is_hopeless = True
    with pytest.raises(WarehouseError, match="more memory than it may take"):
        publish(shop, stingy)
    assert len(stingy.made) == 2
    assert stingy.latest_release() is None
    stingy.is_hopeless = False
    publish(shop, stingy)
    with stingy.read() as transaction:
        assert transaction.rows("select order_id from gold.fact_orders").rows == (("9",),)


def test_over_a_release_it_is_said_that_a_rebuild_beside_takes_less(shop: Shop, stingy: _StingyFile) -> None:
    shop.land(DEAR)
    publish(shop, stingy)
    with stingy.write() as cursor:
        forget_project(cursor)  # as after an upgrade: the next process makes every model anew
    shop.land(CHEAP, operation=Operation.UPSERT)
    with pytest.raises(WarehouseError, match="more memory than it may take") as refused:
        publish(shop, stingy, "another")
    assert "amalimart warehouse rebuild" in str(refused.value.next_step)
    with stingy.read() as transaction:
        assert transaction.release.release_id == 1
        assert transaction.rows("select order_id from gold.fact_orders").rows == (("9",),)
