"""Traps on shops of a few rows, each with the numbers worked out by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from amalimart.core.calendar import DayRange, Grain
from amalimart.core.errors import AmalimartError
from amalimart.semantic.question import Question
from tests.semantic.conftest import ADMIN

if TYPE_CHECKING:
    from tests.semantic.conftest import Shop

EVER = DayRange(date(2023, 1, 1), date(2025, 12, 31))


@pytest.fixture
def bare(shop: Shop) -> Shop:
    """A marketplace in which nothing has happened yet."""
    for (table,) in shop.sql("select table_name from information_schema.tables where table_schema = 'gold'"):
        shop.sql(f"delete from gold.{table}")
    return shop


def order(shop: Shop, key: str, customer: str | None, day: str, amount: str = "10") -> None:
    shop.sql(
        "insert into gold.fact_orders (order_id, customer_id, order_date, total_amount, status, currency)"
        " values (?, ?, ?::date, ?::decimal(18,2), 'COMPLETED', 'GHS')",
        key, customer, day, amount,
    )  # fmt: skip


def line(shop: Shop, key: str, order_id: str, product: str, vendor: str | None, units: int = 1) -> None:
    shop.sql(
        "insert into gold.fact_order_items (order_item_id, order_id, product_id, vendor_id, quantity,"
        " item_amount, order_date, currency) values (?, ?, ?, ?, ?, ? * 10, '2024-03-01', 'GHS')",
        key, order_id, product, vendor, units, units,
    )  # fmt: skip


def test_empty_a_marketplace_without_a_row_has_sums_of_0_and_no_rates(bare: Shop) -> None:
    """A rate of 0 would say that everything failed; an error would take the whole page down."""
    metrics = list(bare.model.metrics.values())
    questions = [Question((metric.name,), EVER.last, days=EVER) for metric in metrics]
    for metric, answer in zip(metrics, bare.service.ask_all(questions, ADMIN), strict=True):
        assert not isinstance(answer, AmalimartError), answer
        ((value, *_),) = answer.rows
        assert value is None or (value == 0 and metric.kind not in {"ratio", "growth"}), metric.name
        if metric.non_additive == frozenset():
            assert value == 0, metric.name


def test_empty_a_marketplace_without_a_row_has_no_groups(bare: Shop) -> None:
    questions = []
    for metric in bare.model.metrics.values():
        name = "month" if metric.has_time else bare.model.reachable(metric)[0].name
        questions.append(Question((metric.name,), EVER.last, by=(name,), days=EVER))
    for answer in bare.service.ask_all(questions, ADMIN):
        assert not isinstance(answer, AmalimartError), answer
        assert answer.rows == ()


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Apia"])
def test_time_zone_of_the_engine_moves_no_day(bare: Shop, zone: str) -> None:
    """New York's 10 March 2024 has 23 hours: read as instants, the days after it would begin at 23:00."""
    for day in ("2024-03-09", "2024-03-10", "2024-03-11", "2024-03-31"):
        order(bare, day, "c1", day)
    bare.sql(f"set timezone = '{zone}'")
    filled = bare.ask("order_count", grain=Grain.DAY, days=("2024-03-01", "2024-03-31"), fill=True).rows
    assert len(filled) == 31
    assert {row[0].day for row in filled if row[1]} == {9, 10, 11, 31}
    weeks = bare.ask("order_count", grain=Grain.WEEK, today=date(2024, 3, 31)).rows
    assert [row[:2] for row in weeks] == [
        (date(2024, 3, 4), 2),
        (date(2024, 3, 11), 1),
        (date(2024, 3, 25), 1),
    ]
    assert bare.one("ytd_revenue", today=date(2024, 3, 10)) == 20


