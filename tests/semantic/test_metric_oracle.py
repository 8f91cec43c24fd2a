"""Every metric against SQL written by hand: without grouping, by month, and by a dimension or two."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.semantic.conftest import Shop

ORDERS = "gold.fact_orders f"
ITEMS = "gold.fact_order_items f left join gold.fact_orders o on f.order_id = o.order_id"
PAYMENTS = "gold.fact_payments f left join gold.fact_orders o on f.order_id = o.order_id"
SHIPMENTS = "gold.fact_shipments f"
RETURNS = "gold.fact_returns f"
REVIEWS = "gold.fact_reviews f"
CUSTOMERS = "gold.dim_customers f"
PRODUCTS = "gold.dim_products f"
TICKETS = "gold.fact_tickets f"
VISITS = "gold.fact_visits f"
SPEND = "gold.fact_marketing_spend f"
APPLICATIONS = "gold.fact_vendor_applications f"
CARTS = "gold.fact_carts f left join gold.dim_customers c on f.customer_id = c.customer_id"
WISHES = "gold.fact_wishlist_lines f left join gold.dim_products p on f.product_id = p.product_id"
PAYOUTS = "gold.fact_payouts f"
EARNINGS = "gold.fact_vendor_earnings f left join gold.fact_payouts p on f.payout_id = p.payout_id"
COD_PARCELS = (
    "gold.fact_shipments f left join gold.fact_orders o on f.order_id = o.order_id and o.payment_kind = 'COD'"
)
REFUSED = "case when f.status = 'FAILED' and not o.is_fulfilled then o.order_id end"
DELIVERED = "case when o.is_fulfilled then o.order_id end"
GOOD_PAYOUT = "f.status not in ('FAILED', 'CANCELLED')"
KEPT = "o.status not in ('CANCELLED', 'REJECTED', 'RETURNED')"
YEAR = "between date '2024-01-01' and date '2024-03-20'"

# These are held against SQL in test_periods_and_entities.py.
OF_PERIODS_AND_ENTITIES = {
    "avg_category_rating", "cohort_retention", "cohort_size", "customer_retention_rate",
    "customer_tenure_days", "days_between_orders", "days_of_cover", "discount_uplift", "first_order_date",
    "last_order_date", "lifetime_value", "median_lifetime_value", "p90_lifetime_value", "repeat_customers",
    "repeat_purchase_rate", "returning_customers", "revenue_growth_rate", "sell_through_rate",
    "ytd_revenue_growth_rate",
}  # fmt: skip

# These are held against SQL in test_stock.py.
OF_STOCK = {
    "average_stock", "low_stock_at_end", "out_of_stock_at_end", "out_of_stock_days", "out_of_stock_rate",
    "stock_days", "stock_on_hand", "stock_turnover", "stock_value",
}  # fmt: skip

# metric -> (expression, tables, date): each answers from one table.
ONE_TABLE: dict[str, tuple[str, str, str | None]] = {
    "gmv": ("sum(f.total_amount)", ORDERS, "order_date"),
    "avg_order_value": ("avg(f.total_amount)", ORDERS, "order_date"),
    "cod_gmv": ("sum(case when f.payment_kind = 'COD' then f.total_amount end)", ORDERS, "order_date"),
    "prepaid_gmv": (
        "sum(case when f.payment_kind = 'PREPAID' then f.total_amount end)",
        ORDERS,
        "order_date",
    ),
    "discounts_given": ("sum(f.discount_amount)", ORDERS, "order_date"),
    "discounted_gmv": ("sum(case when f.discount_amount > 0 then f.total_amount end)", ORDERS, "order_date"),
    "discounted_orders": ("count(case when f.discount_amount > 0 then 1 end)", ORDERS, "order_date"),
    "low_ratings": ("count(case when f.rating <= 2 then 1 end)", REVIEWS, "review_date"),
    "low_rating_share": ("avg((f.rating <= 2)::int)", REVIEWS, "review_date"),
    "order_count": ("count(distinct f.order_id)", ORDERS, "order_date"),
    "completed_orders": ("sum((f.status = 'COMPLETED')::int)", ORDERS, "order_date"),
    "cancelled_orders": ("sum((f.status = 'CANCELLED')::int)", ORDERS, "order_date"),
    "rejected_orders": ("sum((f.status = 'REJECTED')::int)", ORDERS, "order_date"),
    "failed_orders": ("sum(f.is_failed::int)", ORDERS, "order_date"),
    "fulfilled_orders": ("sum(f.is_fulfilled::int)", ORDERS, "order_date"),
    "cancellation_rate": ("avg((f.status = 'CANCELLED')::int)", ORDERS, "order_date"),
    "fulfilment_rate": ("avg(f.is_fulfilled::int)", ORDERS, "order_date"),
    "cod_orders": ("sum((f.payment_kind = 'COD')::int)", ORDERS, "order_date"),
    "prepaid_orders": ("sum((f.payment_kind = 'PREPAID')::int)", ORDERS, "order_date"),
    "cod_share": ("avg((f.payment_kind = 'COD')::int)", ORDERS, "order_date"),
    "unique_customers": ("count(distinct f.customer_id)", ORDERS, "order_date"),
    "new_customers": ("sum((f.customer_order_number = 1)::int)", ORDERS, "order_date"),
    "customer_acquisition_rate": (
        "sum((f.customer_order_number = 1)::int) / count(distinct f.customer_id)",
        ORDERS,
        "order_date",
    ),
    "orders_with_customer": ("count(f.customer_id)", ORDERS, "order_date"),
    "order_frequency": ("count(*) / count(distinct f.customer_id)", ORDERS, "order_date"),
    "total_revenue": ("sum(f.quantity * f.unit_price)", ITEMS, "order_date"),
    "net_revenue": (f"sum(case when {KEPT} then f.quantity * f.unit_price end)", ITEMS, "order_date"),
    "stored_line_total": ("sum(f.line_total)", ITEMS, "order_date"),
    "line_total_difference": ("sum(f.line_total) - sum(f.quantity * f.unit_price)", ITEMS, "order_date"),
    "commission": ("sum(f.commission_amount)", ITEMS, "order_date"),
    "take_rate": (
        "coalesce(sum(f.commission_amount), 0) / sum(f.quantity * f.unit_price)",
        ITEMS,
        "order_date",
    ),
    "avg_unit_price": ("sum(f.quantity * f.unit_price) / sum(f.quantity)", ITEMS, "order_date"),
    "total_units_sold": ("sum(f.quantity)", ITEMS, "order_date"),
    "item_orders": ("count(distinct f.order_id)", ITEMS, "order_date"),
    "order_lines": ("count(*)", ITEMS, "order_date"),
    "items_per_order": ("sum(f.quantity) / count(distinct f.order_id)", ITEMS, "order_date"),
    "cancelled_lines": ("sum((o.status = 'CANCELLED')::int)", ITEMS, "order_date"),
    "line_cancellation_rate": ("avg((o.status = 'CANCELLED')::int)", ITEMS, "order_date"),
    "products_sold": ("count(distinct f.product_id)", ITEMS, "order_date"),
    "total_payment_value": ("sum(f.amount)", PAYMENTS, "payment_date"),
    "successful_payment_value": (
        "sum(case when f.status = 'SUCCESS' then f.amount end)",
        PAYMENTS,
        "payment_date",
    ),
    "payment_count": ("count(distinct f.payment_id)", PAYMENTS, "payment_date"),
    "successful_payments": ("sum((f.status = 'SUCCESS')::int)", PAYMENTS, "payment_date"),
    "avg_payment_amount": ("avg(f.amount)", PAYMENTS, "payment_date"),
    "success_rate": (
        "coalesce(sum(case when f.status = 'SUCCESS' then f.amount end), 0) / sum(f.amount)",
        PAYMENTS,
        "payment_date",
    ),
    "payment_success_rate": ("avg((f.status = 'SUCCESS')::int)", PAYMENTS, "payment_date"),
    "settled_payments": ("sum((f.status <> 'PENDING')::int)", PAYMENTS, "payment_date"),
    "settled_success_rate": (
        "sum((f.status = 'SUCCESS')::int) / nullif(sum((f.status <> 'PENDING')::int), 0)",
        PAYMENTS,
        "payment_date",
    ),
    "shipment_count": ("count(distinct f.order_id)", SHIPMENTS, "order_date"),
    "parcel_count": ("count(*)", SHIPMENTS, "order_date"),
    "delivery_fees": ("sum(f.delivery_fee)", SHIPMENTS, "order_date"),
    "avg_delivery_fee": ("avg(f.delivery_fee)", SHIPMENTS, "order_date"),
    "parcels_before_order": ("sum((f.delivered_date < f.order_date)::int)", SHIPMENTS, "order_date"),
    "avg_delivery_days": (
        "avg(case when f.delivered_date >= f.order_date then f.delivered_date - f.order_date end)",
        SHIPMENTS,
        "order_date",
    ),
    "on_time_parcels": ("sum(f.is_on_time::int)", SHIPMENTS, "order_date"),
    "due_parcels": ("sum(f.is_due::int)", SHIPMENTS, "order_date"),
    "failed_parcels": ("sum((f.status = 'FAILED')::int)", SHIPMENTS, "order_date"),
    "on_time_delivery_rate": ("avg(f.is_on_time::int)", SHIPMENTS, "order_date"),
    "due_on_time_rate": ("sum(f.is_on_time::int) / nullif(sum(f.is_due::int), 0)", SHIPMENTS, "order_date"),
    "return_count": ("count(distinct f.return_id)", RETURNS, "request_date"),
    "approved_returns": ("sum((f.status in ('APPROVED', 'COMPLETED'))::int)", RETURNS, "request_date"),
    "approval_rate": ("avg((f.status in ('APPROVED', 'COMPLETED'))::int)", RETURNS, "request_date"),
    "return_amount": ("sum(f.return_amount)", RETURNS, "request_date"),
    "avg_return_amount": ("avg(f.return_amount)", RETURNS, "request_date"),
    "avg_refund_days": ("avg(f.refund_days)", RETURNS, "request_date"),
    "avg_rating": ("avg(f.rating)", REVIEWS, "review_date"),
    "review_count": ("count(distinct f.review_id)", REVIEWS, "review_date"),
    "ticket_count": ("count(*)", TICKETS, "opened_date"),
    "open_tickets": ("sum((f.status <> 'CLOSED')::int)", TICKETS, "opened_date"),
    "avg_first_response_hours": ("avg(f.first_response_hours)", TICKETS, "opened_date"),
    "avg_resolution_hours": ("avg(f.resolution_hours)", TICKETS, "opened_date"),
    "visits": ("count(*)", VISITS, "visit_date"),
    "visitors": ("count(distinct f.visitor_id)", VISITS, "visit_date"),
    "marketing_spend": ("sum(f.amount)", SPEND, "spend_date"),
    "vendor_applications": ("count(*)", APPLICATIONS, "applied_on"),
    "approved_applications": ("sum((f.status = 'APPROVED')::int)", APPLICATIONS, "applied_on"),
    "new_registrations": ("count(*)", CUSTOMERS, "registered_on"),
    "customer_count": ("count(*)", CUSTOMERS, None),
    "total_customers": ("sum((f.role = 'CUSTOMER')::int)", CUSTOMERS, None),
    "verified_users": ("sum(coalesce(f.is_verified, false)::int)", CUSTOMERS, None),
    "verification_rate": ("avg(coalesce(f.is_verified, false)::int)", CUSTOMERS, None),
    "enabled_users": ("sum(coalesce(f.is_enabled, false)::int)", CUSTOMERS, None),
    "active_user_rate": ("avg(coalesce(f.is_enabled, false)::int)", CUSTOMERS, None),
    "total_products": ("count(*)", PRODUCTS, None),
    "listed_products": ("sum((f.status <> 'DRAFT')::int)", PRODUCTS, None),
    "active_products": ("sum((f.status = 'ACTIVE')::int)", PRODUCTS, None),
    "inactive_products": ("sum((f.status = 'INACTIVE')::int)", PRODUCTS, None),
    "out_of_stock_products": ("sum((f.status <> 'DRAFT' and f.stock_quantity <= 0)::int)", PRODUCTS, None),
    "units_in_stock": ("sum(case when f.status <> 'DRAFT' then f.stock_quantity end)", PRODUCTS, None),
    "active_vendors": (
        "count(distinct case when f.status = 'APPROVED' then f.vendor_id end)",
        APPLICATIONS,
        None,
    ),
    "listing_vendors": (
        "count(distinct case when f.status <> 'DRAFT' then f.vendor_id end)",
        PRODUCTS,
        None,
    ),
    "selling_vendors": ("count(distinct f.vendor_id)", ITEMS, "order_date"),
    "rejected_applications": ("sum((f.status = 'REJECTED')::int)", APPLICATIONS, "applied_on"),
    "application_approval_rate": ("avg((f.status = 'APPROVED')::int)", APPLICATIONS, "applied_on"),
    "carts": ("count(*)", CARTS, "opened_date"),
    "converted_carts": ("count(f.order_id)", CARTS, "opened_date"),
    "abandoned_carts": (
        "sum((f.order_id is null and f.unit_count > 0)::int)",
        CARTS,
        "opened_date",
    ),
    "abandoned_cart_value": (
        "sum(case when f.order_id is null then f.cart_value end)",
        CARTS,
        "opened_date",
    ),
    "cart_conversion_rate": ("count(f.order_id) / count(*)", CARTS, "opened_date"),
    "cart_abandonment_rate": (
        "avg(case when f.order_id is not null then 0 when f.unit_count > 0 then 1 end)",
        CARTS,
        "opened_date",
    ),
    "wishlist_additions": ("count(*)", WISHES, "added_date"),
    "wishlist_purchases": ("count(f.purchase_date)", WISHES, "added_date"),
    "wishlist_to_purchase_rate": ("count(f.purchase_date) / count(*)", WISHES, "added_date"),
    "avg_days_to_purchase": ("avg(f.purchase_date - f.added_date)", WISHES, "added_date"),
    "cod_refused_orders": (f"count(distinct {REFUSED})", COD_PARCELS, "order_date"),
    "cod_delivered_orders": (f"count(distinct {DELIVERED})", COD_PARCELS, "order_date"),
    "cod_refusal_rate": (
        f"count(distinct {REFUSED}) / nullif(count(distinct coalesce({REFUSED}, {DELIVERED})), 0)",
        COD_PARCELS,
        "order_date",
    ),
    "cod_gmv_share": (
        "coalesce(sum(case when f.payment_kind = 'COD' then f.total_amount end), 0) / sum(f.total_amount)",
        ORDERS,
        "order_date",
    ),
    "lost_revenue": (
        "sum(case when o.status in ('CANCELLED', 'REJECTED', 'RETURNED') then f.quantity * f.unit_price end)",
        ITEMS,
        "order_date",
    ),
    "kept_commission": (f"sum(case when {KEPT} then f.commission_amount end)", ITEMS, "order_date"),
    "refund_amount": (
        "sum(case when f.status in ('APPROVED', 'COMPLETED') then f.return_amount end)",
        RETURNS,
        "request_date",
    ),
    "vendor_earnings": ("sum(f.amount)", EARNINGS, "earned_date"),
    "unsettled_earnings": (
        "sum(case when p.status is null or p.status <> 'PAID' then f.amount end)",
        EARNINGS,
        "earned_date",
    ),
    "payout_count": (f"count(case when {GOOD_PAYOUT} then 1 end)", PAYOUTS, "payout_date"),
    "payout_gross": (f"sum(case when {GOOD_PAYOUT} then f.gross_earnings end)", PAYOUTS, "payout_date"),
    "payout_commission": (
        f"sum(case when {GOOD_PAYOUT} then f.platform_commission end)",
        PAYOUTS,
        "payout_date",
    ),
    "payout_fees": (
        f"sum(case when {GOOD_PAYOUT} then f.gross_earnings - f.platform_commission - f.net_payout end)",
        PAYOUTS,
        "payout_date",
    ),
    "payout_net": (f"sum(case when {GOOD_PAYOUT} then f.net_payout end)", PAYOUTS, "payout_date"),
    "payouts_paid": ("sum(case when f.status = 'PAID' then f.net_payout end)", PAYOUTS, "payout_date"),
    "payouts_outstanding": (
        "sum(case when f.status in ('PENDING', 'PROCESSING', 'UNKNOWN') then f.net_payout end)",
        PAYOUTS,
        "payout_date",
    ),
    "unexplained_payouts": (
        f"sum(case when {GOOD_PAYOUT} then f.unexplained_amount end)",
        PAYOUTS,
        "payout_date",
    ),
}

# metric -> a whole statement: several tables, or a period of its own.
WHOLE: dict[str, str] = {
    "kept_refunds": (
        "select coalesce(sum(r.return_amount), 0) from fact_returns r"
        " left join fact_orders o using (order_id) where r.status in ('APPROVED', 'COMPLETED')"
        " and coalesce(o.status, '') not in ('CANCELLED', 'REJECTED', 'RETURNED')"
    ),
    "vendor_proceeds": (
        "select (select sum(i.item_amount - coalesce(i.commission_amount, 0)) from fact_order_items i"
        " left join fact_orders o using (order_id)"
        " where coalesce(o.status, '') not in ('CANCELLED', 'REJECTED', 'RETURNED'))"
        " - (select coalesce(sum(r.return_amount), 0) from fact_returns r"
        " left join fact_orders o using (order_id) where r.status in ('APPROVED', 'COMPLETED')"
        " and coalesce(o.status, '') not in ('CANCELLED', 'REJECTED', 'RETURNED'))"
    ),
    "tickets_per_100_orders": (
        "select 100 * (select count(*) from fact_tickets) / (select count(*) from fact_orders)"
    ),
    "units_sold_last_30_days": (
        "select sum(quantity) from fact_order_items"
        " where order_date between date '2024-02-20' and '2024-03-20'"
    ),
    "total_tenure_days": (
        "select sum(d) from (select max(order_date) - min(order_date) as d from fact_orders"
        " group by customer_id)"
    ),
    "ltv_cac_ratio": (
        "select (select sum(total_amount) / count(distinct customer_id) from fact_orders)"
        " / ((select sum(amount) from fact_marketing_spend)"
        " / (select count(*) from fact_orders where customer_order_number = 1))"
    ),
    "ytd_revenue": f"select sum(total_amount) from fact_orders where order_date {YEAR}",
    "current_month_revenue": "select sum(total_amount) from fact_orders where order_date > date '2024-02-29'",
    "ytd_successful_payments": (
        f"select sum(amount) from fact_payments where is_success and payment_date {YEAR}"
    ),
    "active_customers_ytd": f"select count(distinct customer_id) from fact_orders where order_date {YEAR}",
    "active_products_ytd": f"select count(distinct product_id) from fact_order_items where order_date {YEAR}",
    "total_returns_ytd": f"select count(*) from fact_returns where request_date {YEAR}",
    "return_rate": "select (select count(*) from fact_returns) / (select count(*) from fact_order_items)",
    "order_conversion_rate": (
        "select (select count(*) from fact_orders) / (select count(distinct visitor_id) from fact_visits)"
    ),
    "customer_acquisition_cost": (
        "select (select sum(amount) from fact_marketing_spend)"
        " / (select count(*) from fact_orders where customer_order_number = 1)"
    ),
}

_SECOND = {
    ORDERS: ("order_status", "coalesce(f.status, 'UNKNOWN')"),
    ITEMS: ("order_status", "coalesce(o.status, 'UNKNOWN')"),
    PAYMENTS: ("payment_method", "coalesce(f.method, 'UNKNOWN')"),
    SHIPMENTS: ("shipping_city", "coalesce(f.city, 'Unknown')"),
    RETURNS: ("return_reason", "coalesce(f.reason, 'Unknown')"),
    REVIEWS: ("rating", "f.rating"),
    CUSTOMERS: ("gender", "coalesce(f.gender, 'UNKNOWN')"),
    PRODUCTS: ("product_status", "coalesce(f.status, 'UNKNOWN')"),
    TICKETS: ("ticket_category", "coalesce(f.category, 'Unknown')"),
    VISITS: ("channel", "coalesce(f.channel, 'Unknown')"),
    SPEND: ("channel", "coalesce(f.channel, 'Unknown')"),
    APPLICATIONS: ("account_type", "coalesce(f.account_type, 'Unknown')"),
    CARTS: ("gender", "coalesce(c.gender, 'UNKNOWN')"),
    WISHES: ("product_status", "coalesce(p.status, 'UNKNOWN')"),
    PAYOUTS: ("payout_status", "coalesce(f.status, 'UNKNOWN')"),
    EARNINGS: ("payout_status", "coalesce(p.status, 'UNKNOWN')"),
    COD_PARCELS: ("shipping_city", "coalesce(f.city, 'Unknown')"),
}


def same(left: Any, right: Any) -> bool:
    """Equal as numbers: exact for decimals and counts, to nine digits for quotients."""
    if isinstance(left, float) or isinstance(right, float):
        rounding = 5e-5 if isinstance(left, Decimal) else 1e-12
        return (
            left is not None
            and right is not None
            and float(left) == pytest.approx(float(right), rel=1e-9, abs=rounding)
        )
    return bool(left == right)


def is_sum(metric: str) -> bool:
    return (
        "avg" not in metric
        and "rate" not in metric
        and metric not in {"cod_share", "cod_gmv_share", "items_per_order", "order_frequency"}
    )


def expected_value(metric: str, value: Any) -> Any:
    return 0 if value is None and is_sum(metric) else value


def test_every_metric_has_an_oracle(shop: Shop) -> None:
    assert set(shop.model.metrics) == set(ONE_TABLE) | set(WHOLE) | OF_PERIODS_AND_ENTITIES | OF_STOCK


@pytest.mark.parametrize("metric", sorted(ONE_TABLE))
def test_metric_without_grouping(read_only_shop: Shop, metric: str) -> None:
    expression, tables, _ = ONE_TABLE[metric]
    ((expected,),) = read_only_shop.sql(f"select {expression} from {tables}")
    assert same(read_only_shop.one(metric), expected_value(metric, expected))


@pytest.mark.parametrize("metric", sorted(WHOLE))
def test_metric_over_several_tables_or_its_own_period(read_only_shop: Shop, metric: str) -> None:
    ((expected,),) = read_only_shop.sql(re.sub(r"\bfact_", "gold.fact_", WHOLE[metric]))
    assert same(read_only_shop.one(metric), expected)


@pytest.mark.parametrize("metric", sorted(ONE_TABLE))
def test_metric_by_one_dimension(read_only_shop: Shop, metric: str) -> None:
    expression, tables, _ = ONE_TABLE[metric]
    dimension, group = _SECOND[tables]
    expected = dict(read_only_shop.sql(f"select {group}, {expression} from {tables} group by 1"))
    rows = dict(read_only_shop.ask(metric, by=dimension).rows)
    assert rows.keys() == expected.keys()
    for key, value in rows.items():
        assert same(value, expected_value(metric, expected[key])), key


@pytest.mark.parametrize("metric", sorted(name for name, (_, _, day) in ONE_TABLE.items() if day))
def test_metric_by_month_and_dimension_within_days(read_only_shop: Shop, metric: str) -> None:
    expression, tables, day = ONE_TABLE[metric]
    dimension, group = _SECOND[tables]
    expected = {
        (month, key): value
        for month, key, value in read_only_shop.sql(
            f"select date_trunc('month', f.{day})::date, {group}, {expression} from {tables}"
            f" where f.{day} between date '2024-01-06' and date '2024-03-12' group by all"
        )
    }
    answer = read_only_shop.ask(metric, by=f"month,{dimension}", days=("2024-01-06", "2024-03-12"))
    rows = {(month, key): value for month, key, value, _ in answer.rows}
    assert rows.keys() == expected.keys()
    for key, value in rows.items():
        assert same(value, expected_value(metric, expected[key])), key


@pytest.mark.parametrize(
    ("metric", "tables"),
    [
        ("total_revenue", "gold.fact_order_items f"),
        ("return_count", "gold.fact_returns f"),
        ("avg_rating", "gold.fact_reviews f"),
    ],
)
def test_entity_groups_by_key_and_carries_its_label(read_only_shop: Shop, metric: str, tables: str) -> None:
    expression = ONE_TABLE[metric][0]
    expected = sorted(
        read_only_shop.sql(
            f"select coalesce(v.vendor_id, 'unknown'), case when v.vendor_id is null then 'Unknown'"
            f" else v.vendor_name end, {expression} from {tables}"
            " left join gold.dim_vendors v on f.vendor_id = v.vendor_id group by 1, 2"
        )
    )
    answer = read_only_shop.ask(metric, by="vendor", order_by="vendor_id")
    assert [column.name for column in answer.columns] == ["vendor_id", "vendor", metric]
    assert len(answer.rows) == len(expected)
    for row, (key, label, value) in zip(answer.rows, expected, strict=True):
        assert row[:2] == (key, label)
        assert same(row[2], value)
