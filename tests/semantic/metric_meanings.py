"""What each metric and dimension means, written by hand and in Python: the other side of the fuzz tests.

Nothing here is read from the YAML of the semantic model. A metric is an atom (one aggregate over the rows of
one table), arithmetic over other metrics, another metric over a span of its own, or the growth of one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any


@dataclass(frozen=True)
class Line:
    """One row of a table, and the way to the rows it points at."""

    row: dict[str, Any]
    parents: Callable[[str, Any], Line]
    pointers: dict[str, str]

    def __getitem__(self, column: str) -> Any:
        return self.row.get(column)

    def up(self, table: str) -> Line:
        """The row of another table that this one names; nothing but nulls where it is not there."""
        return self.parents(table, self.row.get(self.pointers[table]))


def _always(_line: Line, _start: date | None) -> bool:
    return True


@dataclass(frozen=True)
class Atom:
    """One aggregate. `how` is sum, count, distinct, mean, least or greatest of `column`; rows as `only` says.

    day    the column that dates a row; None: it is a state
    per    (column of an entity, how its values become one number): `how` is taken for each entity first
    keep   which values of entities are looked at
    same   dimensions for whose values it is all the same
    """

    table: str
    how: str
    column: str
    only: Callable[[Line, date | None], bool] = _always
    day: str | None = None
    per: tuple[str, str] | None = None
    keep: Callable[[Any], bool] | None = None
    same: tuple[str, ...] = ()
    of_period: bool = False


class Number:
    """An exact number, or none; none stays none, and a division by nothing is none."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def _with(self, other: Number | int, how: Callable[[Any, Any], Any]) -> Number:
        theirs = other.value if isinstance(other, Number) else Fraction(other)
        return Number(None if self.value is None or theirs is None else how(self.value, theirs))

    def __add__(self, other: Number | int) -> Number:
        return self._with(other, lambda a, b: a + b)

    def __sub__(self, other: Number | int) -> Number:
        return self._with(other, lambda a, b: a - b)

    def __mul__(self, other: Number | int) -> Number:
        return self._with(other, lambda a, b: a * b)

    def __truediv__(self, other: Number | int) -> Number:
        return self._with(other, lambda a, b: None if b == 0 else a / b)


class Others:
    """The other metrics of the same group, by name."""

    def __init__(self, value_of: Callable[[str], Any]) -> None:
        self._value_of = value_of

    def __getattr__(self, name: str) -> Number:
        return Number(self._value_of(name))


DAY_OF = {
    "orders": "order_date", "items": "order_date", "payments": "payment_date", "shipments": "order_date",
    "returns": "request_date", "reviews": "review_date", "tickets": "opened_date", "visits": "visit_date",
    "spend": "spend_date", "applications": "applied_on", "carts": "opened_date", "wishes": "added_date",
    "payouts": "payout_date", "earnings": "earned_date", "customers": None, "products": None,
    "inventory": None,
}  # fmt: skip
GOLD = {
    "orders": "fact_orders", "items": "fact_order_items", "payments": "fact_payments",
    "shipments": "fact_shipments", "returns": "fact_returns", "reviews": "fact_reviews",
    "tickets": "fact_tickets", "visits": "fact_visits", "spend": "fact_marketing_spend",
    "applications": "fact_vendor_applications", "carts": "fact_carts", "wishes": "fact_wishlist_lines",
    "payouts": "fact_payouts", "earnings": "fact_vendor_earnings", "customers": "dim_customers",
    "products": "dim_products", "inventory": "fact_inventory_daily", "vendors": "dim_vendors",
    "categories": "dim_categories", "partners": "dim_delivery_partners", "businesses": "vendor_businesses",
}  # fmt: skip
KEY_OF = {
    "orders": "order_id", "customers": "customer_id", "products": "product_id", "vendors": "vendor_id",
    "categories": "category_id", "partners": "delivery_partner_id", "payouts": "payout_id",
}  # fmt: skip
# table -> the tables its rows point at, and by which column. A line's vendor is its own, not its product's.
POINTERS = {
    "orders": {"customers": "customer_id"},
    "items": {
        "orders": "order_id", "products": "product_id", "vendors": "vendor_id", "customers": "customer_id",
    },
    "payments": {"orders": "order_id", "customers": "customer_id"},
    "shipments": {"orders": "order_id", "partners": "delivery_partner_id"},
    "returns": {
        "orders": "order_id", "products": "product_id", "vendors": "vendor_id", "customers": "customer_id",
    },
    "reviews": {"products": "product_id", "vendors": "vendor_id", "customers": "customer_id"},
    "tickets": {"customers": "customer_id"},
    "visits": {},
    "spend": {},
    "applications": {"vendors": "vendor_id"},
    "carts": {"orders": "order_id", "customers": "customer_id"},
    "wishes": {"products": "product_id", "vendors": "vendor_id", "customers": "customer_id"},
    "payouts": {"vendors": "vendor_id"},
    "earnings": {
        "payouts": "payout_id", "orders": "order_id", "products": "product_id", "vendors": "vendor_id",
    },
    "inventory": {"products": "product_id", "vendors": "vendor_id", "categories": "category_id"},
    "products": {"categories": "category_id", "vendors": "vendor_id"},
    "customers": {},
    "vendors": {},
    "categories": {},
    "partners": {},
    "businesses": {},
}  # fmt: skip


