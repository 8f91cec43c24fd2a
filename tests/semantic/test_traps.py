"""The traps that make dashboards lie, one test each, named after the trap."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from amalimart.access.principal import Principal, Role
from amalimart.core.calendar import Grain
from amalimart.core.errors import InvalidFilter, MixedCurrencies, NotAvailable, NotGroupable, UnknownName

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.semantic.conftest import Shop


def test_fan_out_header_money_is_not_multiplied_by_lines(shop: Shop) -> None:
    """Joining o1 to its two lines would answer 1,553.72 (or 1,493.82) for the six headers' 1,343.62."""
    (row,) = shop.ask("gmv", "total_revenue", "order_lines").rows
    assert row == (Decimal("1343.62"), Decimal("405.05"), 7)


def test_fan_out_more_lines_leave_header_money_alone(shop: Shop) -> None:
    before = shop.one("gmv")
    shop.sql(
        "insert into gold.fact_order_items"
        " select 'x' || order_item_id, * exclude order_item_id from gold.fact_order_items"
    )
    assert shop.ask("gmv", "order_lines").rows == ((before, 14),)


def test_chasm_payments_and_shipments_of_one_order_do_not_multiply(shop: Shop) -> None:
    """o1 has two payments and o2 two shipments: one join would answer 440.70 paid in Accra, and 3 parcels."""
    rows = shop.ask("total_payment_value", "parcel_count", by="order_status", order_by="order_status").rows
    assert rows == (
        ("CANCELLED", Decimal("80.20"), 2),
        ("COMPLETED", Decimal("360.20"), 2),
        ("REJECTED", Decimal("33.33"), 0),
        ("RETURNED", Decimal(0), 1),
        ("UNKNOWN", Decimal("7.77"), 0),
    )


def test_each_fact_has_its_own_date(shop: Shop) -> None:
    """o6 was placed in March and paid in April; r1 was asked back in February for a January order."""
    answer = shop.ask(
        "gmv",
        "successful_payment_value",
        "return_count",
        grain=Grain.MONTH,
        days=("2024-02-01", "2024-04-30"),
    )
    assert [row[:4] for row in answer.rows] == [
        (date(2024, 2, 1), Decimal(0), Decimal(0), 1),
        (date(2024, 3, 1), Decimal("113.33"), Decimal(0), 1),
        (date(2024, 4, 1), Decimal(0), Decimal("60.00"), 0),
    ]


def test_missing_parent_stays_under_the_unknown_member(shop: Shop) -> None:
    """i5 has no vendor and i6 one that nobody knows: dropping them would lose 65.00 of 405.05."""
    rows = shop.ask("item_gmv", by="vendor").rows
    assert ("unknown", "Unknown", Decimal("65.00")) in rows
    assert sum(row[2] for row in rows) == shop.one("item_gmv")


def test_a_code_that_no_row_may_hold_is_still_the_name_of_those_without_one(shop: Shop) -> None:
    """Of five carts one became a known order; the others have no payment kind, which has codes of its own."""
    assert shop.one("carts", where="payment_kind = UNKNOWN") == 4
    assert dict(shop.ask("carts", by="payment_kind").rows)["UNKNOWN"] == 4


def test_unknown_member_can_be_filtered_by_key_and_by_label(shop: Shop) -> None:
    for text in ("vendor = unknown", "vendor = Unknown", "vendor_id = unknown"):
        assert shop.one("item_gmv", where=text) == Decimal("65.00"), text


def test_there_is_one_unknown_however_it_is_written(shop: Shop) -> None:
    """o4 has no region and o6 one that the models could not tell: both are the one unknown group."""
    shop.sql("update gold.fact_orders set shipping_region = 'unknown' where order_id = 'o6'")
    rows = dict(shop.ask("order_count", by="state").rows)
    assert rows == {"Greater Accra": 3, "Unknown": 2, "Ashanti": 1}
    for word in ("unknown", "Unknown", "UNKNOWN"):
        assert shop.one("order_count", where=f"state = {word}") == 2
    assert shop.one("order_count", where="state != unknown") == 4
    values = shop.service.values("state", Principal("admin", Role.ADMIN))
    assert [value.key for value in values].count("Unknown") == 1


def test_null_keys_meet_across_facts(shop: Shop) -> None:
    """A join on a null channel would lose o3 and the visit x3; they meet under Unknown."""
    rows = {row[0]: row[1:] for row in shop.ask("order_count", "visits", by="channel").rows}
    assert rows["Unknown"] == (1, 1)
    assert rows["email"] == (1, 0)


