"""Shops of random rows for the fuzz tests: small, so that groups meet, and full of nulls, unknown parents,
ends of months, a leap day and rows without a date.

What gold promises holds in them: keys are unique, flags say what the states beside them say, an order line
has the day and the customer of its order.
"""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from tests.semantic.marked_lines import MARK_LINES
from tests.semantic.metric_meanings import GOLD
from tests.semantic.oracle_names import Tables

FIRST, LAST = date(2023, 9, 25), date(2024, 5, 3)
ORDERS, ITEMS = 40, 70
EDGES = (
    date(2023, 12, 31), date(2024, 1, 1), date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31),
    date(2024, 3, 1),
)  # fmt: skip
STATUSES = ("PENDING", "CONFIRMED", "DISPATCHED", "COMPLETED", "CANCELLED", "REJECTED", "RETURNED", "UNKNOWN")
METHODS = ("CARD", "MOBILE_MONEY", "CASH_ON_DELIVERY")


class RandomShop:
    """Writes the rows of one shop. `other_currency` is the share of rows that are in dollars."""

    def __init__(self, seed: int, other_currency: float = 0.0) -> None:
        self._dice = random.Random(seed)  # noqa: S311 - the same shop each time
        self._other_currency = other_currency
        self.customers = [f"c{number}" for number in range(1, 9)]
        self.products = [f"p{number}" for number in range(1, 10)]

    def tables(self) -> Tables:
        tables: Tables = {"vendors": self._vendors(), "categories": self._categories()}
        tables["businesses"] = [
            {"vendor_id": vendor, "business_id": business}
            for vendor, business in (("vA", "b1"), ("vA", "b3"), ("vB", "b2"), ("vC", "b2"))
        ]
        tables["partners"] = [
            {"delivery_partner_id": key, "partner_name": name, "country": "Ghana"}
            for key, name in (("d1", "Swift"), ("d2", "Slow"), ("d3", None))
        ]
        tables["products"] = [self._product(key) for key in self.products]
        tables["inventory"] = [self._stock(row) for row in tables["products"]]
        tables["orders"] = self._orders()
        tables["customers"] = [self._customer(key, tables["orders"]) for key in self.customers]
        tables["items"] = [self._item(number, tables["orders"]) for number in range(ITEMS)]
        orders = [*tables["orders"], {"order_id": "o404", "customer_id": None}]
        tables["payments"] = [self._payment(number, orders) for number in range(45)]
        tables["shipments"] = [self._shipment(number, orders) for number in range(40)]
        tables["returns"] = [self._return(number, tables["items"]) for number in range(20)]
        tables["reviews"] = [self._review(number) for number in range(25)]
        tables["tickets"] = [self._ticket(number) for number in range(12)]
        tables["visits"] = [
            {"visit_id": f"x{n}", "visitor_id": self._some("n1", "n2", "n3", None), "visit_date": self._day(),
             "channel": self._channel()} for n in range(20)
        ]  # fmt: skip
        tables["spend"] = [
            {"spend_id": f"e{n}", "spend_date": self._day(), "channel": self._channel(),
             "amount": self._money(), "currency": self._currency()} for n in range(10)
        ]  # fmt: skip
        tables["applications"] = [self._application(number) for number in range(9)]
        tables["carts"] = [self._cart(number) for number in range(20)]
        tables["wishes"] = [self._wish(number) for number in range(20)]
        tables["payouts"] = [self._payout(number) for number in range(10)]
        tables["earnings"] = [self._earning(number, tables["items"]) for number in range(30)]
        return tables

    def _some(self, *values: Any) -> Any:
        return self._dice.choice(values)

    def _day(self) -> date | None:
        dice = self._dice
        if dice.random() < 0.04:
            return None
        if dice.random() < 0.2:
            return dice.choice(EDGES)
        return FIRST + timedelta(days=dice.randrange((LAST - FIRST).days + 1))

    def _money(self) -> Decimal | None:
        return None if self._dice.random() < 0.06 else Decimal(self._dice.randrange(20_000)) / 100

    def _currency(self) -> str | None:
        if self._dice.random() < self._other_currency:
            return "USD"
        return None if self._dice.random() < 0.03 else "GHS"

    def _channel(self) -> Any:
        return self._some("search", "social", "email", None)

    def _vendor(self) -> Any:
        return self._some("vA", "vA", "vB", "vB", "vC", "v404", None)

    def _buyer(self) -> Any:
        return self._some(*self.customers, "c404", None)

    def _thing(self) -> Any:
        return self._some(*self.products, "p404", None)

    def _where(self) -> Any:
        return self._some(
            {"city": "Accra", "region": "Greater Accra", "country": "Ghana"},
            {"city": "Kumasi", "region": "Ashanti", "country": "Ghana"},
            {"city": "unknown", "region": "unknown", "country": None},
            {"city": None, "region": None, "country": "Togo"},
        )

    def _vendors(self) -> list[dict[str, Any]]:
        return [
            {"vendor_id": "vA", "vendor_name": "Ama's Shop", "status": "APPROVED", "region": "Ashanti"},
            {"vendor_id": "vB", "vendor_name": "Same", "status": "SUSPENDED", "region": "unknown"},
            {"vendor_id": "vC", "vendor_name": "vA", "status": None, "region": None},
        ]

    def _categories(self) -> list[dict[str, Any]]:
        names = (("k1", "Electronics", None, "k1"), ("k2", "Phones", "k1", "k1"), ("k3", None, None, "k3"))
        return [
            {"category_id": key, "category_name": name, "parent_category_id": parent, "top_category_id": top}
            for key, name, parent, top in names
        ]

    def _product(self, key: str) -> dict[str, Any]:
        status = self._some("ACTIVE", "ACTIVE", "INACTIVE", "DRAFT", "UNKNOWN")
        return {
            "product_id": key, "product_name": self._some(f"Thing {key}", "Same", None), "status": status,
            "category_id": self._some("k1", "k2", "k2", "k3", "k404", None), "vendor_id": self._vendor(),
            "stock_quantity": self._some(0, 0, 3, 7, 50, None), "low_stock_threshold": self._some(3, 5, None),
            "is_active": status == "ACTIVE", "is_listed": status != "DRAFT", "currency": "GHS",
            "listed_on": self._day(),
        }  # fmt: skip

    def _stock(self, product: dict[str, Any]) -> dict[str, Any]:
        units, least = product["stock_quantity"], product["low_stock_threshold"]
        low = units is not None and least is not None and 0 < units <= least
        names = ("product_id", "vendor_id", "category_id", "stock_quantity", "low_stock_threshold")
        return {**{name: product[name] for name in names}, "is_low_stock": low, "stock_date": LAST}

    def _orders(self) -> list[dict[str, Any]]:
        orders = []
        for number in range(ORDERS):
            status, place = self._some(*STATUSES), self._where()
            method = self._some(*METHODS, None)
            kind = "NONE" if method is None else "COD" if method == "CASH_ON_DELIVERY" else "PREPAID"
            orders.append({
                "order_id": f"o{number}", "customer_id": self._buyer(),
                "order_date": self._day() or self._some(*EDGES), "status": status,
                "total_amount": self._money(),
                "discount_amount": self._some(None, Decimal(0), Decimal("5.25")),
                "currency": self._currency(), "channel": self._channel(), "payment_kind": kind,
                "payment_method": method, "shipping_city": place["city"], "shipping_region": place["region"],
                "shipping_country": place["country"], "is_completed": status == "COMPLETED",
                "is_cancelled": status == "CANCELLED", "is_rejected": status == "REJECTED",
                "is_fulfilled": status in {"COMPLETED", "RETURNED"} or self._dice.random() < 0.1,
                "is_failed": status == "REJECTED" or self._dice.random() < 0.1,
            })  # fmt: skip
        counted: dict[str | None, int] = {}
        for order in sorted(orders, key=lambda order: (order["order_date"], order["order_id"])):
            counted[order["customer_id"]] = counted.get(order["customer_id"], 0) + 1
            order["customer_order_number"] = counted[order["customer_id"]] if order["customer_id"] else None
        return orders

    def _customer(self, key: str, orders: list[dict[str, Any]]) -> dict[str, Any]:
        days = [order["order_date"] for order in orders if order["customer_id"] == key]
        return {
            "customer_id": key, "full_name": self._some(f"Name {key}", "Same", None),
            "gender": self._some("FEMALE", "MALE", None), "age_group": self._some("25-34", "unknown", None),
            "role": self._some("CUSTOMER", "CUSTOMER", "VENDOR", "UNKNOWN"),
            "customer_kind": self._some("PRIVATE", "BUSINESS", "UNKNOWN"),
            "customer_segment": self._some("CHAMPION", "LOST", "NO_ORDER"),
            "country": self._some("Ghana", "unknown"), "is_verified": self._some(True, False, None),
            "is_enabled": self._some(True, False, None), "registered_on": self._day(),
            "first_order_date": min(days, default=None), "last_order_date": max(days, default=None),
        }  # fmt: skip

    def _item(self, number: int, orders: list[dict[str, Any]]) -> dict[str, Any]:
        order = self._dice.choice(orders)
        quantity, price = self._dice.randrange(1, 6), self._money() or Decimal(1)
        return {
            "order_item_id": f"i{number}", "order_id": order["order_id"], "product_id": self._thing(),
            "vendor_id": self._vendor(), "customer_id": order["customer_id"],
            "order_date": order["order_date"], "quantity": quantity, "unit_price": price,
            "item_amount": quantity * price, "line_total": self._money(), "commission_amount": self._money(),
            "currency": self._currency(),
        }  # fmt: skip

    def _payment(self, number: int, orders: list[dict[str, Any]]) -> dict[str, Any]:
        order = self._dice.choice(orders)
        status = self._some("PENDING", "SUCCESS", "SUCCESS", "FAILED", "REFUNDED", "UNKNOWN")
        return {
            "payment_id": f"y{number}", "order_id": order["order_id"], "customer_id": order["customer_id"],
            "payment_date": self._day(), "method": self._some(*METHODS, "OTHER", None), "status": status,
            "amount": self._money(), "currency": self._currency(), "is_success": status == "SUCCESS",
        }  # fmt: skip

    def _shipment(self, number: int, orders: list[dict[str, Any]]) -> dict[str, Any]:
        order, place = self._dice.choice(orders), self._where()
        status = self._some("PENDING", "IN_TRANSIT", "DELIVERED", "DELIVERED", "FAILED", "UNKNOWN")
        days = self._some(None, 0, 2, 9) if status == "DELIVERED" else None
        return {
            "shipment_id": f"s{number}", "order_id": order["order_id"],
            "delivery_partner_id": self._some("d1", "d2", "d3", "d404", None),
            "order_date": order.get("order_date"), "status": status, "city": place["city"],
            "region": place["region"], "country": place["country"], "delivery_fee": self._money(),
            "currency": self._currency(), "is_express": self._some(True, False, None), "delivery_days": days,
            "has_negative_days": status == "DELIVERED" and days is None, "is_due": self._some(True, False),
            "is_on_time": self._some(True, False, None), "is_failed": status == "FAILED",
        }  # fmt: skip

    def _return(self, number: int, items: list[dict[str, Any]]) -> dict[str, Any]:
        item = self._some(*items, {})
        status = self._some("PENDING", "APPROVED", "REJECTED", "COMPLETED", "UNKNOWN")
        names = ("order_id", "order_item_id", "customer_id", "product_id", "vendor_id")
        return {
            "return_id": f"r{number}", **{name: item.get(name) for name in names},
            "request_date": self._day(), "status": status, "reason": self._some("Damaged", "Late", None),
            "return_amount": self._money(), "currency": self._currency(),
            "is_approved": status in {"APPROVED", "COMPLETED"}, "refund_days": self._some(None, 1, 4),
        }  # fmt: skip

    def _review(self, number: int) -> dict[str, Any]:
        return {
            "review_id": f"w{number}", "customer_id": self._buyer(), "product_id": self._thing(),
            "vendor_id": self._vendor(), "review_date": self._day(),
            "rating": self._some(1, 2, 3, 4, 5, None),
        }  # fmt: skip

    def _ticket(self, number: int) -> dict[str, Any]:
        return {
            "ticket_id": f"t{number}", "customer_id": self._buyer(), "opened_date": self._day(),
            "category": self._some("Delivery", None), "status": self._some("OPEN", "PENDING", "CLOSED"),
            "first_response_hours": self._some(None, Decimal("1.25"), Decimal("30.5")),
            "resolution_hours": self._some(None, Decimal("8.1"), Decimal(40)),
        }  # fmt: skip

    def _application(self, number: int) -> dict[str, Any]:
        return {
            "application_id": f"a{number}", "vendor_id": self._vendor(), "applied_on": self._day(),
            "status": self._some("PENDING", "APPROVED", "APPROVED", "REJECTED"),
        }  # fmt: skip

    def _cart(self, number: int) -> dict[str, Any]:
        order, units = self._some(None, None, "o1", "o2", "o404"), self._dice.randrange(3)
        return {
            "cart_id": f"b{number}", "customer_id": self._buyer(), "order_id": order,
            "opened_date": self._day(), "line_count": units, "unit_count": units,
            "cart_value": self._money() if units else None, "currency": self._currency() if units else None,
            "is_converted": order is not None,
        }  # fmt: skip

    def _wish(self, number: int) -> dict[str, Any]:
        day, after = self._day(), self._some(None, None, 0, 5)
        bought = day + timedelta(days=after) if day is not None and after is not None else None
        return {
            "wishlist_item_id": f"l{number}", "customer_id": self._buyer(), "product_id": self._thing(),
            "vendor_id": self._vendor(), "added_date": day, "purchase_date": bought,
            "days_to_purchase": after if bought else None, "is_purchased": bought is not None,
        }  # fmt: skip

    def _payout(self, number: int) -> dict[str, Any]:
        status = self._some("PENDING", "PROCESSING", "PAID", "PAID", "FAILED", "CANCELLED", "UNKNOWN")
        return {
            "payout_id": f"g{number}", "vendor_id": self._vendor(), "payout_date": self._day(),
            "status": status, "gross_earnings": self._money(), "platform_commission": self._money(),
            "net_payout": self._money() or Decimal(1), "currency": self._currency(),
            "unexplained_amount": self._money(), "is_paid": status == "PAID",
        }  # fmt: skip

    def _earning(self, number: int, items: list[dict[str, Any]]) -> dict[str, Any]:
        item = self._some(*items, {})
        return {
            "earning_id": f"q{number}", "vendor_id": item.get("vendor_id", "vA"),
            "payout_id": self._some(*(f"g{n}" for n in range(10)), None), "order_id": item.get("order_id"),
            "order_item_id": item.get("order_item_id"), "product_id": item.get("product_id"),
            "earned_date": self._day(), "amount": self._money() or Decimal(1), "currency": self._currency(),
        }  # fmt: skip


def stored(tables: Tables) -> duckdb.DuckDBPyConnection:
    """The tables as gold in a database of their own."""
    connection = duckdb.connect(":memory:", config={"threads": 1})
    for statement in connection.extract_statements((Path(__file__).parent / "shop.sql").read_text("utf-8")):
        if statement.type == duckdb.StatementType.CREATE:
            connection.execute(statement)
    for name, rows in tables.items():
        put(connection, name, rows)
    return connection


def put(connection: duckdb.DuckDBPyConnection, name: str, rows: list[dict[str, Any]]) -> None:
    """Add rows to a table of gold; a column that no row names is null."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    marks = f"({', '.join('?' * len(columns))})"
    connection.execute(
        f"insert into gold.{GOLD[name]} ({', '.join(columns)}) values {', '.join([marks] * len(rows))}",
        [row.get(column) for row in rows for column in columns],
    )
    if name in {"items", "products"}:
        connection.execute(MARK_LINES)
