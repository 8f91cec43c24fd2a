"""The engine over a project folder: its own models, what it refuses, and a loop that nothing ends."""

from __future__ import annotations

import errno
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Queue
from typing import Any

import pyarrow as pa
import pytest

from amalimart.config.source_settings import SourceSettings
from amalimart.core.errors import (
    CompileFailed,
    DiskFull,
    Internal,
    ModelFailed,
    UnsupportedFeature,
)
from amalimart.core.giving_way import NICENESS
from amalimart.lake import CommitKind, Operation
from amalimart.orchestrate.engine import Engine
from amalimart.orchestrate.project.init import add_source, init_project
from amalimart.orchestrate.releases.refresh_loop import RefreshLoop
from amalimart.warehouse import arrivals, bronze, executor
from amalimart.warehouse.project import compiler, project_files
from amalimart.warehouse.project.compiler import compile_project
from amalimart.warehouse.releases.blocked_builds import blocked_builds
from tests.orchestrate.landed_shop import SettableClock
from tests.warehouse.tiny_shop import PROJECT_FILES

MAPPING = """\
mapping: shop
description: One table.
time_zone: Africa/Accra
tables: {orders: {}}
entities:
  orders:
    table: orders
    columns:
      order_id: id
      order_date: at
      total_amount: total
      currency: {constant: GHS}
"""
DAY_MODEL = "select business_day from {{ source('meta', 'run_context') }}\n"


class Shop:
    """A project folder with one landed order, and its engine over a tiny packaged dbt project."""

    def __init__(self, home: Path) -> None:
        self.clock = SettableClock(datetime(2026, 3, 10, 12, tzinfo=UTC))
        project = init_project(home)
        (home / "sources" / "shop.yml").write_text(MAPPING)
        drops = home / "drops"
        drops.mkdir()
        self.project = add_source(project, "shop", SourceSettings(kind="files", mapping="shop", folder=drops))
        self.models = home / "models"
        self.engine = Engine(self.project, self.clock)

    def land(self, order: str, total: str, kind: CommitKind = CommitKind.CHANGES) -> None:
        schema = pa.schema([(name, pa.string()) for name in ("id", "at", "total")])
        rows = [{"id": order, "at": "2026-03-01", "total": total}]
        operation = Operation.SNAPSHOT if kind is CommitKind.SNAPSHOT else Operation.UPSERT
        with self.engine.lake.begin("shop", kind) as writer:
            writer.write("orders", [pa.RecordBatch.from_pylist(rows, schema)], operation, schema=schema)
            writer.commit({}, self.clock.now())

    def model(self, name: str, text: str) -> Path:
        """Write a file of the overlay, with a time of change that no earlier one has."""
        path = self.models / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        self._ticks = getattr(self, "_ticks", 0) + 1
        os.utime(path, (self._ticks, self._ticks))
        return path

    def value(self, sql: str) -> object:
        with self.engine.hot_file.read() as transaction:
            return transaction.rows(sql).rows[0][0]


@pytest.fixture(scope="session")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packaged")
    for name, text in PROJECT_FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture
def shop(tmp_path: Path, packaged: Path, compiled: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    whole = project_files.assemble
    monkeypatch.setattr(
        "amalimart.orchestrate.engine.compile_project",
        lambda folder, project_hash, _cache, settings: compile_project(
            folder, project_hash, compiled, settings
        ),
    )
    monkeypatch.setattr(
        "amalimart.orchestrate.engine.assemble",
        lambda folder, sources, settings, overlays, **_: whole(folder, sources, settings, overlays, packaged),
    )
    opened = Shop(tmp_path / "home")
    opened.land("1", "10", CommitKind.SNAPSHOT)
    yield opened
    opened.engine.close()


@pytest.mark.slow
def test_a_model_of_the_project_replaces_the_packaged_one_of_its_name(shop: Shop) -> None:
    shop.model(
        "fact_orders.sql", "select order_id, total_amount * 2 as total_amount from {{ ref('stg_orders') }}"
    )
    shop.engine.refresh()
    assert str(shop.value("select total_amount from gold.fact_orders")) == "20.00"


@pytest.mark.slow
def test_a_table_may_become_a_view_and_a_table_again(shop: Shop) -> None:
    shop.engine.refresh()
    select = "select order_id, total_amount from {{ ref('stg_orders') }}"
    shop.model("fact_orders.sql", "{{ config(materialized='view') }} " + select)
    assert shop.engine.refresh() is not None
    assert str(shop.value("select total_amount from gold.fact_orders")) == "10.00"
    shop.model("fact_orders.sql", select)
    assert shop.engine.refresh() is not None
    assert str(shop.value("select total_amount from gold.fact_orders")) == "10.00"


@pytest.mark.slow
def test_a_model_that_is_taken_away_leaves_no_table_and_no_result_behind(shop: Shop) -> None:
    model = shop.model("extra.sql", "select 1 as one")
    described = "models: [{name: extra, columns: [{name: one, data_tests: [not_null]}]}]"
    tested = shop.model("extra.yml", described)
    shop.engine.refresh()
    assert shop.value("select one from gold.extra") == 1
    assert shop.value("select count(*) from meta.check_results where check_name like 'not_null_extra%'") == 1
    model.unlink()
    tested.unlink()
    shop.engine.refresh()
    assert shop.value("select count(*) from information_schema.tables where table_name = 'extra'") == 0
    assert shop.value("select count(*) from meta.check_results where check_name like 'not_null_extra%'") == 0


def test_a_new_business_day_rebuilds_what_depends_on_the_day_and_nothing_else(shop: Shop) -> None:
    shop.model("today.sql", DAY_MODEL)
    shop.engine.refresh()
    shop.clock.instant += timedelta(hours=11)
    assert shop.engine.refresh() is None
    shop.clock.instant += timedelta(hours=2)
    report = shop.engine.refresh()
    assert report is not None
    assert report.models == 1
    assert str(shop.value("select business_day from gold.today")) == "2026-03-11"


def test_the_report_counts_the_rows_that_were_built(shop: Shop) -> None:
    report = shop.engine.refresh()
    assert report is not None
    assert report.rows == 4  # one current row, one staged order, its line of reconciliation, one fact


SELECT = "select 1 as one"


@pytest.mark.parametrize("name", ["m.py", "seed.csv"])
def test_a_file_that_the_executor_cannot_run_is_refused_by_name(shop: Shop, name: str) -> None:
    shop.model(name, "a\n1\n")
    with pytest.raises(UnsupportedFeature, match=name) as refused:
        shop.engine.refresh()
    assert refused.value.where == str(shop.models / name)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"mine.sql": "select {{ ref('nowhere') }}"}, r"mine.*depends on a node named 'nowhere'"),
        ({"mine.sql": "select {% if %} 1"}, r"mine\.sql"),
        pytest.param(
            {"a.sql": "select * from {{ ref('b') }}", "b.sql": "select * from {{ ref('a') }}"},
            r"cycle.*model\.",
            marks=pytest.mark.slow,
        ),
        pytest.param({"mine.sql": "select {{ run_query('select 1') }}"}, r"mine", marks=pytest.mark.slow),
    ],
)
def test_a_model_that_does_not_compile_is_named_in_dbts_words(
    shop: Shop, files: dict[str, str], words: str
) -> None:
    for name, text in files.items():
        shop.model(name, text)
    with pytest.raises(CompileFailed, match=words):
        shop.engine.refresh()


@pytest.mark.slow
def test_a_model_whose_sql_fails_is_named_in_the_engines_words(shop: Shop) -> None:
    shop.model("mine.sql", "select nothing from {{ ref('fact_orders') }}")
    with pytest.raises(ModelFailed, match=r"gold\.mine.*nothing"):
        shop.engine.refresh()