def test_order_money_by_vendor_is_refused_and_names_item_gmv(shop: Shop) -> None:
    for how in ({"by": "vendor"}, {"where": "vendor = vA"}, {"by": "category"}):
        with pytest.raises(NotGroupable) as refused:
            shop.ask("gmv", **how)  # type: ignore[arg-type]
        assert refused.value.nearest == "item_gmv"
        assert "item_gmv" in str(refused.value)


def test_one_metric_that_cannot_spoils_no_answer_silently(shop: Shop) -> None:
    with pytest.raises(NotGroupable):
        shop.ask("item_gmv", "gmv", by="vendor")


def test_a_ratio_needs_both_sides_to_reach_the_group(shop: Shop) -> None:
    with pytest.raises(NotGroupable):
        shop.ask("return_rate", by="return_status")


def test_ratio_is_a_ratio_of_sums_not_a_mean_of_ratios(shop: Shop) -> None:
    """Per-payment rates would average to 0.5 by count; by amount 217.87 of 481.50 succeeded."""
    assert shop.one("success_rate") == pytest.approx(217.87 / 481.50)
    assert shop.one("payment_success_rate") == pytest.approx(3 / 6)


def test_division_by_zero_is_empty_and_not_zero(shop: Shop) -> None:
    assert shop.one("cancellation_rate", days=("2024-02-01", "2024-02-28")) is None
    assert shop.one("avg_order_value", days=("2024-02-01", "2024-02-28")) is None
    assert shop.one("gmv", days=("2024-02-01", "2024-02-28")) == 0


def test_average_order_value_equals_the_mean_of_the_headers(shop: Shop) -> None:
    ((mean,),) = shop.sql("select avg(total_amount) from gold.fact_orders")
    assert float(shop.one("avg_order_value")) == pytest.approx(mean, abs=5e-5)
    assert isinstance(shop.one("avg_order_value"), Decimal)


def test_empty_period_keeps_its_bucket_when_filled(shop: Shop) -> None:
    plain = shop.ask("gmv", grain=Grain.MONTH, days=("2024-01-01", "2024-03-31"))
    filled = shop.ask(
        "gmv", "cancellation_rate", grain=Grain.MONTH, days=("2024-01-01", "2024-03-31"), fill=True
    )
    assert [row[0].month for row in plain.rows] == [1, 3]
    assert [(row[0].month, row[1], row[2]) for row in filled.rows] == [
        (1, Decimal("1230.29"), pytest.approx(1 / 3)),
        (2, Decimal(0), None),
        (3, Decimal("113.33"), 0.0),
    ]


def test_fill_gives_every_group_every_bucket(shop: Shop) -> None:
    rows = shop.ask("item_gmv", by="month,vendor", days=("2024-01-01", "2024-03-31"), fill=True).rows
    assert {(row[0].month, row[1]) for row in rows} == {
        (m, v) for m in (1, 2, 3) for v in ("vA", "vB", "unknown")
    }
    assert sum(row[3] for row in rows) == shop.one("item_gmv")


@pytest.mark.parametrize(
    ("grain", "days", "buckets"),
    [
        (Grain.DAY, ("2024-02-27", "2024-03-02"), 5),
        (Grain.WEEK, ("2024-01-01", "2024-03-20"), 12),
        (Grain.QUARTER, ("2023-11-15", "2024-03-20"), 2),
        (Grain.YEAR, ("2023-11-15", "2024-03-20"), 2),
    ],
)
def test_fill_touches_every_bucket_of_the_range(
    shop: Shop, grain: Grain, days: tuple[str, str], buckets: int
) -> None:
    assert len(shop.ask("gmv", grain=grain, days=days, fill=True).rows) == buckets


def test_partial_bucket_is_marked(shop: Shop) -> None:
    rows = shop.ask("gmv", grain=Grain.MONTH, days=("2024-01-05", "2024-03-31"), fill=True).rows
    assert [row[-1] for row in rows] == [True, False, False]
    assert [row[-1] for row in shop.ask("gmv", grain=Grain.MONTH).rows] == [False, True]  # today is 20 March


def test_comparison_is_the_range_before_of_the_same_length(shop: Shop) -> None:
    answer = shop.ask("gmv", "order_count", days=("2024-03-01", "2024-03-20"), compare=True)
    assert [column.name for column in answer.columns] == [
        "gmv",
        "gmv__previous",
        "order_count",
        "order_count__previous",
    ]
    assert answer.rows == ((Decimal("113.33"), Decimal(0), 3, 0),)
    (wider,) = shop.ask("gmv", days=("2024-02-15", "2024-03-20"), compare=True).rows
    assert wider == (Decimal("113.33"), Decimal("1080.19"))  # 11 January to 14 February: o2 and o3, not o1


