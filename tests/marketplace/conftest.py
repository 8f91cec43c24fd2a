"""The packaged models over hand-made staging rows: built once by plain dbt, then run as compiled SQL."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb
import pytest

from amalimart.mapping.entities import ColumnType, EntityColumn, load_entities
from amalimart.warehouse.staging.macros import rendered
from amalimart.warehouse.staging.tracked import TRACKED, tracked_entity
from amalimart.warehouse.staging.versions_view import OF_A_VERSION, versions_view

PROJECT = Path(__file__).parents[2] / "src" / "amalimart" / "marketplace" / "dbt"
BUSINESS_DAY = date(2024, 12, 31)
_DBT = "import sys; from dbt.cli.main import cli; sys.argv[0] = 'dbt'; cli()"
_ENGINE_TYPES = {
    ColumnType.INTEGER: "bigint",
    ColumnType.DECIMAL: "decimal(18, 6)",
    ColumnType.MONEY: "decimal(18, 2)",
    ColumnType.BOOLEAN: "boolean",
    ColumnType.TIMESTAMP: "timestamp",
    ColumnType.DATE: "date",
}
_PLACEHOLDERS: Mapping[ColumnType, object] = {
    ColumnType.INTEGER: 1,
    ColumnType.MONEY: "1.00",
    ColumnType.TIMESTAMP: datetime.fromisoformat("2024-01-01 00:00"),
    ColumnType.DATE: date(2024, 1, 1),
}

Row = dict[str, Any]


def create_staging(connection: duckdb.DuckDBPyConnection) -> None:
    """Every staging table, empty and typed, and the run context of the business day."""
    connection.execute("create schema staging; create schema meta")
    for name, entity in load_entities().items():
        columns = [f"{column} {_engine_type(spec)}" for column, spec in entity.columns.items()]
        own = ["_rejected varchar", "_repairs varchar", "_batch bigint", "_sequence bigint"]
        connection.execute(f"create table staging.stg_{name} ({', '.join([*columns, *own])})")
    for name in TRACKED:
        tracked = tracked_entity(name, load_entities()[name]).columns
        columns = [f"{column} {_engine_type(spec)}" for column, spec in tracked.items()]
        columns += [f"{column} {rendered(kind)}" for column, (kind, _) in OF_A_VERSION.items()]
        connection.execute(f"create table staging.{versions_view(name)} ({', '.join(columns)})")
    connection.execute(
        "create table meta.run_context as"
        " select cast(? as date) as business_day, cast(? as timestamp) as business_now",
        [BUSINESS_DAY, datetime.fromisoformat("2024-12-31 12:00")],
    )


def insert(connection: duckdb.DuckDBPyConnection, entity: str, row: Row) -> None:
    """One staging row; what the caller leaves out is what staging would put there."""
    columns = load_entities()[entity].columns
    unknown = set(row) - set(columns) - {"_rejected"}
    assert not unknown, f"{entity} has no column {unknown}"
    full = {column: row.get(column, _stand_in(spec)) for column, spec in columns.items()}
    full |= {"_rejected": row.get("_rejected"), "_batch": 1, "_sequence": 1}
    marks = ", ".join("?" for _ in full)
    connection.execute(
        f"insert into staging.stg_{entity} ({', '.join(full)}) values ({marks})", list(full.values())
    )


def insert_version(connection: duckdb.DuckDBPyConnection, entity: str, row: Row) -> None:
    """One version that began with change number `change` at `at`, and ended so where `until` says."""
    told = dict(row)
    change, until = told.pop("change"), told.pop("until", None)
    own = {"_source": "shop", "_precedence": 1, "_from_order": change, "_from_at": told.pop("at"),
           "_from_position": f"tx {change}", "_to_order": None, "_to_at": None, "_is_snapshot": False,
           "_is_ended_by_snapshot": False, "_is_first": False, "_batch": change, "_sequence": 1}  # fmt: skip
    if until is not None:
        own |= {"_to_order": until[0], "_to_at": until[1], "_to_position": f"tx {until[0]}"}
    full = own | told
    marks = ", ".join("?" for _ in full)
    connection.execute(
        f"insert into staging.{versions_view(entity)} ({', '.join(full)}) values ({marks})",
        list(full.values()),
    )


def _engine_type(spec: EntityColumn) -> str:
    return _ENGINE_TYPES.get(spec.type, "varchar")


def _stand_in(spec: EntityColumn) -> object:
    if spec.type is ColumnType.ENUM:
        return spec.default
    if not spec.required:
        return None
    return _PLACEHOLDERS.get(spec.type, "GHS")


@dataclass(frozen=True)
class CompiledProject:
    """What plain dbt made of the project: SQL and parents of each node, and each node's outcome."""

    database: Path
    nodes: Mapping[str, Mapping[str, Any]]
    outcomes: Mapping[str, str]

    def models(self) -> dict[str, str]:
        """schema.name -> node id of every silver and gold model."""
        return {
            f"{node['schema']}.{node['name']}": key
            for key, node in self.nodes.items()
            if node["resource_type"] == "model" and node["schema"] != "staging"
        }

    def ancestry(self, model: str) -> list[str]:
        """Node ids of a model and everything written here that it reads, parents first."""
        ours = set(self.models().values())
        wanted: dict[str, list[str]] = {}
        waiting = [self.models()[model]]
        while waiting:
            key = waiting.pop()
            parents = [p for p in self.nodes[key]["depends_on"]["nodes"] if p in ours]
            wanted[key] = parents
            waiting += [p for p in parents if p not in wanted]
        return list(TopologicalSorter(wanted).static_order())


