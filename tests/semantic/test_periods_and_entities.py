"""Metrics of more than one aggregate: growth, retention, cohorts, values per customer. SQL is the oracle."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from amalimart.access.principal import Principal, Role
from amalimart.core.calendar import Grain
from amalimart.core.errors import InvalidFilter, NotGroupable, UnknownName

if TYPE_CHECKING:
    from tests.semantic.conftest import Shop

KNOWN = "coalesce(c.customer_id, 'unknown')"
OF_CUSTOMERS = "from gold.fact_orders o left join gold.dim_customers c using (customer_id)"
ADMIN = Principal("admin", Role.ADMIN)
MARCH = ("2024-03-01", "2024-03-31")


def add_orders(shop: Shop, *orders: tuple[str, str, str, str]) -> None:
    """Orders as (id, customer, day, amount); every first order of a customer is known to dim_customers."""
    for order_id, customer, day, amount in orders:
        shop.sql(
            "insert into gold.fact_orders (order_id, customer_id, order_date, status, total_amount,"
            " currency, channel)"
            " values (?, ?, ?::date, 'COMPLETED', ?::decimal(18,2), 'GHS', 'search')",
            order_id, customer, day, amount,
        )  # fmt: skip


@pytest.fixture
def busy(shop: Shop) -> Shop:
    """Four months of orders, with ends of months, a month without any, and customers who come back or do"
    " not."""
    add_orders(
        shop,
        ("n1", "c1", "2023-12-31", "40"), ("n2", "c2", "2023-12-31", "60"), ("n3", "c1", "2024-02-29", "25"),
        ("n4", "c2", "2024-03-29", "75"), ("n5", "c3", "2024-03-31", "5"), ("n6", "c4", "2024-01-31", "10"),
        ("n7", "c4", "2024-01-31", "15"), ("n8", "c4", "2024-05-02", "20"),
    )  # fmt: skip
    shop.sql(
        "insert into gold.dim_customers (customer_id, full_name) values ('c4', 'Kojo Antwi'), ('c5',"
        " 'Efua Badu')"
    )
    shop.sql(
        "update gold.dim_customers set first_order_date = o.first from"
        " (select customer_id, min(order_date) as first from gold.fact_orders group by 1) as o"
        " where o.customer_id = dim_customers.customer_id"
    )
    return shop


def by_month(rows: tuple[tuple[Any, ...], ...]) -> dict[date, Any]:
    return {row[0]: row[1] for row in rows}


def test_growth_by_month_holds_the_running_month_against_the_same_days_of_the_one_before(busy: Shop) -> None:
    """On 20 March the whole of February is not what March is held against; on 31 March it is."""
    add_orders(busy, ("f1", "c1", "2024-02-10", "50"), ("f2", "c1", "2024-02-25", "70"))
    months = "select month(order_date), sum(total_amount) from gold.fact_orders where year(order_date) = 2024"
    for last in (date(2024, 3, 20), date(2024, 3, 31)):
        now = dict(busy.sql(f"{months} and order_date <= ? group by 1", last))
        before = dict(
            busy.sql(f"{months} and (month(order_date) = 1 or day(order_date) <= ?) group by 1", last.day)
        )
        expected = {
            date(2024, 2, 1): float(now[2] - before[1]) / float(before[1]),
            date(2024, 3, 1): float(now[3] - before[2]) / float(before[2]),
        }
        asked = busy.ask("revenue_growth_rate", grain=Grain.MONTH, days=("2024-02-01", last.isoformat()))
        assert by_month(asked.rows) == {month: pytest.approx(share) for month, share in expected.items()}
        without_days = by_month(busy.ask("revenue_growth_rate", grain=Grain.MONTH, today=last).rows)
        assert without_days[date(2024, 2, 1)] == pytest.approx(expected[date(2024, 2, 1)])
        if last.day == 31:  # rows after today are in the shop too
            assert without_days[date(2024, 3, 1)] == pytest.approx(expected[date(2024, 3, 1)])


def test_growth_counts_the_last_days_of_a_longer_month(busy: Shop) -> None:
    """31 January stands in for 29 February: the whole of one month is held against the whole of the other."""
    found = by_month(
        busy.ask("revenue_growth_rate", grain=Grain.MONTH, days=("2024-01-01", "2024-02-29")).rows
    )
    (january,) = busy.sql("select sum(total_amount) from gold.fact_orders where month(order_date) = 1")[0]
    assert january > 1000  # most of it on the 31st
    assert found[date(2024, 2, 1)] == pytest.approx(float(Decimal(25) - january) / float(january))


