"""What somebody asks to be built anew: a model, what reads it, or the units of some days."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from amalimart.core.clock import FixedClock
from amalimart.core.errors import AmalimartError, InvalidFilter, NotAvailable, UnknownName
from amalimart.core.models import ModelRebuild
from amalimart.warehouse import building
from amalimart.warehouse.executor import BuildReport, Executor
from amalimart.warehouse.graph import CompiledGraph
from amalimart.warehouse.lake_view import lake_state
from amalimart.warehouse.project.published import published_columns, published_project
from amalimart.warehouse.requested import Requested, find_model, requested
from tests.warehouse.edited_project import EditedShop, Row, published_shop

SALES: list[Row] = [
    {"id": str(day), "buyer": str(day % 2), "at": f"2026-03-0{day}", "total": str(10 * day), "state": "done"}
    for day in range(1, 6)
]
MARCH_2, MARCH_3 = date(2026, 3, 2), date(2026, 3, 3)
SPOILED = "update gold.kept set total_amount = total_amount + 1000"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("requested") / "shop"
    return published_shop(folder, SALES, [{"id": "a", "sale": "1", "count": "2"}])


@pytest.fixture
def shop(published: Path) -> Iterator[EditedShop]:
    opened = EditedShop(published)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def untouched(published: Path) -> Iterator[tuple[EditedShop, CompiledGraph]]:
    opened = EditedShop(published)
    yield opened, opened.graph()
    opened.close()


def spoil(shop: EditedShop, *statements: str) -> None:
    """Rows that no build would have written: what is built anew is seen by what it puts right."""
    with shop.hot_file.write() as cursor:
        for statement in statements:
            cursor.execute(statement)


def fitted(shop: EditedShop, graph: CompiledGraph, wish: ModelRebuild) -> Requested:
    columns = published_columns(shop.hot_file, find_model(graph.models, wish.name).unique_id)
    return requested(graph, wish, columns, "Ama")


def ask(shop: EditedShop, wish: ModelRebuild) -> BuildReport:
    graph = shop.graph()
    asked = fitted(shop, graph, wish)
    executor = Executor(shop.hot_file, FixedClock(shop.now), ZoneInfo(shop.zone))
    report = executor.publish(graph, lake_state(shop.lake, {"bazaar": shop._mapping}), requested=asked)
    assert report is not None
    return report


def totals(shop: EditedShop, table: str = "gold.kept") -> list[int]:
    return [int(str(total)) for (total,) in shop.rows(f"select total_amount::int from {table} order by 1")]


def test_a_model_alone_is_put_right_and_what_reads_it_follows(shop: EditedShop) -> None:
    spoil(shop, SPOILED, "update gold.star set total_amount = total_amount + 5000")
    report = ask(shop, ModelRebuild("kept", with_children=False))
    assert report.release.release_id == 2
    assert totals(shop) == [10, 20, 30, 40, 50]
    assert totals(shop, "gold.star") == [10, 20, 30, 40, 50]
    assert shop.rows("select * from meta.release_reasons") == [(2, "rebuild of gold.kept by Ama")]


def test_a_model_alone_is_compared_however_large_it_is(
    shop: EditedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "COMPARED_ROWS", 1)
    spoil(shop, "update gold.kept set total_amount = 7000 where order_id = '1'")
    report = ask(shop, ModelRebuild("gold.kept", with_children=False))
    assert report.models < 6
    assert totals(shop) == [10, 20, 30, 40, 50]


def test_what_did_not_change_is_a_release_all_the_same(shop: EditedShop) -> None:
    report = ask(shop, ModelRebuild("kept", with_children=False))
    assert (report.release.release_id, report.models) == (2, 0)


def test_with_children_everything_below_is_put_right_even_where_nothing_changed_above(
    shop: EditedShop,
) -> None:
    spoil(
        shop,
        "update gold.by_customer set orders = 99",
        "delete from gold.star",
        "update gold.today set business_day = date '2000-01-01'",
    )
    ask(shop, ModelRebuild("kept"))
    assert shop.rows("select orders from gold.by_customer order by 1") == [(2,), (3,)]
    assert totals(shop, "gold.star") == [10, 20, 30, 40, 50]
    assert str(shop.rows("select business_day from gold.today")[0][0]) == "2000-01-01"  # not below it
    (reason,) = shop.rows("select reason from meta.release_reasons")[0]
    assert reason == "rebuild of gold.kept and what reads it by Ama"


def test_some_days_alone_are_put_right(shop: EditedShop) -> None:
    spoil(shop, SPOILED)
    ask(shop, ModelRebuild("kept", with_children=False, first=MARCH_2, last=MARCH_3))
    assert totals(shop) == [20, 30, 1010, 1040, 1050]
    (reason,) = shop.rows("select reason from meta.release_reasons")[0]
    assert reason == "rebuild of gold.kept by Ama, from 2026-03-02 to 2026-03-03"


def test_rows_that_are_missing_or_stand_at_another_day_are_found_by_their_days(shop: EditedShop) -> None:
    """Silent wrong answer: a backfill that only looks at the rows that are there."""
    spoil(
        shop,
        "delete from gold.kept where order_id = '2'",
        "update gold.kept set order_date = date '2026-05-01' where order_id = '3'",
        "insert into gold.kept select 'ghost', customer_id, date '2026-03-02', 1 from gold.kept limit 1",
    )
    ask(shop, ModelRebuild("kept", with_children=False, first=MARCH_2, last=MARCH_3))
    assert totals(shop) == [10, 20, 30, 40, 50]
    dates = shop.rows("select order_date::date::varchar from gold.kept order by 1")
    assert dates == [(f"2026-03-0{day}",) for day in range(1, 6)]


def test_the_changes_of_some_days_flow_on(shop: EditedShop) -> None:
    spoil(
        shop,
        "update gold.kept set total_amount = 1020 where order_id = '2'",
        "update gold.by_customer set total_amount = 1060 where customer_id = '0'",
    )
    ask(shop, ModelRebuild("kept", with_children=False, first=date(2026, 3, 1)))
    assert totals(shop, "gold.by_customer") == [60, 90]


@pytest.mark.parametrize("with_children", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_a_request_with_a_project_change_and_new_data_holds(shop: EditedShop, with_children: bool) -> None:
    """The view of it has other columns as well, and is not built but made anew."""
    shop.files["models/gold/kept.sql"] = shop.files["models/gold/kept.sql"].replace(
        "order_date,", "cast(order_date as varchar) as order_date,\n    status,"
    )
    shop.land("sales", [SALES[0] | {"total": "77"}])
    ask(shop, ModelRebuild("kept", with_children))
    assert totals(shop) == [20, 30, 40, 50, 77]
    assert len(shop.rows("describe gold.seen")) == 5
    shop.see_it_holds()


@pytest.mark.parametrize(
    ("with_children", "days"),
    [
        (False, (MARCH_2, MARCH_3)),
        pytest.param(True, (MARCH_2, MARCH_3), marks=pytest.mark.slow),
        pytest.param(False, (None, None), marks=pytest.mark.slow),
        pytest.param(True, (None, None), marks=pytest.mark.slow),
    ],
)
def test_a_request_beside_new_data_holds(
    shop: EditedShop, days: tuple[date | None, date | None], with_children: bool
) -> None:
    shop.land("sales", [SALES[1] | {"total": "77"}, SALES[4] | {"buyer": "9"}])
    ask(shop, ModelRebuild("kept", with_children, *days))
    shop.see_it_holds()


@pytest.mark.parametrize(
    ("wish", "kind", "words"),
    [
        (ModelRebuild("keptt"), UnknownName, "nearest: kept"),
        (ModelRebuild("seen"), NotAvailable, r"gold\.seen is a view[\s\S]*rebuild what it reads: star"),
        (ModelRebuild("star", first=MARCH_2, last=MARCH_3), NotAvailable, "affected_by"),
        (
            ModelRebuild("rows_bazaar__sales", first=MARCH_2, last=MARCH_3),
            NotAvailable,
            "carried on from what arrives",
        ),
        (
            ModelRebuild("rec_orders", first=MARCH_2, last=MARCH_3),
            NotAvailable,
            "carried on from what arrives",
        ),
        (
            ModelRebuild("by_customer", first=MARCH_2, last=MARCH_3),
            NotAvailable,
            "no columns that days could be of",
        ),
        (ModelRebuild("stg_orders", first=MARCH_2, last=MARCH_3), NotAvailable, "--date-column"),
        (
            ModelRebuild("kept", date_column="order_dat", first=MARCH_2, last=MARCH_3),
            UnknownName,
            "nearest: order_date",
        ),
        (ModelRebuild("kept", date_column="order_date"), InvalidFilter, "--from DAY"),
        (
            ModelRebuild("kept", first=date(2026, 3, 3), last=date(2026, 3, 2)),
            InvalidFilter,
            "2026-03-02 comes before 2026-03-03",
        ),
    ],
)
def test_what_cannot_be_built_so_is_said_with_what_to_do(
    untouched: tuple[EditedShop, CompiledGraph], wish: ModelRebuild, kind: type[AmalimartError], words: str
) -> None:
    with pytest.raises(kind) as refused:
        fitted(*untouched, wish)
    assert re.search(words, str(refused.value)), str(refused.value)


def test_what_is_published_is_told_model_by_model(shop: EditedShop) -> None:
    project = published_project(shop.hot_file)
    by_name = {model.relation: model for model in project.models}
    assert (project.release_id, by_name["gold.kept"].rows, by_name["gold.seen"].rows) == (1, 5, None)
    assert [column.name for column in by_name["gold.by_customer"].columns] == [
        "customer_id",
        "orders",
        "total_amount",
    ]
    assert project.checks
