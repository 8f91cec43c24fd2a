"""Each fact at its own grain: test orders out, unknown references in, money never multiplied by a join."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.marketplace.conftest import ModelBench


def test_a_test_order_and_everything_that_hangs_on_it_stays_out_of_the_facts(bench: ModelBench) -> None:
    for order_id, is_test in (("real", False), ("unsaid", None), ("test", True)):
        bench.put("orders", order_id=order_id, is_test=is_test)
    parents: list[str | None] = ["real", "unsaid", "test", "gone", None]
    for parent in parents:
        key = f"of {parent}"
        bench.put("order_items", order_item_id=key, order_id=parent)
        bench.put("payments", payment_id=key, order_id=parent)
        bench.put("shipments", shipment_id=key, order_id=parent)
        bench.put("returns", return_id=key, order_id=parent)
        bench.put("reviews", review_id=key, order_id=parent)
        bench.put("support_tickets", ticket_id=key, order_id=parent)
    bench.put("returns", return_id="by line only", order_item_id="of test")
    kept = {"of real", "of unsaid", "of gone", "of None"}
    assert set(bench.by_key("gold.fact_orders")) == {"real", "unsaid"}
    for fact in ("order_items", "payments", "shipments", "returns", "reviews", "tickets"):
        assert set(bench.by_key(f"gold.fact_{fact}")) == kept, fact


def test_order_money_is_not_multiplied_by_items_payments_parcels_history_or_addresses(
    bench: ModelBench,
) -> None:
    bench.put("users", user_id="u")
    bench.put("orders", order_id="o", customer_id="u", total_amount="100.10")
    for key in ("1", "2", "3"):
        bench.put("order_items", order_item_id=key, order_id="o", quantity=2, unit_price="5.05")
        bench.put("payments", payment_id=key, order_id="o")
        bench.put("shipments", shipment_id=key, order_id="o")
        bench.put("order_status_history", status_change_id=key, order_id="o", new_status="COMPLETED")
        bench.put("addresses", address_id=key, user_id="u", is_default=True)
    assert [row["total_amount"] for row in bench.rows("gold.fact_orders")] == [Decimal("100.10")]
    assert [row["item_amount"] for row in bench.rows("gold.fact_order_items")] == [Decimal("10.10")] * 3


def test_item_money_is_quantity_times_price_to_the_cent_whatever_total_the_shop_stored(
    bench: ModelBench,
) -> None:
    lines = {"a": (3, "0.10", "9.99"), "b": (-1, "19.99", None), "c": (1_000_000, "9999999999.99", "1.00")}
    for key, (quantity, price, stored) in lines.items():
        bench.put("order_items", order_item_id=key, quantity=quantity, unit_price=price, line_total=stored)
    amounts = {key: row["item_amount"] for key, row in bench.by_key("gold.fact_order_items").items()}
    assert amounts == {key: quantity * Decimal(price) for key, (quantity, price, _) in lines.items()}


def test_an_amount_beyond_money_is_null_and_reported_instead_of_stopping_the_release(
    bench: ModelBench,
) -> None:
    bench.put("order_items", order_item_id="a", quantity=2**62, unit_price="9999999999999999.99")
    assert bench.row("gold.fact_order_items")["item_amount"] is None
    assert bench.broken_rows("not_null_fact_order_items_item_amount")


def test_the_seller_of_a_line_is_its_own_else_its_products_else_unknown(bench: ModelBench) -> None:
    bench.put("products", product_id="p", vendor_id="of product")
    bench.put("order_items", order_item_id="own", product_id="p", vendor_id="of line")
    bench.put("order_items", order_item_id="product", product_id="p")
    bench.put("order_items", order_item_id="unknown", product_id="gone")
    sellers = {
        key: (row["vendor_id"], row["product_id"])
        for key, row in bench.by_key("gold.fact_order_items").items()
    }
    assert sellers == {"own": ("of line", "p"), "product": ("of product", "p"), "unknown": (None, "gone")}


def test_a_line_of_an_unknown_order_stays_without_day_and_customer(bench: ModelBench) -> None:
    bench.put("order_items", order_item_id="i", order_id="gone")
    line = bench.row("gold.fact_order_items")
    assert (line["order_id"], line["order_date"], line["customer_id"]) == ("gone", None, None)


def test_an_unknown_parent_resolves_when_it_arrives(bench: ModelBench) -> None:
    bench.put("order_items", order_item_id="i", order_id="o", product_id="p")
    assert bench.row("gold.fact_order_items")["vendor_id"] is None
    bench.put("products", product_id="p", vendor_id="v")
    bench.put("orders", order_id="o", customer_id="u", order_date="2024-05-06")
    line = bench.row("gold.fact_order_items")
    assert (line["vendor_id"], line["customer_id"], line["order_date"]) == ("v", "u", date(2024, 5, 6))


def test_a_rejected_row_is_in_no_fact_and_its_children_become_orphans(bench: ModelBench) -> None:
    bench.put("orders", order_id="o", _rejected="total_amount is unreadable")
    bench.put("order_items", order_item_id="i", order_id="o")
    bench.put("payments", payment_id="y", order_id="o", _rejected="amount is missing")
    assert bench.rows("gold.fact_orders") == []
    assert bench.rows("gold.fact_payments") == []
    assert bench.row("gold.fact_order_items")["order_date"] is None


def test_the_seller_of_a_return_is_that_of_its_line_else_of_its_product(bench: ModelBench) -> None:
    bench.put("orders", order_id="o", customer_id="u")
    bench.put("products", product_id="p", vendor_id="of product")
    bench.put("order_items", order_item_id="i", order_id="o", product_id="p", vendor_id="of line")
    bench.put("returns", return_id="line", order_item_id="i")
    bench.put("returns", return_id="product", product_id="p", customer_id="c")
    bench.put("returns", return_id="nothing")
    returns = bench.by_key("gold.fact_returns")
    told = ("vendor_id", "product_id", "order_id", "customer_id")
    assert {key: tuple(row[column] for column in told) for key, row in returns.items()} == {
        "line": ("of line", "p", "o", "u"),
        "product": ("of product", "p", None, "c"),
        "nothing": (None, None, None, None),
    }  # fmt: skip


def test_approved_includes_completed_and_refund_days_are_calendar_days_or_null(bench: ModelBench) -> None:
    asked = "2024-03-09 23:00"
    refunds = {
        "later": "2024-03-12 01:00",
        "same": "2024-03-09 01:00",
        "before": "2024-03-08",
    }
    for key, refunded in refunds.items():
        bench.put("returns", return_id=key, request_at=asked, refunded_at=refunded, status="COMPLETED")
    for status in ("PENDING", "APPROVED", "REJECTED", "UNKNOWN"):
        bench.put("returns", return_id=status, request_at=asked, status=status)
    facts = bench.by_key("gold.fact_returns")
    assert {key: facts[key]["refund_days"] for key in refunds} == {"later": 3, "same": 0, "before": None}
    assert {key for key, row in facts.items() if row["is_approved"]} == {*refunds, "APPROVED"}


def test_only_active_reviews_count(bench: ModelBench) -> None:
    bench.put("products", product_id="p", vendor_id="v")
    for status in ("ACTIVE", "HIDDEN", "DELETED", "UNKNOWN"):
        bench.put("reviews", review_id=status, product_id="p", status=status, rating=4)
    review = bench.row("gold.fact_reviews")
    assert (review["review_id"], review["vendor_id"]) == ("ACTIVE", "v")


def test_the_first_answer_is_the_sources_else_the_first_message_of_someone_else(bench: ModelBench) -> None:
    opened = "2024-01-01 12:00"
    bench.put("support_tickets", ticket_id="said", customer_id="c", created_at=opened,
              first_response_at="2024-01-01 12:30", closed_at="2024-01-03 12:00")  # fmt: skip
    bench.put("support_tickets", ticket_id="derived", customer_id="c", created_at=opened)
    bench.put(
        "support_tickets",
        ticket_id="silent",
        customer_id="c",
        created_at=opened,
        closed_at="2023-01-01",
    )
    for key, ticket, sender, hour in (
        ("1", "derived", "c", 13), ("2", "derived", "agent", 11), ("3", "derived", "agent", 15),
        ("4", "derived", "agent", 18), ("5", "said", "agent", 14), ("6", "silent", "c", 14),
    ):  # fmt: skip
        bench.put("support_messages", support_message_id=key, ticket_id=ticket, sender_id=sender,
                  created_at=f"2024-01-01 {hour}:00")  # fmt: skip
    hours = {
        key: (row["first_response_hours"], row["resolution_hours"])
        for key, row in bench.by_key("gold.fact_tickets").items()
    }
    assert hours == {
        "said": (Decimal("0.5"), Decimal(48)),
        "derived": (Decimal(3), None),
        "silent": (None, None),
    }


def test_the_calendar_starts_weeks_on_monday_and_has_no_gap(bench: ModelBench) -> None:
    days = {row["day"]: row for row in bench.rows("gold.dim_date")}
    assert len(days) == (date(2025, 12, 31) - date(2000, 1, 1)).days + 1
    sunday = days[date(2024, 12, 1)]
    assert (sunday["week_start"], sunday["day_of_week"], sunday["is_weekend"]) == (
        date(2024, 11, 25),
        7,
        True,
    )
    monday = days[date(2024, 12, 30)]
    assert (monday["week_start"], monday["month_start"]) == (date(2024, 12, 30), date(2024, 12, 1))
    assert (monday["quarter_start"], monday["year_start"]) == (date(2024, 10, 1), date(2024, 1, 1))
    assert monday["is_weekend"] is False


def test_one_line_of_each_order_and_product_is_the_first(bench: ModelBench) -> None:
    """Ids that are numbers go by size; products that nobody knows are one, as questions show them."""
    for key in ("p", "q"):
        bench.put("products", product_id=key)
    lines = {
        "10": ("o1", "p"), "9": ("o1", "p"), "11": ("o1", "q"), "12": ("o2", "p"),
        "13": ("o1", "nowhere"), "14": ("o1", "elsewhere"), "15": ("o1", None), "16": (None, "p"),
    }  # fmt: skip
    for key, (order_id, product_id) in lines.items():
        bench.put("order_items", order_item_id=key, order_id=order_id, product_id=product_id)
    facts = bench.by_key("gold.fact_order_items")
    assert {key for key, row in facts.items() if row["is_first_of_product"]} == {"9", "11", "12", "13"}
    assert set(bench.by_key("silver.repeated_order_lines")) == {"10", "14", "15"}