def _is(column: str, *values: Any) -> Callable[[Line, date | None], bool]:
    return lambda line, _start: line[column] in values


def _of_order(column: str, *values: Any) -> Callable[[Line, date | None], bool]:
    return lambda line, _start: line.up("orders")[column] in values


def _kept(line: Line, _start: date | None) -> bool:
    return line.up("orders")["status"] not in {"CANCELLED", "REJECTED", "RETURNED"}


def _stands(line: Line, _start: date | None) -> bool:
    return line["status"] not in {"FAILED", "CANCELLED"}


def _approved(line: Line, _start: date | None) -> bool:
    return line["status"] in {"APPROVED", "COMPLETED"}


def _left_behind(line: Line, _start: date | None) -> bool:
    return line["order_id"] is None and line["unit_count"] > 0


def _listed(line: Line, _start: date | None) -> bool:
    return bool(line["status"] != "DRAFT")


def _came_before(line: Line, start: date | None) -> bool:
    first = line.up("customers")["first_order_date"]
    return isinstance(first, date) and start is not None and first < start


def _gone(line: Line, _start: date | None) -> bool:
    order = line.up("orders")
    return line["status"] == "FAILED" and order["payment_kind"] == "COD" and order["is_fulfilled"] is False


def _taken(line: Line, _start: date | None) -> bool:
    order = line.up("orders")
    return order["payment_kind"] == "COD" and order["is_fulfilled"] is True


