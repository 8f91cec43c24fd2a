"""The best members of a dimension and all others as one row: SQL, and parts that make the whole."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amalimart.core.errors import InvalidFilter, NotGroupable, UnknownName
from amalimart.semantic.answer import Answer, ColumnKind
from amalimart.semantic.question import Top, Totals

if TYPE_CHECKING:
    from amalimart.access.principal import Principal
    from tests.semantic.conftest import Shop


def placed(answer: Answer, *names: str) -> list[tuple[Any, ...]]:
    at = [[column.name for column in answer.columns].index(name) for name in names]
    return [tuple(row[position] for position in at) for row in answer.rows]


RANKED = (
    "with lines as (select coalesce(v.vendor_id, 'unknown') as k, i.* exclude vendor_id from"
    " gold.fact_order_items i left join gold.dim_vendors v using (vendor_id)),"
    " best as (select k from lines group by k order by sum(item_amount) desc, k limit 1)"
)


def test_others_are_computed_from_their_rows(shop: Shop) -> None:
    """A ratio of sums and a recount: o6 has lines of two of the others, and counts once among them."""
    shop.sql(
        "insert into gold.fact_order_items select 'i8', order_id, 'p2', 'vB', * exclude (order_item_id,"
        " order_id, product_id, vendor_id) from gold.fact_order_items where order_item_id = 'i7'"
    )
    expected = shop.sql(
        f"{RANKED} select case when k in (from best) then k end, sum(item_amount), count(distinct order_id),"
        " sum(commission_amount) / sum(item_amount), k not in (from best) from lines group by 1, 5 order by 5"
    )
    answer = shop.ask("item_gmv", "item_orders", "take_rate", by="vendor", top=Top(1, "vendor"))
    found = placed(answer, "vendor_id", "item_gmv", "item_orders", "take_rate", "others")
    assert found == [(key, money, orders, pytest.approx(float(rate)), others)
                     for key, money, orders, rate, others in expected]  # fmt: skip
    plain = shop.ask("item_orders", by="vendor").rows
    assert found[1][2] < sum(row[2] for row in plain if row[0] != "vA")
    assert placed(answer, "vendor") == [("Ama's Shop",), (None,)]
    assert answer.columns[-1].kind is ColumnKind.OTHERS


def test_the_best_are_the_same_in_every_bucket(shop: Shop) -> None:
    expected = shop.sql(
        f"{RANKED} select date_trunc('month', order_date)::date, case when k in (from best) then k end,"
        " sum(item_amount), k not in (from best) from lines group by 1, 2, 4 order by 4, 1"
    )
    answer = shop.ask("item_gmv", by="month,vendor_id", top=Top(1, "vendor_id"))
    assert placed(answer, "month", "vendor_id", "item_gmv", "others") == expected


def test_the_best_may_be_chosen_by_another_metric(shop: Shop) -> None:
    by_lines = shop.ask("item_gmv", "item_orders", by="product", top=Top(1, "product", "item_orders"))
    assert placed(by_lines, "product_id", "others")[0] == ("p1", False)
    unknown = shop.ask("total_units_sold", "item_gmv", by="product", top=Top(1, "product"))
    assert placed(unknown, "product_id", "total_units_sold", "others") == [
        ("unknown", 5, False),
        (None, 9, True),
    ]


def test_an_unknown_value_can_be_among_the_best_and_is_not_the_others(shop: Shop) -> None:
    shop.sql("update gold.fact_reviews set rating = null where review_id <> 'w1'")
    rows = placed(
        shop.ask("review_count", by="rating", top=Top(1, "rating")), "rating", "review_count", "others"
    )
    assert rows == [(None, 3, False), (None, 1, True)]


def test_filters_and_days_decide_who_is_best(shop: Shop) -> None:
    answer = shop.ask("item_gmv", by="vendor_id", top=Top(1, "vendor_id"), days=("2024-03-01", "2024-03-31"))
    assert placed(answer, "vendor_id", "item_gmv", "others") == [
        ("unknown", Decimal("65.00"), False),
        (None, Decimal("10.00"), True),
    ]
    filtered = shop.ask("item_gmv", by="vendor_id", top=Top(1, "vendor_id"), where="vendor != vA")
    assert placed(filtered, "vendor_id", "others")[0] == ("vB", False)


def test_where_nobody_is_left_there_are_no_others(shop: Shop) -> None:
    answer = shop.ask("item_gmv", by="vendor", top=Top(9, "vendor"))
    assert [row[0] for row in placed(answer, "others")] == [False, False, False]


def test_the_best_of_several_facts_and_of_what_is_compared(shop: Shop) -> None:
    answer = shop.ask(
        "item_gmv", "return_count", by="vendor_id", top=Top(1, "vendor_id"), compare=True,
        days=("2024-02-01", "2024-03-31"),
    )  # fmt: skip
    plain = shop.ask("item_gmv", "return_count", compare=True, days=("2024-02-01", "2024-03-31")).rows[0]
    sums = tuple(sum(row[position] for row in answer.rows) for position in range(1, 5))
    assert sums == plain
    assert placed(answer, "vendor_id", "others")[0] == ("unknown", False)  # the best of the days asked for


quietly = settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])


@quietly
@given(
    st.sampled_from(["item_gmv", "order_lines", "total_units_sold", "commission"]),
    st.sampled_from(["vendor", "product", "category", "order_status", "customer_id", "channel"]),
    st.sampled_from([None, "month", "payment_kind"]),
    st.integers(1, 4),
    st.sampled_from(["admin", "vendor_a", "vendor_nobody"]),
)
def test_the_best_and_the_others_make_the_total(
    read_only_shop: Shop,
    principals: dict[str, Principal],
    metric: str,
    dimension: str,
    second: str | None,
    count: int,
    who: str,
) -> None:
    by = dimension if second is None else f"{second},{dimension}"
    principal = principals[who]
    if who != "admin" and dimension in {"customer_id", "channel"}:
        return
    answer = read_only_shop.ask(
        metric, by=by, top=Top(count, dimension), totals=Totals.SUBTOTALS, principal=principal
    )
    rows = placed(answer, metric, "others", "totalled")
    whole = read_only_shop.one(metric, principal=principal)
    assert sum(value for value, _, level in rows if level == 0) == whole
    assert [value for value, _, level in rows if level == len(by.split(","))] == [whole]
    assert not any(others for _, others, level in rows if level)
    if second is None:
        assert sum(not others for _, others, level in rows if level == 0) <= count
        plain = read_only_shop.ask(metric, by=dimension, limit=count, principal=principal).rows
        at = 1 if len(answer.columns) == 4 else 2
        assert [row[: at + 1] for row in answer.rows if not row[-2] and not row[-1]] == [
            row[: at + 1] for row in plain
        ]


@pytest.mark.parametrize(
    ("top", "how", "message", "nearest"),
    [
        (Top(3, "vendr"), {}, "no dimension|is not a dimension", "vendor"),
        (Top(3, "category"), {}, "is not a dimension that the question groups by", None),
        (Top(3, "vendor", "item_order"), {}, "is not a metric of the question", "item_orders"),
    ],
)
def test_unknown_tops_are_refused(
    shop: Shop, top: Top, how: dict[str, Any], message: str, nearest: str | None
) -> None:
    with pytest.raises(UnknownName, match=message) as refused:
        shop.ask("item_gmv", "item_orders", by="vendor", top=top, **how)
    assert refused.value.nearest == nearest


@pytest.mark.parametrize("how", [{"limit": 3}, {"having": ("item_gmv > 1",)}])
def test_what_would_cut_the_others_is_refused(shop: Shop, how: dict[str, Any]) -> None:
    with pytest.raises(InvalidFilter, match="would cut what stands for all others"):
        shop.ask("item_gmv", by="vendor", top=Top(1, "vendor"), **how)


def test_a_bucket_of_time_has_no_top(shop: Shop) -> None:
    with pytest.raises(UnknownName):
        shop.ask("item_gmv", by="month", top=Top(1, "month"))
    with pytest.raises(InvalidFilter, match="0 members"):
        shop.ask("item_gmv", by="vendor", top=Top(0, "vendor"))


def test_what_is_the_same_for_all_has_no_best(shop: Shop) -> None:
    with pytest.raises(NotGroupable, match="none of them is the best"):
        shop.ask(
            "unique_customers", "cohort_size", by="cohort_month,months_since_first_order",
            top=Top(1, "months_since_first_order", "cohort_size"),
        )  # fmt: skip


def test_a_top_of_growth_needs_a_period(shop: Shop) -> None:
    with pytest.raises(InvalidFilter, match="held against a period"):
        shop.ask("revenue_growth_rate", by="month,channel", top=Top(1, "channel"))
    days = ("2024-02-01", "2024-03-31")
    assert shop.ask("revenue_growth_rate", by="month,channel", top=Top(1, "channel"), days=days).rows


def test_the_count_is_a_value_and_not_part_of_the_plan(shop: Shop) -> None:
    for count in (1, 2):
        shop.ask("item_gmv", by="vendor", top=Top(count, "vendor"), today=date(2024, 3, 20))
    assert shop.reader.log[0] == shop.reader.log[1]
