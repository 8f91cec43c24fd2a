"""Source against gold: a healthy shop passes, and every planted fault is found and bisected to its row."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from amalimart.core.quality import QualityResult, Verdict
from amalimart.quality.ports import LiveRows
from amalimart.warehouse.file.reading import ReadTransaction
from tests.quality.checked_shop import CheckedShop, Tampered, declared, packaged
from tests.warehouse.whole_shop import ZONE

PACKAGED = ["orders_reconcile", "order_items_reconcile", "payments_reconcile", "returns_reconcile"]


def samples(result: QualityResult) -> list[dict[str, str | None]]:
    assert result.samples is not None
    return [dict(zip(result.samples.columns, row, strict=True)) for row in result.samples.rows]


@pytest.mark.parametrize("name", PACKAGED)
def test_a_healthy_shop_passes_and_says_what_was_beside_gold(shop: Tampered, name: str) -> None:
    result = shop.one(packaged(name))
    assert result.verdict is Verdict.PASSED, result.message
    assert result.expected == result.actual
    assert result.value == result.low == result.high
    assert result.value is not None
    assert result.value > 0


@pytest.mark.slow
def test_a_shop_that_trades_still_passes(tmp_path: Path) -> None:
    shop = CheckedShop(tmp_path)
    for _ in range(6):
        shop.trade()
        shop.publish(shop.compiled)
    with shop.tampered() as released:
        for name in (*PACKAGED, "committed_rows_are_loaded"):
            assert {result.verdict for result in released.check(packaged(name))} == {Verdict.PASSED}
    shop.hot_file.close()


def test_totals_are_those_of_a_query_written_by_hand(shop: Tampered) -> None:
    found = shop.rows(
        "select currency, count(*), sum(total_amount) from staging.stg_orders"
        " where _rejected is null and is_test is not true group by 1 order by 1"
    )
    told = shop.one(packaged("orders_reconcile")).actual.split("; ")
    assert len(told) == len(found)
    for words, (currency, rows, total) in zip(told, found, strict=True):
        assert words.startswith(f"{rows} row")
        assert f"total_amount {total:f}," in words
        assert words.endswith(currency)
    quarantined = shop.rows("select count(*) from silver.quarantine where entity = 'orders'")[0][0]
    left_out = shop.rows("select count(*) from staging.stg_orders where _rejected is null and is_test")[0][0]
    message = shop.one(packaged("orders_reconcile")).message
    assert f"{quarantined} in quarantine, {left_out} left out" in message


def test_a_row_removed_from_gold_is_found_by_its_key(shop: Tampered) -> None:
    ((key, amount),) = shop.rows("select order_id, total_amount from gold.fact_orders order by 1 limit 1")
    shop.tamper(f"delete from gold.fact_orders where order_id = '{key}'")
    result = shop.one(packaged("orders_reconcile"))
    assert result.verdict is Verdict.FAILED
    assert [(row["key"], row["differs"]) for row in samples(result)] == [(key, "only in the source")]
    assert samples(result)[0]["total_amount in source"] == str(amount)
    assert samples(result)[0]["total_amount in gold"] is None
    assert result.low is not None
    assert result.value == result.low - 1


def test_a_cent_is_found(shop: Tampered) -> None:
    ((key, amount),) = shop.rows("select order_id, total_amount from gold.fact_orders order by 1 limit 1")
    shop.tamper(f"update gold.fact_orders set total_amount = total_amount + 0.01 where order_id = '{key}'")
    result = shop.one(packaged("orders_reconcile"))
    (row,) = samples(result)
    assert (row["key"], row["differs"]) == (key, "total_amount")
    assert row["total_amount in source"] == str(amount)
    assert row["total_amount in gold"] == str(amount + Decimal("0.01"))


def test_faults_that_cancel_out_in_every_sum_are_found(shop: Tampered) -> None:
    """Of two orders of one day and currency one gets a cent of the other: counts and sums stay."""
    ((one, other),) = shop.rows(
        "select min(order_id), max(order_id) from gold.fact_orders group by order_date, currency"
        " having count(*) > 1 order by 1 limit 1"
    )
    shop.tamper(
        f"update gold.fact_orders set total_amount = total_amount + 0.01 where order_id = '{one}'",
        f"update gold.fact_orders set total_amount = total_amount - 0.01 where order_id = '{other}'",
    )
    result = shop.one(packaged("orders_reconcile"))
    assert result.verdict is Verdict.FAILED
    assert {row["key"] for row in samples(result)} == {one, other}
    assert "the sums agree, and the rows do not" in result.message


def test_another_currency_is_found_with_both_of_its_cells(shop: Tampered) -> None:
    ((key, day, currency),) = shop.rows(
        "select order_id, order_date, currency from gold.fact_orders where currency = 'GHS'"
        " order by 1 limit 1"
    )
    shop.tamper(f"update gold.fact_orders set currency = 'XXX' where order_id = '{key}'")
    result = shop.one(packaged("orders_reconcile"))
    (row,) = samples(result)
    assert (row["key"], row["differs"]) == (key, "currency")
    assert (row["currency in source"], row["currency in gold"]) == (currency, "XXX")
    assert f"{day}, XXX" in result.message
    assert f"{day}, GHS" in result.message


def test_a_line_of_another_vendor_is_found_though_every_day_has_its_sum(shop: Tampered) -> None:
    ((key, vendor),) = shop.rows(
        "select order_item_id, vendor_id from gold.fact_order_items where vendor_id is not null"
        " order by 1 limit 1"
    )
    shop.tamper(f"update silver.order_items set vendor_id = 'thief' where order_item_id = '{key}'")
    result = shop.one(packaged("order_items_reconcile"))
    assert result.verdict is Verdict.FAILED
    row = next(row for row in samples(result) if row["key"] == key)
    assert row["differs"] == "vendor"
    assert (row["vendor in source"], row["vendor in gold"]) == (vendor, "thief")
    assert "vendor thief" in result.message


def test_a_row_at_another_day_is_one_difference_and_not_two(shop: Tampered) -> None:
    ((key,),) = shop.rows("select payment_id from silver.payments where not is_test order by 1 limit 1")
    shop.tamper(f"update silver.payments set payment_date = date '2020-02-02' where payment_id = '{key}'")
    (row,) = samples(shop.one(packaged("payments_reconcile")))
    assert (row["key"], row["differs"], row["day in gold"]) == (key, "day", "2020-02-02")


def test_a_row_twice_in_gold_and_one_from_nowhere_are_found(shop: Tampered) -> None:
    ((key,),) = shop.rows("select order_id from gold.fact_orders order by 1 limit 1")
    shop.tamper(
        f"insert into gold.fact_orders select * from gold.fact_orders where order_id = '{key}'",
        "insert into gold.fact_orders select * replace ('ghost' as order_id) from gold.fact_orders"
        f" where order_id = '{key}' limit 1",
    )
    found = {row["key"]: row["differs"] for row in samples(shop.one(packaged("orders_reconcile")))}
    assert found["ghost"] == "only in gold"
    assert found[key] is not None
    assert found[key].startswith("1 times in the source, 2 in gold")  # type: ignore[union-attr]


def test_a_return_that_is_lost_is_found(shop: Tampered) -> None:
    ((key,),) = shop.rows("select return_id from gold.fact_returns order by 1 limit 1")
    shop.tamper(f"delete from silver.returns where return_id = '{key}'")
    assert [row["key"] for row in samples(shop.one(packaged("returns_reconcile")))] == [key]


def test_rows_missing_from_quarantine_are_found(shop: Tampered) -> None:
    ((rejected,),) = shop.rows("select count(*) from staging.stg_orders where _rejected is not null")
    assert rejected, "the shop has bad orders"
    kind = shop.rows("select table_type from information_schema.tables where table_name = 'quarantine'")[0][0]
    shop.tamper(
        "create table silver.kept as select * from silver.quarantine where entity <> 'orders'",
        f"drop {'view' if kind == 'VIEW' else 'table'} silver.quarantine",
        "alter table silver.kept rename to quarantine",
    )
    result = shop.one(packaged("orders_reconcile"))
    assert result.verdict is Verdict.FAILED
    assert "are not in quarantine" in result.message


def test_a_tolerance_lets_amounts_differ_by_so_much_and_nothing_else(shop: Tampered, tmp_path: Path) -> None:
    text = """\
