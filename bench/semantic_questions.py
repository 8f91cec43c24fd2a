"""The questions of `make bench-semantic`, and each in SQL as a person would write it for this one answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from amalimart.core.calendar import DayRange, Grain
from amalimart.semantic.question import Question

TODAY = date(2026, 3, 10)
VENDOR = "7"
_YEAR = DayRange(date(2025, 3, 11), TODAY)
_DAYS = f"between date '{_YEAR.first}' and date '{_YEAR.last}'"
_FIRST_OF_MONTH = "cast(date_trunc('month', order_date) as date)"


@dataclass(frozen=True, slots=True)
class Asked:
    """One question. `sql` answers it with the first `width` columns of the answer, in their order.

    is_to_gain  whether it is to be much cheaper with a rollup
    is_vendors  whether a vendor asks it
    """

    name: str
    question: Question
    sql: str
    width: int
    is_to_gain: bool = False
    is_vendors: bool = False

    def cut(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        """A row of the answer without the columns behind it."""
        return row[: self.width]


def asked_questions() -> tuple[Asked, ...]:
    """All of them."""
    return (
        _tiles(),
        _trend(),
        _by_category(),
        _payments(),
        _year_to_date(),
        _customers(),
        _vendor(),
        _three(),
    )


def _tiles() -> Asked:
    metrics = (
        "gmv", "order_count", "avg_order_value", "cancellation_rate", "fulfilment_rate", "cod_share",
        "total_revenue", "total_units_sold",
    )  # fmt: skip
    return Asked(
        "KPI tiles",
        Question(metrics, TODAY, days=_YEAR),
        f"""
        select
            gmv, orders, cast(gmv / orders as decimal(38, 4)), cancelled / orders, fulfilled / orders,
            cod / orders, revenue, units
        from (
            select
                sum(total_amount) as gmv,
                count(*) as orders,
                count(*) filter (where is_cancelled) as cancelled,
                count(*) filter (where is_fulfilled) as fulfilled,
                count(*) filter (where payment_kind = 'COD') as cod
            from gold.fact_orders
            where order_date {_DAYS}
        )
        cross join (
            select sum(item_amount) as revenue, sum(quantity) as units
            from gold.fact_order_items
            where order_date {_DAYS}
        )""",
        len(metrics),
        is_to_gain=True,
    )


def _trend() -> Asked:
    return Asked(
        "monthly trend",
        Question(("gmv", "order_count"), TODAY, grain=Grain.MONTH, days=_YEAR),
        f"""
        select {_FIRST_OF_MONTH}, sum(total_amount), count(*)
        from gold.fact_orders
        where order_date {_DAYS}
        group by 1
        order by 1""",
        3,
        is_to_gain=True,
    )


def _by_category() -> Asked:
    return Asked(
        "revenue by category",
        Question(("total_revenue",), TODAY, ("category",), days=_YEAR),
        f"""
        select key, coalesce(category_name, key), revenue
        from (
            select coalesce(p.category_id, 'unknown') as key, sum(i.item_amount) as revenue
            from gold.fact_order_items as i
            left join gold.dim_products as p on i.product_id = p.product_id
            where i.order_date {_DAYS}
            group by 1
        ) as r
        left join gold.dim_categories as c on r.key = c.category_id
        order by revenue desc""",
        3,
    )


def _payments() -> Asked:
    return Asked(
        "payments by method",
        Question(
            ("payment_count", "total_payment_value", "payment_success_rate"), TODAY, ("payment_method",)
        ),
        """
        select method, count(*), sum(amount), count(*) filter (where is_success) / count(*)
        from gold.fact_payments
        group by 1
        order by 2 desc""",
        4,
    )


def _year_to_date() -> Asked:
    return Asked(
        "YTD with growth",
        Question(("ytd_revenue", "ytd_revenue_growth_rate"), TODAY),
        """
        select
            coalesce(this_year, 0),
            cast(coalesce(this_year, 0) - coalesce(last_year, 0) as double)
            / nullif(cast(coalesce(last_year, 0) as double), 0)
        from (
            select
                sum(total_amount) filter (where order_date >= date '2026-01-01') as this_year,
                sum(total_amount) filter (where order_date <= date '2025-03-10') as last_year
            from gold.fact_orders
            where order_date between date '2026-01-01' and date '2026-03-10'
                or order_date between date '2025-01-01' and date '2025-03-10'
        )""",
        2,
    )


def _customers() -> Asked:
    return Asked(
        "repeat customers and lifetime value",
        Question(("repeat_customers", "lifetime_value"), TODAY),
        """
        select
            count(*) filter (where orders >= 2),
            cast(cast(sum(spent) as double) / count(*) as decimal(38, 4))
        from (
            select customer_id, count(*) as orders, sum(total_amount) as spent
            from gold.fact_orders
            where customer_id is not null
            group by customer_id
        )""",
        2,
    )


def _vendor() -> Asked:
    return Asked(
        "one vendor's page",
        Question(
            ("total_revenue", "net_revenue", "total_units_sold", "item_orders"),
            TODAY,
            grain=Grain.MONTH,
            days=_YEAR,
        ),
        f"""
        select
            cast(date_trunc('month', i.order_date) as date),
            sum(i.item_amount),
            sum(i.item_amount) filter (where o.status not in ('CANCELLED', 'REJECTED', 'RETURNED')),
            sum(i.quantity),
            count(distinct i.order_id)
        from gold.fact_order_items as i
        left join gold.fact_orders as o on i.order_id = o.order_id
        where i.vendor_id = '{VENDOR}' and i.order_date {_DAYS}
        group by 1
        order by 1""",
        5,
        is_vendors=True,
    )


def _three() -> Asked:
    return Asked(
        "three facts in one table",
        Question(("gmv", "total_revenue", "return_count"), TODAY, grain=Grain.MONTH, days=_YEAR),
        f"""
        with orders as (
            select {_FIRST_OF_MONTH} as month, sum(total_amount) as gmv
            from gold.fact_orders where order_date {_DAYS} group by 1
        ),
        items as (
            select {_FIRST_OF_MONTH} as month, sum(item_amount) as revenue
            from gold.fact_order_items where order_date {_DAYS} group by 1
        ),
        returned as (
            select cast(date_trunc('month', request_date) as date) as month, count(*) as returns
            from gold.fact_returns where request_date {_DAYS} group by 1
        )
        select month, coalesce(gmv, 0), coalesce(revenue, 0), coalesce(returns, 0)
        from orders full join items using (month) full join returned using (month)
        order by 1""",
        4,
    )
