"""A shop whose data and whose project change, and the hot file that follows both.

The oracle of every test of it: what stands equals what a fresh file holds that is built at once from the
same project and lake, relation by relation, columns and rows.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa

from amalimart.core.clock import FixedClock
from amalimart.lake import CommitKind, Lake, Operation
from amalimart.mapping.source_mapping import load_mapping
from amalimart.warehouse.executor import BuildReport, Executor
from amalimart.warehouse.file.hot_file import HotFile
from amalimart.warehouse.graph import CompiledGraph
from amalimart.warehouse.lake_view import lake_state, landed_source
from amalimart.warehouse.project.project_files import PACKAGED_PROJECT, ProjectSettings, assemble
from tests.warehouse.rendered_project import rendered_graph
from tests.warehouse.tiny_shop import PROJECT

FIRST_DAY = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
MAPPING = """\
mapping: bazaar
description: A shop whose tables come as text.
time_zone: Africa/Accra
tables: {sales: {}, lines: {}}
entities:
  orders:
    table: sales
    columns:
      order_id: id
      customer_id: buyer
      order_date: at
      total_amount: total
      currency: {constant: GHS}
      status: {from: state, values: {done: COMPLETED, gone: CANCELLED}, default: UNKNOWN}
  order_items:
    table: lines
    columns:
      order_item_id: id
      order_id: sale
      product_id: article
      quantity: count
      unit_price: price
      currency: {constant: GHS}
"""
KEPT = """\
select
    order_id,
    customer_id,
    order_date,
    total_amount
from {{ ref('stg_orders') }}
where _rejected is null
"""
KEPT_YML = """\
models:
  - name: kept
    config: {meta: {key: [order_id], affected_by: {stg_orders: order_id}}}
    columns:
      - {name: order_id, data_tests: [not_null, unique]}
      - {name: total_amount}
"""
BY_CUSTOMER = """\
select
    customer_id,
    count(*) as orders,
    sum(total_amount) as total_amount
from {{ ref('kept') }}
where customer_id is not null
group by customer_id
"""
BY_CUSTOMER_YML = """\
models:
  - name: by_customer
    config: {meta: {key: [customer_id], affected_by: {kept: customer_id}}}
    columns: [{name: customer_id, data_tests: [unique]}]
"""
LINES = """\
select
    items.order_item_id,
    kept.order_id,
    kept.total_amount,
    items.quantity
from {{ ref('kept') }} as kept
inner join {{ ref('stg_order_items') }} as items on kept.order_id = items.order_id
where items._rejected is null
"""
LINES_YML = """\
models:
  - name: lines
    config:
      meta: {key: [order_id], is_one_row: false, affected_by: {kept: order_id, stg_order_items: order_id}}
