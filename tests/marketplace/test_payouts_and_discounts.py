"""Payouts explained by their earnings, discounts by the orders that used them, stock on the day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.marketplace.conftest import ModelBench


def earn(bench: ModelBench, key: str, payout: str | None, amount: str, currency: str | None = "GHS") -> None:
    bench.put("vendor_earnings", earning_id=key, payout_id=payout, amount=amount, currency=currency)


def test_a_payout_is_explained_by_earnings_of_its_own_currency(bench: ModelBench) -> None:
    for key, currency in (("p", "GHS"), ("bare", "GHS"), ("untold", None)):
        bench.put("vendor_payouts", payout_id=key, vendor_id="v", net_payout="10.00", currency=currency)
    earn(bench, "1", "p", "4.10")
    earn(bench, "2", "p", "5.00")
    earn(bench, "3", "p", "99.00", "USD")
    earn(bench, "4", "gone", "7.00")
    earn(bench, "5", None, "7.00")
    earn(bench, "6", "untold", "12.00", None)
    told = ("earning_count", "earned_amount", "unexplained_amount")
    payouts = bench.by_key("gold.fact_payouts")
    assert {key: tuple(row[column] for column in told) for key, row in payouts.items()} == {
        "p": (2, Decimal("9.10"), Decimal("0.90")),
        "bare": (0, None, None),
        "untold": (1, Decimal("12.00"), Decimal("-2.00")),
    }
    assert len(bench.rows("gold.fact_vendor_earnings")) == 6


def test_a_payout_is_dated_when_paid_else_when_made(bench: ModelBench) -> None:
    bench.put("vendor_payouts", payout_id="paid", processed_at="2024-02-02 23:00", created_at="2024-02-01",
              status="PAID", period_start="2024-01-01", period_end="2024-01-31 23:59")  # fmt: skip
    bench.put("vendor_payouts", payout_id="made", created_at="2024-02-01", status="FAILED")
    bench.put("vendor_payouts", payout_id="undated")
    payouts = bench.by_key("gold.fact_payouts")
    assert {key: (row["payout_date"], row["is_paid"]) for key, row in payouts.items()} == {
        "paid": (date(2024, 2, 2), True),
        "made": (date(2024, 2, 1), False),
        "undated": (None, False),
    }
    assert (payouts["paid"]["period_start"], payouts["paid"]["period_end"]) == (
        date(2024, 1, 1),
        date(2024, 1, 31),
    )


def test_an_earning_takes_from_its_line_what_it_does_not_say(bench: ModelBench) -> None:
    bench.put("orders", order_id="o", order_date="2024-04-05")
    bench.put("order_items", order_item_id="i", order_id="o", product_id="p", vendor_id="of line",
              quantity=2, unit_price="5.00", commission_amount="1.00", currency="GHS")  # fmt: skip
    cases: dict[str, dict[str, str | None]] = {
        "silent": {"currency": None},
        "says": {"vendor_id": "own", "currency": "GHS"},
        "other money": {"currency": "USD"},
    }
    for key, said in cases.items():
        bench.put("vendor_earnings", earning_id=key, order_item_id="i", amount="9.00", **said)
    bench.put("vendor_earnings", earning_id="no line", order_item_id="gone", amount="9.00")
    told = ("vendor_id", "currency", "order_id", "line_item_amount", "line_commission_amount")
    earnings = bench.by_key("gold.fact_vendor_earnings")
    assert {key: tuple(row[column] for column in told) for key, row in earnings.items()} == {
        "silent": ("of line", "GHS", "o", Decimal("10.00"), Decimal("1.00")),
        "says": ("own", "GHS", "o", Decimal("10.00"), Decimal("1.00")),
        "other money": ("of line", "USD", "o", None, None),
        "no line": (None, None, None, None, None),
    }


def test_earnings_of_test_orders_stay_out_but_still_explain_their_payout(bench: ModelBench) -> None:
    bench.put("orders", order_id="t", is_test=True)
    bench.put("order_items", order_item_id="i", order_id="t")
    bench.put("vendor_payouts", payout_id="p", net_payout="5.00", currency="GHS")
    bench.put("vendor_earnings", earning_id="e", order_item_id="i", payout_id="p", amount="5.00")
    assert bench.rows("gold.fact_vendor_earnings") == []
    assert bench.row("gold.fact_payouts")["unexplained_amount"] == Decimal("0.00")


def test_a_discount_is_used_by_code_or_by_amount(bench: ModelBench) -> None:
    bench.put("discounts", discount_id="d", code="NEW", campaign_id="c")
    bench.put("campaigns", campaign_id="c", campaign_name="Harvest")
    uses: dict[str, dict[str, object]] = {
        "code": {"discount_id": "d"},
        "unknown code": {"discount_id": "gone", "discount_amount": "1.00"},
        "amount": {"discount_amount": "2.00", "currency": "USD"},
        "zero": {"discount_amount": "0.00"},
        "none": {},
        "test": {"discount_id": "d", "is_test": True},
    }
    for key, use in uses.items():
        bench.put("orders", order_id=key, **use)
    used = bench.by_key("gold.fact_discounts")
    assert {key: (row["discount_id"], row["discount_amount"]) for key, row in used.items()} == {
        "code": ("d", None),
        "unknown code": ("gone", Decimal("1.00")),
        "amount": (None, Decimal("2.00")),
    }
    discount = bench.row("gold.dim_discounts")
    assert (discount["discount_name"], discount["campaign_name"]) == ("NEW", "Harvest")


def test_stock_is_that_of_the_business_day_and_unknown_stock_is_neither_low_nor_out(
    bench: ModelBench,
) -> None:
    stocks: dict[str, tuple[int | None, int | None]] = {
        "plenty": (6, 5), "at the threshold": (5, 5), "last": (1, None), "out": (0, 5), "owed": (-1, 5),
        "unknown": (None, 5),
    }  # fmt: skip
    for key, (stock, threshold) in stocks.items():
        bench.put("products", product_id=key, stock_quantity=stock, low_stock_threshold=threshold,
                  price="2.50", currency="GHS")  # fmt: skip
    stock_of = bench.by_key("gold.fact_inventory_daily")
    assert {row["stock_date"] for row in stock_of.values()} == {date(2024, 12, 31)}
    assert {key for key, row in stock_of.items() if row["is_out_of_stock"]} == {"out", "owed"}
    assert {key for key, row in stock_of.items() if row["is_low_stock"]} == {"at the threshold"}
    assert stock_of["plenty"]["stock_value"] == Decimal("15.00")
    assert stock_of["unknown"]["stock_value"] is None
