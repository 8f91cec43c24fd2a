"""A release is all or nothing, and every landed row is accounted for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from amalimart.core.clock import FixedClock
from amalimart.core.errors import (
    CheckFailed,
    EngineUnavailable,
    NothingPublished,
    QueryTooLarge,
    WarehouseError,
)
from amalimart.lake import Lake, Operation
from amalimart.warehouse.file import opening
from amalimart.warehouse.file.hot_file import HotFile
from amalimart.warehouse.file.transaction import ReadLimits
from amalimart.warehouse.lake_view import lake_state
from tests.warehouse.relations import contents
from tests.warehouse.tiny_shop import NOW, Shop

GOOD = ("1", "7", "2026-03-01 23:30:00", "10.10", "done", "False", "sale")


def publish(shop: Shop) -> int:
    report = shop.executor.publish(shop.graph(), lake_state(shop.lake, {"shop": shop.mapping}))
    assert report is not None
    return report.release.release_id


def test_every_landed_row_ends_in_exactly_one_bucket(shop: Shop) -> None:
    shop.land(
        GOOD,
        ("2", "8", "2026-03-02 08:00:00", "20.20", "Gone-Back", "true", "sale"),
        ("3", "8", "not a day", "5.00", "open", "", "sale"),  # unreadable required value
        ("4", "8", "2026-03-02 08:00:00", None, "open", "", "sale"),  # missing required value
        (None, "8", "2026-03-02 08:00:00", "1", "open", "", "sale"),  # no key
        (None, "9", "2026-03-02 08:00:00", "1", "open", "", "sale"),  # no key either: both are counted
        ("5", "8", "2026-03-02 08:00:00", "5.005", "teleported", "maybe", "sale"),  # three repairs
        ("6", "8", "2026-03-02 08:00:00", "6", "open", "", "gift"),  # not in the row filter
        ("7", "8", "2026-03-02 08:00:00", "6", "open", "", "sale"),
        ("7", "8", "2026-03-02 08:00:00", "7", "open", "", "sale"),  # the same key twice in one batch
        ("8", "8", "2026-03-02 08:00:00", "NaN", "open", "", "sale"),  # not an amount
    )
    shop.land(("1", "7", "2026-03-01 23:30:00", "11.11", "done", "False", "sale"), operation=Operation.UPSERT)
    shop.land(("2", "8", None, None, None, None, None), operation=Operation.DELETE)
    publish(shop)

    assert shop.query(
        "select landed_rows, superseded_rows, deleted_rows, filtered_rows, accepted_rows, quarantined_rows,"
        " repaired_rows from silver.reconciliation"
    ) == [(13, 2, 1, 1, 3, 6, 1)]
    assert sorted(shop.query("select entity_key, reason from silver.quarantine")) == [
        ("", "order_id is missing"),
        ("", "order_id is missing"),
        ("3", "order_date is unreadable"),
        ("4", "total_amount is missing"),
        ("7", "another row of the same batch has the same key"),
        ("8", "total_amount is unreadable"),
    ]
    assert shop.query("select * from gold.fact_orders order by order_id") == [
        ("1", Decimal("11.11"), "COMPLETED"),
        ("5", Decimal("5.01"), "UNKNOWN"),
        ("7", Decimal("7.00"), "PENDING"),
    ]
    assert shop.query("select unnest(string_split(_repairs, '; ')) from staging.stg_orders") == [
        ("status was not mapped and became UNKNOWN",),
        ("total_amount was rounded to the cent",),
        ("is_test was unreadable",),
    ]


def test_a_time_without_a_zone_is_read_in_the_source_zone_and_told_in_the_business_zone(shop: Shop) -> None:
    shop.land(
        ("1", "7", "2026-03-01 00:30:00", "1", "done", "", "sale"),  # Lagos is one hour ahead of Accra
        ("2", "7", "2026-03-01T00:30:00Z", "1", "done", "", "sale"),  # carries its own zone
        ("3", "7", "2026-03-01", "1", "done", "", "sale"),  # a calendar day is that day in every zone
    )
    publish(shop)
    assert shop.query("select order_id, order_date from staging.stg_orders order by order_id") == [
        ("1", datetime(2026, 2, 28, 23, 30)),  # noqa: DTZ001 - canonical time is local
        ("2", datetime(2026, 3, 1, 0, 30)),  # noqa: DTZ001
        ("3", datetime(2026, 3, 1)),  # noqa: DTZ001
    ]


def test_a_failed_check_keeps_the_old_release_and_says_why(shop: Shop) -> None:
    shop.land(GOOD)
    assert publish(shop) == 1
    shop.land(("9", "7", "2026-03-02 08:00:00", "2000000", "done", "", "sale"), operation=Operation.UPSERT)
    with pytest.raises(CheckFailed, match="accepted_range_of_money"):
        publish(shop)
    assert shop.query("select count(*) from gold.fact_orders") == [(1,)]
    assert shop.query("select max(release_id) from meta.releases") == [(1,)]
    assert shop.query("select code from meta.blocked_builds") == [("check_failed",)]
    shop.land(("9", "7", "2026-03-02 08:00:00", "20", "done", "", "sale"), operation=Operation.UPSERT)
    assert publish(shop) == 2
    assert shop.query("select sum(total_amount) from gold.fact_orders") == [(Decimal("30.10"),)]


def test_a_first_build_that_broke_off_is_read_by_nobody_and_begun_anew(shop: Shop) -> None:
    broken = ("9", "7", "2026-03-02 08:00:00", "2000000", "done", "", "sale")
    shop.land(GOOD, broken)
    with pytest.raises(CheckFailed):
        publish(shop)
    with pytest.raises(NothingPublished), shop.hot_file.read():
        pass
    shop.land((*broken[:3], "20", *broken[4:]), operation=Operation.UPSERT)
    assert publish(shop) == 1
    beside = HotFile(shop.folder / "beside.duckdb", readable_folders=[shop.lake.root])
    state = lake_state(shop.lake, {"shop": shop.mapping})
    assert shop.executor.beside(beside).publish(shop.graph(), state) is not None
    assert contents(shop.hot_file) == contents(beside)
    beside.close()


def test_nothing_new_makes_no_release(shop: Shop) -> None:
    shop.land(GOOD)
    publish(shop)
    assert shop.executor.publish(shop.graph(), lake_state(shop.lake, {"shop": shop.mapping})) is None


def test_a_new_business_day_is_remembered(shop: Shop) -> None:
    shop.land(GOOD)
    publish(shop)
    assert shop.query("select business_day from meta.run_context") == [(date(2026, 3, 10),)]


def test_a_reader_keeps_its_release_while_another_is_published(shop: Shop) -> None:
    shop.land(GOOD)
    publish(shop)
    with shop.hot_file.read() as transaction:
        before = transaction.rows("select total_amount from gold.fact_orders").rows
        shop.land(("1", "7", "2026-03-01", "99", "done", "", "sale"), operation=Operation.UPSERT)
        publish(shop)
        assert transaction.rows("select total_amount from gold.fact_orders").rows == before
        assert transaction.release.release_id == 1
    assert shop.query("select total_amount from gold.fact_orders") == [(Decimal("99.00"),)]


def test_reading_before_the_first_release_says_what_to_do(shop: Shop) -> None:
    with pytest.raises(NothingPublished, match="no release"), shop.hot_file.read():
        pass


def test_the_engine_can_read_no_file_but_the_lakes_and_cannot_be_unlocked(shop: Shop) -> None:
    shop.land(GOOD)
    publish(shop)
    for sql in (
        "select * from read_csv('/etc/passwd')",
        "select * from read_text('/etc/hostname')",
        "set enable_external_access = true",
        "attach '/tmp/elsewhere.duckdb' as elsewhere",
        "copy (select 1) to '/tmp/stolen.csv'",
        "delete from gold.fact_orders",
    ):
        with pytest.raises(Exception, match=r"engine refused"), shop.hot_file.read() as transaction:
            transaction.rows(sql)


def test_a_second_process_is_told_to_use_the_running_engine(shop: Shop) -> None:

    script = (
        "import sys; from pathlib import Path; from amalimart.warehouse.file.hot_file import HotFile\n"
        "HotFile(Path(sys.argv[1]), readable_folders=[])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, str(shop.hot_file.path)], capture_output=True, text=True, check=False
    )
    assert EngineUnavailable.__name__ in ended.stderr
    assert "another process has the warehouse open" in ended.stderr


def test_a_read_ends_at_the_time_out_and_at_the_row_cap(shop: Shop) -> None:
    shop.land(GOOD)
    publish(shop)
    shop.hot_file.close()
    limits = ReadLimits(seconds=0.2, rows=10)
    hot_file = HotFile(shop.hot_file.path, readable_folders=[], limits=limits)
    try:
        with hot_file.read() as transaction:
            with pytest.raises(QueryTooLarge, match="longer than"):
                transaction.rows("select sum(a.range * b.range) from range(1000000) a, range(1000000) b")
            with pytest.raises(QueryTooLarge, match="more than 10 rows"):
                transaction.rows("select * from range(11)")
            assert len(transaction.rows("select * from range(10)").rows) == 10
    finally:
        hot_file.close()


def test_who_needs_more_memory_than_the_engine_may_take_is_told_what_to_do(shop: Shop) -> None:
    shop.land(GOOD)
    publish(shop)
    shop.hot_file.close()
    hot_file = HotFile(shop.hot_file.path, readable_folders=[], memory_bytes=64 * 1024**2)
    hoard = "select list(range) as held from range(50000000)"
    try:
        with hot_file.read() as transaction:
            with pytest.raises(QueryTooLarge, match="more memory"):
                transaction.rows(f"select len(held) from ({hoard})")
            with pytest.raises(QueryTooLarge, match="more memory"):
                list(
                    transaction.batches(
                        f"select range, (select len(held) from ({hoard})) from range(9)", [], 9
                    )
                )
            assert transaction.rows("select count(*) from gold.fact_orders").rows == ((1,),)
        with pytest.raises(WarehouseError) as refused, hot_file.write() as cursor:
            cursor.execute(f"create table gold.hoard as {hoard}")
        assert "engine_memory_mb" in str(refused.value.next_step)
        with hot_file.read() as transaction:
            assert transaction.release.release_id == 1
    finally:
        hot_file.close()


def test_a_question_that_spills_too_much_is_too_large_and_no_full_disk(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.land(GOOD)
    publish(shop)
    shop.hot_file.close()
    monkeypatch.setattr(opening, "_LARGEST_SPILL", "10MB")
    hot_file = HotFile(shop.hot_file.path, readable_folders=[], memory_bytes=64 * 1024**2)
    try:
        with hot_file.read() as transaction, pytest.raises(QueryTooLarge, match="more memory"):
            transaction.rows("select count(*) from (select distinct hash(range) from range(20000000))")
    finally:
        hot_file.close()


def test_who_still_reads_when_the_file_is_closed_is_told_so(shop: Shop) -> None:
    shop.land(GOOD)
    publish(shop)

    def read(hot_file: HotFile) -> None:
        with hot_file.read() as transaction:
            hot_file.close()
            transaction.rows("select count(*) from gold.fact_orders")

    for _ in range(2):  # closed meanwhile, and closed before
        with pytest.raises(EngineUnavailable, match="closed while it was read"):
            read(shop.hot_file)


def test_reads_beyond_the_admission_limit_wait_their_turn(shop: Shop) -> None:
    shop.land(GOOD)
    publish(shop)
    answers: list[int] = []

    def ask() -> None:
        answers.append(len(shop.query("select * from gold.fact_orders")))

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [1] * 20


def test_after_a_failed_question_the_page_never_mixes_two_releases(shop: Shop) -> None:
    shop.land(GOOD)
    publish(shop)
    with shop.hot_file.read() as transaction:
        with pytest.raises(WarehouseError, match="engine refused"):
            transaction.rows("select error('no')")
        assert transaction.rows("select count(*) from gold.fact_orders").rows == ((1,),)
        shop.land(("2", "7", "2026-03-01", "99", "done", "", "sale"), operation=Operation.UPSERT)
        publish(shop)
        with pytest.raises(WarehouseError, match="engine refused"):
            transaction.rows("select error('no')")
        with pytest.raises(QueryTooLarge, match="newer release"):
            transaction.rows("select count(*) from gold.fact_orders")


def test_a_lake_that_was_removed_and_filled_again_is_read_anew(shop: Shop) -> None:
    """The new log counts its versions from 1 again: a comparison of versions alone would see nothing new."""
    shop.land(GOOD)
    shop.land(("2", "7", "2026-03-01", "5", "done", "", "sale"), operation=Operation.UPSERT)
    publish(shop)
    shutil.rmtree(shop.lake.root)
    shop.clock = FixedClock(NOW + timedelta(hours=1))
    shop.lake = Lake(shop.lake.root, shop.clock)
    shop.land(("1", "7", "2026-03-01", "620", "done", "", "sale"))
    publish(shop)
    assert shop.query("select sum(total_amount) from gold.fact_orders") == [(Decimal("620.00"),)]


def test_a_build_that_stays_blocked_is_remembered_once(shop: Shop) -> None:
    shop.land(("9", "7", "2026-03-02 08:00:00", "2000000", "done", "", "sale"))
    for _ in range(3):
        with pytest.raises(CheckFailed):
            publish(shop)
    shop.land(GOOD)
    publish(shop)
    assert shop.query("select count(*) from meta.blocked_builds") == [(1,)]


def test_one_question_cannot_take_the_machines_memory_or_disk(shop: Shop) -> None:
    shop.land(GOOD)
    publish(shop)
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    [(memory, spill)] = shop.query(
        "select current_setting('memory_limit'), current_setting('max_temp_directory_size')"
    )
    assert float(str(memory).split()[0]) * 1024**3 < 0.7 * machine
    assert str(spill) == "18.6 GiB"