ATOMS: dict[str, Atom] = {
    # orders
    "gmv": Atom("orders", "sum", "total_amount"),
    "cod_gmv": Atom("orders", "sum", "total_amount", _is("payment_kind", "COD")),
    "prepaid_gmv": Atom("orders", "sum", "total_amount", _is("payment_kind", "PREPAID")),
    "discounts_given": Atom("orders", "sum", "discount_amount"),
    "discounted_gmv": Atom("orders", "sum", "total_amount", lambda r, _: (r["discount_amount"] or 0) > 0),
    "discounted_orders": Atom("orders", "count", "order_id", lambda r, _: (r["discount_amount"] or 0) > 0),
    "order_count": Atom("orders", "count", "order_id"),
    "completed_orders": Atom("orders", "count", "order_id", _is("status", "COMPLETED")),
    "cancelled_orders": Atom("orders", "count", "order_id", _is("status", "CANCELLED")),
    "rejected_orders": Atom("orders", "count", "order_id", _is("status", "REJECTED")),
    "failed_orders": Atom("orders", "count", "order_id", _is("is_failed", True)),
    "fulfilled_orders": Atom("orders", "count", "order_id", _is("is_fulfilled", True)),
    "cod_orders": Atom("orders", "count", "order_id", _is("payment_kind", "COD")),
    "prepaid_orders": Atom("orders", "count", "order_id", _is("payment_kind", "PREPAID")),
    "unique_customers": Atom("orders", "distinct", "customer_id"),
    "new_customers": Atom("orders", "count", "order_id", _is("customer_order_number", 1)),
    "orders_with_customer": Atom("orders", "count", "customer_id"),
    "repeat_customers": Atom(
        "orders", "count", "order_id", per=("customer_id", "count"), keep=lambda n: n >= 2
    ),
    "returning_customers": Atom("orders", "distinct", "customer_id", _came_before, of_period=True),
    "lifetime_value": Atom("orders", "sum", "total_amount", per=("customer_id", "mean")),
    "median_lifetime_value": Atom("orders", "sum", "total_amount", per=("customer_id", "0.5")),
    "p90_lifetime_value": Atom("orders", "sum", "total_amount", per=("customer_id", "0.9")),
    "first_order_date": Atom("orders", "least", "order_date"),
    "last_order_date": Atom("orders", "greatest", "order_date"),
    "customer_tenure_days": Atom("orders", "span", "order_date", per=("customer_id", "mean")),
    "total_tenure_days": Atom("orders", "span", "order_date", per=("customer_id", "sum")),
    # order lines
    "total_revenue": Atom("items", "sum", "item_amount"),
    "net_revenue": Atom("items", "sum", "item_amount", _kept),
    "stored_line_total": Atom("items", "sum", "line_total"),
    "commission": Atom("items", "sum", "commission_amount"),
    "kept_commission": Atom("items", "sum", "commission_amount", _kept),
    "total_units_sold": Atom("items", "sum", "quantity"),
    "item_orders": Atom("items", "distinct", "order_id"),
    "order_lines": Atom("items", "count", "order_item_id"),
    "cancelled_lines": Atom("items", "count", "order_item_id", _of_order("status", "CANCELLED")),
    "products_sold": Atom("items", "distinct", "product_id"),
    "selling_vendors": Atom("items", "distinct", "vendor_id"),
    # payments
    "total_payment_value": Atom("payments", "sum", "amount"),
    "successful_payment_value": Atom("payments", "sum", "amount", _is("status", "SUCCESS")),
    "payment_count": Atom("payments", "count", "payment_id"),
    "successful_payments": Atom("payments", "count", "payment_id", _is("status", "SUCCESS")),
    "settled_payments": Atom("payments", "count", "payment_id", lambda r, _: r["status"] != "PENDING"),
    "avg_payment_amount": Atom("payments", "mean", "amount"),
    # parcels
    "shipment_count": Atom("shipments", "distinct", "order_id"),
    "parcel_count": Atom("shipments", "count", "shipment_id"),
    "delivery_fees": Atom("shipments", "sum", "delivery_fee"),
    "avg_delivery_fee": Atom("shipments", "mean", "delivery_fee"),
    "parcels_before_order": Atom("shipments", "count", "shipment_id", _is("has_negative_days", True)),
    "avg_delivery_days": Atom("shipments", "mean", "delivery_days"),
    "on_time_parcels": Atom("shipments", "count", "shipment_id", _is("is_on_time", True)),
    "due_parcels": Atom("shipments", "count", "shipment_id", _is("is_due", True)),
    "failed_parcels": Atom("shipments", "count", "shipment_id", _is("status", "FAILED")),
    "cod_refused_orders": Atom("shipments", "distinct", "order_id", _gone),
    "cod_delivered_orders": Atom("shipments", "distinct", "order_id", _taken),
    # what comes back
    "return_count": Atom("returns", "count", "return_id"),
    "approved_returns": Atom("returns", "count", "return_id", _approved),
    "return_amount": Atom("returns", "sum", "return_amount"),
    "refund_amount": Atom("returns", "sum", "return_amount", _approved),
    "kept_refunds": Atom("returns", "sum", "return_amount", lambda r, s: _approved(r, s) and _kept(r, s)),
    "avg_return_amount": Atom("returns", "mean", "return_amount"),
    "avg_refund_days": Atom("returns", "mean", "refund_days"),
    # what customers say, ask and do
    "avg_rating": Atom("reviews", "mean", "rating"),
    "review_count": Atom("reviews", "count", "review_id"),
    "low_ratings": Atom("reviews", "count", "review_id", _is("rating", 1, 2)),
    "avg_category_rating": Atom("reviews", "mean", "rating", per=("product_id", "mean")),
    "ticket_count": Atom("tickets", "count", "ticket_id"),
    "open_tickets": Atom("tickets", "count", "ticket_id", _is("status", "OPEN", "PENDING")),
    "avg_first_response_hours": Atom("tickets", "mean", "first_response_hours"),
    "avg_resolution_hours": Atom("tickets", "mean", "resolution_hours"),
    "visits": Atom("visits", "count", "visit_id"),
    "visitors": Atom("visits", "distinct", "visitor_id"),
    "marketing_spend": Atom("spend", "sum", "amount"),
    "carts": Atom("carts", "count", "cart_id"),
    "converted_carts": Atom("carts", "count", "order_id"),
    "abandoned_carts": Atom("carts", "count", "cart_id", _left_behind),
    "abandoned_cart_value": Atom("carts", "sum", "cart_value", _left_behind),
    "wishlist_additions": Atom("wishes", "count", "wishlist_item_id"),
    "wishlist_purchases": Atom("wishes", "count", "purchase_date"),
    "avg_days_to_purchase": Atom("wishes", "mean", "days_to_purchase"),
    # vendors
    "vendor_applications": Atom("applications", "count", "application_id"),
    "approved_applications": Atom("applications", "count", "application_id", _is("status", "APPROVED")),
    "rejected_applications": Atom("applications", "count", "application_id", _is("status", "REJECTED")),
    "active_vendors": Atom("applications", "distinct", "vendor_id", _is("status", "APPROVED"), day="never"),
    "listing_vendors": Atom("products", "distinct", "vendor_id", _listed),
    "payout_count": Atom("payouts", "count", "payout_id", _stands),
    "payout_gross": Atom("payouts", "sum", "gross_earnings", _stands),
    "payout_commission": Atom("payouts", "sum", "platform_commission", _stands),
    "payout_net": Atom("payouts", "sum", "net_payout", _stands),
    "payouts_paid": Atom("payouts", "sum", "net_payout", _is("status", "PAID")),
    "payouts_outstanding": Atom(
        "payouts", "sum", "net_payout", _is("status", "PENDING", "PROCESSING", "UNKNOWN")
    ),
    "unexplained_payouts": Atom("payouts", "sum", "unexplained_amount", _stands),
    "vendor_earnings": Atom("earnings", "sum", "amount"),
    "unsettled_earnings": Atom(
        "earnings", "sum", "amount", lambda r, _: r.up("payouts")["status"] != "PAID"
    ),
    # what is there now
    "customer_count": Atom("customers", "count", "customer_id"),
    "total_customers": Atom("customers", "count", "customer_id", _is("role", "CUSTOMER")),
    "verified_users": Atom("customers", "count", "customer_id", _is("is_verified", True)),
    "enabled_users": Atom("customers", "count", "customer_id", _is("is_enabled", True)),
    "new_registrations": Atom("customers", "count", "customer_id", day="registered_on"),
    "cohort_size": Atom(
        "customers", "count", "customer_id", lambda r, _: r["first_order_date"] is not None,
        same=("months_since_first_order",),
    ),
    "total_products": Atom("products", "count", "product_id"),
    "listed_products": Atom("products", "count", "product_id", _listed),
    "active_products": Atom("products", "count", "product_id", _is("is_active", True)),
    "out_of_stock_products": Atom(
        "products", "count", "product_id",
        lambda r, s: _listed(r, s) and r["stock_quantity"] is not None and r["stock_quantity"] <= 0,
    ),
    "units_in_stock": Atom("products", "sum", "stock_quantity", _listed),
}  # fmt: skip

