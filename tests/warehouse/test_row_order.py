"""A whole build writes rows in the order that a description names, so that the engine can pass over most."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from amalimart.core.errors import CompileFailed
from amalimart.core.names import TableRef
from amalimart.warehouse.building import Building
from amalimart.warehouse.graph import CompiledGraph, Model
from amalimart.warehouse.incremental.recipe import Recipe
from amalimart.warehouse.project.row_order import declared_order

SCATTERED = (
    "select (range * 7919) % 50_000 as id, date '2026-01-01' + cast(range % 90 as integer) as day"
    " from range(50_000)"
)
BY_ID = Recipe(unit=("id",), identity=("id",), routes=(), sql="")
MODEL = Model("model.shop.visits", TableRef("gold", "visits"), False, SCATTERED, frozenset())


def described(sorted_by: Any) -> dict[str, Any]:
    columns = {name: {"name": name} for name in ("id", "day")}
    return {"name": "visits", "config": {"meta": {"sorted_by": sorted_by}}, "columns": columns}


def groups(model: Model, folder: Path) -> list[tuple[Any, ...]]:
    """The least and the greatest id, and day, of each group of rows as the model is built."""
    with duckdb.connect(str(folder / "order.duckdb")) as engine:
        engine.execute("create schema gold; set preserve_insertion_order = false; begin")
        building = Building(engine, CompiledGraph("", (model,), (), frozenset()), {}, lambda _: None)
        building.whole(model)
        return engine.execute(
            "select min(id), max(id), min(day), max(day) from gold.visits group by rowid // 10_000"
        ).fetchall()


def overlap(groups: list[tuple[Any, ...]], low: int) -> int:
    """How many groups begin before the one before them has ended."""
    ordered = sorted(groups, key=lambda group: group[low])
    return sum(after[low] < before[low + 1] for before, after in itertools.pairwise(ordered))


def test_rows_stand_in_the_order_of_what_names_a_unit(tmp_path: Path) -> None:
    assert overlap(groups(replace(MODEL, recipe=BY_ID), tmp_path), 0) == 0


def test_rows_stand_in_the_order_that_the_description_names(tmp_path: Path) -> None:
    found = groups(replace(MODEL, recipe=BY_ID, sorted_by=("day", "id")), tmp_path)
    assert overlap(found, 2) == 0
    assert overlap(found, 0) > 0


def test_a_view_is_not_sorted(tmp_path: Path) -> None:
    view = replace(MODEL, is_view=True, sorted_by=("day",))
    with duckdb.connect(str(tmp_path / "view.duckdb")) as engine:
        engine.execute("create schema gold; begin")
        Building(engine, CompiledGraph("", (view,), (), frozenset()), {}, lambda _: None).whole(view)
        (told,) = engine.execute("select sql from duckdb_views() where view_name = 'visits'").fetchall()
    assert "ORDER BY" not in told[0].upper()


def test_no_order_is_none() -> None:
    assert declared_order("model.shop.visits", {"name": "visits", "config": {}, "columns": {}}) == []
    assert declared_order("model.shop.visits", described(["day", "id"])) == ["day", "id"]


def test_a_column_that_is_not_described_is_named_with_the_nearest() -> None:
    with pytest.raises(CompileFailed, match="visits is sorted by dy") as refused:
        declared_order("model.shop.visits", described(["dy"]))
    assert refused.value.nearest == "day"
    assert refused.value.where == "model.shop.visits"


@pytest.mark.parametrize("written", ["day", [1], {"day": "asc"}])
def test_what_is_no_list_of_columns_is_refused(written: object) -> None:
    with pytest.raises(CompileFailed, match="sorted_by of visits cannot be read"):
        declared_order("model.shop.visits", described(written))
