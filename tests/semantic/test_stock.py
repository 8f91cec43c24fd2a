"""Stock adds up over products and never over days: SQL is the oracle."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from amalimart.core.calendar import Grain
from amalimart.core.errors import ConfigError, InvalidFilter, NotAvailable, NotGroupable
from amalimart.semantic.loading import load_model
from amalimart.semantic.question import Top, Totals

if TYPE_CHECKING:
    from pathlib import Path

    from amalimart.access.principal import Principal
    from tests.semantic.conftest import Shop

from tests.semantic.conftest import MARKETPLACE

# What is not listed has no stock that counts, and still has its row under its vendor and category.
LISTED = (
    "(select i.stock_date, p.is_listed, coalesce(v.vendor_name, 'Unknown') as vendor,"
    " coalesce(c.category_name, 'Unknown') as category,"
    " case when is_listed then i.stock_quantity end as stock_quantity,"
    " case when is_listed then stock_value end as stock_value,"
    " case when is_listed then is_out_of_stock end as is_out_of_stock,"
    " case when is_listed then is_low_stock end as is_low_stock"
    " from gold.fact_inventory_daily i join gold.dim_products p using (product_id)"
    " left join gold.dim_vendors v on v.vendor_id = i.vendor_id"
    " left join gold.dim_categories c on c.category_id = i.category_id)"
)
AT_END = {
    "stock_on_hand": "sum(stock_quantity)",
    "stock_value": "sum(stock_value)",
    "out_of_stock_at_end": "count(*) filter (where is_out_of_stock)",
    "low_stock_at_end": "count(*) filter (where is_low_stock)",
}
OVER_DAYS = {
    "out_of_stock_days": "count(*) filter (where is_out_of_stock)",
    "stock_days": "count(*) filter (where is_listed)",
    "out_of_stock_rate": "avg(is_out_of_stock::int)",
}
BY_MONTH = {date(2024, 1, 1): date(2024, 1, 31), date(2024, 2, 1): date(2024, 2, 15),
            date(2024, 3, 1): date(2024, 3, 20)}  # fmt: skip


@pytest.mark.parametrize("metric", sorted(AT_END))
def test_of_a_period_the_last_known_day_counts(read_only_shop: Shop, metric: str) -> None:
    shop, expression = read_only_shop, AT_END[metric]

    def on(day: date, group: str = "1") -> dict[Any, Any]:
        return dict(
            shop.sql(f"select {group}, {expression} from {LISTED} where stock_date = ? group by 1", day)
        )

    assert shop.one(metric) == on(date(2024, 3, 20))[1]
    assert shop.one(metric, days=("2024-01-01", "2024-02-20")) == on(date(2024, 2, 15))[1]
    months = shop.ask(metric, grain=Grain.MONTH).rows
    assert [row[:2] for row in months] == [(month, on(day)[1]) for month, day in BY_MONTH.items()]
    for dimension in ("vendor", "category"):
        expected = on(date(2024, 3, 20), dimension)
        assert {row[1]: row[2] for row in shop.ask(metric, by=dimension).rows} == expected
        assert shop.one(metric) == sum(value for value in expected.values() if value)


@pytest.mark.parametrize("metric", sorted(OVER_DAYS))
def test_days_of_stock_are_counted(read_only_shop: Shop, metric: str) -> None:
    shop, expression = read_only_shop, OVER_DAYS[metric]
    ((whole,),) = shop.sql(f"select {expression} from {LISTED}")
    assert shop.one(metric) == pytest.approx(whole)
    by_month = shop.sql(
        f"select date_trunc('month', stock_date)::date, vendor, {expression} from {LISTED}"
        " where stock_date <= '2024-03-19' group by 1, 2 order by 1, 2"
    )
    found = shop.ask(metric, by="month,vendor", days=("2024-01-01", "2024-03-19")).rows
    assert sorted((month, vendor, value) for month, _, vendor, value, _ in found) == [
        (month, vendor, pytest.approx(value)) for month, vendor, value in by_month
    ]


def test_an_average_is_over_the_days_that_are_known(read_only_shop: Shop) -> None:
    """p3 is known on one of five days only: 7 units on one day are 1.4 a day, and the vendors add up."""
    shop = read_only_shop
    days = "(select count(distinct stock_date) from gold.fact_inventory_daily)"
    expected = dict(shop.sql(f"select vendor, sum(stock_quantity) / {days} from {LISTED} group by 1"))
    found = {row[1]: row[2] for row in shop.ask("average_stock", by="vendor").rows}
    assert found == pytest.approx(expected)
    assert shop.one("average_stock") == pytest.approx(sum(expected.values()))
    assert shop.one("average_stock", where="product = Chair") == pytest.approx(1.4)
    per_month = shop.sql(
        "select date_trunc('month', stock_date)::date, sum(stock_quantity) / count(distinct stock_date)"
        f" from {LISTED} group by 1 order by 1"
    )
    assert [row[:2] for row in shop.ask("average_stock", grain=Grain.MONTH).rows] == per_month
    (sold,) = shop.sql("select sum(quantity) from gold.fact_order_items")[0]
    assert shop.one("stock_turnover") == pytest.approx(sold / sum(expected.values()))


def test_the_last_day_is_that_of_all_stock_whatever_is_filtered(shop: Shop) -> None:
    """p2 is no longer there on the last day: what it had before is not its stock at the end."""
    shop.sql("delete from gold.fact_inventory_daily where product_id = 'p2' and stock_date = '2024-03-20'")
    shop.sql("update gold.fact_inventory_daily set stock_quantity = 99 where product_id = 'p2'")
    assert shop.one("stock_on_hand", where="product = Charger") is None
    assert shop.one("stock_on_hand", where="product = Charger and month = 2024-02") == 99
    assert [row[0] for row in shop.ask("stock_on_hand", by="product_id").rows] == ["p3", "p1", "p4"]


@pytest.mark.parametrize(
    ("where", "units"),
    [
        ("month = 2024-01", 8),
        ("day <= 2024-02-20", 2),
        ("(month = 2024-01 or month = 2024-02)", 2),
        ("(day = 2024-01-30 or vendor = vA)", None),
    ],
)
def test_a_condition_on_time_moves_the_last_day(shop: Shop, where: str, units: int | None) -> None:
    if units is None:
        with pytest.raises(InvalidFilter, match="a stock is of a last day"):
            shop.ask("stock_on_hand", where=where)
    else:
        assert shop.one("stock_on_hand", where=where) == units


def test_a_period_without_a_known_day_is_empty_and_not_zero(shop: Shop) -> None:
    days = ("2024-02-01", "2024-05-31")
    answer = shop.ask("stock_on_hand", "average_stock", "out_of_stock_days", "order_count",
                      grain=Grain.MONTH, days=days, fill=True)  # fmt: skip
    assert [row[:5] for row in answer.rows] == [
        (date(2024, 2, 1), 2, 2.0, 1, 0),
        (date(2024, 3, 1), 12, 10.5, 1, 3),
        (date(2024, 4, 1), None, None, 0, 0),
        (date(2024, 5, 1), None, None, 0, 0),
    ]


def test_sell_through_is_against_the_stock_at_the_end_else_that_of_now(shop: Shop) -> None:
    """Nothing is known of April: what is there now stands in, and the receipt says so."""
    shop.sql("update gold.fact_order_items set order_date = date '2024-04-02' where order_item_id = 'i6'")
    shop.sql("update gold.dim_products set stock_quantity = 30 where product_id = 'p1'")
    sold = dict(shop.sql("select month(order_date), sum(quantity) from gold.fact_order_items group by 1"))
    answer = shop.ask("sell_through_rate", grain=Grain.MONTH, days=("2024-01-01", "2024-04-30"))
    assert [row[:2] for row in answer.rows] == [
        (date(2024, 1, 1), pytest.approx(sold[1] / (sold[1] + 8))),
        (date(2024, 2, 1), 0.0),
        (date(2024, 3, 1), pytest.approx(sold[3] / (sold[3] + 12))),
        (date(2024, 4, 1), pytest.approx(sold[4] / (sold[4] + 37))),
    ]
    assert any("stands in for it" in note for note in answer.receipt.notes)
    by_vendor = shop.ask("sell_through_rate", by="month,vendor_id", where="month = 2024-03").rows
    ((units,),) = shop.sql(
        "select sum(quantity) from gold.fact_order_items where vendor_id = 'vA' and month(order_date) = 3"
    )
    assert {row[1]: row[2] for row in by_vendor}["vA"] == pytest.approx(units / (units + 5))


def test_totals_of_stock_are_of_the_last_day_of_all(shop: Shop) -> None:
    rows = shop.ask("stock_on_hand", by="month,vendor", totals=Totals.SUBTOTALS).rows
    totals = [(row[0], row[3]) for row in rows if row[4]]
    assert totals == [(date(2024, 1, 1), 8), (date(2024, 2, 1), 2), (date(2024, 3, 1), 12), (None, 12)]
    top = shop.ask("stock_on_hand", by="product_id", top=Top(1, "product_id"), totals=Totals.TOTAL).rows
    assert top == (("p3", 7, False, 0), (None, 5, True, 0), (None, 12, False, 1))


def test_stock_is_compared_end_with_end(shop: Shop) -> None:
    days = ("2024-02-01", "2024-03-31")
    assert shop.ask("stock_on_hand", days=days, compare=True).rows == ((12, 8),)  # 3 December to 31 January
    rows = shop.ask("stock_on_hand", grain=Grain.MONTH, days=days, compare=True).rows
    assert [row[:3] for row in rows] == [(date(2024, 2, 1), 2, None), (date(2024, 3, 1), 12, 8)]


def test_stock_now_is_that_of_the_products(shop: Shop) -> None:
    assert shop.one("stock_on_hand") == shop.one("units_in_stock")
    assert shop.one("out_of_stock_at_end") == shop.one("out_of_stock_products")


def test_a_product_counts_once_at_the_end_and_each_day_over_days(shop: Shop) -> None:
    """The key of the dataset is no key of its rows: it stands there once a day."""
    rows = shop.ask("out_of_stock_at_end", "out_of_stock_days", where="product = Charger").rows
    assert rows == ((1, 3),)


def test_a_vendor_sees_its_own_stock(shop: Shop, principals: dict[str, Principal]) -> None:
    assert shop.one("stock_on_hand", principal=principals["vendor_a"]) == 5
    assert shop.one("stock_on_hand", principal=principals["vendor_b"]) == 7
    assert shop.one("average_stock", principal=principals["vendor_nobody"]) is None


def test_stock_is_not_grouped_by_what_it_does_not_carry(shop: Shop) -> None:
    with pytest.raises(NotGroupable):
        shop.ask("stock_on_hand", by="order_status")
    with pytest.raises(NotGroupable):
        shop.ask("stock_turnover", by="customer")
    grains = shop.model.metric("stock_on_hand").non_additive
    assert grains is not None
    assert {"day", "month", "fiscal_year"} <= grains
    assert shop.model.metric("out_of_stock_days").non_additive == frozenset()


def test_what_the_source_does_not_tell_is_not_available(shop_without: Any) -> None:
    with pytest.raises(NotAvailable, match=r"products\.stock_quantity"):
        shop_without("products.stock_quantity").ask("stock_on_hand")


OWN = """subject: {name: own, label: {en: Own, fr: Propre}}
metrics:
  own:
    label: {en: Own, fr: Propre}
    description: Own.
    owner: catalogue
    unit: count
    dataset: inventory
    aggregate: sum
    field: stock_quantity
    over_time: last
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    over_time: last\n", "", "adds up over no days"),
        ("over_time: last", "over_time: last\n    time: none", "adds up over no days"),
        ("over_time: last", "over_time: first", "over_time"),
        ("dataset: inventory", "dataset: products", "products is no stock"),
        ("aggregate: sum", "aggregate: max", "adds up"),
    ],
)
def test_a_stock_that_would_add_up_over_days_is_refused_when_read(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    text = OWN.replace("last", "average") if "max" in new else OWN
    with pytest.raises(ConfigError, match=message) as refused:
        load_model([MARKETPLACE / "semantic", written(tmp_path, text.replace(old, new))])
    assert "own.yml:" in str(refused.value.where)


def written(folder: Path, text: str) -> Path:
    (folder / "own.yml").write_text(text, encoding="utf-8")
    return folder


def test_a_stock_of_one_s_own_is_read(tmp_path: Path) -> None:
    for over in ("last", "average", "sum"):
        model = load_model([MARKETPLACE / "semantic", written(tmp_path, OWN.replace("last", over))])
        assert (model.metric("own").non_additive != frozenset()) is (over != "sum")


def test_a_new_dimension_is_no_new_version_of_an_average(tmp_path: Path) -> None:
    (tmp_path / "dimensions").mkdir()
    (tmp_path / "dimensions" / "own.yml").write_text(
        "dimensions:\n  own:\n    label: {en: Own, fr: Propre}\n    description: Own.\n"
        "    fields: [inventory.is_active]\n",
        encoding="utf-8",
    )
    plain, more = load_model([MARKETPLACE / "semantic"]), load_model([MARKETPLACE / "semantic", tmp_path])
    for name in ("average_stock", "stock_on_hand", "gmv"):
        assert plain.metric(name).definition_hash == more.metric(name).definition_hash
    hashes = {
        plain.metric(name).definition_hash for name in ("stock_on_hand", "average_stock", "units_in_stock")
    }
    assert len(hashes) == 3


def test_a_stock_has_a_date(tmp_path: Path) -> None:
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "shelf.yml").write_text(
        "table: gold.shelf\ndescription: Shelf.\nkey: product_id\nstock: true\n"
        "fields:\n  product_id: {type: id}\n",
        encoding="utf-8",
    )
    with pytest.raises(ConfigError, match="a stock is of days"):
        load_model([tmp_path])