# The loop.


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux knows the niceness of a thread")
def test_what_publishes_gives_way_to_those_who_ask(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    seen: Queue[int] = Queue()
    loop = RefreshLoop(shop.engine)
    monkeypatch.setattr(shop.engine, "refresh", lambda *_: seen.put(niceness()))
    loop.start()
    assert seen.get(timeout=10) == niceness() + NICENESS
    loop.stop()


def test_a_broken_overlay_keeps_the_old_release_is_said_and_recovers_when_mended(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = RefreshLoop(shop.engine)
    assert loop.refresh_once()
    mine = shop.model("mine.sql", "select {{ ref('nowhere') }}")
    shop.land("2", "5")
    compilations = count_calls(monkeypatch, compiler, "_run_dbt")
    for _ in range(3):
        assert not loop.refresh_once()
    assert len(compilations) == 1  # dbt is not run again for the same files
    assert isinstance(loop.last_error, CompileFailed)
    with shop.engine.hot_file.records() as cursor:
        [held] = blocked_builds(cursor, 10)
    assert (held.code, held.what, held.serving) == ("compile_failed", loop.last_error.what, 1)
    assert loop.building is None
    assert shop.value("select count(*) from gold.fact_orders") == 1
    mine.write_text(SELECT)
    assert loop.refresh_once()
    assert loop.last_error is None
    assert shop.value("select count(*) from gold.fact_orders") == 2


def count_calls(monkeypatch: pytest.MonkeyPatch, module: object, name: str) -> list[object]:
    calls: list[object] = []
    whole: Callable[..., object] = getattr(module, name)

    def counted(*arguments: object) -> object:
        calls.append(arguments)
        return whole(*arguments)

    monkeypatch.setattr(module, name, counted)
    return calls


def test_a_disk_that_fills_up_while_the_models_are_assembled_is_said_so(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("amalimart.orchestrate.engine.assemble", full)
    with pytest.raises(DiskFull):
        shop.engine.refresh()


def test_a_refused_project_is_tried_again_after_a_while(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def refused(*_: object) -> None:
        tried.append(1)
        raise CompileFailed("no")

    monkeypatch.setattr("amalimart.orchestrate.engine.compile_project", refused)
    for seconds, times in ((300.0, 1), (300.0, 1), (0.0, 2), (0.0, 3)):
        monkeypatch.setattr("amalimart.orchestrate.engine._TRY_AGAIN_SECONDS", seconds)
        with pytest.raises(CompileFailed):
            shop.engine.refresh()
        assert len(tried) == times


@pytest.mark.parametrize("defect", [ZeroDivisionError("a defect"), OSError("a disk"), KeyError("x")])
def test_no_defect_ends_the_loop(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, defect: Exception
) -> None:
    loop = RefreshLoop(shop.engine)

    def broken(*_: object) -> None:
        raise defect

    with monkeypatch.context() as during, caplog.at_level(logging.ERROR):
        during.setattr(executor.Executor, "publish", broken)
        assert not loop.refresh_once()
    assert isinstance(loop.last_error, Internal)
    assert type(defect).__name__ in loop.last_error.what
    assert caplog.records[-1].exc_info is not None
    assert loop.refresh_once()
    assert loop.last_error is None


def test_the_thread_outlives_a_defect(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("amalimart.orchestrate.releases.refresh_loop._RETRY_SECONDS", 0.01)
    whole, seen = shop.engine.refresh, list[int]()

    def broken_at_first(*arguments: object) -> object:
        seen.append(1)
        if len(seen) < 3:
            raise RuntimeError("a defect")
        return whole(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(shop.engine, "refresh", broken_at_first)
    loop = RefreshLoop(shop.engine)
    loop.start()
    deadline = datetime.now(UTC) + timedelta(seconds=20)
    while loop.last_report is None and datetime.now(UTC) < deadline:
        loop._thread.join(0.02)
    loop.stop()
    assert loop.last_report is not None
    assert loop.last_error is None


def test_the_thread_rests_for_as_long_as_it_shared_the_machine_with_readers(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.engine.refresh()
    loop, rests, read_for = RefreshLoop(shop.engine), list[float](), iter((0.0, 0.5, 60.0))

    def refreshed(*_: object) -> None:
        with shop.engine.hot_file.read():
            moved.append(next(read_for))

    def rested(seconds: float) -> bool:
        rests.append(seconds)
        if len(rests) == 3:
            loop._stop.set()
        return False

    moved = [0.0]
    monkeypatch.setattr("amalimart.core.admission.time.monotonic", lambda: sum(moved))
    monkeypatch.setattr(shop.engine, "refresh", refreshed)
    monkeypatch.setattr(loop._stop, "wait", rested)
    loop._run()
    assert rests == [0.25, 0.5, 10.0]


@pytest.mark.slow
def test_a_damaged_cache_of_the_compiler_is_made_anew(shop: Shop, compiled: Path) -> None:
    shop.engine.refresh()
    for cached in compiled.glob("*-*.json"):
        cached.write_text("{")
    shop.engine._graph = None
    shop.land("2", "5")
    shop.engine.refresh()
    assert shop.value("select count(*) from gold.fact_orders") == 2


# Compaction.


def test_files_that_were_compacted_away_between_two_builds_are_not_missed(shop: Shop) -> None:
    shop.engine.refresh()
    shop.land("2", "5")
    shop.engine.refresh()
    assert shop.engine.lake.compact("shop") is not None
    assert shop.engine.refresh() is None  # the rows are the same
    shop.clock.instant += timedelta(hours=2)  # the grace period is over: the old files leave the disk
    assert shop.engine.lake.recover("shop").expired == 2
    shop.land("3", "1")
    assert shop.engine.refresh() is not None
    assert shop.value("select count(*) from gold.fact_orders") == 3


def test_a_compaction_during_a_build_and_under_a_reader_disturbs_neither(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.engine.refresh()
    shop.land("2", "5")
    taken = bronze.take_news

    def compacted_in_between(*arguments: Any) -> frozenset[str]:
        assert shop.engine.lake.compact("shop") is not None
        return taken(*arguments)

    monkeypatch.setattr(arrivals, "take_news", compacted_in_between)
    with shop.engine.hot_file.read() as transaction:
        assert transaction.rows("select count(*) from gold.fact_orders").rows == ((1,),)
        assert shop.engine.refresh() is not None
        assert transaction.rows("select count(*) from gold.fact_orders").rows == ((1,),)
    assert shop.value("select count(*) from gold.fact_orders") == 2