FORMULAS: dict[str, Callable[[Others], Number]] = {
    "avg_order_value": lambda of: of.gmv / of.order_count,
    "cod_gmv_share": lambda of: of.cod_gmv / of.gmv,
    "discount_uplift": lambda of: (of.discounted_gmv / of.discounted_orders)
    / ((of.gmv - of.discounted_gmv) / (of.order_count - of.discounted_orders)) - 1,
    "cancellation_rate": lambda of: of.cancelled_orders / of.order_count,
    "fulfilment_rate": lambda of: of.fulfilled_orders / of.order_count,
    "cod_share": lambda of: of.cod_orders / of.order_count,
    "customer_acquisition_rate": lambda of: of.new_customers / of.unique_customers,
    "order_frequency": lambda of: of.orders_with_customer / of.unique_customers,
    "repeat_purchase_rate": lambda of: of.repeat_customers / of.unique_customers,
    "customer_retention_rate": lambda of: of.returning_customers / of.unique_customers,
    "cohort_retention": lambda of: of.unique_customers / of.cohort_size,
    "days_between_orders": lambda of: of.total_tenure_days / (of.orders_with_customer - of.unique_customers),
    "ltv_cac_ratio": lambda of: of.lifetime_value / of.customer_acquisition_cost,
    "customer_acquisition_cost": lambda of: of.marketing_spend / of.new_customers,
    "order_conversion_rate": lambda of: of.order_count / of.visitors,
    "line_total_difference": lambda of: of.stored_line_total - of.total_revenue,
    "take_rate": lambda of: of.commission / of.total_revenue,
    "avg_unit_price": lambda of: of.total_revenue / of.total_units_sold,
    "items_per_order": lambda of: of.total_units_sold / of.item_orders,
    "line_cancellation_rate": lambda of: of.cancelled_lines / of.order_lines,
    "lost_revenue": lambda of: of.total_revenue - of.net_revenue,
    "vendor_proceeds": lambda of: of.net_revenue - of.kept_commission - of.kept_refunds,
    "payout_fees": lambda of: of.payout_gross - of.payout_commission - of.payout_net,
    "success_rate": lambda of: of.successful_payment_value / of.total_payment_value,
    "payment_success_rate": lambda of: of.successful_payments / of.payment_count,
    "settled_success_rate": lambda of: of.successful_payments / of.settled_payments,
    "on_time_delivery_rate": lambda of: of.on_time_parcels / of.parcel_count,
    "due_on_time_rate": lambda of: of.on_time_parcels / of.due_parcels,
    "cod_refusal_rate": lambda of: of.cod_refused_orders / (of.cod_refused_orders + of.cod_delivered_orders),
    "approval_rate": lambda of: of.approved_returns / of.return_count,
    "return_rate": lambda of: of.return_count / of.order_lines,
    "low_rating_share": lambda of: of.low_ratings / of.review_count,
    "tickets_per_100_orders": lambda of: of.ticket_count * 100 / of.order_count,
    "cart_conversion_rate": lambda of: of.converted_carts / of.carts,
    "cart_abandonment_rate": lambda of: of.abandoned_carts / (of.abandoned_carts + of.converted_carts),
    "wishlist_to_purchase_rate": lambda of: of.wishlist_purchases / of.wishlist_additions,
    "application_approval_rate": lambda of: of.approved_applications / of.vendor_applications,
    "verification_rate": lambda of: of.verified_users / of.customer_count,
    "active_user_rate": lambda of: of.enabled_users / of.customer_count,
    "inactive_products": lambda of: of.listed_products - of.active_products,
    "days_of_cover": lambda of: of.units_in_stock / (of.units_sold_last_30_days / 30),
}  # fmt: skip