class ModelBench:
    """One empty marketplace in memory: put rows into staging, read what a model makes of them."""

    def __init__(self, project: CompiledProject, connection: duckdb.DuckDBPyConnection) -> None:
        self._project = project
        self._connection = connection
        self._built: set[str] = set()

    def put(self, entity: str, **row: Any) -> None:
        insert(self._connection, entity, row)

    def put_version(self, entity: str, **row: Any) -> None:
        insert_version(self._connection, entity, row)

    def put_base_rows(self) -> None:
        """The rows that plain dbt was run over."""
        for entity, row in BASE_ROWS:
            self.put(entity, **row)
        for entity, row in BASE_VERSIONS:
            self.put_version(entity, **row)

    def rows(self, model: str, order_by: str = "1") -> list[Row]:
        """Every row of schema.model, built from the rows put so far."""
        for key in self._project.ancestry(model):
            self._build(key)
        cursor = self._connection.execute(f"select * from {model} order by {order_by}")
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def row(self, model: str) -> Row:
        """The only row of schema.model."""
        (only,) = self.rows(model)
        return only

    def by_key(self, model: str) -> dict[str, Row]:
        """Rows of schema.model by their first column."""
        return {str(next(iter(row.values()))): row for row in self.rows(model)}

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql).fetchall()

    def broken_rows(self, check: str) -> list[tuple[Any, ...]]:
        """Rows that a dbt test of this project finds, over the tables as they are now."""
        (key,) = [k for k, n in self._project.nodes.items() if n["name"] == check]
        return self.execute(self._project.nodes[key]["compiled_code"])

    def _build(self, key: str) -> None:
        node = self._project.nodes[key]
        kind = node["config"]["materialized"]
        name = f"{node['schema']}.{node['name']}"
        if kind == "view" and name in self._built:
            return
        self._connection.execute(f"create or replace {kind} {name} as {node['compiled_code']}")
        self._built.add(name)