def test_growth_of_a_range_is_against_the_range_before(busy: Shop) -> None:
    now, before = busy.sql(
        "select sum(total_amount) filter (where order_date between '2024-03-01' and '2024-03-31'),"
        " sum(total_amount) filter (where order_date between '2024-01-30' and '2024-02-29') from"
        " gold.fact_orders"
    )[0]
    assert busy.one("revenue_growth_rate", days=MARCH) == pytest.approx(float(now - before) / float(before))


def test_growth_of_the_year_is_against_the_same_span_of_last_year(busy: Shop) -> None:
    now, before = busy.sql(
        "select sum(total_amount) filter (where order_date between '2024-01-01' and '2024-12-31'),"
        " sum(total_amount) filter (where order_date between '2023-01-01' and '2023-12-31') from"
        " gold.fact_orders"
    )[0]
    found = busy.one("ytd_revenue_growth_rate", today=date(2024, 12, 31))
    assert found == pytest.approx(float(now - before) / float(before))


@pytest.mark.parametrize("metric", ["revenue_growth_rate", "returning_customers", "customer_retention_rate"])
def test_what_is_held_against_a_period_needs_one(busy: Shop, metric: str) -> None:
    with pytest.raises(InvalidFilter, match="held against a period"):
        busy.ask(metric, by="order_status")


def test_retention_counts_those_who_had_ordered_before_the_period(busy: Shop) -> None:
    expected = busy.sql(
        "select date_trunc('month', o.order_date)::date as m, count(distinct o.customer_id) filter"
        " (where c.first_order_date < date_trunc('month', o.order_date)) / count(distinct o.customer_id)"
        " from gold.fact_orders o left join gold.dim_customers c using (customer_id) group by 1 order by 1"
    )
    found = busy.ask("customer_retention_rate", grain=Grain.MONTH).rows
    assert [row[:2] for row in found] == [(month, pytest.approx(share)) for month, share in expected]
    assert {row[1] for row in found} != {0.0}
    (whole,) = busy.sql(
        "select count(distinct o.customer_id) filter (where c.first_order_date < '2024-03-01')"
        " / count(distinct o.customer_id) from gold.fact_orders o left join gold.dim_customers c"
        " using (customer_id) where order_date between '2024-03-01' and '2024-03-31'"
    )[0]
    assert busy.one("customer_retention_rate", days=MARCH) == pytest.approx(whole)


def test_repeat_customers_are_counted_within_each_group(busy: Shop) -> None:
    per_month = busy.sql(
        "select m, count(*) filter (where n >= 2) / count(*) from (select date_trunc('month',"
        " order_date)::date"
        " as m, customer_id, count(*) as n from gold.fact_orders where customer_id is not null group by 1, 2)"
        " group by 1 order by 1"
    )
    found = busy.ask("repeat_purchase_rate", grain=Grain.MONTH).rows
    assert [row[:2] for row in found] == [(month, pytest.approx(share)) for month, share in per_month]
    (whole,) = busy.sql(
        "select count(*) filter (where n >= 2) / count(*) from"
        " (select customer_id, count(*) as n from gold.fact_orders group by 1)"
    )[0]
    assert busy.one("repeat_purchase_rate") == pytest.approx(whole)


def test_values_per_customer_and_how_they_are_spread(busy: Shop) -> None:
    mean, middle, top = busy.sql(
        "select avg(v), quantile_cont(v, 0.5), quantile_cont(v, 0.9) from (select"
        " sum(total_amount)::double as v"
        " from gold.fact_orders where customer_id is not null group by customer_id)"
    )[0]
    (row,) = busy.ask("lifetime_value", "median_lifetime_value", "p90_lifetime_value").rows
    assert [float(value) for value in row] == pytest.approx([mean, middle, top])
    own = busy.sql(f"select {KNOWN}, sum(total_amount) {OF_CUSTOMERS} group by 1 order by 1")
    found = busy.ask("lifetime_value", by="customer_id", order_by="customer_id").rows
    assert [(key, round(value, 2)) for key, value in found] == own


