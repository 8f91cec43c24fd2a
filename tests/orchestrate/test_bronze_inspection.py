"""Looking into the lake: what is there, and every version of a row."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from amalimart.config.project import Project, open_project
from amalimart.core.clock import SystemClock
from amalimart.core.errors import ConfigError
from amalimart.lake import ChangedRows, CommitKind, Lake, Operation, Transaction
from amalimart.orchestrate.quality.bronze_inspection import inspect_source, inspect_table, row_history

CLOCK = SystemClock()
NOW = datetime(2026, 3, 1, tzinfo=UTC)
SCHEMA = pa.schema([("id", pa.int64()), ("total", pa.string())])
MAPPING = """\
mapping: tiny
description: orders only
time_zone: Africa/Accra
tables:
  orders: {}
entities:
  orders:
    table: orders
    columns: {order_id: id, order_date: placed, total_amount: total, currency: {constant: GHS}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "tiny.yml").write_text(MAPPING)
    (tmp_path / "amalimart.yml").write_text(
        "sources:\n  shop: {kind: postgres, mapping: tiny, url: secret:SHOP_URL}\n"
    )
    return open_project(tmp_path)


@pytest.fixture
def filled(project: Project) -> Project:
    lake = Lake(project.lake, CLOCK)
    rows = pa.RecordBatch.from_pylist([{"id": 1, "total": "10"}, {"id": 11, "total": "7"}], schema=SCHEMA)
    with lake.begin("shop", CommitKind.SNAPSHOT) as batch:
        batch.write("orders", [rows], Operation.SNAPSHOT, schema=SCHEMA)
        batch.commit({"lsn": "0/1"}, NOW)
    changed = pa.RecordBatch.from_pylist([{"id": 1, "total": "12"}, {"id": 1, "total": None}], schema=SCHEMA)
    with lake.writer("shop") as writer:
        writer.append(
            [
                ChangedRows(
                    "orders",
                    changed,
                    [Operation.UPSERT, Operation.DELETE],
                    [1, 2],
                    [Transaction("0/2", NOW), Transaction("0/3", NOW)],
                    [(), ()],
                )
            ],
            {"lsn": "0/3"},
            NOW,
        )
    return project


def test_a_source_is_told_table_by_table(filled: Project) -> None:
    facts = inspect_source(filled, "shop", CLOCK)
    (orders,) = facts.tables
    assert (facts.version, facts.position) == (2, {"lsn": "0/3"})
    assert (orders.files, orders.rows, orders.journal_rows, orders.last_batch) == (1, 4, 2, 2)
    files = inspect_table(filled, "shop", "orders", CLOCK)
    assert [(file.rows, file.first_batch, file.sha256 is None) for file in files] == [
        (2, 1, False),
        (2, 2, True),
    ]


def test_every_version_of_a_row_is_told_in_order(filled: Project) -> None:
    history = row_history(filled, "shop", "orders", ["1"], CLOCK)
    assert [(row["_op"], row["total"], row["_batch"], row["_position"]) for row in history] == [
        ("snapshot", "10", 1, None),
        ("upsert", "12", 2, "0/2"),
        ("delete", None, 2, "0/3"),
    ]
    assert row_history(filled, "shop", "orders", ["99"], CLOCK) == ()


def test_wrong_names_are_told_with_what_exists(filled: Project) -> None:
    with pytest.raises(ConfigError) as caught:
        inspect_source(filled, "shpo", CLOCK)
    assert caught.value.nearest == "shop"
    with pytest.raises(ConfigError) as caught:
        inspect_table(filled, "shop", "order", CLOCK)
    assert caught.value.nearest == "orders"
    with pytest.raises(ConfigError, match="has 1 values, 2 are given"):
        row_history(filled, "shop", "orders", ["1", "2"], CLOCK)


def test_a_source_without_commits_is_told_so(project: Project) -> None:
    with pytest.raises(ConfigError, match="has landed yet"):
        inspect_source(project, "shop", CLOCK)