kind: reconciliation
tolerance: 0.01
source:
  table: staging.stg_orders
  key: order_id
  day: order_date
  currency: currency
  amounts: {total: total_amount}
  leave_out: [is_test]
gold:
  table: gold.fact_orders
  key: order_id
  day: order_date
  currency: currency
  amounts: {total: total_amount}
"""
    check = declared(tmp_path, text)
    ((key,),) = shop.rows("select order_id from gold.fact_orders order by 1 limit 1")
    shop.tamper(f"update gold.fact_orders set total_amount = total_amount + 0.01 where order_id = '{key}'")
    assert shop.one(check).verdict is Verdict.PASSED
    shop.tamper(f"update gold.fact_orders set total_amount = total_amount + 0.01 where order_id = '{key}'")
    assert shop.one(check).verdict is Verdict.FAILED
    shop.tamper(
        "update gold.fact_orders set total_amount = total_amount - 0.02, currency = 'XXX'"
        f" where order_id = '{key}'"
    )
    assert shop.one(check).verdict is Verdict.FAILED


def test_personal_columns_are_masked_wherever_they_would_show(shop: Tampered, tmp_path: Path) -> None:
    """A check keyed by an e-mail address, and grouped by it as if it were a vendor, shows neither."""
    canary = "canary@customer.example"
    assert "email" in shop.shop.compiled.personal
    shop.tamper(
        f"update staging.stg_users set email = '{canary}'"
        " where user_id = (select min(user_id) from staging.stg_users where _rejected is null)",
        "create table gold.people as select email, date '2026-01-01' as day, 'GHS' as currency, 1 as n"
        " from staging.stg_users where false",
    )
    text = """\
