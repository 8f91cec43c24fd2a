"""What the fake marketplace sells and measures: its metrics, and its dimensions with their members."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FakeMetric:
    """One metric: its size per day, and whether it is an order-grain one that items cannot split."""

    name: str
    label: str
    unit: str
    size: float
    is_order_grain: bool = True
    definition: str = ""
    label_fr: str = ""
    owner: str = "finance"
    aliases: tuple[str, ...] = ()
    version: str = "v1"
    formula: str = "sum of total amount in orders"
    formula_fr: str = "somme de total amount dans orders"
    definition_fr: str | None = None


@dataclass(frozen=True, slots=True)
class FakeDimension:
    """One dimension with its members as (key, label)."""

    name: str
    label: str
    members: tuple[tuple[str, str], ...]
    is_entity: bool = False


def _metrics(*rows: tuple[str, str, str, float, bool]) -> dict[str, FakeMetric]:
    return {
        name: FakeMetric(name, label, unit, size, order, f"{label} in words.", f"{label} (fr)")
        for name, label, unit, size, order in rows
    }


METRICS = _metrics(
    ("gmv", "GMV", "money", 48_210.55, True),
    ("item_gmv", "Item GMV", "money", 51_944.10, False),
    ("order_count", "Orders", "count", 412, True),
    ("item_orders", "Orders with items", "count", 405, False),
    ("avg_order_value", "Average order value", "money", 117.25, True),
    ("items_per_order", "Units per order", "number", 2.41, False),
    ("unique_customers", "Customers who ordered", "count", 288, True),
    ("new_customers", "New customers", "count", 36, True),
    ("total_units_sold", "Units sold", "count", 903, False),
    ("products_sold", "Products sold", "count", 214, False),
    ("on_time_delivery_rate", "On-time delivery", "percent", 0.912, True),
    ("due_on_time_rate", "On-time delivery (due)", "percent", 0.912, True),
    ("avg_rating", "Average rating", "rating", 4.31, False),
    ("cod_share", "COD share", "percent", 0.381, True),
    ("return_rate", "Return rate", "percent", 0.043, False),
    ("failed_parcels", "Failed parcels", "count", 7, True),
    ("cancellation_rate", "Cancellation rate", "percent", 0.061, True),
    ("line_cancellation_rate", "Line cancellation rate", "percent", 0.058, False),
    ("fulfilment_rate", "Fulfilment rate", "percent", 0.893, True),
    ("commission", "Commission", "money", 4_155.20, False),
    ("out_of_stock_products", "Out of stock", "count", 12, False),
    ("return_count", "Returns", "count", 21, False),
    ("successful_payment_value", "Successful payments", "money", 45_120.75, True),
    ("total_payment_value", "Payments attempted", "money", 50_020.15, True),
    ("payment_success_rate", "Payment success", "percent", 0.944, True),
    ("ticket_count", "Requests", "count", 31, True),
    ("avg_first_response_hours", "Hours to first response", "number", 5.4, True),
    ("failed_orders", "Failed orders", "count", 9, True),
    ("parcel_count", "Parcels", "count", 398, True),
    ("avg_delivery_days", "Days to deliver", "days", 2.7, True),
    ("avg_delivery_fee", "Delivery fee", "money", 14.30, True),
    ("delivery_fees", "Delivery fees", "money", 5_480.0, True),
    ("customer_acquisition_cost", "Acquisition cost", "money", 22.45, True),
    ("order_frequency", "Orders per customer", "number", 1.43, True),
    ("lifetime_value", "Lifetime value", "money", 12.45, True),
    ("median_lifetime_value", "Median lifetime value", "money", 9.45, True),
    ("p90_lifetime_value", "Lifetime value of the top tenth", "money", 30.45, True),
    ("ltv_cac_ratio", "LTV to CAC", "number", 3.43, True),
    ("customer_retention_rate", "Retention rate", "percent", 0.31, True),
    ("repeat_purchase_rate", "Repeat purchase rate", "percent", 0.24, True),
    ("cohort_retention", "Cohort retention", "percent", 0.35, True),
    ("days_between_orders", "Days between orders", "days", 41.5, True),
    ("customer_count", "Users", "count", 900, True),
    ("verification_rate", "Verification rate", "percent", 0.71, True),
    ("active_user_rate", "Active user rate", "percent", 0.93, True),
    ("review_count", "Reviews", "count", 17, False),
    ("low_rating_share", "Low ratings", "percent", 0.08, False),
    ("approval_rate", "Approval rate", "percent", 0.72, False),
    ("avg_refund_days", "Days to refund", "days", 5.2, False),
    ("approved_returns", "Approved returns", "count", 9, False),
    ("order_lines", "Order lines", "count", 620, False),
    ("payouts_paid", "Paid to vendors", "money", 3_105.40, False),
    ("payouts_outstanding", "Outstanding payouts", "money", 804.90, False),
    ("total_revenue", "Revenue", "money", 5_105.40, False),
    ("lost_revenue", "Lost revenue", "money", 305.40, False),
    ("kept_commission", "Commission kept", "money", 480.0, False),
    ("kept_refunds", "Refunds kept", "money", 96.0, False),
    ("units_in_stock", "Units in stock", "count", 2_140, False),
    ("stock_on_hand", "Stock on hand", "count", 2_140, False),
    ("stock_value", "Stock value", "money", 91_400.0, False),
    ("stock_days", "Days of stock", "days", 30, False),
    ("stock_turnover", "Stock turnover", "number", 1.9, False),
    ("out_of_stock_rate", "Out-of-stock rate", "percent", 0.06, False),
    ("out_of_stock_at_end", "Out of stock at the end", "count", 11, False),
    ("low_stock_at_end", "Low stock at the end", "count", 19, False),
    ("listed_products", "Listed products", "count", 310, False),
    ("active_products", "Active products", "count", 288, False),
    ("inactive_products", "Inactive products", "count", 22, False),
    ("total_products", "Products", "count", 330, False),
    ("units_sold_last_30_days", "Units sold in 30 days", "count", 903, False),
    ("days_of_cover", "Days of cover", "days", 61.0, False),
    ("sell_through_rate", "Sell-through", "percent", 0.29, False),
    ("open_tickets", "Open requests", "count", 8, True),
    ("shipment_count", "Orders shipped", "count", 388, True),
    ("fulfilled_orders", "Fulfilled orders", "count", 361, True),
)
VENDORS = (
    ("v1", "Makola Textiles"),
    ("v2", "Kente House"),
    ("v3", "Accra Electronics"),
    ("v4", "Volta Fresh Foods"),
    ("v5", "Kumasi Leather Works"),
    ("v6", "Tema Home & Kitchen"),
    ("v7", "Cape Coast Books"),
    ("v8", "Sahel Beauty"),
    ("unknown", "Unknown"),
)
HOSTILE_VENDORS = (
    ("h1", "<script>document.title='owned'</script>"),
    ("h2", '"><img src=x onerror="document.title=\'owned\'">'),
    ("h3", "W" * 200),
    ("h4", "متجر النخيل للأقمشة والملابس"),
    ("h5", "{{7*7}} ${7*7} </title></script>"),
    ("h6", "line\nbreak\ttab & &amp; <b>bold</b>"),
    ("h'7\"", "key with quotes"),
    ("javascript:alert(1)", "key like a link"),
)
CATEGORIES = (
    ("c1", "Fashion"),
    ("c2", "Electronics"),
    ("c3", "Home & Kitchen"),
    ("c4", "Groceries"),
    ("c5", "Books"),
)
REGIONS = (
    "Greater Accra",
    "Ashanti",
    "Western",
    "Central",
    "Eastern",
    "Volta",
    "Northern",
    "Bono",
    "Upper East",
    "Oti",
)


def _enum(name: str, label: str, *members: str) -> FakeDimension:
    return FakeDimension(name, label, tuple((member, member) for member in members))


def dimensions_of(vendors: tuple[tuple[str, str], ...]) -> dict[str, FakeDimension]:
    products = tuple(
        (f"p{n}", f"{name} {n}")
        for n, name in enumerate(
            (
                "Wax print dress",
                "Phone charger",
                "Shea butter",
                "Clay pot",
                "Leather sandals",
                "Palm oil 5 l",
                "School backpack",
                "Bluetooth speaker",
                "Kente stole",
                "Cocoa powder",
                "Rice cooker",
                "Notebook set",
            ),
            1,
        )
    )
    known = (
        FakeDimension("vendor", "Vendor", vendors, is_entity=True),
        FakeDimension("product", "Product", products, is_entity=True),
        FakeDimension("category", "Category", CATEGORIES, is_entity=True),
        FakeDimension("top_category", "Top category", CATEGORIES, is_entity=True),
        _enum("shipping_region", "Region", *REGIONS),
        _enum("shipping_city", "City", "Accra", "Tema", "Kumasi", "Takoradi", "Tamale"),
        _enum("payment_kind", "Payment kind", "COD", "PREPAID", "NONE"),
        _enum(
            "payment_method", "Payment method", "MOBILE_MONEY", "CARD", "CASH_ON_DELIVERY", "BANK_TRANSFER"
        ),
        _enum("order_status", "Order status", "COMPLETED", "DISPATCHED", "CANCELLED"),
        _enum("shipment_status", "Shipment status", "DELIVERED", "IN_TRANSIT", "FAILED"),
        _enum("return_reason", "Return reason", "DAMAGED", "WRONG_ITEM", "CHANGED_MIND"),
        _enum("ticket_category", "Request category", "DELIVERY", "PAYMENT", "PRODUCT"),
        _enum("age_group", "Age group", "18-24", "25-34", "35-44", "45-54"),
        _enum("gender", "Gender", "FEMALE", "MALE", "OTHER"),
        _enum("customer_kind", "Customer kind", "PRIVATE", "BUSINESS"),
        _enum("customer_segment", "Customer segment", "CHAMPION", "LOST", "NO_ORDER"),
        _enum("user_role", "User type", "CUSTOMER", "VENDOR"),
        _enum("customer_region", "Customer region", *REGIONS[:4]),
        _enum("customer_city", "Customer city", "Accra", "Tema"),
        _enum("channel", "Channel", "search", "social", "direct"),
        _enum("product_status", "Product status", "ACTIVE", "INACTIVE"),
        _enum("delivery_partner", "Delivery partner", "Swift", "Volta Couriers"),
        _enum("cohort_month", "Month of first order", "2026-01-01", "2026-02-01", "2026-03-01"),
        _enum("cohort_quarter", "Quarter of first order", "2025-10-01", "2026-01-01"),
        _enum("months_since_first_order", "Months since first order", "0", "1", "2"),
    )
    return {dimension.name: dimension for dimension in known}
