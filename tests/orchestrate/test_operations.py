"""Long operations: one at a time, told of while they run, and a compaction that begins by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from amalimart.core.errors import NotFound, OperationUnderWay, TooLittleMemory
from amalimart.core.operations import Operation, OperationKind, OperationState
from amalimart.orchestrate.releases import operations
from amalimart.orchestrate.releases.operations import Operations
from amalimart.orchestrate.releases.rebuilding import TakenOver
from amalimart.orchestrate.releases.refresh_loop import RefreshLoop
from tests.orchestrate.landed_shop import LandedShop, tiny_models


@pytest.fixture(scope="module", autouse=True)
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with tiny_models(tmp_path_factory.mktemp("models")):
        yield


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[LandedShop]:
    opened = LandedShop(tmp_path / "home")
    opened.land(("1", "10"))
    opened.engine.refresh()
    yield opened
    opened.engine.close()


@pytest.fixture
def loop(shop: LandedShop) -> RefreshLoop:
    return RefreshLoop(shop.engine)


@pytest.fixture
def running(shop: LandedShop, loop: RefreshLoop) -> Iterator[Operations]:
    opened = Operations(shop.engine, loop, shop.clock)
    yield opened
    opened.wait()


def ended(running: Operations, begun: Operation) -> Operation:
    running.wait()
    return running.find(begun.operation_id)


def test_a_rebuild_is_told_of_and_readers_learn_its_release(
    running: Operations, loop: RefreshLoop, shop: LandedShop
) -> None:
    begun = running.start(OperationKind.REBUILD)
    assert begun.state is OperationState.RUNNING
    done = ended(running, begun)
    assert (done.state, done.share, done.error) == (OperationState.DONE, 1.0, None)
    assert done.result is not None
    assert (done.result["release_id"], done.result["differences"]) == (2, [])
    assert loop.last_report is not None
    assert loop.last_report.release == shop.engine.hot_file.latest_release()
    assert running.latest == done


def test_a_second_one_waits_for_the_first_to_end(
    running: Operations, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()

    def slow(*_: object) -> TakenOver:
        assert go_on.wait(30)
        return TakenOver(2, 1, None, 1, None)

    monkeypatch.setattr(operations, "compact", slow)
    begun = running.start(OperationKind.COMPACT)
    try:
        with pytest.raises(OperationUnderWay, match="a compact of the warehouse is under way") as refused:
            running.start(OperationKind.REBUILD)
        assert refused.value.where == begun.operation_id
    finally:
        go_on.set()
    assert ended(running, begun).result == {"bytes_before": 2, "bytes_after": 1, "release_id": 1}
    with pytest.raises(NotFound):
        running.find("another")


@pytest.mark.parametrize(
    ("trouble", "code"), [(TooLittleMemory("no room"), "too_little_memory"), (KeyError("x"), "internal")]
)
def test_what_fails_says_why_and_the_old_file_serves(
    running: Operations, shop: LandedShop, monkeypatch: pytest.MonkeyPatch, trouble: Exception, code: str
) -> None:
    def fails(*_: object) -> TakenOver:
        raise trouble

    monkeypatch.setattr(operations, "rebuild", fails)
    failed = ended(running, running.start(OperationKind.REBUILD))
    assert failed.state is OperationState.FAILED
    assert failed.error is not None
    assert failed.error["code"] == code
    assert shop.value("select count(*) from gold.fact_orders") == 1


def test_a_file_twice_as_large_as_what_is_in_it_is_compacted_at_a_quiet_moment(
    running: Operations, shop: LandedShop, loop: RefreshLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "_WORTH_BYTES", 1)
    loop.at_rest = running.at_rest
    with shop.engine.hot_file._cursor() as cursor:
        cursor.execute("checkpoint")
    running.at_rest()
    assert running.latest is None  # it is as small as it can be
    with shop.engine.hot_file._cursor() as cursor:
        cursor.execute("create table gold.heavy as select random() as x from range(2_000_000)")
        cursor.execute("create table gold.behind_it as select 7 as x")
        cursor.execute("checkpoint; drop table gold.heavy; checkpoint")
    before = shop.engine.hot_file.bytes
    running._look_at = 0.0
    loop.last_report_at = time.monotonic()
    assert loop.refresh_once()
    assert running.latest is None  # a release has just been published
    loop.last_report_at = time.monotonic() - 31
    assert loop.refresh_once()
    assert running.latest is not None
    assert ended(running, running.latest).state is OperationState.DONE
    assert shop.engine.hot_file.bytes < before / 2
    first = running.latest
    assert loop.refresh_once()
    assert running.latest == first
