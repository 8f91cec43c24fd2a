"""Values of personal source columns, followed through the packaged models: what carries them says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from amalimart.catalog.lineage import Kind, Lineage, Node
from amalimart.governance.declaration import load_declaration
from amalimart.governance.personal_flow import PersonalFlow, unmarked_personal_columns
from amalimart.orchestrate.governance import personal_columns
from amalimart.warehouse.lake_view import lake_state
from amalimart.warehouse.planning.column_reads import column_reads
from amalimart.warehouse.planning.shapes import shapes_of
from tests.warehouse.whole_shop import SOURCE, WholeShop

NAME, STAGED, GOLD, COUNT = (
    Node(Kind.SOURCE, "shop.users.name"),
    Node(Kind.COLUMN, "staging.users.name"),
    Node(Kind.COLUMN, "gold.people.name"),
    Node(Kind.COLUMN, "gold.days.people"),
)
SMALL = Lineage({STAGED: frozenset({NAME}), GOLD: frozenset({STAGED}), COUNT: frozenset({STAGED})})


def test_a_column_that_carries_personal_values_must_say_so_or_why_not() -> None:
    found = unmarked_personal_columns(SMALL, {NAME.name}, {STAGED.name}, {COUNT.name: "counts people"})
    assert found == (PersonalFlow("gold.people.name", ("shop.users.name",)),)
    assert unmarked_personal_columns(SMALL, set(), set(), {}) == ()


@pytest.mark.slow
def test_no_packaged_column_carries_personal_values_without_saying_so(tmp_path: Path) -> None:
    """Over a shop in which every canonical column is filled; what is declared otherwise must still be so."""
    shop = WholeShop(tmp_path, has_hot_file=False)
    shop.open_for_business()
    graph = shop.graph()
    shapes = shapes_of(graph, lake_state(shop.lake, {SOURCE: shop.mapping}).tables, {})
    made_of: dict[Node, frozenset[Node]] = {}
    for model in column_reads(graph, shapes):
        for column, reads in model.columns.items():
            made_of[Node(Kind.COLUMN, f"{model.table}.{column}")] = frozenset(
                Node(Kind.SOURCE, f"{SOURCE}.{table.name.removeprefix(f'{SOURCE}__')}.{name}")
                if table.schema == "bronze"
                else Node(Kind.COLUMN, f"{table}.{name}")
                for table, name in reads
                if name
            )
    lineage = Lineage(made_of)
    personal = personal_columns({SOURCE: shop.mapping})
    assert len(personal) > 10
    marked = {f"{model.table}.{column}" for model in graph.models for column in model.personal}
    declared = load_declaration(None).not_personal
    assert "gold.dim_customers.full_name" in marked
    assert "silver.enum_drift.written" in marked
    found = unmarked_personal_columns(lineage, personal, marked, declared)
    assert found == ()
    without = {each.column for each in unmarked_personal_columns(lineage, personal, marked, {})}
    assert set(declared) <= without
