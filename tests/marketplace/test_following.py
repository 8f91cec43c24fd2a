"""Models that follow changes hold what building them anew would give, over random changes of small shops.

Every batch changes some staging rows in every way that matters to a key: rows come, go, move to another
parent, lose their parent, change day or currency, become test rows or are rejected. After each batch every
table is compared with its own compiled query, as a multiset.
"""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, datetime, timedelta
from itertools import cycle
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from amalimart.core.names import TableRef
from amalimart.mapping.entities import load_entities
from amalimart.warehouse.building import Building, Fate
from amalimart.warehouse.checking import run_checks
from amalimart.warehouse.graph import RUN_CONTEXT, CompiledGraph
from amalimart.warehouse.incremental.change_sets import filled, keep_changes
from amalimart.warehouse.incremental.following import add_following
from amalimart.warehouse.incremental.recipe import PLACE, after_of, before_of
from amalimart.warehouse.project.compiler import read_manifest
from amalimart.warehouse.staging.tracked import TRACKED, tracked_entity
from amalimart.warehouse.staging.versions_view import versions_view
from tests.marketplace.conftest import create_staging, insert, insert_version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.marketplace.conftest import CompiledProject, Row

BATCHES = 30
BUSINESS_DAYS = [date(2024, 12, 31) + timedelta(days=n) for n in range(1, 5)]
_IDS = ("1", "2", "3", "4", "5", "6", "7")
_NAMED = ("1", "1", "1", "2", "2", "2", "3", "3", "4", "gone")
_BUSY = ("orders", "order_items", "wishlists", "wishlist_items", "payments", "shipments")
_DAYS = [datetime.fromisoformat("2024-12-29 22:00") + timedelta(hours=9 * n) for n in range(8)]
_OF_OLD = [datetime.fromisoformat(f"2024-{month:02}-15 08:00") for month in (3, 8, 10, 11)]
_CITIES = ("Accra", " accra", "Kumasi", None)
_ENUM_OFTEN = {"status": ("COMPLETED", "ACTIVE", "DELIVERED", "SUCCESS", "FAILED", "APPROVED")}


def a_value(entity: str, column: str, rng: random.Random) -> object:
    """A value of a column, from so few that keys meet, move and miss each other."""
    spec = load_entities()[entity].columns[column]
    if spec.type.value == "id":
        return rng.choice((*_NAMED, "gone" if spec.required else None))
    if (entity, column) == ("wishlist_items", "created_at"):
        return _OF_OLD[0]  # so that orders come after
    if column in {"city", "shipping_city", "city_name"}:
        return rng.choice(_CITIES) or ("Accra" if spec.required else None)
    values: dict[str, Any] = {
        "integer": (0, 1, 2, 5),
        "decimal": ("0.1", "10"),
        "money": ("0.01", "3.33", "25.50"),
        "boolean": (True, False, False, None),
        "timestamp": (*_DAYS, *_OF_OLD),
        "date": (date(2024, 12, 1), date(2024, 12, 31)),
        "enum": spec.values,
        "text": ("a", "b"),
    }
    found = rng.choice(values[spec.type.value])
    if column == "currency":
        found = rng.choice(("GHS", "GHS", "GHS", "USD"))
    if column == "status" and rng.random() < 0.5:
        likely = [value for value in _ENUM_OFTEN["status"] if value in spec.values]
        found = rng.choice(likely) if likely else found
    optional = not spec.required and spec.type.value not in {"enum", "boolean"}
    return None if optional and rng.random() < 0.2 else found


def a_row(entity: str, key: tuple[str, ...], rng: random.Random) -> Row:
    own = load_entities()[entity]
    row: Row = {column: a_value(entity, column, rng) for column in own.columns}
    row |= dict(zip(own.key, key, strict=True))
    if "is_test" in row:
        row["is_test"] = rng.random() < 0.2
    row["_rejected"] = "unreadable" if rng.random() < 0.05 else None
    return row