def test_a_week_belongs_to_the_year_in_which_it_starts_and_a_day_to_its_own(bare: Shop) -> None:
    order(bare, "o1", "c1", "2024-12-30")
    order(bare, "o2", "c1", "2025-01-01")
    assert [row[:2] for row in bare.ask("order_count", grain=Grain.WEEK).rows] == [(date(2024, 12, 30), 2)]
    assert [row[:2] for row in bare.ask("order_count", grain=Grain.YEAR).rows] == [
        (date(2024, 1, 1), 1),
        (date(2025, 1, 1), 1),
    ]


def test_non_additive_one_customer_of_two_months_is_one_customer(bare: Shop) -> None:
    """Adding the months up would make 3 of 2."""
    for key, customer, day in (
        ("o1", "c1", "2024-01-05"),
        ("o2", "c1", "2024-02-05"),
        ("o3", "c2", "2024-02-06"),
    ):
        order(bare, key, customer, day)
    assert [row[1] for row in bare.ask("unique_customers", grain=Grain.MONTH).rows] == [1, 2]
    assert bare.one("unique_customers") == 2


def test_null_keys_money_of_nobody_is_in_gmv_and_in_no_lifetime_value(bare: Shop) -> None:
    """As a customer of its own, nobody would be the best one."""
    order(bare, "o1", "c1", "2024-01-05", "30")
    order(bare, "o2", None, "2024-01-06", "1000")
    bare.sql("insert into gold.dim_customers (customer_id, full_name) values ('c1', 'Esi')")
    assert bare.ask("gmv", by="customer").rows == (("unknown", "Unknown", 1000), ("c1", "Esi", 30))
    assert bare.one("lifetime_value") == 30
    assert bare.ask("lifetime_value", by="customer").rows == (("c1", "Esi", 30),)


def test_chasm_three_facts_of_one_customer_stand_side_by_side(bare: Shop) -> None:
    """One join of 2 orders, 3 payments and 2 returns has 12 rows, and 6 times the sales."""
    order(bare, "o1", "c1", "2024-01-05", "30")
    order(bare, "o2", "c1", "2024-01-06", "20")
    for key in ("y1", "y2", "y3"):
        bare.sql("insert into gold.fact_payments (payment_id, customer_id, payment_date, amount, currency)"
                 " values (?, 'c1', '2024-01-07', 7, 'GHS')", key)  # fmt: skip
    for key in ("r1", "r2"):
        bare.sql("insert into gold.fact_returns (return_id, customer_id, request_date)"
                 " values (?, 'c1', '2024-01-08')", key)  # fmt: skip
    bare.sql("insert into gold.dim_customers (customer_id) values ('c1')")
    assert bare.ask("gmv", "total_payment_value", "return_count", by="customer_id").rows == (
        ("c1", 50, 21, 2),
    )


def test_duplicate_path_a_line_is_of_its_own_vendor_whoever_lists_the_product(bare: Shop) -> None:
    """Two ways lead from a line to a vendor. By the product's, what vA sold would be vB's."""
    bare.sql("insert into gold.dim_vendors (vendor_id, vendor_name) values ('vA', 'A'), ('vB', 'B')")
    bare.sql("insert into gold.dim_products (product_id, vendor_id) values ('p1', 'vB')")
    line(bare, "i1", "o1", "p1", "vA", units=3)
    line(bare, "i2", "o1", "p1", None, units=4)
    assert bare.ask("total_units_sold", by="vendor_id").rows == (("unknown", 4), ("vA", 3))
    assert bare.ask("total_products", by="vendor_id").rows == (("vB", 1),)


def test_what_was_never_sold_is_among_the_low_performers(bare: Shop) -> None:
    bare.sql(
        "insert into gold.dim_products (product_id, product_name) values ('p1', 'Sold'), ('p2', 'Never')"
    )
    line(bare, "i1", "o1", "p1", None, units=2)
    rows = bare.ask("total_units_sold", "total_products", by="product", order_by="total_units_sold").rows
    assert rows == (("p2", "Never", 0, 1), ("p1", "Sold", 2, 1))


