"""What is advised would have served what was asked, is declared as it is printed, and is counted right."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from amalimart.core.asked import AskedShape, Tally
from amalimart.semantic.request import Resolver
from amalimart.semantic.rollups.advising import Advisor, Served, declaration
from amalimart.semantic.rollups.declared import load_rollups
from amalimart.semantic.rollups.sizing import sizes_statement
from tests.semantic.conftest import MARKETPLACE

if TYPE_CHECKING:
    from tests.semantic.conftest import Shop

BY_CITY = AskedShape(("gmv", "avg_order_value"), ("shipping_city",), "month", has_days=True)
BY_REGION = AskedShape(("order_count",), ("shipping_region",))
DISTINCT = AskedShape(("item_orders",))
GONE = AskedShape(("a_metric_of_before",))


def advised(shop: Shop, asked: dict[AskedShape, Tally], *, packaged: bool = False) -> tuple[Served, ...]:
    advisor = Advisor(shop.model, shop.policies, Resolver(shop.model, shop.policies, shop.source))
    declared = load_rollups([MARKETPLACE / "semantic"], shop.model) if packaged else ()
    return advisor.advise(asked, declared, lambda rollup: "order_id" not in rollup.made.dimensions)


def test_needs_of_one_dataset_are_joined(shop: Shop) -> None:
    (found,) = advised(shop, {BY_CITY: Tally(3, 9.0), BY_REGION: Tally(2, 1.0), GONE: Tally(9, 99.0)})
    assert found.rollup.dataset == "orders"
    assert found.rollup.made.dimensions == ("currency", "shipping_city", "shipping_region")
    assert (found.answers, found.seconds) == (5, 10.0)


def test_what_no_rollup_can_serve_is_not_advised(shop: Shop) -> None:
    assert advised(shop, {AskedShape(("avg_first_response_hours",)): Tally(5, 5.0)}) == ()


def test_what_would_be_as_large_as_the_lines_does_not_spoil_the_rest(shop: Shop) -> None:
    lines = AskedShape(("total_units_sold",))
    (found,) = advised(shop, {DISTINCT: Tally(5, 5.0), lines: Tally(1, 1.0)})
    assert found.rollup.made.dimensions == ()
    assert found.answers == 1


def test_what_is_served_already_is_not_advised_again(shop: Shop) -> None:
    assert advised(shop, {BY_REGION: Tally(2, 1.0)}, packaged=True) == ()
    assert len(advised(shop, {BY_REGION: Tally(2, 1.0)})) == 1


def test_it_can_be_declared_as_it_is_printed(shop: Shop, tmp_path: Path) -> None:
    (found,) = advised(shop, {BY_CITY: Tally(3, 9.0)})
    (tmp_path / "rollups").mkdir()
    (tmp_path / "rollups" / "own.yml").write_text(declaration(found.rollup))
    (loaded,) = load_rollups([tmp_path], shop.model)
    assert loaded.made.dimensions == found.rollup.made.dimensions
    assert loaded.time == found.rollup.time
    assert set(loaded.made.stored) == set(found.rollup.made.stored)
    assert advised(shop, {BY_CITY: Tally(3, 9.0)}, packaged=False)[0].rollup.name == loaded.name


def test_its_rows_are_counted(shop: Shop) -> None:
    (found,) = advised(shop, {BY_CITY: Tally(3, 9.0)})
    with shop.reader.read() as transaction:
        counted = transaction.rows(sizes_statement(shop.model, shop.policies, found.rollup)).rows
    expected = shop.sql(
        "select count(distinct (order_date, currency, shipping_city)), count(*) from gold.fact_orders"
    )
    assert [tuple(map(int, row)) for row in counted] == expected