"""
FILES = {f"macros/{path.name}": path.read_text() for path in (PACKAGED_PROJECT / "macros").glob("*.sql")} | {
    "dbt_project.yml": PROJECT,
    "models/gold/kept.sql": KEPT,
    "models/gold/kept.yml": KEPT_YML,
    "models/gold/by_customer.sql": BY_CUSTOMER,
    "models/gold/by_customer.yml": BY_CUSTOMER_YML,
    "models/gold/lines.sql": LINES,
    "models/gold/lines.yml": LINES_YML,
    "models/gold/star.sql": "select * from {{ ref('kept') }}",
    "models/gold/seen.sql": "{{ config(materialized='view') }} select * from {{ ref('star') }}",
    "models/gold/today.sql": "select business_day from {{ source('meta', 'run_context') }}",
    "tests/no_total_is_absurd.sql": "select * from {{ ref('kept') }} where total_amount > 100000",
}
COLUMNS = {
    "sales": ("id", "buyer", "at", "total", "state", "channel"),
    "lines": ("id", "sale", "count", "article", "price"),
}
USUAL = {"article": "7", "price": "2.50"}

Row = dict[str, str | None]
Relation = tuple[tuple[tuple[str, str], ...], Counter[tuple[object, ...]]]
Contents = dict[str, Relation]


class EditedShop:
    """A lake and a project under change, and the hot file that follows them."""

    def __init__(self, like: Path | None = None) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="edited-"))
        if like is not None:
            shutil.copytree(like, self._folder, dirs_exist_ok=True)
        self.zone = "Africa/Accra"
        self.now = FIRST_DAY
        self.mapping = MAPPING
        self.files: dict[str, str] = dict(FILES)
        self.count_type: pa.DataType = pa.int16()
        self.sla_days = 2
        self.lake = Lake(self._folder / "lake", FixedClock(FIRST_DAY), grace=timedelta(0))
        self.hot_file = HotFile(self._folder / "warehouse.duckdb", readable_folders=[self.lake.root])

    @property
    def folder(self) -> Path:
        return self._folder

    def close(self) -> None:
        self.hot_file.close()
        shutil.rmtree(self._folder)

    def land(self, table: str, rows: list[Row], operation: Operation = Operation.UPSERT) -> None:
        kind = CommitKind.SNAPSHOT if operation is Operation.SNAPSHOT else CommitKind.CHANGES
        schema = pa.schema(
            [(name, self.count_type if name == "count" else pa.string()) for name in COLUMNS[table]]
        )
        listed = [
            {
                name: int(row["count"] or 0) if name == "count" else row.get(name, USUAL.get(name))
                for name in schema.names
            }
            for row in rows
        ]
        with self.lake.begin("bazaar", kind) as writer:
            writer.write(table, [pa.RecordBatch.from_pylist(listed, schema)], operation, schema=schema)
            if writer.has_files:
                writer.commit({}, self.now)

    def graph(self) -> CompiledGraph:
        packaged, folder = self._folder / "packaged", self._folder / "dbt"
        shutil.rmtree(packaged, ignore_errors=True)
        for name, text in self.files.items():
            (packaged / name).parent.mkdir(parents=True, exist_ok=True)
            (packaged / name).write_text(text)
        mapping_file = self._folder / "bazaar.yml"
        mapping_file.write_text(self.mapping)
        self._mapping = load_mapping(mapping_file)
        settings = ProjectSettings(business_zone=self.zone, sla_days_express=self.sla_days)
        landed = [landed_source(self.lake, "bazaar", self._mapping)]
        return rendered_graph(folder, assemble(folder, landed, settings, packaged=packaged), settings)

    def publish(self, graph: CompiledGraph | None = None) -> BuildReport | None:
        return self._publish(self.hot_file, graph or self.graph())

    def _publish(self, hot_file: HotFile, graph: CompiledGraph) -> BuildReport | None:
        executor = Executor(hot_file, FixedClock(self.now), ZoneInfo(self.zone))
        return executor.publish(graph, lake_state(self.lake, {"bazaar": self._mapping}))

    def see_it_holds(self) -> None:
        """Publish, and compare with a build at once: columns and rows of every relation, and the checks."""
        graph = self.graph()
        self.publish(graph)
        hot_file = HotFile(self._folder / "fresh" / "warehouse.duckdb", readable_folders=[self.lake.root])
        try:
            self._publish(hot_file, graph)
            step_by_step, at_once = contents(self.hot_file), contents(hot_file)
            checks = checked(self.hot_file), checked(hot_file)
        finally:
            hot_file.close()
            shutil.rmtree(self._folder / "fresh")
        assert step_by_step.keys() == at_once.keys()
        different = {name for name in at_once if step_by_step[name] != at_once[name]}
        assert {name: (step_by_step[name], at_once[name]) for name in different} == {}
        assert checks[0] == checks[1]

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        with self.hot_file.read() as transaction:
            return list(transaction.rows(sql).rows)


def contents(hot_file: HotFile) -> Contents:
    """Every relation of the layers: its columns in order with their types, its rows as a multiset."""
    with hot_file.read() as transaction:
        names = transaction.rows(
            "select table_schema || '.' || table_name from information_schema.tables"
            " where table_schema in ('staging', 'silver', 'gold') order by 1"
        ).rows
        return {
            name: (
                tuple((column, kind) for column, kind, *_ in transaction.rows(f"describe {name}").rows),
                Counter(transaction.rows(f"select * from {name}").rows),
            )
            for (name,) in names
        }


def checked(hot_file: HotFile) -> set[object]:
    with hot_file.read() as transaction:
        return set(transaction.rows("select check_name, is_error from meta.check_results").rows)


def published_shop(folder: Path, sales: list[Row], lines: list[Row]) -> Path:
    """The folder of a shop with one release of these rows, to be copied and opened again."""
    shop = EditedShop()
    shop.land("sales", sales, Operation.SNAPSHOT)
    shop.land("lines", lines, Operation.SNAPSHOT)
    shop.publish()
    shop.hot_file.close()
    shutil.copytree(shop.folder, folder)
    shop.close()
    return folder
