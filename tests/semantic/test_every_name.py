"""Every name by which people ask for a number, and what each answers with when nothing is added."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from amalimart.core.calendar import DayRange, Grain
from amalimart.core.errors import UnknownName
from amalimart.semantic.answer import ColumnKind
from amalimart.semantic.question import Question
from tests.semantic.conftest import ADMIN, VENDOR_A

if TYPE_CHECKING:
    from amalimart.semantic.model import SemanticModel
    from tests.semantic.conftest import Shop

# name -> (metric, dimensions it is usually grouped by, usual grain of time).
NAMES: dict[str, tuple[str, str, str]] = {
    # sales by order headers
    "gmv": ("gmv", "", ""),
    "total_sales": ("gmv", "", ""),
    "order_revenue": ("gmv", "", ""),
    "daily_gmv": ("gmv", "", "day"),
    "order_count": ("order_count", "", "day"),
    "total_orders": ("order_count", "", "day"),
    "completed_orders": ("completed_orders", "", "day"),
    "avg_order_value": ("avg_order_value", "", "day"),
    "aov": ("avg_order_value", "", "day"),
    "ytg_revenue": ("ytd_revenue", "", ""),
    "ytd_revenue": ("ytd_revenue", "", ""),
    "current_month_revenue": ("current_month_revenue", "", ""),
    "revenue_growth_rate": ("revenue_growth_rate", "", "month"),
    # sales by order lines
    "total_units_sold": ("total_units_sold", "", ""),
    "total_revenue": ("total_revenue", "", ""),
    "item_gmv": ("total_revenue", "", ""),
    "net_revenue": ("net_revenue", "", ""),
    "order_item_quantity": ("total_units_sold", "", ""),
    "order_item_unit_price": ("avg_unit_price", "", ""),
    "category_revenue": ("total_revenue", "category", ""),
    "category_units_sold": ("total_units_sold", "category", ""),
    "items_per_order": ("items_per_order", "", ""),
    # payments
    "total_payment_value": ("total_payment_value", "payment_method", "month"),
    "total_payments": ("total_payment_value", "payment_method", "month"),
    "successful_payment_value": ("successful_payment_value", "payment_method", "month"),
    "payment_count": ("payment_count", "payment_method", "month"),
    "avg_payment_amount": ("avg_payment_amount", "payment_method", "month"),
    "success_rate": ("success_rate", "", ""),
    "payment_success_rate": ("payment_success_rate", "", ""),
    "settled_success_rate": ("settled_success_rate", "", ""),
    "ytg_successful_payments": ("ytd_successful_payments", "", ""),
    "ytd_successful_payments": ("ytd_successful_payments", "", ""),
    "cod_share": ("cod_share", "", ""),
    "cod_gmv_share": ("cod_gmv_share", "", ""),
    # customers
    "unique_customers": ("unique_customers", "", "day"),
    "customer_count": ("customer_count", "gender user_role customer_country", ""),
    "total_customers": ("total_customers", "", ""),
    "active_customers_ytd": ("active_customers_ytd", "", ""),
    "verification_rate": ("verification_rate", "", ""),
    "active_user_rate": ("active_user_rate", "", ""),
    "new_customers": ("new_customers", "", ""),
    "new_registrations": ("new_registrations", "", ""),
    "lifetime_value": ("lifetime_value", "customer", ""),
    "ltv": ("lifetime_value", "customer", ""),
    "first_order_date": ("first_order_date", "customer", ""),
    "last_order_date": ("last_order_date", "customer", ""),
    "customer_tenure_days": ("customer_tenure_days", "customer", ""),
    "customer_acquisition_rate": ("customer_acquisition_rate", "", ""),
    "customer_retention_rate": ("customer_retention_rate", "", "month"),
    "cohort_retention": ("cohort_retention", "cohort_month months_since_first_order", ""),
    "customer_acquisition_cost": ("customer_acquisition_cost", "", ""),
    "cac": ("customer_acquisition_cost", "", ""),
    "ltv_cac_ratio": ("ltv_cac_ratio", "", "quarter"),
    "repeat_purchase_rate": ("repeat_purchase_rate", "", ""),
    "order_frequency": ("order_frequency", "", ""),
    "days_between_orders": ("days_between_orders", "", ""),
    "order_conversion_rate": ("order_conversion_rate", "", ""),
    "cart_conversion_rate": ("cart_conversion_rate", "", ""),
    "cart_abandonment_rate": ("cart_abandonment_rate", "", ""),
    # catalogue
    "total_products": ("total_products", "", ""),
    "listed_products": ("listed_products", "", ""),
    "active_products": ("active_products", "", ""),
    "active_products_ytd": ("active_products_ytd", "", ""),
    "out_of_stock_products": ("out_of_stock_products", "", ""),
    "low_stock_products": ("low_stock_at_end", "", ""),
    "days_of_cover": ("days_of_cover", "product", ""),
    "sell_through_rate": ("sell_through_rate", "product", ""),
    "avg_rating": ("avg_rating", "", ""),
    "review_count": ("review_count", "", ""),
    "rating_distribution": ("review_count", "rating", ""),
    "low_rating_share": ("low_rating_share", "", ""),
    "avg_category_rating": ("avg_category_rating", "category", ""),
    "category_review_rating": ("avg_rating", "category", ""),
    "wishlist_to_purchase_rate": ("wishlist_to_purchase_rate", "", ""),
    "discount_uplift": ("discount_uplift", "", ""),
    # what comes back, and how orders travel
    "return_count": ("return_count", "return_status", "month"),
    "total_returns_ytd": ("total_returns_ytd", "", ""),
    "avg_return_amount": ("avg_return_amount", "", ""),
    "approval_rate": ("approval_rate", "", ""),
    "return_rate": ("return_rate", "", ""),
    "refund_time": ("avg_refund_days", "", ""),
    "refund_amount": ("refund_amount", "", ""),
    "cancellation_rate": ("cancellation_rate", "", ""),
    "fulfilment_rate": ("fulfilment_rate", "", ""),
    "fulfillment_rate": ("fulfilment_rate", "", ""),
    "avg_delivery_fee": ("avg_delivery_fee", "shipping_city", ""),
    "shipment_count": ("shipment_count", "shipping_city", ""),
    "avg_delivery_days": ("avg_delivery_days", "", ""),
    "avg_delivery_time_days": ("avg_delivery_days", "", ""),
    "on_time_delivery_rate": ("on_time_delivery_rate", "", ""),
    "due_on_time_rate": ("due_on_time_rate", "", ""),
    "failed_orders": ("failed_orders", "", ""),
    "cod_refusal_rate": ("cod_refusal_rate", "", ""),
    # vendors and what they are paid
    "active_vendors": ("active_vendors", "", ""),
    "vendor_applications": ("vendor_applications", "", ""),
    "approved_applications": ("approved_applications", "", ""),
    "rejected_applications": ("rejected_applications", "rejection_reason", ""),
    "listing_vendors": ("listing_vendors", "", ""),
    "selling_vendors": ("selling_vendors", "", ""),
    "commission": ("commission", "", ""),
    "take_rate": ("take_rate", "", ""),
    "vendor_proceeds": ("vendor_proceeds", "", ""),
    "payout_gross": ("payout_gross", "", ""),
    "payout_commission": ("payout_commission", "", ""),
    "payout_fees": ("payout_fees", "", ""),
    "payout_net": ("payout_net", "", ""),
    "payouts_paid": ("payouts_paid", "", ""),
    "payouts_outstanding": ("payouts_outstanding", "", ""),
    # support
    "ticket_count": ("ticket_count", "", ""),
    "ticket_backlog": ("open_tickets", "", ""),
    "first_response_hours": ("avg_first_response_hours", "", ""),
    "resolution_hours": ("avg_resolution_hours", "", ""),
    "tickets_per_100_orders": ("tickets_per_100_orders", "", ""),
}
# The shop's own names for what may be grouped and filtered by.
COLUMNS = {
    "user_id": "customer", "user_role": "user_role", "user_verified": "is_verified",
    "user_enabled": "is_enabled", "user_gender": "gender", "country": "customer_country",
    "state": "shipping_region",
    "shipping_city": "shipping_city", "payment_method": "payment_method", "is_express": "is_express",
    "review_rating": "rating", "product_name": "product", "category_name": "category",
    "vendor_name": "vendor", "product_id": "product", "vendor_id": "vendor", "category_id": "category",
    "return_status": "return_status", "order_status": "order_status", "auth_provider": "auth_provider",
    "age_group": "age_group", "segment": "customer_kind", "support_category": "ticket_category",
}  # fmt: skip
# The four marts, each with a metric of what it stands on.
MARTS = {
    "revenue": {"gmv": "orders", "total_revenue": "order_items"},
    "orders": {"order_count": "orders", "order_lines": "order_items"},
    "payments": {"total_payment_value": "payments", "success_rate": "payments"},
    "customers": {
        "customer_count": "customers",
        "new_registrations": "customers",
        "cohort_retention": "orders",
    },
}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_name_means_its_metric_in_its_usual_grouping(model: SemanticModel, name: str) -> None:
    metric, by, grain = NAMES[name]
    assert model.metric(name).name == metric
    grouping = model.default_grouping([name])
    assert (" ".join(grouping.by), grouping.grain or "") == (by, grain)


def test_every_name_answers_when_nothing_is_added(read_only_shop: Shop) -> None:
    """What is held against a period has its days, as every page gives them."""
    shop = read_only_shop
    for name, (_, by, grain) in NAMES.items():
        days = DayRange(date(2024, 1, 1), date(2024, 3, 20))
        answer = shop.service.ask(Question((name,), days.last, days=days, usual=True), ADMIN)
        assert answer.rows, name
        kinds = {column.kind for column in answer.columns}
        assert (ColumnKind.TIME in kinds) == bool(grain), name
        assert bool(kinds & {ColumnKind.DIMENSION, ColumnKind.KEY}) == bool(by), name


@pytest.mark.parametrize("name", sorted(COLUMNS))
def test_a_column_of_the_shop_is_a_way_to_group_and_filter(model: SemanticModel, name: str) -> None:
    assert model.dimension(name).dimension.name == COLUMNS[name]


@pytest.mark.parametrize("mart", sorted(MARTS))
def test_a_mart_is_a_subject_area(model: SemanticModel, mart: str) -> None:
    label = model.subjects[mart]
    assert label.en
    assert label.fr
    for name, dataset in MARTS[mart].items():
        metric = model.metrics[name]
        assert metric.subject == mart
        assert dataset in {leaf.measure.dataset for leaf in metric.leaves}


def test_the_marts_reach_their_dimensions(model: SemanticModel) -> None:
    """Revenue by customer and, through the lines, by product; payments by customer; customers by kind."""
    for name, dimensions in (
        ("gmv", {"customer", "gender", "customer_country"}),
        ("total_revenue", {"product", "category", "vendor", "customer", "shipping_region"}),
        ("total_payment_value", {"customer", "payment_method", "order_status"}),
        ("customer_count", {"gender", "age_group", "user_role", "customer_kind", "customer_city"}),
    ):
        assert dimensions <= {dimension.name for dimension in model.reachable(model.metrics[name])}


def test_every_metric_is_told_in_both_languages_with_an_owner(model: SemanticModel) -> None:
    for metric in model.metrics.values():
        assert metric.label.en, metric.name
        assert metric.label.fr, metric.name
        assert metric.owner, metric.name
        assert metric.description.endswith("."), metric.name
        assert metric.subject in model.subjects, metric.name


def test_a_year_to_date_may_be_written_both_ways(model: SemanticModel) -> None:
    for name in model.metric_names:
        if name.startswith("ytg_"):
            assert model.metric(name) is model.metric(name.replace("ytg_", "ytd_", 1))


def test_grains_of_time_are_no_dimensions(model: SemanticModel) -> None:
    assert {grain.value for grain in Grain} <= model.dimension_names
    assert not {grain.value for grain in Grain} & set(model.dimensions)


@pytest.mark.parametrize(
    ("column", "metric"),
    [
        ("total_amount", "gmv"), ("item_amount", "total_revenue"), ("quantity", "total_units_sold"),
        ("delivery_fee", "delivery_fees"), ("order_id", "order_count"), ("payment_id", "payment_count"),
        ("return_id", "return_count"), ("review_id", "review_count"), ("visitor_id", "visitors"),
        ("line_total", "stored_line_total"), ("customer_id", "customer_count"),
    ],
)  # fmt: skip
def test_who_names_a_column_is_told_the_metric_of_it(read_only_shop: Shop, column: str, metric: str) -> None:
    with pytest.raises(UnknownName) as error:
        read_only_shop.ask(column)
    assert error.value.nearest == metric
    with pytest.raises(UnknownName) as scoped:
        read_only_shop.ask(column, principal=VENDOR_A)
    usable = {info.name for info in read_only_shop.service.metrics(VENDOR_A)}
    hint = scoped.value.nearest
    assert hint is None or read_only_shop.model.metric(hint).name in usable
