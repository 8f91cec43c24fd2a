"""Totals and subtotals against SQL with ROLLUP, and against the question without their groups."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from amalimart.core.calendar import DayRange, Grain
from amalimart.core.errors import AmalimartError, InvalidFilter, MixedCurrencies
from amalimart.semantic.answer import Answer, ColumnKind
from amalimart.semantic.question import Question, Totals

if TYPE_CHECKING:
    from amalimart.access.principal import Principal
    from tests.semantic.conftest import Shop

YEAR = ("2023-01-01", "2024-12-31")


def placed(answer: Answer, *names: str) -> list[tuple[Any, ...]]:
    """The rows with only these columns."""
    at = [[column.name for column in answer.columns].index(name) for name in names]
    return [tuple(row[position] for position in at) for row in answer.rows]


def test_subtotals_are_a_rollup(shop: Shop) -> None:
    """Sums, distinct counts and a ratio of sums, over two groups; o1 is an order of both vendors."""
    expected = shop.sql(
        "select date_trunc('month', i.order_date)::date as m, coalesce(v.vendor_id, 'unknown') as k,"
        " sum(item_amount), count(distinct order_id), sum(commission_amount) / sum(item_amount),"
        " grouping(m) + grouping(k) from gold.fact_order_items i left join gold.dim_vendors v using"
        " (vendor_id) group by rollup (m, k)"
    )
    answer = shop.ask("item_gmv", "item_orders", "take_rate", by="month,vendor_id", totals=Totals.SUBTOTALS)
    found = placed(answer, "month", "vendor_id", "item_gmv", "item_orders", "take_rate", "totalled")
    as_keys = [
        {(month, key, level): (money, orders, pytest.approx(float(rate)))
         for month, key, money, orders, rate, level in rows}
        for rows in (expected, found)
    ]  # fmt: skip
    assert as_keys[0] == as_keys[1]
    assert len(found) == len(expected)
    assert [row[-1] for row in found] == sorted(
        row[-1] for row in found
    )  # ordinary rows first, the total last
    orders = {row[:2]: row[3] for row in found}
    assert orders[None, None] < sum(n for (month, key), n in orders.items() if month and key)


def test_a_total_alone_leaves_out_the_levels_between(shop: Shop) -> None:
    answer = shop.ask("gmv", by="month,order_status", totals=Totals.TOTAL)
    levels = [row[0] for row in placed(answer, "totalled")]
    assert set(levels) == {0, 2}
    assert answer.rows[-1][:3] == (None, None, shop.one("gmv"))
    assert answer.columns[-2].kind is ColumnKind.TOTALLED
    assert answer.rows[-1][-1] is False  # a total of all days is no part of a bucket


def test_an_empty_member_is_not_a_total(shop: Shop) -> None:
    """A return that was never refunded has no refund day: its row is empty, and is not the total."""
    shop.sql("update gold.fact_reviews set rating = null where review_id = 'w4'")
    rows = placed(
        shop.ask("review_count", by="rating", totals=Totals.TOTAL), "rating", "totalled", "review_count"
    )
    assert (None, 0, 1) in rows
    assert (None, 1, 4) in rows


@pytest.mark.parametrize("every", [10, pytest.param(1, marks=pytest.mark.slow)])
def test_every_total_says_what_the_question_without_its_groups_says(
    read_only_shop: Shop, principals: dict[str, Principal], model_day: date, every: int
) -> None:
    """Each metric (in the gate some) by month and a dimension: ratios, distinct, cumulative, per entity."""
    shop, days = read_only_shop, DayRange(*map(date.fromisoformat, YEAR))
    alike: dict[tuple[str, ...], list[str]] = {}
    for metric in list(shop.model.metrics.values())[::every]:
        dimensions = [each.name for each in shop.model.reachable(metric)][:1]
        groups = ("month", *dimensions) if metric.has_time else tuple(dimensions)
        alike.setdefault(groups, []).append(metric.name)
    asked = [
        (groups, tuple(names[start : start + 10]))
        for groups, names in alike.items()
        for start in range(0, len(names), 10)
    ]
    for groups, names in asked:
        levels = [groups[:count] for count in range(len(groups) + 1)]
        whole, *parts = shop.service.ask_all(
            [
                Question(names, model_day, by=groups, days=days, totals=Totals.SUBTOTALS),
                *(Question(names, model_day, by=by, days=days) for by in levels),
            ],
            principals["admin"],
        )
        assert isinstance(whole, Answer), (names, whole)
        for by, part in zip(levels, parts, strict=True):
            assert isinstance(part, Answer), (names, by, part)
            own = [column.name for column in part.columns if column.kind is not ColumnKind.PARTIAL]
            level = [row for row in placed(whole, *own, "totalled") if row[-1] == len(groups) - len(by)]
            assert [row[:-1] for row in level] == placed(part, *own)
            assert len(level) > 0


def test_having_and_limit_choose_ordinary_rows_and_leave_totals_whole(shop: Shop) -> None:
    answer = shop.ask("gmv", by="order_status", having=("gmv < 100",), limit=2, totals=Totals.TOTAL)
    assert placed(answer, "order_status", "gmv", "totalled") == [
        ("CANCELLED", Decimal("80.20"), 0),
        ("REJECTED", Decimal("33.33"), 0),
        (None, Decimal("1343.62"), 1),
    ]
    limited = shop.ask("item_gmv", by="month,vendor", limit=1, totals=Totals.SUBTOTALS, order_by="-item_gmv")
    assert placed(limited, "month", "vendor_id", "item_gmv", "totalled") == [
        (date(2024, 1, 1), "vA", Decimal("199.90"), 0),
        (date(2024, 1, 1), None, Decimal("330.05"), 1),
        (None, None, Decimal("405.05"), 2),
    ]


def test_several_facts_are_totalled_each_from_its_own_rows(shop: Shop) -> None:
    answer = shop.ask("total_payment_value", "parcel_count", by="order_status", totals=Totals.TOTAL)
    assert answer.rows[-1] == (None, shop.one("total_payment_value"), shop.one("parcel_count"), 1)


def test_a_cohort_is_totalled_with_what_is_the_same_for_all_of_a_group(shop: Shop) -> None:
    """As many came in a quarter whatever the months since then: the sizes must not add up."""
    answer = shop.ask(
        "cohort_retention", "cohort_size", "unique_customers",
        by="cohort_quarter,months_since_first_order", totals=Totals.SUBTOTALS,
    )  # fmt: skip
    known = {
        quarter: (share, size, customers)
        for quarter, since, share, size, customers, level in placed(
            answer, "cohort_quarter", "months_since_first_order", "cohort_retention", "cohort_size",
            "unique_customers", "totalled",
        )
        if level == 1 and quarter is not None
    }  # fmt: skip
    expected = shop.sql(
        "select date_trunc('quarter', first_order_date)::date, count(distinct o.customer_id)"
        " / count(distinct c.customer_id), count(distinct c.customer_id), count(distinct o.customer_id)"
        " from gold.dim_customers c left join gold.fact_orders o using (customer_id) group by 1"
    )
    assert known == {quarter: (pytest.approx(share), size, n) for quarter, share, size, n in expected}


def test_filled_buckets_have_their_subtotals(shop: Shop) -> None:
    answer = shop.ask(
        "item_gmv",
        by="month,vendor_id",
        days=("2024-01-01", "2024-03-31"),
        fill=True,
        totals=Totals.SUBTOTALS,
    )
    rows = placed(answer, "month", "vendor_id", "item_gmv", "totalled")
    assert (date(2024, 2, 1), None, Decimal(0), 1) in rows
    assert [row[3] for row in rows].count(
        0
    ) == 9  # three vendors, the unknown one among them, in three months
    by_vendor = shop.ask(
        "item_gmv",
        by="vendor_id,month",
        days=("2024-01-01", "2024-03-31"),
        fill=True,
        totals=Totals.SUBTOTALS,
    )
    assert [row[3] for row in placed(by_vendor, "month", "vendor_id", "item_gmv", "totalled")].count(1) == 3


def test_totals_are_compared_like_their_rows(shop: Shop) -> None:
    days = ("2024-03-01", "2024-03-20")
    answer = shop.ask("gmv", by="order_status", days=days, compare=True, totals=Totals.TOTAL)
    ((now, before),) = shop.ask("gmv", days=days, compare=True).rows
    assert answer.rows[-1] == (None, now, before, 1)


def test_left_out_rows_are_told_once(shop: Shop) -> None:
    answer = shop.ask("avg_delivery_days", by="shipping_city", totals=Totals.TOTAL)
    assert [note for note in answer.receipt.notes if note.startswith("1 shipments")]


def test_a_total_over_two_currencies_is_refused_like_any_other_sum(shop: Shop) -> None:
    shop.sql("update gold.fact_orders set currency = 'USD' where order_id = 'o6'")
    assert len(shop.ask("gmv", by="currency").rows) == 2
    with pytest.raises(MixedCurrencies, match="GHS and USD"):
        shop.ask("gmv", by="currency", totals=Totals.TOTAL)


def test_a_total_that_has_no_period_is_refused(shop: Shop) -> None:
    assert shop.ask("revenue_growth_rate", grain=Grain.MONTH).rows
    with pytest.raises(InvalidFilter, match="held against a period"):
        shop.ask("revenue_growth_rate", grain=Grain.MONTH, totals=Totals.TOTAL)


def test_one_number_has_no_total(shop: Shop) -> None:
    with pytest.raises(InvalidFilter, match="a total of one number"):
        shop.ask("gmv", totals=Totals.SUBTOTALS)


def test_a_vendor_s_total_is_of_its_own_rows(shop: Shop, principals: dict[str, Principal]) -> None:
    answer = shop.ask("item_gmv", by="category", totals=Totals.TOTAL, principal=principals["vendor_a"])
    ((own,),) = shop.sql("select sum(item_amount) from gold.fact_order_items where vendor_id = 'vA'")
    assert answer.rows[-1][2] == own
    (refused,) = shop.service.ask_all(
        [Question(("gmv",), date(2024, 3, 20), by=("month",), totals=Totals.TOTAL)], principals["vendor_a"]
    )
    assert isinstance(refused, AmalimartError)
    assert refused.code == "denied"
