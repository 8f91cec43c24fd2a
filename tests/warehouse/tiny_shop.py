"""A tiny shop in a lake of its own, and a tiny dbt project over it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa

from amalimart.core.clock import FixedClock
from amalimart.lake import CommitKind, Lake, Operation
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.warehouse.executor import BuildReport, Executor
from amalimart.warehouse.file.hot_file import HotFile
from amalimart.warehouse.graph import CompiledGraph
from amalimart.warehouse.lake_view import lake_state, landed_source
from amalimart.warehouse.project.compiler import compile_project
from amalimart.warehouse.project.project_files import ProjectSettings, assemble

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
ZONE = "Africa/Accra"

MAPPING = """\
mapping: shop
description: A shop whose orders come as text.
time_zone: Africa/Lagos
tables:
  orders: {secret: [card_pin]}
entities:
  orders:
    table: orders
    where: {kind: [sale]}
    columns:
      order_id: id
      customer_id: buyer
      order_date: placed
      total_amount: total
      currency: {constant: GHS}
      status: {from: state, values: {done: COMPLETED, Gone Back: RETURNED, open: PENDING}, default: UNKNOWN}
      is_test: trial
"""

MODEL = """\
select
    order_id,
    total_amount,
    status
from {{ ref('stg_orders') }}
where _rejected is null
"""

PROJECT = """\
name: marketplace
version: "1.0"
profile: amalimart
models:
  marketplace:
    staging: {+schema: staging, +materialized: table}
    gold: {+schema: gold, +materialized: table}
    overlay: {+schema: gold, +materialized: table}
"""
SCHEMA_MACRO = """\
{% macro generate_schema_name(custom_schema_name, node) %}{{ custom_schema_name }}{% endmacro %}
"""
TESTS = """\
models:
  - name: fact_orders
    columns:
      - name: total_amount
        data_tests:
          - accepted_range_of_money
"""
RANGE_TEST = """\
{% test accepted_range_of_money(model, column_name) %}
select * from {{ model }} where {{ column_name }} > 1000000
{% endtest %}
"""


PROJECT_FILES = {
    "dbt_project.yml": PROJECT,
    "macros/schema.sql": SCHEMA_MACRO,
    "macros/range.sql": RANGE_TEST,
    "models/gold/fact_orders.sql": MODEL,
    "models/gold/fact_orders.yml": TESTS,
}


class Shop:
    """Lands rows of the shop's one table and publishes them."""

    columns = ("id", "buyer", "placed", "total", "state", "trial", "kind")

    def __init__(self, folder: Path, mapping: SourceMapping, project: Path, cache: Path) -> None:
        self.clock = FixedClock(NOW)
        self.lake = Lake(folder / "lake", self.clock)
        self.mapping = mapping
        self.folder = folder
        self.project = project
        self.cache = cache
        self.hot_file = HotFile(folder / "warehouse.duckdb", readable_folders=[self.lake.root])
        self.executor = Executor(self.hot_file, self.clock, ZoneInfo(ZONE))

    def land(self, *rows: tuple[str | None, ...], operation: Operation = Operation.SNAPSHOT) -> None:
        kind = CommitKind.SNAPSHOT if operation is Operation.SNAPSHOT else CommitKind.CHANGES
        schema = pa.schema([(name, pa.string()) for name in self.columns])
        batch = pa.RecordBatch.from_pylist(
            [dict(zip(self.columns, row, strict=True)) for row in rows], schema
        )
        with self.lake.begin("shop", kind) as writer:
            writer.write("orders", [batch], operation, schema=schema)
            writer.commit({}, NOW)

    def graph(self) -> CompiledGraph:
        settings = ProjectSettings(business_zone=ZONE)
        landed = landed_source(self.lake, "shop", self.mapping)
        folder = self.folder / "dbt"
        project_hash = assemble(folder, [landed], settings, packaged=self.project)
        return compile_project(folder, project_hash, self.cache, settings)

    def publish(self) -> BuildReport | None:
        return self.executor.publish(self.graph(), lake_state(self.lake, {"shop": self.mapping}))

    def query(self, sql: str) -> list[tuple[object, ...]]:
        with self.hot_file.read() as transaction:
            return list(transaction.rows(sql).rows)