def test_previous_buckets_are_aligned_by_position(shop: Shop) -> None:
    rows = shop.ask(
        "order_count", grain=Grain.MONTH, days=("2024-02-01", "2024-03-31"), compare=True, fill=True
    ).rows
    assert [row[:3] for row in rows] == [(date(2024, 2, 1), 0, 0), (date(2024, 3, 1), 3, 3)]
    days = shop.ask("order_count", grain=Grain.DAY, days=("2024-02-01", "2024-02-29"), compare=True).rows
    assert [row[:3] for row in days] == [
        (date(2024, 2, 3), 0, 1),
        (date(2024, 2, 18), 0, 1),
        (date(2024, 2, 29), 0, 1),
    ]  # 3 January is the first of the 29 days before


def test_year_to_date_counts_from_today_whatever_the_days(shop: Shop) -> None:
    assert shop.one("ytg_revenue", today=date(2024, 1, 20)) == Decimal("230.30")
    answer = shop.ask("ytd_revenue", days=("2023-01-01", "2023-12-31"))
    assert answer.rows == ((Decimal("1343.62"),),)
    assert any("own period" in note for note in answer.receipt.notes)


def test_year_to_date_is_compared_with_the_same_span_of_last_year(shop: Shop) -> None:
    shop.sql("update gold.fact_orders set order_date = date '2023-03-20' where order_id = 'o4'")
    shop.sql("update gold.fact_orders set order_date = date '2023-03-21' where order_id = 'o5'")
    ((now, before),) = shop.ask("ytd_revenue", compare=True).rows
    assert (now, before) == (Decimal("1290.29"), Decimal("20.00"))


def test_a_state_has_no_days(shop: Shop) -> None:
    answer = shop.ask("total_products", days=("2024-03-01", "2024-03-20"), compare=True)
    assert answer.rows == ((4, None),)
    assert any("does not apply" in note for note in answer.receipt.notes)
    for how in ({"grain": Grain.MONTH}, {"where": "month = 2024-03"}):
        with pytest.raises(NotGroupable):
            shop.ask("total_products", **how)


def test_negative_durations_leave_the_average_and_are_counted(shop: Shop) -> None:
    answer = shop.ask("avg_delivery_days")
    assert answer.rows == ((5.5,),)
    assert any(note.startswith("1 shipments") for note in answer.receipt.notes)


def test_non_additive_an_order_of_two_vendors_counts_in_both(shop: Shop) -> None:
    by_vendor = shop.ask("item_orders", by="vendor").rows
    assert sum(row[2] for row in by_vendor) == 7
    assert shop.one("item_orders") == 5
    assert "vendor" in (shop.model.metric("item_orders").non_additive or ())


def test_mixed_currencies_are_refused_unless_grouped_or_filtered(shop: Shop) -> None:
    shop.sql("update gold.fact_orders set currency = 'USD' where order_id = 'o6'")
    with pytest.raises(MixedCurrencies, match="GHS and USD"):
        shop.ask("gmv")
    with pytest.raises(MixedCurrencies):
        shop.ask("avg_order_value", by="shipping_country")
    with pytest.raises(MixedCurrencies):
        shop.ask("gmv", days=("2024-03-15", "2024-03-20"), compare=True)  # dollars against the cedis of o5
    answer = shop.ask("gmv", by="currency")
    assert answer.rows == (("GHS", Decimal("1283.62")), ("USD", Decimal("60.00")))
    assert answer.columns[1].currency is None
    dollars = shop.ask("gmv", where="currency = USD")
    assert (dollars.rows, dollars.columns[0].currency) == (((Decimal("60.00"),),), "USD")
    assert shop.one("order_count") == 6


def test_a_ratio_over_two_currencies_is_refused(shop: Shop) -> None:
    shop.sql("update gold.fact_payments set currency = 'USD' where payment_id = 'y5'")
    with pytest.raises(MixedCurrencies):
        shop.ask("success_rate")


def test_currency_stands_on_money_columns_only(shop: Shop) -> None:
    columns = shop.ask("gmv", "order_count", "cod_share").columns
    assert [(column.unit, column.currency) for column in columns] == [
        ("money", "GHS"),
        ("count", None),
        ("percent", None),
    ]


def test_what_the_source_lacks_is_said_and_never_zero(shop_without: Callable[..., Shop]) -> None:
    shop = shop_without(
        "returns.return_amount", "payments.method=CASH_ON_DELIVERY", "product_categories", "web_visits"
    )
    for metric, lack in (
        ("avg_return_amount", "source amalimart has no returns.return_amount"),
        ("cod_share", "source amalimart has no payments.method = CASH_ON_DELIVERY"),
        ("order_conversion_rate", "source amalimart has no web_visits.visit_id"),
    ):
        with pytest.raises(NotAvailable, match=lack):
            shop.ask(metric)
    with pytest.raises(NotAvailable, match=r"product_categories\.category_id"):
        shop.ask("item_gmv", by="category")
    assert shop.one("gmv") == Decimal("1343.62")