def test_days_of_customers(busy: Shop) -> None:
    spans = busy.sql(
        f"select {KNOWN}, min(order_date), max(order_date), max(order_date) - min(order_date) {OF_CUSTOMERS}"
        " group by 1 order by 1"
    )
    found = busy.ask(
        "first_order_date",
        "last_order_date",
        "customer_tenure_days",
        by="customer_id",
        order_by="customer_id",
    )
    assert [row[:4] for row in found.rows] == spans
    (mean,) = busy.sql(
        "select avg(s) from (select max(order_date) - min(order_date) as s from gold.fact_orders group by"
        " customer_id)"
    )[0]
    assert busy.one("customer_tenure_days") == pytest.approx(mean)
    (gap,) = busy.sql(
        "select avg(gap) from (select order_date - lag(order_date) over (partition by customer_id order"
        " by order_date)"
        " as gap from gold.fact_orders)"
    )[0]
    assert busy.one("days_between_orders") == pytest.approx(gap)


def test_a_cohort_is_as_large_in_every_month_since(busy: Shop) -> None:
    expected = busy.sql(
        "with sizes as (select date_trunc('month', first_order_date)::date as c, count(*) as n from"
        " gold.dim_customers"
        " where first_order_date is not null group by 1),"
        " active as (select date_trunc('month', c.first_order_date)::date as c,"
        " date_diff('month', c.first_order_date, o.order_date) as since, count(distinct o.customer_id) as n"
        " from gold.fact_orders o join gold.dim_customers c using (customer_id) group by 1, 2)"
        " select a.c, a.since, a.n / s.n from active a join sizes s on a.c = s.c order by 1, 2"
    )
    answer = busy.ask("cohort_retention", "cohort_size", by="cohort_month,months_since_first_order")
    found = sorted((row[:3] for row in answer.rows if row[0] is not None), key=lambda row: row[:2])
    assert found == [(cohort, since, pytest.approx(share)) for cohort, since, share in expected]
    assert all(row[2] == 1 for row in found if row[1] == 0)
    assert len({row[1] for row in found}) > 2


def test_a_picker_offers_cohorts_by_their_month_and_no_list_of_what_has_elapsed(busy: Shop) -> None:
    months = busy.sql(
        "select distinct date_trunc('month', first_order_date)::date from gold.dim_customers"
        " where first_order_date is not null order by 1"
    )
    offered = {value.key for value in busy.service.values("cohort_month", ADMIN)} - {None}
    assert offered == {str(month) for (month,) in months}
    assert busy.one("unique_customers", where=f"cohort_month = {months[0][0]}") > 0
    with pytest.raises(InvalidFilter, match="no list of values"):
        busy.service.values("months_since_first_order", ADMIN)
    assert busy.one("unique_customers", where="months_since_first_order >= 1") > 0


def test_what_is_the_same_for_all_of_a_dimension_is_not_grouped_by_it_alone(busy: Shop) -> None:
    with pytest.raises(NotGroupable, match="the same for all of months_since_first_order"):
        busy.ask("cohort_size", by="cohort_month,months_since_first_order")


def test_each_product_counts_once_in_the_mean_of_products(shop: Shop) -> None:
    shop.sql("insert into gold.fact_reviews (review_id, product_id, review_date, rating)"
             " select 'many' || n, 'p1', '2024-03-01', 1 from range(50) as t(n)")  # fmt: skip
    (expected,) = shop.sql(
        "select avg(r) from (select avg(rating) as r from gold.fact_reviews where product_id is not null"
        " group by"
        " product_id)"
    )[0]
    assert shop.one("avg_category_rating") == pytest.approx(expected)
    assert shop.one("avg_category_rating") != pytest.approx(shop.one("avg_rating"))


def test_sell_through_and_days_of_cover_hold_sales_against_stock(shop: Shop) -> None:
    (sold,) = shop.sql("select sum(quantity) from gold.fact_order_items")[0]
    (stock,) = shop.sql("select sum(stock_quantity) from gold.dim_products where is_listed")[0]
    assert shop.one("sell_through_rate") == pytest.approx(sold / (sold + stock))
    today = date(2024, 3, 20)
    (recent,) = shop.sql(
        "select sum(quantity) from gold.fact_order_items where order_date between '2024-02-20' and"
        " '2024-03-20'"
    )[0]
    assert shop.one("days_of_cover", today=today) == pytest.approx(stock / (recent / 30))