kind: reconciliation
source:
  table: staging.stg_users
  key: email
  day: created_at
  vendor: email
  currency: role
  amounts: {n: user_id}
gold: {table: gold.people, key: email, day: day, vendor: email, currency: currency, amounts: {n: n}}
"""
    shop.tamper("alter table staging.stg_users alter user_id type bigint")
    result = shop.one(declared(tmp_path, text))
    assert result.verdict is Verdict.FAILED
    assert result.samples is not None
    assert {"key", "vendor in source", "vendor in gold"} <= set(result.samples.masked)
    assert canary not in repr(result)
    assert "vendor (personal)" in result.message


def test_both_sides_empty_is_no_pass(shop: Tampered) -> None:
    shop.tamper("delete from staging.stg_orders", "delete from gold.fact_orders")
    result = shop.one(packaged("orders_reconcile"))
    assert result.verdict is Verdict.CANNOT_TELL
    assert "both empty" in result.message


def test_filters_that_leave_out_every_row_are_no_pass(shop: Tampered) -> None:
    shop.tamper("update staging.stg_orders set is_test = true", "delete from gold.fact_orders")
    result = shop.one(packaged("orders_reconcile"))
    assert result.verdict is Verdict.CANNOT_TELL
    assert "nothing to compare" in result.message
    assert "left out by documented filters" in result.message


def test_an_amount_that_does_not_add_up_exactly_is_refused(shop: Tampered) -> None:
    shop.tamper("alter table gold.fact_orders alter total_amount type double")
    result = shop.one(packaged("orders_reconcile"))
    assert result.verdict is Verdict.CANNOT_TELL
    assert "total_amount is DOUBLE, which does not add up exactly" in result.message


def test_many_days_that_differ_are_counted_and_some_are_looked_into(shop: Tampered) -> None:
    shop.tamper(
        "insert into gold.fact_orders select * exclude (days) replace (order_date + days as order_date,"
        " order_id || '-' || days as order_id) from gold.fact_orders, (select cast(range as integer) as days"
        " from range(1000, 1060))"
    )
    result = shop.one(packaged("orders_reconcile"))
    assert result.verdict is Verdict.FAILED
    assert "were not compared one by one" in result.message
    assert len(samples(result)) == 10


@pytest.mark.parametrize(
    ("old", "new", "line", "nearest"),
    [
        ("total_amount: total_amount}\n  leave", "total_amount: total_amont}\n  leave", 11, "total_amount"),
        ("fact_orders\n  key: order_id\n", "fact_orders\n  key: order_idd\n", 15, "order_id"),
        ("day: order_date", "day: [order_data, order_date]", 9, "order_date"),
        ("staging.stg_orders", "staging.stg_order", 7, "staging.stg_orders"),
        ("gold.fact_orders", "gold.fact_order", 14, "gold.fact_orders"),
        ("[is_test]", "[orders.is_test]", 12, None),
    ],
)  # fmt: skip
def test_an_unknown_name_cannot_be_told_with_its_place_and_the_nearest(
    shop: Tampered, tmp_path: Path, old: str, new: str, line: int, nearest: str | None
) -> None:
    text = """\
