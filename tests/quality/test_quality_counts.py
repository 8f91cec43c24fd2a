"""Committed rows against loaded rows, and days that should have some."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from amalimart.core.clock import FixedClock
from amalimart.core.quality import Verdict
from amalimart.lake import Lake
from tests.quality.checked_shop import CheckedShop, Tampered, declared, packaged
from tests.warehouse.whole_shop import SOURCE

LOADED = packaged("committed_rows_are_loaded")
DAYS = packaged("orders_come_every_day")


def test_every_table_of_a_healthy_shop_has_the_rows_that_its_files_have(shop: Tampered) -> None:
    results = shop.check(LOADED)
    assert {result.verdict for result in results} == {Verdict.PASSED}
    root = shop.shop.lake.root / SOURCE / "data"
    by_hand = {
        f"{SOURCE}.{folder.name}": duckdb.sql(f"select count(*) from '{folder}/*.parquet'").fetchall()[0][0]
        for folder in root.iterdir()
    }
    assert {result.subject: result.value for result in results} == by_hand


def test_a_commit_of_10_rows_that_says_11_is_named(tmp_path: Path) -> None:
    shop = CheckedShop(tmp_path)
    commit = next((shop.lake.root / SOURCE).rglob("commits/*1.json"))
    told = json.loads(commit.read_text())
    (file,) = told["tables"]["returns"]["added"]
    rows = file["rows"]
    file["rows"] = rows + 1
    commit.write_text(json.dumps(told))
    shop.lake = Lake(shop.lake.root, FixedClock(shop.clock.now()))  # one that has not read it yet
    with shop.tampered() as released:
        failed = [result for result in released.check(LOADED) if result.verdict is Verdict.FAILED]
    shop.hot_file.close()
    assert [result.subject for result in failed] == [f"{SOURCE}.returns"]
    assert f"commit 1 said {rows + 1} rows in {file['path']}, which holds {rows}" in failed[0].message
    assert failed[0].low == rows + 1
    assert failed[0].value == rows


def test_a_release_built_from_other_rows_is_found(shop: Tampered) -> None:
    account = "staging.rec_orders"
    shop.tamper(f"update {account} set landed_rows = landed_rows - 1")
    (failed,) = [result for result in shop.check(LOADED) if result.verdict is not Verdict.PASSED]
    assert (failed.subject, failed.verdict) == (f"{SOURCE}.orders", Verdict.FAILED)
    assert failed.low is not None
    assert failed.value == failed.low - 1
    assert "built from other rows than were committed" in failed.message


def test_what_was_committed_after_the_release_is_not_missed_in_it(tmp_path: Path) -> None:
    shop = CheckedShop(tmp_path)
    shop.trade()
    shop.trade()
    with shop.lake.writer(SOURCE) as writer:
        writer.seal()
    shop.lake.compact(SOURCE, small_below=1 << 30)  # one file now holds rows of before and of after
    with shop.tampered() as released:
        results = released.check(LOADED)
    shop.hot_file.close()
    assert {result.verdict for result in results} == {Verdict.PASSED}


def test_a_lake_begun_anew_cannot_be_told(shop: Tampered) -> None:
    shop.tamper('update meta.releases set positions = replace(positions, \'"log": "\', \'"log": "x\')')
    result = shop.one(LOADED)
    assert result.verdict is Verdict.CANNOT_TELL
    assert "begun anew" in result.message


def test_an_unknown_source_is_named_with_its_place(shop: Tampered, tmp_path: Path) -> None:
    result = shop.one(declared(tmp_path, "kind: counts\nsources: [whol]\n"))
    assert result.verdict is Verdict.CANNOT_TELL
    assert "nearest: whole" in result.message
    assert "own.yml:6" in result.message


def fill_days(shop: Tampered, *missing: str) -> None:
    """Orders on every day of February 2026 but some, as the source stood on the first of March."""
    shop.watermark(datetime(2026, 3, 1, 12, tzinfo=UTC))
    shop.tamper(
        "delete from gold.fact_orders where order_id <> (select min(order_id) from gold.fact_orders)",
        "create temp table one as select * from gold.fact_orders",
        "delete from gold.fact_orders",
        "insert into gold.fact_orders select * exclude (day) replace (day as order_date) from one,"
        " (select cast(unnest(range(date '2026-02-01', date '2026-03-01', interval 1 day)) as date) as day)"
        + (f" where day not in ({', '.join(repr(day) for day in missing)})" if missing else ""),
    )


def test_no_day_is_missing(shop: Tampered) -> None:
    fill_days(shop)
    result = shop.one(DAYS)
    assert result.verdict is Verdict.PASSED
    assert result.expected == "a row on each of 28 days from 2026-02-01 to 2026-02-28"


def test_a_lost_day_is_named(shop: Tampered) -> None:
    fill_days(shop, "2026-02-07", "2026-02-20")
    result = shop.one(DAYS)
    assert result.verdict is Verdict.FAILED
    assert result.message == "gold.fact_orders has no row on 2026-02-07, 2026-02-20"
    assert (result.low, result.value, result.unit) == (28, 26, "days")


def test_an_end_of_the_feed_is_missed_although_nothing_comes_after(shop: Tampered) -> None:
    fill_days(shop)
    shop.watermark(datetime(2026, 3, 3, 12, tzinfo=UTC))
    result = shop.one(DAYS)
    assert result.verdict is Verdict.FAILED
    assert result.message == "gold.fact_orders has no row on 2026-03-01, 2026-03-02"
    assert (result.low, result.value) == (30, 28)


def test_what_the_source_has_not_told_of_yet_is_not_missed(shop: Tampered) -> None:
    """Whether it should have by now is the question of freshness."""
    fill_days(shop)
    shop.watermark(datetime(2026, 2, 28, 12, tzinfo=UTC))
    assert shop.one(DAYS, datetime(2026, 3, 28, tzinfo=UTC)).verdict is Verdict.PASSED


def test_an_order_dated_in_the_future_makes_no_day_before_it_an_expected_one(shop: Tampered) -> None:
    fill_days(shop)
    ahead = "update gold.fact_orders set order_date = date '2031-01-01'"
    shop.tamper(f"{ahead} where order_date = date '2026-02-09'")
    result = shop.one(DAYS)
    assert result.message == "gold.fact_orders has no row on 2026-02-09"
    shop.tamper(ahead)
    assert shop.one(DAYS).verdict is Verdict.CANNOT_TELL


def test_closed_days_weekends_and_acknowledged_days_are_not_missed(shop: Tampered, tmp_path: Path) -> None:
    fill_days(shop, "2026-02-07", "2026-02-20", "2026-02-24")  # a Saturday, a Friday, a Tuesday
    check = declared(
        tmp_path,
        "kind: counts\nsources: []\ndays:\n  - {table: gold.fact_orders, column: order_date,"
        " weekdays_only: true, closed: [2026-02-20]}\n",
    )
    assert shop.one(check).message.endswith("has no row on 2026-02-24")
    shop.memory.acknowledged[check.name, "gold.fact_orders"] = frozenset({date(2026, 2, 24).isoformat()})
    assert shop.one(check).verdict is Verdict.PASSED


def test_days_of_which_none_is_expected_are_no_pass(shop: Tampered, tmp_path: Path) -> None:
    fill_days(shop)
    shop.tamper("delete from gold.fact_orders where order_date <> date '2026-02-28'")  # a Saturday
    check = declared(
        tmp_path,
        "kind: counts\nsources: []\ndays:\n  - {table: gold.fact_orders, column: order_date,"
        " weekdays_only: true}\n",
    )
    result = shop.one(check)
    assert result.verdict is Verdict.CANNOT_TELL
    assert "no day of gold.fact_orders is expected" in result.message


def test_an_empty_table_has_no_days_to_be_sure_of(shop: Tampered) -> None:
    shop.tamper("delete from gold.fact_orders")
    assert shop.one(DAYS).verdict is Verdict.CANNOT_TELL


@pytest.mark.parametrize(
    ("line", "nearest"),
    [
        ("- {table: gold.fact_order, column: order_date}", "gold.fact_orders"),
        ("- {table: gold.fact_orders, column: order_day}", "order_date"),
    ],
)
def test_days_of_an_unknown_name_cannot_be_told(
    shop: Tampered, tmp_path: Path, line: str, nearest: str
) -> None:
    result = shop.one(declared(tmp_path, f"kind: counts\nsources: []\ndays:\n  {line}\n"))
    assert result.verdict is Verdict.CANNOT_TELL
    assert f"nearest: {nearest}" in result.message
    assert "own.yml:8" in result.message