BASE_ROWS: tuple[tuple[str, Row], ...] = (
    ("users", {"user_id": "u1", "role": "CUSTOMER", "birth_date": date(1990, 5, 1)}),
    ("users", {"user_id": "u2", "role": "VENDOR"}),
    ("addresses", {"address_id": "a1", "user_id": "u1", "city": "Accra", "region": "Greater Accra"}),
    ("countries", {"country_id": "gh", "country_name": "Ghana"}),
    ("regions", {"region_id": "1", "region_name": "Greater Accra", "country_id": "gh"}),
    ("cities", {"city_id": "1", "city_name": "Accra", "region_id": "1"}),
    (
        "vendors",
        {
            "vendor_id": "v1",
            "user_id": "u2",
            "business_id": "b1",
            "vendor_name": "Adinkra",
            "status": "APPROVED",
        },
    ),
    ("categories", {"category_id": "c1", "category_name": "Food"}),
    ("categories", {"category_id": "c2", "category_name": "Fruit", "parent_category_id": "c1"}),
    ("products", {"product_id": "p1", "vendor_id": "v1", "status": "ACTIVE", "is_active": True}),
    ("product_categories", {"product_id": "p1", "category_id": "c2", "is_primary": True}),
    ("orders", {"order_id": "o1", "customer_id": "u1", "total_amount": "25.50", "status": "COMPLETED"}),
    ("orders", {"order_id": "o2", "customer_id": "u1", "total_amount": "9.99", "is_test": True}),
    ("order_items", {"order_item_id": "i1", "order_id": "o1", "product_id": "p1", "quantity": 3}),
    ("order_items", {"order_item_id": "i2", "order_id": "o2", "product_id": "p1", "quantity": 1}),
    ("order_items", {"order_item_id": "i3", "order_id": "o1", "product_id": "nowhere", "quantity": 1}),
    ("order_items", {"order_item_id": "i4", "order_id": "o1", "product_id": "p1", "quantity": 1}),
    ("order_status_history", {"status_change_id": "h1", "order_id": "o1", "new_status": "COMPLETED"}),
    ("payments", {"payment_id": "y1", "order_id": "o1", "amount": "25.50", "status": "SUCCESS"}),
    ("payments", {"payment_id": "y2", "order_id": "o2", "amount": "9.99", "status": "SUCCESS"}),
    (
        "shipments",
        {"shipment_id": "s1", "order_id": "o1", "delivered_at": datetime.fromisoformat("2024-01-04 00:00")},
    ),
    (
        "shipments",
        {"shipment_id": "s2", "order_id": "o2", "delivered_at": datetime.fromisoformat("2024-01-04 00:00")},
    ),
    ("returns", {"return_id": "r1", "order_item_id": "i1", "return_amount": "3.00"}),
    ("returns", {"return_id": "r2", "order_item_id": "i2", "return_amount": "1.00"}),
    ("reviews", {"review_id": "w1", "product_id": "p1", "rating": 5}),
    ("support_tickets", {"ticket_id": "t1", "customer_id": "u1"}),
    ("web_visits", {"visit_id": "x1", "visitor_id": "g1"}),
    ("marketing_spend", {"spend_id": "m1", "channel": "radio", "amount": "100.00"}),
    ("vendor_applications", {"application_id": "n1", "vendor_id": "v1", "status": "APPROVED"}),
    ("delivery_partners", {"delivery_partner_id": "d1", "partner_name": "Swift"}),
    ("discounts", {"discount_id": "k1", "code": "NEW"}),
    ("orders", {"order_id": "o3", "customer_id": "u1", "total_amount": "8.00", "discount_id": "k1"}),
    (
        "payments",
        {"payment_id": "y3", "order_id": "o3", "status": "PENDING", "method": "CASH_ON_DELIVERY"},
    ),
    ("carts", {"cart_id": "b1", "customer_id": "u1", "order_id": "o1"}),
    ("cart_items", {"cart_item_id": "z1", "cart_id": "b1", "product_id": "p1", "quantity": 3}),
    ("wishlists", {"wishlist_id": "l1", "customer_id": "u1"}),
    (
        "wishlist_items",
        {
            "wishlist_item_id": "l1",
            "wishlist_id": "l1",
            "product_id": "p1",
            "created_at": datetime.fromisoformat("2023-12-31 00:00"),
        },
    ),
    ("messages", {"message_id": "g1", "sender_id": "u1", "receiver_id": "u2"}),
    ("vendor_payouts", {"payout_id": "q1", "vendor_id": "v1", "net_payout": "2.00"}),
    (
        "vendor_earnings",
        {"earning_id": "e1", "order_item_id": "i1", "payout_id": "q1", "amount": "2.00", "currency": "GHS"},
    ),
)

