"""The forms of the mapping language through dbt and the executor, over a lake, as an installation runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from amalimart.core.clock import FixedClock
from amalimart.lake import CommitKind, Lake, Operation
from amalimart.warehouse.executor import Executor
from amalimart.warehouse.file.hot_file import HotFile
from amalimart.warehouse.lake_view import lake_state, landed_source
from amalimart.warehouse.project.project_files import ProjectSettings, assemble
from tests.warehouse.rendered_project import rendered_graph
from tests.warehouse.staging_lab import mapping_of
from tests.warehouse.tiny_shop import NOW, ZONE

MAPPING = """\
tables:
  sales: {key: [shop, number]}
  shops: {also: [store], key: [id]}
  labels: {key: [id]}
  old_labels: {key: [id], optional: true}
  missing: {key: [id], optional: true}
entities:
  order_items:
    table: sales
    where: "count > 0"
    lookup: {shop: {table: shops, match: {shop: id}}}
    columns:
      order_item_id: {join: [shop, number]}
      vendor_id: shop.owner
      quantity: count
      unit_price: {sql: "price * 2"}
      currency: {constant: GHS}
      status: {from: state, values: {done: COMPLETED}, default: UNKNOWN}
  users: {table: sales, deduplicate: {keep: latest, by: number}, columns: {user_id: buyer, full_name: note}}
  tags:
    - {table: labels, precedence: 1, columns: {tag_id: id, tag_name: name}}
    - {table: old_labels, precedence: 2, columns: {tag_id: id, tag_name: name}}
  stores:
    - {table: shops, namespace: own, columns: {store_id: id}}
    - {table: labels, namespace: pop, columns: {store_id: id}}
  returns: {table: missing, columns: {return_id: id, request_at: at}}
"""
TABLES = {
    "sales": {
        "shop": pa.int64(), "number": pa.int64(), "count": pa.int32(), "price": pa.decimal128(10, 2),
        "state": pa.string(), "buyer": pa.int64(), "note": pa.string(),
    },
    "store": {"id": pa.int64(), "owner": pa.string()},
    "labels": {"id": pa.int64(), "name": pa.string()},
    "old_labels": {"id": pa.int64(), "name": pa.string()},
}  # fmt: skip
ROWS: dict[str, list[Sequence[object]]] = {
    "sales": [
        (1, 1, 2, "5.00", "done", 7, "early"), (1, 2, 1, "1.00", "odd", 7, "late"),
        (2, 1, 1, "1.00", "done", 8, "only"), (2, 2, 0, "1.00", "done", 8, "latest"),
    ],
    "store": [(1, "v")],
    "labels": [(1, "new")],
    "old_labels": [(1, "old"), (2, "old")],
}  # fmt: skip


def batch(table: str, rows: Sequence[Sequence[object]]) -> pa.RecordBatch:
    schema = pa.schema(list(TABLES[table].items()))
    named = [dict(zip(schema.names, row, strict=True)) for row in rows]
    loose = pa.Table.from_pylist(
        named,
        pa.schema(
            [(entry.name, pa.string() if pa.types.is_decimal(entry.type) else entry.type) for entry in schema]
        ),
    )
    return loose.cast(schema).combine_chunks().to_batches()[0]


@pytest.fixture
def published(tmp_path: Path, tiny_project: Path) -> HotFile:
    mapping = mapping_of(tmp_path, MAPPING)
    lake = Lake(tmp_path / "lake", FixedClock(NOW))
    with lake.begin("shop", CommitKind.SNAPSHOT) as writer:
        for table, rows in ROWS.items():
            given = batch(table, rows)
            writer.write(table, [given], Operation.SNAPSHOT, schema=given.schema)
        writer.commit({}, NOW)
    with lake.begin("shop", CommitKind.CHANGES) as writer:
        changed = batch("sales", [(2, 1, 5, "1.50", "done", 8, "only")])
        writer.write("sales", [changed], Operation.UPSERT, schema=changed.schema)
        writer.commit({}, NOW)
    settings = ProjectSettings(business_zone=ZONE)
    folder = tmp_path / "dbt"
    project_hash = assemble(folder, [landed_source(lake, "shop", mapping)], settings, packaged=tiny_project)
    graph = rendered_graph(folder, project_hash, settings)
    hot_file = HotFile(tmp_path / "warehouse.duckdb", readable_folders=[lake.root])
    report = Executor(hot_file, FixedClock(NOW), ZoneInfo(ZONE)).publish(
        graph, lake_state(lake, {"shop": mapping})
    )
    assert report is not None
    assert report.warnings == ()
    return hot_file


def test_what_is_published_is_what_the_mapping_says(published: HotFile) -> None:
    questions = {
        "select order_item_id, vendor_id, quantity, cast(unit_price as varchar), status"
        " from staging.stg_order_items order by 1": [
            ("1:1", "v", 2, "10.00", "COMPLETED"),
            ("1:2", "v", 1, "2.00", "UNKNOWN"),
            ("2:1", None, 5, "3.00", "COMPLETED"),
        ],
        "select user_id, full_name from staging.stg_users order by 1": [("7", "late"), ("8", "latest")],
        "select tag_id, tag_name from staging.stg_tags order by 1": [("1", "new"), ("2", "old")],
        "select store_id from staging.stg_stores order by 1": [("own:1",), ("pop:1",)],
        "select count(*) from staging.stg_returns": [(0,)],
        "select written, held_by_rows from silver.enum_drift": [("odd", 1)],
        "select entity, part, table_name, landed_rows, superseded_rows, deleted_rows, filtered_rows,"
        " accepted_rows, quarantined_rows from silver.reconciliation order by 1, 2": [
            ("order_items", 1, "sales", 5, 1, 0, 1, 3, 0),
            ("stores", 1, "store", 1, 0, 0, 0, 1, 0),
            ("stores", 2, "labels", 1, 0, 0, 0, 1, 0),
            ("tags", 1, "labels", 1, 0, 0, 0, 1, 0),
            ("tags", 2, "old_labels", 2, 1, 0, 0, 1, 0),
            ("users", 1, "sales", 5, 3, 0, 0, 2, 0),
        ],
    }
    try:
        with published.read() as transaction:
            for question, answer in questions.items():
                assert [tuple(row) for row in transaction.rows(question).rows] == answer, question
    finally:
        published.close()
