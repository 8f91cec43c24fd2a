"""Datasets by day: nothing lost or doubled on the way from the facts, and no two currencies in one number."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.marketplace.conftest import ModelBench

MAY_1, MAY_2 = date(2024, 5, 1), date(2024, 5, 2)


def sell(bench: ModelBench, key: str, order: str | None, product: str | None, **line: Any) -> None:
    bench.put("order_items", order_item_id=key, order_id=order, product_id=product, **line)


@pytest.fixture
def market(bench: ModelBench) -> ModelBench:
    bench.put("categories", category_id="c1", category_name="Food")
    bench.put("categories", category_id="c2", category_name="Fruit", parent_category_id="c1")
    for product, category in (("p", "c2"), ("q", "c2"), ("bare", None)):
        bench.put("products", product_id=product, product_name=product.upper(), vendor_id="v")
        if category:
            bench.put("product_categories", product_id=product, category_id=category, is_primary=True)
    bench.put("orders", order_id="1", customer_id="u", order_date="2024-05-01 23:59", total_amount="1000.00")
    bench.put("orders", order_id="2", customer_id="u", order_date="2024-05-01 00:01")
    bench.put("orders", order_id="usd", customer_id="w", order_date="2024-05-01 12:00", currency="USD")
    bench.put("orders", order_id="no lines", customer_id="w", order_date="2024-05-01 12:00")
    bench.put("orders", order_id="test", order_date="2024-05-01", is_test=True)
    sell(bench, "a", "1", "p", quantity=2, unit_price="1.50", currency="GHS")
    sell(bench, "b", "1", "p", quantity=1, unit_price="1.00", currency="GHS")
    sell(bench, "c", "2", "p", quantity=1, unit_price="1.00", currency="GHS")
    sell(bench, "d", "usd", "p", quantity=5, unit_price="2.00", currency="USD")
    sell(bench, "e", "2", "q", quantity=1, unit_price="7.00", currency="GHS")
    sell(bench, "f", "2", "bare", quantity=1, unit_price="3.00", currency="GHS")
    sell(bench, "g", "2", None, quantity=1, unit_price="4.00", currency="GHS")
    sell(bench, "h", "2", "gone", quantity=1, unit_price="5.00", currency="GHS")
    sell(bench, "test", "test", "p", quantity=9, unit_price="9.00", currency="GHS")
    sell(bench, "no day", "nowhere", "p", quantity=9, unit_price="9.00", currency="GHS")
    bench.put("returns", return_id="r", order_item_id="a", return_amount="1.50", currency="GHS",
              status="APPROVED", request_at="2024-05-02 10:00")  # fmt: skip
    bench.put("returns", return_id="s", product_id="p", return_amount=None, status="REJECTED",
              request_at="2024-05-02 11:00")  # fmt: skip
    bench.put("returns", return_id="test", order_item_id="test", request_at="2024-05-02 10:00")
    for key, rating, status in (("4", 4, "ACTIVE"), ("5", 5, "ACTIVE"), ("none", None, "ACTIVE"),
                                ("hidden", 1, "HIDDEN")):  # fmt: skip
        bench.put("reviews", review_id=key, product_id="p", rating=rating, status=status,
                  created_at="2024-05-02 09:00")  # fmt: skip
    return bench


def by(bench: ModelBench, table: str, keys: tuple[str, ...], values: tuple[str, ...]) -> dict[Any, Any]:
    rows = bench.rows(table)
    found = {tuple(row[key] for key in keys): tuple(row[value] for value in values) for row in rows}
    assert len(found) == len(rows), "two rows of one key"
    return found


def test_a_products_day_has_its_sales_returns_and_reviews_by_currency(market: ModelBench) -> None:
    values = (
        "units_sold", "item_revenue", "line_count", "order_count", "return_count",
        "approved_return_count", "return_amount", "review_count", "rating_sum", "rating_count",
    )  # fmt: skip
    zero = Decimal("0.00")
    found = by(
        market, "gold.sales_and_product_performance", ("product_id", "activity_date", "currency"), values
    )
    assert found == {
        ("p", MAY_1, "GHS"): (4, Decimal("5.00"), 3, 2, 0, 0, zero, 0, 0, 0),
        ("p", MAY_1, "USD"): (5, Decimal("10.00"), 1, 1, 0, 0, zero, 0, 0, 0),
        ("q", MAY_1, "GHS"): (1, Decimal("7.00"), 1, 1, 0, 0, zero, 0, 0, 0),
        ("bare", MAY_1, "GHS"): (1, Decimal("3.00"), 1, 1, 0, 0, zero, 0, 0, 0),
        ("unknown", MAY_1, "GHS"): (1, Decimal("4.00"), 1, 1, 0, 0, zero, 0, 0, 0),
        ("gone", MAY_1, "GHS"): (1, Decimal("5.00"), 1, 1, 0, 0, zero, 0, 0, 0),
        ("p", MAY_2, "GHS"): (0, zero, 0, 0, 1, 1, Decimal("1.50"), 0, 0, 0),
        ("p", MAY_2, None): (0, zero, 0, 0, 1, 0, zero, 3, 9, 2),
    }


def test_an_unknown_product_keeps_its_id_and_has_unknown_names(market: ModelBench) -> None:
    names = by(
        market,
        "gold.sales_and_product_performance",
        ("product_id", "activity_date", "currency"),
        ("product_name", "category_id", "category_name", "top_category_name", "vendor_id"),
    )
    assert names["p", MAY_1, "GHS"] == ("P", "c2", "Fruit", "Food", "v")
    assert names["bare", MAY_1, "GHS"] == ("BARE", "unknown", "unknown", "unknown", "v")
    assert names["gone", MAY_1, "GHS"] == ("unknown", "unknown", "unknown", "unknown", None)


def test_a_category_is_the_sum_of_its_products_and_the_total_holds(market: ModelBench) -> None:
    values = ("products_sold", "units_sold", "item_revenue", "return_count", "review_count", "rating_sum")
    assert by(market, "gold.category_performance", ("category_id", "activity_date", "currency"), values) == {
        ("c2", MAY_1, "GHS"): (2, 5, Decimal("12.00"), 0, 0, 0),
        ("c2", MAY_1, "USD"): (1, 5, Decimal("10.00"), 0, 0, 0),
        ("unknown", MAY_1, "GHS"): (3, 3, Decimal("12.00"), 0, 0, 0),
        ("c2", MAY_2, "GHS"): (0, 0, Decimal("0.00"), 1, 0, 0),
        ("c2", MAY_2, None): (0, 0, Decimal("0.00"), 1, 3, 9),
    }


def test_payment_methods_count_attempts_by_day_outcome_and_currency(bench: ModelBench) -> None:
    bench.put("orders", order_id="o", order_date="2024-05-02 10:00")
    bench.put("orders", order_id="test", is_test=True)
    attempts = {
        "1": ("CARD", "FAILED", "10.00", "GHS", "2024-05-01 23:59", "o"),
        "2": ("CARD", "SUCCESS", "10.00", "GHS", "2024-05-01 23:59", "o"),
        "3": ("CARD", "SUCCESS", "3.00", "USD", "2024-05-01 08:00", "o"),
        "4": ("CARD", "UNKNOWN", "1.00", "GHS", "2024-05-01 08:00", "gone"),
        "5": ("CASH_ON_DELIVERY", "PENDING", "4.00", "GHS", None, "o"),
        "6": ("CARD", "SUCCESS", "99.00", "GHS", "2024-05-01 08:00", "test"),
        "7": ("CARD", "SUCCESS", "99.00", "GHS", None, "gone"),
        "8": ("WALLET", "REFUNDED", "6.00", "GHS", "2024-05-02 08:00", None),
    }
    for key, (method, status, amount, currency, paid_at, order) in attempts.items():
        bench.put("payments", payment_id=key, method=method, status=status, amount=amount, currency=currency,
                  paid_at=paid_at, order_id=order)  # fmt: skip
    values = ("payment_count", "order_count", "payment_amount", "success_count", "success_amount",
              "failed_amount", "pending_amount", "refunded_amount")  # fmt: skip
    zero = Decimal("0.00")
    assert by(bench, "gold.payment_methods", ("method", "payment_date", "currency"), values) == {
        ("CARD", MAY_1, "GHS"): (3, 2, Decimal("21.00"), 1, Decimal("10.00"), Decimal("10.00"), zero, zero),
        ("CARD", MAY_1, "USD"): (1, 1, Decimal("3.00"), 1, Decimal("3.00"), zero, zero, zero),
        ("CASH_ON_DELIVERY", MAY_2, "GHS"): (1, 1, Decimal("4.00"), 0, zero, zero, Decimal("4.00"), zero),
        ("WALLET", MAY_2, "GHS"): (1, 0, Decimal("6.00"), 0, zero, zero, zero, Decimal("6.00")),
    }
    kinds = {key: row["payment_kind"] for key, row in bench.by_key("gold.dim_payment_method").items()}
    assert kinds == {"CARD": "PREPAID", "CASH_ON_DELIVERY": "COD", "WALLET": "PREPAID"}


def test_shipping_performance_adds_parcels_by_place_and_day_of_the_order(bench: ModelBench) -> None:
    bench.put("orders", order_id="o", order_date="2024-05-01 10:00", currency="GHS")
    bench.put("orders", order_id="test", order_date="2024-05-01", is_test=True)
    place = {"city": "Accra", "region": "Greater Accra", "country": "Ghana"}
    parcels: dict[str, dict[str, Any]] = {
        "early": {"delivered_at": "2024-05-03", "delivery_fee": "5.00", "is_express": True, **place},
        "late": {"delivered_at": "2024-05-11", "delivery_fee": "5.50", **place},
        "before": {"delivered_at": "2024-04-30", **place},
        "usd": {"delivered_at": "2024-05-03", "delivery_fee": "1.00", "currency": "USD", **place},
        "lost": {"status": "FAILED"},
        "test": {"order_id": "test", **place},
        "unknown order": {"order_id": "gone", **place},
    }
    for key, parcel in parcels.items():
        bench.put("shipments", **{"shipment_id": key, "order_id": "o"} | parcel)
    keys = ("city", "region", "country", "order_date", "currency")
    values = ("shipment_count", "order_count", "delivered_count", "on_time_count", "due_count",
              "failed_count", "express_count", "delivery_days_sum", "delivery_days_count",
              "negative_days_count", "delivery_fee", "delivery_fee_count")  # fmt: skip
    accra = ("Accra", "Greater Accra", "Ghana", MAY_1)
    assert by(bench, "gold.shipping_performance", keys, values) == {
        (*accra, "GHS"): (3, 1, 3, 2, 3, 0, 1, 12, 2, 1, Decimal("10.50"), 2),
        (*accra, "USD"): (1, 1, 1, 1, 1, 0, 0, 2, 1, 0, Decimal("1.00"), 1),
        ("unknown", "unknown", "unknown", MAY_1, "GHS"): (
            1, 1, 0, 0, 1, 1, 0, 0, 0, 0, Decimal("0.00"), 0,
        ),
    }  # fmt: skip


def test_places_are_those_listed_and_those_that_parcels_went_to(bench: ModelBench) -> None:
    bench.put("countries", country_id="gh", country_name="Ghana")
    bench.put("regions", region_id="1", region_name="Greater Accra", country_id="gh")
    bench.put("cities", city_id="1", city_name="Accra", region_id="1")
    bench.put("cities", city_id="2", city_name="Tema", region_id="gone")
    bench.put("orders", order_id="o")
    for key, city in (("1", "Accra"), ("2", "Kumasi")):
        bench.put("shipments", shipment_id=key, order_id="o", city=city)
    assert {key: row["is_listed"] for key, row in bench.by_key("gold.dim_geography").items()} == {
        "Ghana / Greater Accra / Accra": True,
        "unknown / unknown / Tema": True,
        "unknown / unknown / Kumasi": False,
    }


def order(bench: ModelBench, key: str, customer: str | None, day: str, amount: str, **more: Any) -> None:
    bench.put("orders", order_id=key, customer_id=customer, order_date=day, total_amount=amount, **more)


def test_insights_have_a_customers_dates_and_the_money_of_each_currency(bench: ModelBench) -> None:
    order(bench, "1", "u", "2024-01-31 23:00", "10.00", status="COMPLETED")
    order(bench, "2", "u", "2024-03-01 01:00", "20.00", status="CANCELLED")
    order(bench, "3", "u", "2024-03-01 09:00", "5.00", currency="USD", status="RETURNED")
    order(bench, "4", "u", "2023-01-01", "99.00", is_test=True)
    order(bench, "5", None, "2024-01-01", "99.00")
    order(bench, "6", "unknown account", "2024-12-31 12:00", "7.00")
    bench.put("order_items", order_item_id="1", order_id="1", quantity=3)
    bench.put("order_items", order_item_id="2", order_id="1", quantity=3)
    values = ("cohort_month", "first_order_date", "last_order_date", "tenure_days", "order_days",
              "total_order_count", "is_repeat_customer", "order_count", "completed_order_count",
              "cancelled_order_count", "lifetime_value", "net_lifetime_value")  # fmt: skip
    of_u = (date(2024, 1, 1), date(2024, 1, 31), date(2024, 3, 1), 30, 2, 3, True)
    december = date(2024, 12, 31)
    seven = Decimal("7.00")
    assert by(bench, "gold.customer_insights", ("customer_id", "currency"), values) == {
        ("u", "GHS"): (*of_u, 2, 1, 1, Decimal("30.00"), Decimal("10.00")),
        ("u", "USD"): (*of_u, 1, 0, 0, Decimal("5.00"), Decimal("0.00")),
        ("unknown account", "GHS"): (
            date(2024, 12, 1), december, december, 0, 1, 1, False, 1, 0, 0, seven, seven,
        ),
    }  # fmt: skip


def test_recency_is_seen_from_the_business_day(bench: ModelBench) -> None:
    for key, day in (("1", "2024-12-31"), ("2", "2024-12-02"), ("3", "2024-12-01"), ("4", "2024-10-03"),
                     ("5", "2024-10-02"), ("6", "2024-01-02"), ("7", "2024-01-01")):  # fmt: skip
        order(bench, key, "u", day, "1.00")
    order(bench, "test", "u", "2024-12-31", "1.00", is_test=True)
    order(bench, "ahead", "w", "2025-01-02", "1.00")
    assert [tuple(row.values()) for row in bench.rows("gold.customer_recency")] == [
        ("u", date(2024, 12, 31), 0, 365, 2, 4, 6),
        ("w", date(2024, 12, 31), -2, -2, 0, 0, 0),
    ]