def test_a_name_taken_from_another_key_joins_no_group(shop: Shop) -> None:
    """The vendor vC calls itself vA: a filter on vA still means the vendor whose key it is."""
    shop.sql("update gold.fact_order_items set vendor_id = 'vC' where order_item_id = 'i5'")
    assert shop.one("item_gmv", where="vendor = vA") == Decimal("209.90")
    assert shop.one("item_gmv", where='vendor = "Ama\'s Shop"') == Decimal("209.90")


def test_two_entities_of_one_label_are_two_rows(shop: Shop) -> None:
    shop.sql("update gold.dim_vendors set vendor_name = 'Same'")
    rows = shop.ask("item_gmv", by="vendor", order_by="vendor").rows
    assert [row[:2] for row in rows] == [("vA", "Same"), ("vB", "Same"), ("unknown", "Unknown")]
    assert shop.one("item_gmv", where="vendor = Same") == Decimal("340.05")


def test_answers_use_the_name_that_was_asked(shop: Shop) -> None:
    answer = shop.ask("item_gmv", "total_revenue", by="seller,state")
    assert [column.name for column in answer.columns] == [
        "seller_id",
        "seller",
        "state",
        "item_gmv",
        "total_revenue",
    ]


def test_daily_and_category_names_bring_their_grouping(shop: Shop) -> None:
    assert [column.name for column in shop.ask("daily_gmv").columns] == ["day", "daily_gmv", "partial"]
    assert [column.name for column in shop.ask("category_revenue").columns][:2] == ["category_id", "category"]
    assert shop.service.default_grouping(["payment_count"]).by == ("payment_method",)


def test_ties_are_broken_by_key(shop: Shop) -> None:
    shop.sql("update gold.fact_orders set total_amount = 10")
    assert [row[0] for row in shop.ask("gmv", by="customer_id", limit=2).rows] == ["c1", "c2"]
    ordered = shop.ask("gmv", by="order_status").rows
    assert [row[0] for row in ordered] == ["COMPLETED", "CANCELLED", "PENDING", "REJECTED", "RETURNED"]


def test_order_by_and_limit(shop: Shop) -> None:
    assert [row[0] for row in shop.ask("gmv", by="order_status", order_by="gmv", limit=2).rows] == [
        "PENDING",
        "REJECTED",
    ]
    with pytest.raises(UnknownName):
        shop.ask("gmv", by="order_status", order_by="-order_count")


def test_unknown_names_say_the_nearest(shop: Shop) -> None:
    with pytest.raises(UnknownName) as metric:
        shop.ask("gmw")
    assert metric.value.nearest == "gmv"
    with pytest.raises(UnknownName) as dimension:
        shop.ask("gmv", by="order_statu")
    assert dimension.value.nearest == "order_status"
    with pytest.raises(InvalidFilter) as value:
        shop.ask("gmv", where="order_status = COMPLETE")
    assert value.value.nearest == "COMPLETED"


@pytest.mark.parametrize(
    "text",
    [
        "order_status < A",
        "day = yesterday",
        "month = 2024-13",
        "is_verified = maybe",
        "day = 9999-12-31",
        "rating = ten",
    ],
)
def test_impossible_filters_are_refused(shop: Shop, text: str) -> None:
    with pytest.raises(InvalidFilter):
        shop.ask("avg_rating" if "rating" in text else "gmv", where=text)


@pytest.mark.parametrize(
    ("text", "orders"),
    [
        ("day = 2024-01-31", 1),
        ("day != 2024-01-31", 5),
        ("day > 2024-01-31", 3),
        ("day <= 2024-01-31", 3),
        ("month in (2024-01, 2024-03-09)", 6),
        ("month > 2024-01", 3),
        ("quarter = 2023-Q4", 0),
        ("week = 2024-W01", 1),
        ("year not in (2024)", 0),
    ],
)
def test_filters_on_time_follow_the_buckets(shop: Shop, text: str, orders: int) -> None:
    assert shop.one("order_count", where=text) == orders


def test_role_playing_payment_method_is_each_fact_s_own(shop: Shop) -> None:
    rows = {row[0]: row[1:] for row in shop.ask("order_count", "payment_count", by="payment_method").rows}
    assert rows["CARD"] == (2, 3)
    assert rows["CASH_ON_DELIVERY"] == (2, 1)
