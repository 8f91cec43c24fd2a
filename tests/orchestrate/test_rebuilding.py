"""Another file takes over: what it holds, what goes on, who may read meanwhile, and what a kill leaves."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from amalimart.core.errors import CheckFailed, DiskFull, TooLittleMemory
from amalimart.lake import Operation
from amalimart.orchestrate.releases import rebuilding
from amalimart.orchestrate.releases.rebuilding import compact, rebuild
from amalimart.warehouse.file.hot_file import HotFile
from amalimart.warehouse.file.swapping import _OF_THE_FILE, TableDifference
from tests.orchestrate.landed_shop import LandedShop, tiny_models

SUM = "select sum(total_amount) from gold.fact_orders"


def silent(_share: float, _what: str) -> None:
    """Nobody watches."""


@pytest.fixture(scope="module", autouse=True)
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with tiny_models(tmp_path_factory.mktemp("models")):
        yield


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[LandedShop]:
    opened = LandedShop(tmp_path / "home")
    opened.land(("1", "10"), ("2", "20"), ("3", "300"))
    opened.engine.refresh()
    opened.land(("2", "25"))
    opened.engine.refresh()
    yield opened
    opened.engine.close()


def files_of(shop: LandedShop) -> list[str]:
    folder = shop.home / "data" / "warehouse.files"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_a_rebuild_equals_what_served_and_becomes_the_next_release(shop: LandedShop) -> None:
    before = shop.rows("select * from meta.releases order by 1")
    shop.clock.instant += timedelta(minutes=5)
    taken = rebuild(shop.engine, shop.clock, silent)
    assert taken.comparison is not None
    assert taken.comparison.differences == ()
    assert taken.comparison.at_one_position
    assert taken.comparison.tables > 5
    assert taken.release_id == 3
    assert taken.report is not None
    assert taken.report.release == shop.engine.hot_file.latest_release()
    assert taken.report.release.published_at == shop.clock.instant
    assert shop.rows("select * from meta.releases where release_id < 3 order by 1") == before
    assert shop.value("select rows_built from meta.releases where release_id = 3") > 6  # type: ignore[operator]
    assert shop.value(SUM) == Decimal("335.00")
    assert shop.value("select total_amount from gold.largest_order") == Decimal("300.00")
    assert files_of(shop) == ["1.duckdb"]
    assert shop.engine.refresh() is None


def test_what_follows_a_rebuild_is_followed_and_counted_on(shop: LandedShop) -> None:
    rebuild(shop.engine, shop.clock, silent)
    shop.land(("4", "1"))
    report = shop.engine.refresh()
    assert report is not None
    assert report.release.release_id == 4
    assert shop.value(SUM) == Decimal("336.00")
    shop.engine.close()
    shop.engine = shop.opened()
    assert shop.value(SUM) == Decimal("336.00")
    assert shop.engine.refresh() is None


@pytest.mark.slow
def test_blocked_builds_and_results_of_checks_go_on(shop: LandedShop) -> None:
    shop.land(("9", "2000000"))
    with pytest.raises(CheckFailed):
        shop.engine.refresh()
    with pytest.raises(CheckFailed):
        rebuild(shop.engine, shop.clock, silent)
    assert shop.value(SUM) == Decimal("335.00")
    assert files_of(shop) == []
    shop.land(("9", "2"))
    taken = rebuild(shop.engine, shop.clock, silent)
    assert taken.release_id == 4  # the served one caught up as release 3, to be compared with
    assert shop.value("select count(*) from meta.blocked_builds") == 1
    assert shop.rows("select distinct release_id from meta.check_results") == [(4,)]


def test_a_served_table_that_was_tampered_with_is_told_and_put_right(shop: LandedShop) -> None:
    with shop.engine.hot_file.write() as cursor:
        cursor.execute("update gold.fact_orders set total_amount = 0 where order_id = '3'")
        cursor.execute("delete from staging.stg_orders where order_id = '1'")
    taken = rebuild(shop.engine, shop.clock, silent)
    assert taken.comparison is not None
    assert set(taken.comparison.differences) == {
        TableDifference("gold.fact_orders", 3, 3),
        TableDifference("staging.stg_orders", 2, 3),
    }
    assert shop.value(SUM) == Decimal("335.00")


def test_a_compacted_file_holds_the_same_releases_tables_and_views(shop: LandedShop) -> None:
    everything = "select * from gold.fact_orders order by 1", "select * from meta.releases order by 1"
    before = [shop.rows(sql) for sql in everything]
    taken = compact(shop.engine, shop.clock, silent)
    assert [shop.rows(sql) for sql in everything] == before
    assert (taken.release_id, taken.report) == (2, None)
    assert shop.value("select total_amount from gold.largest_order") == Decimal("300.00")
    assert shop.engine.refresh() is None  # it knows the project and the positions it was built with
    shop.land(("1", "11"), operation=Operation.UPSERT)
    report = shop.engine.refresh()
    assert report is not None
    assert report.release.release_id == 3
    assert shop.value(SUM) == Decimal("336.00")


def test_a_view_of_files_that_are_gone_does_not_keep_a_file_from_being_compacted(shop: LandedShop) -> None:
    for number in range(5):
        shop.land(("5", str(number)))
        shop.engine.refresh()
    shop.engine.lake.compact("shop")
    for path in (shop.engine.lake.root / "shop" / "data").rglob("*.parquet"):
        live = {str(p) for t in shop.engine.lake.live_files("shop").values() for p in t.paths}
        if str(path) not in live:
            path.unlink()
    compact(shop.engine, shop.clock, silent)
    assert shop.value(SUM) == Decimal("339.00")
    assert shop.value("select count(distinct id) from bronze.shop__orders") == 4


@pytest.mark.slow
def test_a_file_with_much_deleted_becomes_as_small_as_a_fresh_one(shop: LandedShop) -> None:
    with shop.engine.hot_file._cursor() as cursor:
        cursor.execute("create table gold.heavy as select random() as x from range(4_000_000)")
        cursor.execute("create table gold.behind_it as select 7 as x")
        cursor.execute("checkpoint; drop table gold.heavy; checkpoint")
    before = shop.engine.hot_file.bytes
    assert before > 30_000_000
    taken = compact(shop.engine, shop.clock, silent)
    assert (taken.bytes_before, taken.bytes_after) == (before, shop.engine.hot_file.bytes)
    assert taken.bytes_after < before / 3
    assert shop.value("select x from gold.behind_it") == 7


def test_every_table_of_the_files_memory_is_its_own_or_goes_on(shop: LandedShop) -> None:
    # A new table of `meta`: say in warehouse/file/swapping.py whether it only tells how its file was built.
    found = shop.rows("select table_name from duckdb_tables() where schema_name = 'meta' order by 1")
    tables_of_releases = {"releases", "release_checks", "release_models", "release_reasons"}
    goes_on = tables_of_releases | {"blocked_builds", "check_results"}
    assert {str(name) for (name,) in found} == _OF_THE_FILE | goes_on


def test_what_is_read_meanwhile_ends_on_the_old_file(shop: LandedShop) -> None:
    with shop.engine.hot_file.read() as reading:
        assert reading.rows(SUM).rows == ((Decimal("335.00"),),)
        shop.land(("4", "1"))
        rebuild(shop.engine, shop.clock, silent)
        rebuild(shop.engine, shop.clock, silent)
        assert shop.value(SUM) == Decimal("336.00")
        assert reading.rows(SUM).rows == ((Decimal("335.00"),),)
        assert reading.release.release_id == 2
    assert files_of(shop) == ["2.duckdb"]
    shop.land(("4", "2"))
    shop.engine.refresh()
    assert shop.value(SUM) == Decimal("337.00")


@pytest.mark.slow
def test_changes_that_come_while_it_builds_are_in_it(shop: LandedShop) -> None:
    told: list[str] = []

    def lands_more(share: float, what: str) -> None:
        if what not in told:
            told.append(what)
            shop.land((f"more {len(told)}", "1"))
            if share < 0.9:
                shop.engine.refresh()

    taken = rebuild(shop.engine, shop.clock, lands_more)
    assert len(told) > 3
    assert taken.comparison is not None
    assert taken.comparison.differences == ()
    assert taken.comparison.at_one_position
    assert shop.value("select count(*) from gold.fact_orders") == 3 + len(told)
    assert shop.value("select max(release_id) = count(*) from meta.releases") is True


def test_without_room_nothing_begins(shop: LandedShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuilding, "free_memory_bytes", lambda: 1000)
    with pytest.raises(TooLittleMemory, match="needs 536,870,912 bytes of memory, and 1,000 are free"):
        rebuild(shop.engine, shop.clock, silent)
    monkeypatch.undo()
    monkeypatch.setattr(rebuilding, "_LEAST_DISK", 1 << 60)
    with pytest.raises(DiskFull, match=r"needs [0-9,]+ bytes on the disk, and [0-9,]+ are free"):
        compact(shop.engine, shop.clock, silent)
    assert files_of(shop) == []


def test_where_a_system_does_not_say_what_is_free_the_engines_own_limit_stands(
    shop: LandedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "free_memory_bytes", lambda: None)
    rebuilding.require_room(shop.engine)
    monkeypatch.setattr(rebuilding, "most_memory_bytes", lambda: 1000)
    with pytest.raises(TooLittleMemory, match="1,000 are free"):
        rebuilding.require_room(shop.engine)


def test_what_a_killed_rebuild_left_is_cleared_away(shop: LandedShop) -> None:
    rebuild(shop.engine, shop.clock, silent)
    shop.engine.close()
    folder = shop.home / "data" / "warehouse.files"
    (folder / "7.duckdb").write_bytes(b"half a file")
    (folder / "7.duckdb.wal").write_bytes(b"half a log")
    (folder / "7.spill").mkdir()
    (shop.home / "data" / "warehouse.duckdb.wal").write_bytes(b"of a file that is gone")
    shop.engine = shop.opened()
    assert files_of(shop) == ["1.duckdb"]
    assert not (shop.home / "data" / "warehouse.duckdb.wal").exists()
    assert shop.value(SUM) == Decimal("335.00")


@pytest.mark.slow
def test_a_file_that_was_removed_is_built_again(shop: LandedShop) -> None:
    rebuild(shop.engine, shop.clock, silent)
    shop.engine.close()
    (shop.home / "data" / "warehouse.duckdb").unlink()
    shop.engine = shop.opened()
    shop.engine.refresh()
    assert shop.value(SUM) == Decimal("335.00")
    assert files_of(shop) == []


@pytest.mark.slow
def test_another_process_finds_the_file_that_took_over_in_use(shop: LandedShop) -> None:
    rebuild(shop.engine, shop.clock, silent)
    script = (
        "import sys; from pathlib import Path; from amalimart.warehouse.file.hot_file import HotFile\n"
        "HotFile(Path(sys.argv[1]), readable_folders=[])"
    )
    path = str(shop.home / "data" / "warehouse.duckdb")
    ended = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=False)
    assert "another process has the warehouse open" in ended.stderr
    assert files_of(shop) == ["1.duckdb"]


def _swapping(home: Path, models: Path, kind: str, dies: str = "never") -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.orchestrate.swapping_process", str(home), str(models), kind, dies]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _check_what_is_left(shop: LandedShop) -> str:
    """Whole, counted without a gap, and able to go on; returns which file it is."""
    shop.engine = shop.opened()
    try:
        assert shop.value("select count(*) from gold.fact_orders") == 20_000
        assert shop.value("select max(release_id) = count(*) from meta.releases") is True
        shop.engine.refresh()
        assert shop.value(SUM) == Decimal("100000.00")
        assert len(files_of(shop)) <= 1
        return os.path.realpath(shop.home / "data" / "warehouse.duckdb")
    finally:
        shop.engine.close()


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kind", ["rebuild", "compact"])
def test_a_kill_at_any_moment_leaves_the_old_file_or_the_new_one(
    shop: LandedShop, tmp_path_factory: pytest.TempPathFactory, kind: str
) -> None:
    shop.land(*[(str(n), "5") for n in range(20_000)])
    shop.engine.refresh()
    shop.engine.close()
    models = tmp_path_factory.mktemp("killed")
    dice = random.Random(20261126)  # noqa: S311 - moments, not secrets
    generations = set()
    for number in range(12):
        process = _swapping(shop.home, models, kind)
        assert process.stdout is not None
        with process.stdout:
            for _ in range(1 + number % 3):  # ready, and how often another file took over
                assert process.stdout.readline() in {"ready\n", "took over\n"}
            time.sleep(dice.uniform(0.0, 1.5))
            process.send_signal(signal.SIGKILL)
            process.wait()
        generations.add(_check_what_is_left(shop))
    assert len(generations) > 1
    shop.engine = shop.opened()


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("dies", ["before the link", "after the link"])
def test_a_kill_right_at_the_change_leaves_one_of_the_two(
    shop: LandedShop, tmp_path_factory: pytest.TempPathFactory, dies: str
) -> None:
    shop.land(*[(str(n), "5") for n in range(20_000)])
    shop.engine.refresh()
    shop.engine.close()
    process = _swapping(shop.home, tmp_path_factory.mktemp("killed"), "rebuild", dies)
    assert process.stdout is not None
    with process.stdout:
        process.stdout.read()
        assert process.wait() == 9
    found = _check_what_is_left(shop)
    assert found.endswith("warehouse.duckdb" if dies == "before the link" else "1.duckdb")
    shop.engine = shop.opened()


def test_a_write_waits_until_the_other_file_has_taken_over(shop: LandedShop) -> None:
    # Both go through one lock: a write that began on the old file would be lost with it.
    assert isinstance(shop.engine.hot_file, HotFile)
    with shop.engine.hot_file.write() as cursor:
        assert not shop.engine.hot_file._writing.acquire(blocking=False)
        cursor.execute("select 1")
