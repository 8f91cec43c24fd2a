"""The lineage of a published project: held against what really changes when a column of the source does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from amalimart.catalog.impact import What
from amalimart.catalog.lineage import Kind, Lineage, Node
from amalimart.core.errors import NotFound
from amalimart.core.models import Column, PublishedModel, PublishedProject
from amalimart.orchestrate.lineage import desk as lineage_desk
from amalimart.orchestrate.lineage import tracing as lineage
from amalimart.orchestrate.lineage.desk import LineageDesk
from amalimart.orchestrate.lineage.glossary import Glossary
from amalimart.orchestrate.lineage.impact import drop_impact
from amalimart.orchestrate.lineage.tracing import published_lineage, uses_of
from amalimart.warehouse.project.published import published_project
from tests.orchestrate.landed_shop import LandedShop, tiny_models


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LandedShop]:
    folder = tmp_path_factory.mktemp("lineage")
    with tiny_models(folder):
        made = LandedShop(folder / "home")
        made.land(("1", "10"), ("2", "200"))
        made.engine.refresh()
        yield made
        made.engine.close()


def published(shop: LandedShop) -> PublishedProject:
    return published_project(shop.engine.hot_file)


def lineage_of(shop: LandedShop, **dashboards: set[str]) -> Lineage:
    return published_lineage(shop.engine.project, shop.clock, published(shop), uses_of(dashboards, {}))


def values(shop: LandedShop) -> dict[str, list[str]]:
    """Every column of every relation with all its values, in an order of their own."""
    found = {}
    for model in published(shop).models:
        for column in model.columns:
            rows = shop.rows(f'select "{column.name}" from {model.relation}')
            found[f"{model.relation}.{column.name}"] = sorted(map(repr, rows))
    return found


def test_all_that_changes_with_a_column_is_said_to_be_made_of_it(shop: LandedShop) -> None:
    told = lineage_of(shop)
    before = values(shop)
    shop.land(("1", "11"), ("2", "201"))
    shop.engine.refresh()
    changed = {name for name, rows in values(shop).items() if rows != before[name] and "._" not in name}
    assert "gold.largest_order.total_amount" in changed
    used = {each.node.name for each in told.used_by(Node(Kind.SOURCE, "shop.orders.total"), with_rows=True)}
    # The accounts count what landed, whichever column changed.
    below = {name for name in changed if not name.startswith(("staging.rec_", "silver.reconciliation"))}
    assert {name for name in below if name not in used and name.rpartition(".")[0] not in used} == set()
    of_another = {each.node.name for each in told.used_by(Node(Kind.SOURCE, "shop.orders.id"))}
    assert "gold.largest_order.total_amount" not in of_another


def test_a_filter_decides_rows_and_a_metric_and_its_page_stand_on_them(shop: LandedShop) -> None:
    told = lineage_of(shop, admin={"gmv"})
    page = told.find("dashboard admin")
    assert told.parts(page) == (Node(Kind.METRIC, "gmv"),)
    by_value = {each.node.name for each in told.used_by(told.find("shop.orders.total"))}
    assert {"gold.fact_orders.total_amount", "gmv", "dashboard admin"} <= by_value
    rows = {each.node for each in told.used_by(told.find("shop.orders.total"), with_rows=True)}
    assert Node(Kind.ROWS, "gold.large_orders") in rows


def test_a_project_is_traced_once_and_a_broken_file_is_made_anew(
    shop: LandedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = lineage_of(shop)
    kept: list[Path] = list(shop.engine.project.compiled.glob("*.lineage-*.json"))
    assert kept
    with monkeypatch.context() as patch:
        patch.setattr(lineage, "_traced", pytest.fail)
        again = lineage_of(shop)
    node = first.find("gold.fact_orders.total_amount")
    assert again.made_of(node) == first.made_of(node) != ()
    for path in kept:
        path.write_text(path.read_text()[:-9])
    assert lineage_of(shop).made_of(node) == first.made_of(node)


def test_what_breaks_without_a_column_is_told_from_the_column_to_the_page(shop: LandedShop) -> None:
    dashboards = {"admin": {"gmv"}, "counts": {"ticket_count"}}
    used = uses_of(dashboards, {"vendor": {"aov", "vendor"}, "help": {"ticket_count"}})
    impact = drop_impact(shop.engine.project, shop.clock, published(shop), used, "shop.orders.total")
    broken = set(impact.names(What.COLUMN, breaks=True))
    assert {"gold.fact_orders.total_amount", "gold.largest_order.total_amount"} <= broken
    assert "gold.fact_orders.order_id" not in broken
    assert "gmv" in impact.names(What.METRIC, breaks=True)
    assert "ticket_count" not in {each.name for each in impact.affected}
    assert [each.name for each in impact.affected if each.what is What.DASHBOARD] == ["admin"]
    assert impact.names(What.SCORECARD, breaks=True) == ("vendor",)
    assert impact.names(What.SCORECARD, breaks=False) == ()
    assert any("range_of_money" in name for name in impact.names(What.CHECK, breaks=True))
    assert any("no orders.total_amount" in sentence for sentence in impact.stops)


def test_an_unknown_column_names_the_nearest(shop: LandedShop) -> None:
    with pytest.raises(NotFound) as unknown:
        drop_impact(shop.engine.project, shop.clock, published(shop), {}, "shop.orders.totl")
    assert unknown.value.nearest == "shop.orders.total"


def test_the_desk_reads_a_published_project_once(shop: LandedShop, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def counted(*given: object) -> Lineage:
        read.append("lineage")
        return published_lineage(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(lineage_desk, "published_lineage", counted)
    pages = uses_of({"admin": {"gmv"}}, {})
    desk = LineageDesk(shop.engine.project, shop.clock, lambda: published(shop), lambda: pages)
    made_of = {each.node for each in desk.lineage().made_of(Node(Kind.METRIC, "gmv"))}
    assert Node(Kind.SOURCE, "shop.orders.total") in made_of
    looking = [name for name, reads in desk.checks().items() if made_of & reads]
    assert looking
    assert read == ["lineage"]
    known = desk.traced(published(shop).project_hash)
    assert known == (desk.lineage(), desk.checks())
    # A page that is edited while the engine runs.
    pages = uses_of({"admin": {"aov"}}, {"vendor": {"gmv"}})
    used_by = {each.node.name for each in desk.lineage().used_by(Node(Kind.METRIC, "gmv"))}
    assert used_by == {"scorecard vendor"}
    assert read == ["lineage"] * 2


def test_who_cannot_wait_is_told_nothing_until_the_project_is_traced(shop: LandedShop) -> None:
    desk = LineageDesk(shop.engine.project, shop.clock, lambda: published(shop), dict)
    project_hash = published(shop).project_hash
    began = time.monotonic()
    while (known := desk.traced(project_hash)) is None:
        assert time.monotonic() - began < 30, "it is never traced"
        time.sleep(0.01)
    assert known == (desk.lineage(), desk.checks())


def test_the_glossary_tells_published_tables_in_the_words_of_their_files(shop: LandedShop) -> None:
    columns = (Column("order_id", "VARCHAR"), Column("unheard_of", "DATE"))
    models = (
        PublishedModel("model.a.fact_orders", "gold.fact_orders", False, columns, 1, 12),
        PublishedModel("model.a.stg", "staging.stg_orders", False, columns, 1, 12),
    )
    project = PublishedProject(1, "hash", models, {})
    (table,) = Glossary(shop.engine.project, lambda: project).tables()
    assert (table.name, table.rows, table.owner, table.grain) == (
        "gold.fact_orders", 12, "finance data", "one row per order"
    )  # fmt: skip
    known, unknown = table.columns
    assert (known.description, known.data_class) == ("Id of the order.", "internal")
    assert (unknown.description, unknown.data_class) == ("", None)