# Another metric, over a span that ends today.
SPANS: dict[str, tuple[str, str]] = {
    "ytd_revenue": ("gmv", "year"),
    "current_month_revenue": ("gmv", "month"),
    "ytd_successful_payments": ("successful_payment_value", "year"),
    "active_customers_ytd": ("unique_customers", "year"),
    "active_products_ytd": ("products_sold", "year"),
    "total_returns_ytd": ("return_count", "year"),
    "units_sold_last_30_days": ("total_units_sold", "30 days"),
}
GROWTHS: dict[str, str] = {"revenue_growth_rate": "gmv", "ytd_revenue_growth_rate": "ytd_revenue"}

# Other names, some with a grouping of their own: dimensions, or a grain of time.
ALIASES: dict[str, tuple[str, tuple[str, ...], str | None]] = {
    "item_gmv": ("total_revenue", (), None),
    "total_sales": ("gmv", (), None),
    "ytg_revenue": ("ytd_revenue", (), None),
    "daily_gmv": ("gmv", (), "day"),
    "category_revenue": ("total_revenue", ("category",), None),
    "rating_distribution": ("review_count", ("rating",), None),
}

MONEY = {
    "total_amount", "discount_amount", "item_amount", "line_total", "commission_amount", "amount",
    "delivery_fee", "return_amount", "cart_value", "gross_earnings", "platform_commission", "net_payout",
    "unexplained_amount",
}  # fmt: skip