BASE_VERSIONS: tuple[tuple[str, Row], ...] = (
    ("users", {"user_id": "u1", "role": "CUSTOMER", "change": 1, "at": "2023-12-01", "_is_first": True}),
    ("addresses", {"address_id": "a1", "user_id": "u1", "city": "Accra", "change": 2, "at": "2023-12-02"}),
    ("vendors", {"vendor_id": "v1", "status": "APPROVED", "change": 3, "at": "2023-12-03"}),
    (
        "products",
        {"product_id": "p1", "vendor_id": "v0", "status": "ACTIVE", "change": 4, "at": "2023-12-04",
         "until": (6, "2024-06-01")},
    ),
    (
        "products",
        {"product_id": "p1", "vendor_id": "v1", "status": "ACTIVE", "change": 6, "at": "2024-06-01"},
    ),
    ("product_categories", {"product_id": "p1", "category_id": "c2", "change": 5, "at": "2023-12-04"}),
)  # fmt: skip


@pytest.fixture(scope="session")
def compiled(compiled_once: Path) -> CompiledProject:
    """The packaged project, run by plain `dbt build` over the base rows: once for all of a test run."""
    folder = compiled_once / "base-rows"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "is_built").exists():
            _build_base_rows(folder)
            (folder / "is_built").touch()
    target = folder / "dbt" / "target"
    manifest = json.loads((target / "manifest.json").read_text())
    results = json.loads((target / "run_results.json").read_text())["results"]
    return CompiledProject(
        folder / "warehouse.duckdb",
        manifest["nodes"],
        {result["unique_id"]: result["status"] for result in results},
    )


def _build_base_rows(folder: Path) -> None:
    database = folder / "warehouse.duckdb"
    with duckdb.connect(str(database)) as connection:
        create_staging(connection)
        for entity, row in BASE_ROWS:
            insert(connection, entity, row)
        for entity, row in BASE_VERSIONS:
            insert_version(connection, entity, row)
    project = folder / "dbt"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("target", "logs"))
    _write_staging_models(project)
    completed = subprocess.run(
        [sys.executable, "-c", _DBT, "--no-use-colors", "--no-send-anonymous-usage-stats",
         "--warn-error-options", '{"error": ["Deprecations"]}',
         "build", "--select", "path:models/silver", "path:models/gold",
         "--project-dir", str(project), "--profiles-dir", str(project)],
        env={**os.environ, "FIXTURE_DATABASE": str(database), "DO_NOT_TRACK": "1"},
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert completed.returncode == 0, completed.stdout + completed.stderr


def _write_staging_models(project: Path) -> None:
    """Names for the staging tables, which exist already: dbt must know the models but does not run them."""
    staging = project / "models" / "staging"
    staging.mkdir()
    for name in load_entities():
        (staging / f"stg_{name}.sql").write_text("select 1 as never_run\n")
    for name in TRACKED:
        (staging / f"{versions_view(name)}.sql").write_text("select 1 as never_run\n")
    (staging / "sources.yml").write_text(
        "sources:\n  - name: meta\n    schema: meta\n    tables:\n      - name: run_context\n"
    )
    (project / "profiles.yml").write_text(
        "amalimart:\n  target: fixture\n  outputs:\n    fixture:\n      type: duckdb\n"
        "      path: \"{{ env_var('FIXTURE_DATABASE') }}\"\n      threads: 2\n"
    )


@pytest.fixture(scope="session")
def empty_marketplace() -> Iterator[duckdb.DuckDBPyConnection]:
    """Every staging table, empty, in memory; each test works in a transaction that is undone."""
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as warehouse; use warehouse")
        connection.execute("create schema silver; create schema gold")
        create_staging(connection)
        yield connection


@pytest.fixture
def bench(compiled: CompiledProject, empty_marketplace: duckdb.DuckDBPyConnection) -> Iterator[ModelBench]:
    empty_marketplace.execute("begin transaction")
    yield ModelBench(compiled, empty_marketplace)
    empty_marketplace.execute("rollback")
