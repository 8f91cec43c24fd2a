"""What a plan says of an edit, held against what the edit does when it is published."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from amalimart.core.models import Column
from amalimart.core.names import TableRef
from amalimart.lake import Operation
from amalimart.warehouse.graph import CompiledGraph
from amalimart.warehouse.lake_view import lake_state
from amalimart.warehouse.planning.differences import (
    Break,
    Change,
    CheckDifference,
    ModelDifference,
    breaks,
    check_differences,
    model_differences,
)
from amalimart.warehouse.planning.effects import Cost, Effect, effects
from amalimart.warehouse.planning.shapes import shapes_of
from amalimart.warehouse.planning.tracing import ROWS, traced
from amalimart.warehouse.project.published import published_project
from tests.warehouse.edited_project import KEPT, MAPPING, EditedShop, Relation, Row, contents

SALES: list[Row] = [
    {"id": "1", "buyer": "7", "at": "2026-03-01", "total": "10", "state": "done", "channel": "web"},
    {"id": "2", "buyer": "8", "at": "2026-03-02", "total": "20", "state": "gone", "channel": "app"},
    {"id": "3", "buyer": "8", "at": "2026-03-03", "total": "30", "state": "odd", "channel": None},
]
LINES: list[Row] = [{"id": "a", "sale": "1", "count": "2"}, {"id": "b", "sale": "2", "count": "3"}]


class Planned:
    """What a plan says of the edits of a shop."""

    def __init__(self, shop: EditedShop, before: CompiledGraph) -> None:
        after = shop.graph()
        published = published_project(shop.hot_file)
        tables = lake_state(shop.lake, {"bazaar": shop._mapping}).tables
        shapes = shapes_of(after, tables, {each.unique_id: each.columns for each in published.models})
        self.models = model_differences(before, after, shapes, published)
        self.effects = effects(before, after, shapes, self.models, published)
        self.breaks = breaks(before, after, shapes, self.models)
        self.checks = check_differences(before, after)

    def model(self, name: str) -> ModelDifference:
        (found,) = [each for each in self.models if each.model == name]
        return found

    def columns(self) -> dict[str, tuple[str, ...]]:
        return {each.model: each.columns for each in self.effects}

    def effect(self, name: str) -> Effect:
        (found,) = [each for each in self.effects if each.model == name]
        return found


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CompiledGraph]:
    folder = tmp_path_factory.mktemp("planned") / "shop"
    opened = EditedShop()
    opened.land("sales", SALES, Operation.SNAPSHOT)
    opened.land("lines", LINES, Operation.SNAPSHOT)
    graph = opened.graph()
    opened.publish(graph)
    opened.hot_file.close()
    shutil.copytree(opened.folder, folder)
    opened.close()
    return folder, graph


@pytest.fixture
def before(published: tuple[Path, CompiledGraph]) -> CompiledGraph:
    return published[1]


@pytest.fixture
def shop(published: tuple[Path, CompiledGraph]) -> Iterator[EditedShop]:
    opened = EditedShop(published[0])
    yield opened
    opened.close()


def planned(shop: EditedShop, before: CompiledGraph, **texts: str | None) -> Planned:
    """The plan of giving models other texts; None takes one away."""
    for name, text in texts.items():
        if text is None:
            del shop.files[f"models/gold/{name}.sql"]
            shop.files.pop(f"models/gold/{name}.yml", None)
        else:
            shop.files[f"models/gold/{name}.sql"] = text
    return Planned(shop, before)


def test_nothing_is_said_of_a_project_as_it_is_published(shop: EditedShop, before: CompiledGraph) -> None:
    found = planned(shop, before)
    assert (found.models, found.effects, found.breaks, found.checks) == ((), (), (), ())


def test_comments_and_blanks_are_cosmetic(shop: EditedShop, before: CompiledGraph) -> None:
    found = planned(shop, before, kept="-- What is kept.\n" + KEPT.replace("\n    ", " "))
    assert [(each.model, each.change) for each in found.models] == [("gold.kept", Change.COSMETIC)]
    assert found.effects == ()


def test_columns_are_told_apart_and_only_what_reads_them_is_affected(
    shop: EditedShop, before: CompiledGraph
) -> None:
    text = KEPT.replace("order_date,", "cast(order_date as date) as order_date,\n    status,")
    found = planned(shop, before, kept=text)
    kept = found.model("gold.kept")
    assert (kept.file, kept.rows, kept.is_own) == ("models/gold/kept.sql", 3, True)
    assert kept.added == (Column("status", "VARCHAR"),)
    assert [(each.name, each.before, each.after) for each in kept.retyped] == [
        ("order_date", "TIMESTAMP", "DATE")
    ]
    assert not kept.is_reordered
    star = found.model("gold.star")  # select *: its own text is the same
    assert (star.is_own, star.added) == (False, (Column("status", "VARCHAR"),))
    changed = ("order_date", "status")
    assert found.columns() == {
        "gold.kept": changed,
        "gold.star": changed,
        "gold.seen": changed,
        "gold.by_customer": (),  # built anew with its parent, which says nothing new to it
        "gold.lines": (),
    }
    assert found.effect("gold.kept").cost is Cost.REBUILT


def test_a_value_is_followed_through_what_is_made_of_it(shop: EditedShop, before: CompiledGraph) -> None:
    found = planned(shop, before, kept=KEPT.replace("total_amount\n", "total_amount + 1 as total_amount\n"))
    assert found.columns() == {
        "gold.kept": ("total_amount",),
        "gold.by_customer": ("total_amount",),
        "gold.lines": ("total_amount",),
        "gold.star": ("total_amount",),
        "gold.seen": ("total_amount",),
    }
    costs = {each.model: each.cost for each in found.effects}
    assert costs == {
        "gold.kept": Cost.COMPARED,
        "gold.by_customer": Cost.FOLLOWS,
        "gold.lines": Cost.FOLLOWS,
        "gold.star": Cost.COMPARED,
        "gold.seen": Cost.NOTHING,
    }


def test_other_rows_affect_everything_below(shop: EditedShop, before: CompiledGraph) -> None:
    found = planned(shop, before, kept=KEPT.replace("where", "where total_amount > 15 and"))
    assert found.effect("gold.kept").is_rows
    assert found.effect("gold.by_customer").columns == ("customer_id", "orders", "total_amount")


def test_a_layout_over_ctes_says_the_same_columns(shop: EditedShop, before: CompiledGraph) -> None:
    """It is built anew, for its text differs, but no column of it is made otherwise."""
    listed = "order_id, customer_id, order_date, total_amount"
    found = planned(shop, before, kept=f"with everything as (\n{KEPT}\n) select {listed} from everything")
    assert found.model("gold.kept").change is Change.CHANGED
    assert found.effect("gold.kept").cost is Cost.COMPARED
    assert set(found.columns().values()) == {()}


def test_a_dropped_column_that_is_read_breaks_its_reader_by_name(
    shop: EditedShop, before: CompiledGraph
) -> None:
    found = planned(shop, before, kept=KEPT.replace("    customer_id,\n", ""))
    assert found.breaks == (
        Break(
            "gold.by_customer",
            "models/gold/by_customer.sql",
            "reads gold.kept.customer_id, which is dropped",
            found.breaks[0].nearest,
        ),
    )


def test_a_misspelt_column_names_the_nearest(shop: EditedShop, before: CompiledGraph) -> None:
    found = planned(shop, before, star="select order_id, totl_amount from {{ ref('kept') }}")
    (broken,) = found.breaks
    assert (broken.model, broken.file, broken.nearest) == (
        "gold.star",
        "models/gold/star.sql",
        "total_amount",
    )
    assert "totl_amount" in broken.what


def test_models_that_come_go_and_change_their_kind(shop: EditedShop, before: CompiledGraph) -> None:
    found = planned(
        shop,
        before,
        seen=None,
        star="{{ config(materialized='view') }} select * from {{ ref('kept') }}",
        fresh="select count(*) as orders from {{ ref('kept') }}",
    )
    told = {each.model: (each.change, each.becomes, each.rows) for each in found.models}
    assert told == {
        "gold.fresh": (Change.ADDED, "", None),
        "gold.star": (Change.CHANGED, "a view", 3),
        "gold.seen": (Change.REMOVED, "", None),
    }
    assert found.effect("gold.fresh").rows is None


def test_checks_that_are_new_changed_and_gone(shop: EditedShop, before: CompiledGraph) -> None:
    name = "tests/no_total_is_absurd.sql"
    shop.files[name] = shop.files[name].replace("100000", "9")
    shop.files["models/gold/kept.yml"] = shop.files["models/gold/kept.yml"].replace(
        "not_null, unique", "unique"
    )
    shop.files["tests/new.sql"] = "{{ config(severity='warn') }} select * from {{ ref('kept') }} where false"
    assert Planned(shop, before).checks == (
        CheckDifference("new", "tests/new.sql", Change.ADDED, False),
        CheckDifference("no_total_is_absurd", name, Change.CHANGED, True),
        CheckDifference("not_null_kept_order_id", "", Change.REMOVED, True),
    )


def test_a_mapping_and_a_setting_are_planned_as_well(shop: EditedShop, before: CompiledGraph) -> None:
    shop.mapping = MAPPING.replace("gone: CANCELLED", "gone: RETURNED")
    found = Planned(shop, before)
    assert found.effect("staging.stg_orders").columns == ("status", "_repairs") or (
        "status" in found.effect("staging.stg_orders").columns
    )
    assert "gold.kept" in found.columns()  # it follows; none of its columns is made of the status
    assert found.effect("gold.kept").columns == ()


# Never less than what happens.

EDITS: dict[str, dict[str, str | None]] = {
    "a filter": {"kept": KEPT.replace("where", "where total_amount > 15 and")},
    "a value": {"kept": KEPT.replace("customer_id,", "coalesce(customer_id, '9') || 'x' as customer_id,")},
    "a join that multiplies": {
        "star": "select k.* from {{ ref('kept') }} as k cross join {{ ref('stg_order_items') }} as i"
    },
    "a window": {"star": "select *, row_number() over (order by total_amount) as n from {{ ref('kept') }}"},
    "a union": {"star": "select * from {{ ref('kept') }} union all select * from {{ ref('kept') }}"},
    "a set": {"star": "select distinct * exclude (order_id), 'x' as order_id from {{ ref('kept') }}"},
    "one row of all": {
        "star": "select 'x' as order_id, max(total_amount) as total_amount from {{ ref('kept') }}"
    },
    "several rows of one": {
        "star": "select * exclude (order_id), unnest(['a', 'b']) as order_id from {{ ref('kept') }}"
    },
    "a limit": {"star": "select * from {{ ref('kept') }} order by order_id limit 1"},
    "a subquery": {
        "star": "select *, (select max(total_amount) from {{ ref('kept') }}) as most from {{ ref('kept') }}"
    },
    "a correlated one": {
        "star": "select * from {{ ref('kept') }} as k where exists"
        " (select 1 from {{ ref('stg_order_items') }} as i where i.order_id = k.order_id)"
    },
}
QUICK = ("a filter", "a value", "a join that multiplies")


@pytest.mark.parametrize(
    "edit", [edit if edit in QUICK else pytest.param(edit, marks=pytest.mark.slow) for edit in EDITS]
)
def test_every_column_that_changes_was_said_to_be_affected(
    shop: EditedShop, before: CompiledGraph, edit: str
) -> None:
    """Silent wrong answer: a plan that leaves out a table which does change."""
    was = contents(shop.hot_file)
    said = planned(shop, before, **EDITS[edit]).columns()
    shop.publish()
    now = contents(shop.hot_file)
    for relation in was.keys() & now.keys():
        for column in changed_columns(was[relation], now[relation]):
            assert column in said[relation], (relation, column)


def changed_columns(before: Relation, after: Relation) -> set[str]:
    """Columns whose values, as a multiset, are not what they were."""
    values = [_by_column(each) for each in (before, after)]
    return {name for name, found in values[1].items() if values[0].get(name) != found}


def _by_column(relation: Relation) -> dict[str, Counter[object]]:
    columns, rows = relation
    found: dict[str, Counter[object]] = {name: Counter() for name, _ in columns}
    for row, count in rows.items():
        for (name, _), value in zip(columns, row, strict=True):
            found[name][value] += count
    return found


# Traces.

T, U = TableRef("gold", "t"), TableRef("gold", "u")
KNOWN = {
    T: (Column("a", "INTEGER"), Column("b", "INTEGER")),
    U: (Column("a", "INTEGER"), Column("c", "INTEGER")),
}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("select a from gold.t", "with x as (select a, b from gold.t) select x.a from x", True),
        (
            "select a + b as a from gold.t",
            "with x as (select a + b as s from gold.t) select s as a from x",
            True,
        ),
        ("select a from gold.t", "select b as a from gold.t", False),
        ("select a from gold.t", "select a from gold.u", False),
        ("select * from gold.t", "select a, b from gold.t", True),
    ],
)
def test_what_a_column_is_made_of_does_not_depend_on_how_it_is_written(
    one: str, other: str, same: bool
) -> None:
    first, second = traced(one, KNOWN), traced(other, KNOWN)
    assert first is not None
    assert second is not None
    assert (first.columns["a"].digest == second.columns["a"].digest) is same


def test_what_decides_the_rows_is_told_apart_from_what_is_in_them() -> None:
    found = traced("select t.b from gold.t as t join gold.u as u on t.a = u.a where u.c > 1", KNOWN)
    assert found is not None
    assert found.columns["b"].reads == {(T, "b")}
    assert found.rows.reads == {(T, ROWS), (U, ROWS), (T, "a"), (U, "a"), (U, "c")}


@pytest.mark.parametrize(
    "sql", ["select unnest(range(3)) as a, x.* from range(3) as x", "select a from gold.unknown", "selec"]
)
def test_nothing_is_claimed_of_what_cannot_be_traced(sql: str) -> None:
    assert traced(sql, KNOWN) is None
