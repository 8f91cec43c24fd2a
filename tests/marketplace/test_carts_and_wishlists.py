"""Carts and wish lists: what is in them, in which currency, and whether it was bought."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.marketplace.conftest import ModelBench


def test_a_cart_counts_its_lines_and_adds_those_with_a_price(bench: ModelBench) -> None:
    bench.put("products", product_id="p", vendor_id="v", currency="GHS")
    bench.put("carts", cart_id="full", customer_id="u", created_at="2024-03-01 23:59")
    bench.put("carts", cart_id="empty")
    lines = {"1": (2, "1.50"), "2": (3, "0.10"), "3": (4, None), "4": (None, "9.00")}
    for key, (quantity, price) in lines.items():
        bench.put("cart_items", cart_item_id=key, cart_id="full", product_id="p", quantity=quantity,
                  unit_price=price, created_at=f"2024-03-0{key} 10:00")  # fmt: skip
    bench.put("cart_items", cart_item_id="rejected", cart_id="full", _rejected="unreadable")
    carts = bench.by_key("gold.fact_carts")
    full = carts["full"]
    assert (full["opened_date"], full["last_added_at"]) == (
        date(2024, 3, 1),
        datetime.fromisoformat("2024-03-04 10:00"),
    )
    assert (full["line_count"], full["unit_count"]) == (4, 9)
    assert (full["cart_value"], full["currency"]) == (Decimal("3.30"), "GHS")
    empty = carts["empty"]
    assert (empty["line_count"], empty["unit_count"], empty["cart_value"], empty["currency"]) == (
        0,
        0,
        None,
        None,
    )


@pytest.mark.parametrize(
    ("products", "value", "currency", "mixed"),
    [
        (("ghs", "ghs"), Decimal("4.00"), "GHS", False),
        (("ghs", "usd"), None, None, True),
        (("ghs", "unknown"), None, None, True),
        (("unknown", None), Decimal("4.00"), None, False),
    ],
)
def test_lines_of_several_currencies_have_no_common_value(
    bench: ModelBench,
    products: tuple[str | None, ...],
    value: Decimal | None,
    currency: str | None,
    mixed: bool,
) -> None:
    bench.put("products", product_id="ghs", currency="GHS")
    bench.put("products", product_id="usd", currency="USD")
    bench.put("carts", cart_id="c")
    for number, product in enumerate(products):
        bench.put("cart_items", cart_item_id=str(number), cart_id="c", product_id=product, quantity=1,
                  unit_price="2.00")  # fmt: skip
    cart = bench.row("gold.fact_carts")
    assert (cart["cart_value"], cart["currency"], cart["has_mixed_currencies"]) == (value, currency, mixed)


def test_a_cart_that_names_an_order_became_one_and_a_test_order_takes_it_out(bench: ModelBench) -> None:
    bench.put("orders", order_id="o")
    bench.put("orders", order_id="t", is_test=True)
    for key, order in (("bought", "o"), ("lost order", "gone"), ("left", None), ("test", "t")):
        bench.put("carts", cart_id=key, order_id=order)
    carts = bench.by_key("gold.fact_carts")
    assert {key: row["is_converted"] for key, row in carts.items()} == {
        "bought": True, "lost order": True, "left": False,
    }  # fmt: skip


def test_a_line_of_an_unknown_cart_stays_in_silver_without_customer(bench: ModelBench) -> None:
    bench.put("cart_items", cart_item_id="i", cart_id="gone", product_id="nowhere", quantity=2,
              unit_price="1.00")  # fmt: skip
    line = bench.row("silver.cart_lines")
    assert (line["cart_id"], line["customer_id"], line["vendor_id"]) == ("gone", None, None)
    assert line["line_amount"] == Decimal("2.00")
    assert bench.rows("gold.fact_carts") == []


def wish(bench: ModelBench, key: str, product: str | None, added: str | None, owner: str | None) -> None:
    bench.put("wishlists", wishlist_id=f"of {key}", customer_id=owner)
    bench.put("wishlist_items", wishlist_item_id=key, wishlist_id=f"of {key}", product_id=product,
              created_at=added)  # fmt: skip


def test_a_wish_comes_true_by_the_first_order_on_its_day_or_later(bench: ModelBench) -> None:
    for key, day in (("before", "2024-05-01"), ("same", "2024-05-10"), ("after", "2024-05-20")):
        bench.put("orders", order_id=key, customer_id="u", order_date=f"{day} 01:00")
        bench.put("order_items", order_item_id=key, order_id=key, product_id="p")
    bench.put("orders", order_id="test", customer_id="u", order_date="2024-05-12", is_test=True)
    bench.put("order_items", order_item_id="test", order_id="test", product_id="q")
    wish(bench, "same day", "p", "2024-05-10 23:00", "u")
    wish(bench, "later", "p", "2024-05-11", "u")
    wish(bench, "too late", "p", "2024-05-21", "u")
    wish(bench, "bought in a test", "q", "2024-05-01", "u")
    wish(bench, "another's", "p", "2024-05-01", "w")
    wish(bench, "no day", "p", None, "u")
    wish(bench, "no product", None, "2024-05-01", "u")
    wish(bench, "nobody's", "p", "2024-05-01", None)
    bench.put("wishlist_items", wishlist_item_id="no list", wishlist_id="gone", product_id="p")
    lines = bench.by_key("gold.fact_wishlist_lines")
    assert {key: row["purchase_date"] for key, row in lines.items()} == {
        "same day": date(2024, 5, 10), "later": date(2024, 5, 20), "too late": None,
        "bought in a test": None, "another's": None, "no day": None, "no product": None,
        "nobody's": None, "no list": None,
    }  # fmt: skip
    assert [lines[key]["days_to_purchase"] for key in ("same day", "later", "too late")] == [0, 9, None]
    assert {key for key, row in lines.items() if row["is_purchased"]} == {"same day", "later"}


def test_a_wish_is_dated_by_its_list_where_it_has_no_day_of_its_own(bench: ModelBench) -> None:
    bench.put("products", product_id="p", vendor_id="v")
    bench.put("wishlists", wishlist_id="l", customer_id="u", created_at="2024-02-03 04:00")
    bench.put("wishlist_items", wishlist_item_id="i", wishlist_id="l", product_id="p")
    line = bench.row("gold.fact_wishlist_lines")
    assert (line["added_date"], line["vendor_id"]) == (date(2024, 2, 3), "v")


def test_messages_keep_no_text_and_unread_is_the_default(bench: ModelBench) -> None:
    bench.put("messages", message_id="m", sender_id="a", receiver_id="b", created_at="2024-01-01 23:59")
    bench.put("messages", message_id="rejected", _rejected="unreadable")
    assert bench.row("silver.messages") == {
        "message_id": "m",
        "sender_id": "a",
        "receiver_id": "b",
        "sent_at": datetime.fromisoformat("2024-01-01 23:59"),
        "sent_date": date(2024, 1, 1),
        "is_read": False,
    }
