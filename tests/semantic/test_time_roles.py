"""Facts counted by another of their dates: SQL is the oracle, and a date they lack is refused by name."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from amalimart.core.calendar import Grain
from amalimart.core.errors import ConfigError, NotAvailable, NotGroupable, UnknownName
from amalimart.semantic.loading import load_model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from amalimart.access.principal import Principal
    from tests.semantic.conftest import Shop


LINES = (
    "fact_order_items join (select order_id, delivered_date, cancelled_date from gold.fact_orders) using"
    " (order_id)"
)


@pytest.mark.parametrize(
    ("metric", "expression", "table", "role", "column"),
    [
        ("parcel_count", "count(*)", "fact_shipments", "delivered", "delivered_date"),
        ("parcel_count", "count(*)", "fact_shipments", "promised", "promised_date"),
        ("parcel_count", "count(*)", "fact_shipments", "placed", "order_date"),
        ("on_time_delivery_rate", "avg(is_on_time::int)", "fact_shipments", "delivered", "delivered_date"),
        ("gmv", "sum(total_amount)", "fact_orders", "delivered", "delivered_date"),
        ("item_gmv", "sum(item_amount)", LINES, "delivered", "delivered_date"),
        ("item_orders", "count(distinct order_id)", LINES, "cancelled", "cancelled_date"),
        ("cancelled_orders", "sum(is_cancelled::int)", "fact_orders", "cancelled", "cancelled_date"),
        ("return_count", "count(*)", "fact_returns", "requested", "request_date"),
        ("return_count", "count(*)", "fact_returns", "approved", "approved_date"),
        ("avg_refund_days", "avg(refund_days)", "fact_returns", "refunded", "refunded_date"),
        ("return_amount", "sum(return_amount)", "fact_returns", "refunded", "refunded_date"),
    ],
)
def test_a_role_is_one_of_the_fact_s_dates(
    read_only_shop: Shop, metric: str, expression: str, table: str, role: str, column: str
) -> None:
    """By month, within days, and as one number: what has no such date is left out of all three."""
    shop = read_only_shop
    known = f"from gold.{table} where {column} is not null"
    months = shop.sql(
        f"select date_trunc('month', {column})::date, {expression} {known} group by 1 order by 1"
    )
    assert [row[:2] for row in shop.ask(metric, grain=Grain.MONTH, time=role).rows] == months
    ((whole,),) = shop.sql(f"select {expression} {known}")
    assert shop.one(metric, time=role) == whole
    ((part,),) = shop.sql(f"select {expression} {known} and {column} between '2024-01-06' and '2024-02-13'")
    found = shop.one(metric, time=role, days=("2024-01-06", "2024-02-13"))
    assert found == (part if metric.startswith("avg") else part or 0)


def test_without_a_role_each_fact_keeps_its_own_date(shop: Shop) -> None:
    own = shop.ask("return_count", grain=Grain.MONTH)
    assert own.rows == shop.ask("return_count", grain=Grain.MONTH, time="requested").rows
    assert own.rows != shop.ask("return_count", grain=Grain.MONTH, time="refunded").rows


def test_several_facts_share_a_role(shop: Shop) -> None:
    answer = shop.ask("gmv", "order_lines", "parcel_count", grain=Grain.MONTH, time="placed")
    assert answer.rows == shop.ask("gmv", "order_lines", "parcel_count", grain=Grain.MONTH).rows
    assert "GMV: counted by the placed date." in answer.receipt.notes
    assert "Volume d'affaires brut : compté à la date « placed »." in answer.receipt.notes_fr


def test_filters_growth_and_what_is_left_out_follow_the_role(shop: Shop) -> None:
    """s4 is dated before its order; delivered in January, ordered in January."""
    for where in ("day = 2024-01-30", "month = 2024-01 and day > 2024-01-29"):
        answer = shop.ask("avg_delivery_days", "parcel_count", where=where, time="delivered")
        assert answer.rows == ((None, 1),)
        assert any(note.startswith("1 shipments are dated") for note in answer.receipt.notes)
    ordered = shop.ask("avg_delivery_days", where="day = 2024-01-30")
    assert not any(note.startswith("1 shipments are dated") for note in ordered.receipt.notes)


def test_a_period_of_its_own_is_counted_by_the_role(shop: Shop) -> None:
    shop.sql("update gold.fact_returns set refunded_date = date '2023-12-30' where return_id = 'r1'")
    assert shop.one("total_returns_ytd") == 2
    assert shop.one("total_returns_ytd", time="approved") == 1
    assert shop.one("total_returns_ytd", time="refunded") == 0


@pytest.mark.parametrize("role", ["refund", "refundd", ""])
def test_an_unknown_role_says_the_nearest(shop: Shop, role: str) -> None:
    with pytest.raises(UnknownName, match="no date is called") as refused:
        shop.ask("return_count", time=role)
    assert refused.value.nearest == ("refunded" if role else None)
    assert "delivered" in str(refused.value.expected)


def test_a_fact_without_the_role_is_refused_with_one_it_has(shop: Shop) -> None:
    with pytest.raises(NotGroupable, match="gmv cannot be counted by the refunded date") as refused:
        shop.ask("return_count", "gmv", time="refunded")
    assert refused.value.nearest == "placed"
    with pytest.raises(NotGroupable, match="return_rate") as mixed:
        shop.ask("return_rate", time="refunded")  # returns have it, order lines have not
    assert mixed.value.expected == "no time: each fact by its own date"


def test_a_state_has_no_role(shop: Shop) -> None:
    with pytest.raises(NotGroupable, match="counts what is there now"):
        shop.ask("total_products", time="placed")


def test_the_catalogue_lists_the_roles_of_each_metric(shop: Shop, principals: dict[str, Principal]) -> None:
    times = {info.name: info.times for info in shop.service.metrics(principals["admin"])}
    assert times["parcel_count"] == ("placed", "delivered", "promised")
    assert times["return_rate"] == times["total_products"] == ()
    assert times["cancellation_rate"] == ("placed", "delivered", "cancelled")


def test_a_date_that_the_source_does_not_tell_is_not_available(shop_without: Callable[..., Shop]) -> None:
    shop = shop_without("returns.refunded_at")
    assert shop.one("return_count") == 3
    with pytest.raises(NotAvailable, match=r"returns\.refunded_at"):
        shop.ask("return_count", time="refunded")


def test_a_vendor_counts_its_lines_by_the_day_they_arrived(
    shop: Shop, principals: dict[str, Principal]
) -> None:
    rows = shop.ask("item_gmv", grain=Grain.MONTH, time="delivered", principal=principals["vendor_a"]).rows
    expected = shop.sql(
        "select date_trunc('month', delivered_date)::date, sum(item_amount) from gold.fact_order_items"
        " join gold.fact_orders using (order_id) where vendor_id = 'vA' and delivered_date is not null"
        " group by 1 order by 1"
    )
    assert [row[:2] for row in rows] == expected


def test_a_rider_counts_its_own_parcels_by_any_of_their_dates(
    shop: Shop, principals: dict[str, Principal]
) -> None:
    rows = shop.ask("parcel_count", grain=Grain.DAY, time="delivered", principal=principals["rider"]).rows
    assert [row[:2] for row in rows] == [(date(2024, 1, 7), 1)]


@pytest.mark.parametrize(
    ("roles", "message"),
    [
        ("{placed: order_day}", "order_day"),
        ("{placed: status}", "is not a date"),
        ("{placed: order_date, delivered: parcel.day}", "no relationship is called 'parcel'"),
        ("{Placed-On: order_date}", "cannot be a name"),
        ("{delivered: delivered_date}", "no role is that of the date"),
    ],
)
def test_wrong_roles_are_refused_when_read(tmp_path: Path, roles: str, message: str) -> None:
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "parcels.yml").write_text(
        "table: gold.fact_shipments\ndescription: Parcels.\nkey: shipment_id\ntime: order_date\n"
        f"time_roles: {roles}\nfields:\n  shipment_id: {{type: id}}\n  order_date: {{type: date}}\n"
        "  delivered_date: {type: date}\n  status: {type: text}\n",
        encoding="utf-8",
    )
    with pytest.raises(ConfigError, match=message) as refused:
        load_model([tmp_path])
    assert "parcels.yml" in str(refused.value.where)