# dimension -> (kind, where it stands: table and column; the nearest counts)
DIMENSIONS: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "category": ("entity", (("categories", "category_id"),)),
    "top_category": ("entity", (("categories", "top_category_id"),)),
    "product": ("entity", (("products", "product_id"),)),
    "vendor": ("entity", (("vendors", "vendor_id"),)),
    "customer": ("entity", (("customers", "customer_id"),)),
    "delivery_partner": ("entity", (("partners", "delivery_partner_id"),)),
    "product_status": ("code", (("products", "status"),)),
    "vendor_status": ("code", (("vendors", "status"),)),
    "vendor_region": ("text", (("vendors", "region"),)),
    "order_status": ("code", (("orders", "status"),)),
    "payment_kind": ("code", (("orders", "payment_kind"),)),
    "payment_method": ("code", (("payments", "method"), ("orders", "payment_method"))),
    "payment_status": ("code", (("payments", "status"),)),
    "channel": ("text", (("orders", "channel"), ("visits", "channel"), ("spend", "channel"))),
    "currency": (
        "text",
        tuple((table, "currency") for table in (
            "orders", "items", "payments", "shipments", "returns", "spend", "carts", "payouts", "earnings",
        )),
    ),
    "shipping_city": ("text", (("shipments", "city"), ("orders", "shipping_city"))),
    "state": ("text", (("shipments", "region"), ("orders", "shipping_region"))),
    "shipment_status": ("code", (("shipments", "status"),)),
    "is_express": ("flag", (("shipments", "is_express"),)),
    "return_status": ("code", (("returns", "status"),)),
    "return_reason": ("text", (("returns", "reason"),)),
    "rating": ("number", (("reviews", "rating"),)),
    "ticket_status": ("code", (("tickets", "status"),)),
    "application_status": ("code", (("applications", "status"),)),
    "payout_status": ("code", (("payouts", "status"),)),
    "gender": ("code", (("customers", "gender"),)),
    "user_role": ("code", (("customers", "role"),)),
    "customer_kind": ("code", (("customers", "customer_kind"),)),
    "customer_segment": ("code", (("customers", "customer_segment"),)),
    "age_group": ("text", (("customers", "age_group"),)),
    "country": ("text", (("customers", "country"),)),
    "is_verified": ("flag", (("customers", "is_verified"),)),
    "cohort_month": ("month", (("customers", "first_order_date"),)),
    "months_since_first_order": ("months", (("customers", "first_order_date"),)),
}  # fmt: skip
SYNONYMS = {"state": "shipping_region", "country": "customer_country"}  # asked so, called otherwise
LABELS = {
    "category": ("categories", "category_name"), "top_category": ("categories", "category_name"),
    "product": ("products", "product_name"), "vendor": ("vendors", "vendor_name"),
    "customer": ("customers", "full_name"), "delivery_partner": ("partners", "partner_name"),
}  # fmt: skip
