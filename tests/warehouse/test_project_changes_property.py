"""Whatever is edited, and whatever changes meanwhile: what stands is what building at once gives."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from amalimart.lake import Operation
from amalimart.warehouse import building
from tests.warehouse import edited_project
from tests.warehouse.edited_project import (
    BY_CUSTOMER,
    FILES,
    KEPT,
    KEPT_YML,
    MAPPING,
    EditedShop,
    published_shop,
)
from tests.warehouse.project_edits import COLUMN_EDITS, LINES, SALES, VIEW

UNDECLARED = KEPT_YML.replace("{meta: {key: [order_id], affected_by: {stg_orders: order_id}}}", "{}")
OTHER_COLUMNS: list[dict[str, str | None]] = [
    {"models/gold/kept.sql": KEPT.replace(*pair)}
    for change, pair in COLUMN_EDITS.items()
    if not change.startswith("swapped")
]
EDITS: dict[str, list[dict[str, str | None]]] = {
    "kept": [
        {"models/gold/kept.sql": KEPT},
        *OTHER_COLUMNS,
        {"models/gold/kept.sql": VIEW + KEPT},
        {"models/gold/kept.sql": "-- A comment.\n" + KEPT},
        {"models/gold/kept.sql": KEPT.replace("where", "where total_amount > 15 and")},
        {"models/gold/kept.sql": KEPT.replace("total_amount\n", "total_amount + 1 as total_amount\n")},
        {"models/gold/kept.sql": KEPT.replace("customer_id,", "coalesce(customer_id, 'x') as customer_id,")},
    ],
    "described": [{"models/gold/kept.yml": KEPT_YML}, {"models/gold/kept.yml": UNDECLARED}],
    "by_customer": [
        {"models/gold/by_customer.sql": BY_CUSTOMER},
        {"models/gold/by_customer.sql": BY_CUSTOMER.replace("sum(", "max(")},
        {"models/gold/by_customer.sql": BY_CUSTOMER.replace("count(*) as orders,\n", "")},
        {"models/gold/by_customer.sql": None, "models/gold/by_customer.yml": None},
        {name: FILES[name] for name in ("models/gold/by_customer.sql", "models/gold/by_customer.yml")},
    ],
    "star": [
        {"models/gold/star.sql": FILES["models/gold/star.sql"]},
        {"models/gold/star.sql": VIEW + FILES["models/gold/star.sql"]},
        {"models/gold/star.sql": VIEW + FILES["models/gold/star.sql"] + " where total_amount > 15"},
        {"models/gold/star.sql": "{{ config(alias='elsewhere') }} " + FILES["models/gold/star.sql"]},
    ],
    "seen": [
        {"models/gold/seen.sql": FILES["models/gold/seen.sql"]},
        {"models/gold/seen.sql": "select count(*) as rows from {{ ref('star') }}"},
        {"models/gold/seen.sql": None},
    ],
}
MAPPINGS = [
    MAPPING,
    MAPPING.replace("order_date: at\n", "order_date: at\n      channel: channel\n"),
    MAPPING.replace("gone: CANCELLED", "gone: RETURNED"),
    MAPPING.replace("table: sales\n", "table: sales\n    where: {state: [done, gone]}\n"),
    MAPPING.replace("constant: GHS", "constant: USD"),
]
IDS = ["1", "2", "3", None]
CELLS: dict[str, list[str | None]] = {
    "id": IDS,
    "buyer": IDS,
    "sale": IDS,
    "at": ["2026-03-01", "2026-03-09 23:30:00", "soon", None],
    "total": ["10", "20", "30.005", "ten", None],
    "state": ["done", "gone", "odd"],
    "channel": ["web", None],
    "count": ["1", "5"],
    "article": IDS,
    "price": ["2.50", None],
}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a shop whose first release is out; each example has a copy of it."""
    return published_shop(tmp_path_factory.mktemp("published") / "shop", SALES, LINES)


def landing(table: str) -> st.SearchStrategy[tuple[str, Any]]:
    cells = {column: st.sampled_from(CELLS[column]) for column in edited_project.COLUMNS[table]}
    rows = st.lists(st.fixed_dictionaries(cells), min_size=1, max_size=4)
    operation = st.sampled_from([Operation.UPSERT, Operation.UPSERT, Operation.DELETE, Operation.SNAPSHOT])
    return st.tuples(st.just("land"), st.tuples(st.just(table), rows, operation))


def editing(group: str) -> st.SearchStrategy[tuple[str, Any]]:
    return st.tuples(st.just("edit"), st.sampled_from(EDITS[group]))


STEPS = st.lists(
    st.one_of(
        landing("sales"),
        landing("lines"),
        *(editing(group) for group in EDITS),
        editing("kept"),
        st.tuples(st.just("map"), st.sampled_from(MAPPINGS)),
        st.sampled_from([("widen", None), ("days", 1), ("compare", 0), ("compare", 100_000)]),
        st.just(("publish", None)),
        st.just(("publish", None)),
    ),
    min_size=4,
    max_size=14,
)


def hold(steps: list[tuple[str, Any]], published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = EditedShop(published)
    try:
        with monkeypatch.context() as during:
            for step, given_with in [*steps, ("publish", None)]:
                match step:
                    case "land":
                        shop.land(*given_with)
                    case "edit":
                        shop.files |= {name: text for name, text in given_with.items() if text is not None}
                        for name in [name for name, text in given_with.items() if text is None]:
                            shop.files.pop(name, None)
                    case "map":
                        shop.mapping = given_with
                    case "widen":
                        shop.count_type = pa.int64() if shop.count_type == pa.int32() else pa.int32()
                    case "days":
                        shop.now += timedelta(days=given_with)
                    case "compare":
                        during.setattr(building, "COMPARED_ROWS", given_with)
                    case "publish":
                        shop.see_it_holds()
    finally:
        shop.close()


PLAIN = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=1, suppress_health_check=PLAIN, derandomize=True, phases=[Phase.generate])
@given(steps=STEPS)
def test_edits_and_changes_in_any_order_give_what_building_at_once_gives(
    steps: list[tuple[str, Any]], published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(steps, published, monkeypatch)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@settings(max_examples=int(os.environ.get("AMALIMART_EXAMPLES", "10")), suppress_health_check=PLAIN)
@given(steps=STEPS)
def test_edits_and_changes_in_many_orders_give_what_building_at_once_gives(
    steps: list[tuple[str, Any]], published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(steps, published, monkeypatch)