kind: reconciliation
source:
  table: staging.stg_orders
  key: order_id
  day: order_date
  currency: currency
  amounts: {total_amount: total_amount}
  leave_out: [is_test]
gold:
  table: gold.fact_orders
  key: order_id
  day: order_date
  currency: currency
  amounts: {total_amount: total_amount}
"""
    assert old in text
    result = shop.one(declared(tmp_path, text.replace(old, new, 1)))
    assert result.verdict is Verdict.CANNOT_TELL
    assert f"own.yml:{line}" in result.message
    assert nearest is None or f"nearest: {nearest}" in result.message


AGAINST_DATABASE = """\
kind: reconciliation
against: database
source:
  table: staging.stg_orders
  key: order_id
  day: order_date
  currency: currency
  amounts: {total: total_amount}
  leave_out: [is_test]
  changed: updated_at
gold:
  table: gold.fact_orders
  key: order_id
  day: order_date
  currency: currency
  amounts: {total: total_amount}
"""


class SameRows:
    """A database that holds what is staged, a minute after the release."""

    def __init__(self, transaction: ReadTransaction, as_of: datetime) -> None:
        self._rows = LiveRows(transaction, as_of)

    @contextmanager
    def staged(self, tables: Collection[str]) -> Iterator[LiveRows]:
        assert "staging.stg_orders" in tables
        yield self._rows


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        (timedelta(microseconds=-700_000), Verdict.CANNOT_TELL),  # 12:00:05, in the second of the release
        (timedelta(microseconds=-700_001), Verdict.FAILED),  # told to the microsecond, and before it
        (timedelta(seconds=-1, microseconds=-700_000), Verdict.FAILED),  # 12:00:04, over before it
        (timedelta(microseconds=1), Verdict.CANNOT_TELL),
    ],
)
def test_a_row_that_changed_in_the_second_of_the_release_is_not_called_lost(
    shop: Tampered, tmp_path: Path, changed: timedelta, verdict: Verdict
) -> None:
    fresh_as_of = shop.transaction.release.fresh_as_of
    assert fresh_as_of is not None
    watermark = fresh_as_of.replace(microsecond=700_000)
    shop.watermark(watermark)
    local = watermark.astimezone(ZoneInfo(ZONE)).replace(tzinfo=None)
    ((key,),) = shop.rows(
        f"select order_id from gold.fact_orders where order_date < date '{local.date()}' order by 1 limit 1"
    )
    shop.tamper(
        f"delete from gold.fact_orders where order_id = '{key}'",
        f"update staging.stg_orders set updated_at = timestamp '{local + changed}' where order_id = '{key}'",
    )
    live = SameRows(shop.transaction, watermark + timedelta(minutes=1))
    result = shop.one(declared(tmp_path, AGAINST_DATABASE), live=live)
    assert result.verdict is verdict, result.message
    assert result.samples is not None
    assert [row[0] for row in result.samples.rows] == [key]