def test_a_discount_is_held_against_orders_without_one(shop: Shop) -> None:
    with_it, without = shop.sql(
        "select avg(total_amount) filter (where discount_amount > 0), avg(total_amount) filter (where not"
        " coalesce(discount_amount > 0, false)) from gold.fact_orders"
    )[0]
    assert shop.one("discount_uplift") == pytest.approx(float(with_it) / float(without) - 1)


def test_rows_are_kept_by_their_metrics(shop: Shop) -> None:
    expected = shop.sql(
        "select status, sum(total_amount) from gold.fact_orders group by 1 having sum(total_amount) >= 60"
        " and count(*) != 1 order by 1"
    )
    found = shop.ask("gmv", "order_count", by="order_status", order_by="order_status",
                     having=("gmv >= 60", "order_count != 1")).rows  # fmt: skip
    assert [row[:2] for row in found] == expected
    assert len(shop.ask("gmv", by="order_status").rows) > len(found) > 0
    with pytest.raises(UnknownName, match="not a metric of the question"):
        shop.ask("gmv", by="order_status", having=("order_count > 1",))
    for text in ("gmv in (1, 2)", "gmv > many", "gmv > nan"):
        with pytest.raises(InvalidFilter):
            shop.ask("gmv", by="order_status", having=(text,))


def test_of_conditions_in_brackets_one_holds(shop: Shop) -> None:
    expected = shop.sql(
        "select order_id from gold.fact_orders where total_amount > 0 and (channel = 'email' or status ="
        " 'PENDING')"
        " and (payment_kind = 'NONE' or payment_kind = 'PREPAID' or channel = 'social') order by 1"
    )
    where = (
        "(channel = email or order_status = PENDING)"
        " and (payment_kind = NONE or payment_kind = PREPAID or channel = social)"
    )
    assert shop.one("order_count", where=where) == len(expected) > 0
    parts = [shop.one("order_count", where=f"channel = email and {part}") for part in
             ("(gender = MALE or gender != MALE)", "gender in (MALE, FEMALE, OTHER, UNKNOWN)")]  # fmt: skip
    assert parts[0] == parts[1] > 0
    for text in (
        "(channel = email",
        "(channel = email and order_status = PENDING)",
        "()",
        "channel = a or channel = b",
    ):
        with pytest.raises(InvalidFilter, match="cannot read the filter"):
            shop.ask("order_count", where=text)


def test_growth_of_the_year_by_month_is_against_the_same_months_of_last_year(busy: Shop) -> None:
    """Held against the month before, March would have fallen; against last March it has grown."""
    add_orders(busy, ("y1", "c1", "2023-03-15", "10"), ("y2", "c1", "2023-03-25", "1000"))
    found = by_month(busy.ask("ytd_revenue_growth_rate", grain=Grain.MONTH, today=date(2024, 3, 20)).rows)
    (march,) = busy.sql(
        "select sum(total_amount) from gold.fact_orders"
        " where order_date between '2024-03-01' and '2024-03-20'"
    )[0]
    assert found[date(2024, 3, 1)] == pytest.approx(float(march) / 10 - 1)  # 25 March 2023 is not yet reached
    assert found[date(2024, 1, 1)] is None


def test_a_middle_value_of_money_is_not_cut_to_cents(shop: Shop) -> None:
    shop.sql("delete from gold.fact_orders where customer_id not in ('c2', 'c9')")
    shop.sql("update gold.fact_orders set total_amount = 0.01 where customer_id = 'c2'")
    assert shop.one("median_lifetime_value") == Decimal("30.0050")  # of 0.01 and 60.00


@pytest.mark.parametrize(
    ("metric", "how", "message"),
    [
        ("first_order_date", {"by": "customer_id", "having": ("first_order_date > 5",)}, "is a date"),
        ("revenue_growth_rate", {"days": MARCH, "where": "month != 2024-02"}, "the period before"),
    ],
)
def test_a_condition_that_only_one_side_could_meet_is_refused(
    busy: Shop, metric: str, how: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidFilter, match=message):
        busy.ask(metric, **how)


def test_what_is_the_same_for_all_of_a_dimension_leaves_out_no_half_of_an_or(busy: Shop) -> None:
    """The cohorts would lose all but January, and the orders beside them would not."""
    where = "(cohort_month = 2024-01-01 or months_since_first_order >= 1)"
    with pytest.raises(NotGroupable, match="joined to others by or"):
        busy.ask("cohort_retention", by="cohort_month", where=where)
    assert busy.one("unique_customers", where=where) > 0