def test_a_row_without_a_day_is_in_the_total_and_in_no_day(bare: Shop) -> None:
    bare.sql("insert into gold.fact_carts (cart_id, opened_date, line_count, is_converted) values"
             " ('k1', '2024-03-01', 1, false), ('k2', null, 1, false)")  # fmt: skip
    assert bare.one("carts") == 2
    assert bare.one("carts", days=("1900-01-01", "2200-12-31")) == 1
    assert [row[:2] for row in bare.ask("carts", grain=Grain.MONTH).rows] == [
        (date(2024, 3, 1), 1),
        (None, 1),
    ]
    parts = [bare.one("carts", where=f"month {sign} 2024-03") for sign in ("=", "!=")]
    assert parts == [1, 1]


def test_division_by_zero_returns_of_a_month_without_sales_have_no_rate(bare: Shop) -> None:
    line(bare, "i1", "o1", "p1", None)
    bare.sql("insert into gold.fact_returns (return_id, request_date) values ('r1', '2024-04-02')")
    rows = bare.ask("return_rate", "return_count", "order_lines", grain=Grain.MONTH).rows
    assert [row[:4] for row in rows] == [(date(2024, 3, 1), 0.0, 0, 1), (date(2024, 4, 1), None, 1, 0)]
    assert bare.one("return_rate") == 1.0


def test_division_by_zero_growth_from_nothing_is_no_growth(bare: Shop) -> None:
    order(bare, "o1", "c1", "2024-03-05")
    assert bare.one("revenue_growth_rate", days=("2024-03-01", "2024-03-31")) is None
    order(bare, "o2", "c1", "2024-02-05", "4")
    assert bare.one("revenue_growth_rate", days=("2024-03-01", "2024-03-29")) == pytest.approx(1.5)


def test_a_leap_day_is_held_against_the_last_day_of_a_february_without_one(bare: Shop) -> None:
    for key, day, amount in (
        ("o1", "2024-02-29", "8"),
        ("o2", "2023-02-28", "4"),
        ("o3", "2023-03-01", "100"),
    ):
        order(bare, key, "c1", day, amount)
    assert bare.ask("ytd_revenue", compare=True, today=date(2024, 2, 29)).rows == ((8, 4),)
    assert bare.one("ytd_revenue_growth_rate", today=date(2024, 2, 29)) == 1.0


def test_fan_out_commission_of_lines_beside_header_money(bare: Shop) -> None:
    """The header joined to its 3 lines would be 300."""
    order(bare, "o1", "c1", "2024-03-01", "100")
    for key in ("i1", "i2", "i3"):
        line(bare, key, "o1", "p1", "vA")
    bare.sql("update gold.fact_order_items set commission_amount = 1.5")
    (row,) = bare.ask("gmv", "commission", "take_rate", "avg_order_value").rows
    assert row == (Decimal(100), Decimal("4.50"), pytest.approx(0.15), Decimal(100))


def test_the_way_from_sales_to_payouts_adds_up(shop: Shop) -> None:
    (row,) = shop.ask(
        "total_revenue", "lost_revenue", "net_revenue", "kept_commission", "kept_refunds", "vendor_proceeds"
    ).rows
    gross, lost, net, commission, refunds, proceeds = row
    assert (gross, lost) == (Decimal("405.05"), Decimal("209.90"))  # o2 cancelled, o3 returned, o5 rejected
    assert net == gross - lost == Decimal("195.15")
    assert (commission, refunds) == (
        Decimal("22.53"),
        0,
    )  # the only approved return is of o3, which is lost already
    assert proceeds == net - commission - refunds
    (paid,) = shop.ask(
        "payout_gross",
        "payout_commission",
        "payout_fees",
        "payout_net",
        "payouts_paid",
        "payouts_outstanding",
    ).rows
    assert paid == tuple(map(Decimal, ("395.15", "52.53", "5.00", "337.62", "279.12", "58.50")))
    assert paid[0] - paid[1] - paid[2] == paid[3] == paid[4] + paid[5]