class Shop:
    """Staging tables that a test changes, and the models above them that follow."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, graph: CompiledGraph, seed: int) -> None:
        self.connection = connection
        self._graph = graph
        self._rng = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self._change = 0
        self._models = [m for m in graph.ordered if m.table.schema != "staging"]
        for entity in load_entities():
            connection.execute(f"delete from staging.stg_{entity}")
            for _ in range(12):
                self._put(entity)
        for entity in TRACKED:
            connection.execute(f"delete from staging.{versions_view(entity)}")
            for _ in range(12):
                self._put_version(entity)
        building = Building(self._cursor(), graph, {}, lambda _source: None)
        for model in self._models:
            building.whole(model)

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        """A session of its own: change sets are gone with it."""
        return self.connection.cursor().execute("use warehouse")

    def _put(self, entity: str) -> None:
        own = load_entities()[entity].key
        key = tuple(self._rng.choice(_IDS) for _ in own)
        same = " and ".join(f"{column} = ?" for column in own)
        self.connection.execute(f"delete from staging.stg_{entity} where {same}", list(key))
        insert(self.connection, entity, a_row(entity, key, self._rng))

    def _put_version(self, entity: str) -> None:
        """A new version of a row, or its end."""
        self._change += 1
        at = _DAYS[0] + timedelta(hours=self._change)
        own = tracked_entity(entity, load_entities()[entity])
        key = tuple(self._rng.choice(_IDS) for _ in own.key)
        same = " and ".join(f"{column} = ?" for column in own.key)
        ended = f"update staging.{versions_view(entity)} set _to_order = ?, _to_at = ?"
        self.connection.execute(f"{ended} where {same} and _to_order is null", [self._change, at, *key])
        if self._rng.random() < 0.8:
            row = {column: a_value(entity, column, self._rng) for column in own.columns}
            row |= dict(zip(own.key, key, strict=True))
            insert_version(self.connection, entity, row | {"change": self._change, "at": at})

    def change(self, entities: set[str], business_day: date | None = None) -> dict[str, Fate]:
        """Change some staging tables, let every model follow, and return what became of each."""
        cursor = self._cursor()
        fates: dict[str, Fate] = {}
        for entity in sorted(entities):
            table = TableRef("staging", f"stg_{entity}")
            filled(cursor, before_of(table), f"select null as {PLACE}, * from {table.sql}")
            for _ in range(self._rng.choice((1, 1, 2, 3))):
                self._put(entity)
            if self._rng.random() < 0.3:
                self.connection.execute(
                    f"delete from {table.sql} where rowid = (select min(rowid) from {table.sql})"
                )
            filled(cursor, after_of(table), f"select * from {table.sql}")
            if keep_changes(cursor, table):
                fates[f"model.marketplace.stg_{entity}"] = Fate.CHANGED
        fates |= self._changed_versions(cursor, entities)
        if business_day:
            self.connection.execute("update meta.run_context set business_day = ?", [business_day])
            fates[RUN_CONTEXT] = Fate.REBUILT
        building = Building(cursor, self._graph, fates, lambda _source: None)
        for model in self._models:
            building.follow(model)
        if self._rng.random() < 0.3:
            self._see_checks_pass(cursor, building)
        cursor.close()
        return building.fates

    def _changed_versions(self, cursor: duckdb.DuckDBPyConnection, entities: set[str]) -> dict[str, Fate]:
        fates = {}
        for entity in sorted(entities & TRACKED.keys()):
            table = TableRef("staging", versions_view(entity))
            filled(cursor, before_of(table), f"select null as {PLACE}, * from {table.sql}")
            for _ in range(self._rng.choice((1, 1, 2, 3))):
                self._put_version(entity)
            filled(cursor, after_of(table), f"select * from {table.sql}")
            if keep_changes(cursor, table):
                fates[f"model.marketplace.{table.name}"] = Fate.CHANGED
        return fates

    def _see_checks_pass(self, cursor: duckdb.DuckDBPyConnection, building: Building) -> None:
        results = run_checks(cursor, building, self._graph.checks)
        assert [each.name for each in results if each.is_error and each.failing_rows] == []

    def wrong(self) -> dict[str, tuple[Counter[Any], Counter[Any]]]:
        """Tables that are not what their query gives: rows too few and too many."""
        found = {}
        for model in self._models:
            if not model.is_view:
                kept = self._rows(f"select * from {model.table.sql}")
                right = self._rows(model.sql)
                if kept != right:
                    found[str(model.table)] = (right - kept, kept - right)
        return found

    def _rows(self, sql: str) -> Counter[Any]:
        return Counter(self.connection.execute(sql).fetchall())


@pytest.fixture(scope="module")
def graph(compiled: CompiledProject) -> CompiledGraph:
    """The packaged models with the recipes that their descriptions give."""
    nodes: dict[str, dict[str, Any]] = {key: dict(node) for key, node in compiled.nodes.items()}
    entities = load_entities()
    unset = dict.fromkeys(("sql_header", "contract", "limit", "fail_calc", "error_if", "warn_if"))
    for node in nodes.values():
        node["config"] = {**unset, **node["config"]}
        if node["resource_type"] == "model" and node["schema"] == "staging":
            key = list(entities[node["name"].partition("_")[2]].key)
            alone: dict[str, Any] = {"unique_where": "_rejected is null"}
            if node["name"].startswith("versions_"):
                alone = {"is_one_row": False}
            node["config"] = {**node["config"], "meta": {"key": key, **alone}}
    for unique_id, kept in add_following(nodes, {}).items():
        nodes[unique_id] |= kept
    nodes = {key: {"compiled_code": "select 1"} | node for key, node in nodes.items()}
    return read_manifest({"nodes": nodes, "sources": []}, "hash")


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as warehouse; use warehouse")
        connection.execute("create schema silver; create schema gold")
        create_staging(connection)
        yield connection


@pytest.mark.parametrize("seeds", [(1,), pytest.param((2, 3), marks=pytest.mark.slow)])
def test_following_is_building_anew(
    connection: duckdb.DuckDBPyConnection, graph: CompiledGraph, seeds: tuple[int, ...]
) -> None:
    seen: set[str] = set()
    for seed in seeds:
        shop = Shop(connection, graph, seed)
        rng = random.Random(seed)  # noqa: S311 - repeatable on purpose
        in_turn = cycle(rng.sample(sorted(load_entities()), len(load_entities())))
        for batch in range(BATCHES if len(seeds) > 1 else BATCHES // 2):
            entities = {next(in_turn), next(in_turn), rng.choice(_BUSY)}
            day = BUSINESS_DAYS[batch // 10] if batch % 10 == 9 else None
            fates = shop.change(entities, day)
            assert shop.wrong() == {}, f"batch {batch} of shop {seed} changed {entities}"
            seen |= {key for key, fate in fates.items() if fate is Fate.CHANGED}
    following = {model.unique_id for model in graph.models if model.recipe}
    if len(seeds) > 1:
        assert following - seen == set(), "models that never followed a change say nothing"


def test_only_small_tables_are_built_anew(graph: CompiledGraph) -> None:
    anew = {
        model.table.name
        for model in graph.models
        if model.table.schema != "staging" and not model.is_view and model.recipe is None
    }
    assert anew == {
        "categories", "dim_categories", "dim_date", "dim_delivery_partners",
        "dim_geography", "places", "vendor_applications",
    }  # fmt: skip
