"""A project folder whose one table is landed by hand, with an engine over a tiny packaged dbt project."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from amalimart.config.project import COMPILED_VARIABLE, open_project
from amalimart.config.source_settings import SourceSettings
from amalimart.lake import CommitKind, Operation
from amalimart.orchestrate.engine import Engine
from amalimart.orchestrate.project.init import add_source, init_project
from amalimart.warehouse.project import compiler, project_files
from tests.warehouse.tiny_shop import PROJECT_FILES

MAPPING = """\
mapping: shop
description: One table.
time_zone: Africa/Accra
tables: {orders: {}}
entities:
  orders:
    table: orders
    columns: {order_id: id, order_date: at, total_amount: total, currency: {constant: GHS}}
"""
MODELS = {
    "large_orders.sql": "{{ config(materialized='view', schema='gold') }}\n"
    "select order_id, total_amount from {{ ref('fact_orders') }} where total_amount >= 100\n",
    "largest_order.sql": "{{ config(materialized='view', schema='gold') }}\n"
    "select max(total_amount) as total_amount from {{ ref('large_orders') }}\n",
}


class SettableClock:
    def __init__(self, instant: datetime) -> None:
        self.instant = instant

    def now(self) -> datetime:
        return self.instant


class LandedShop:
    """Lands orders and publishes them."""

    def __init__(self, home: Path) -> None:
        self.clock = SettableClock(datetime(2026, 3, 10, 12, tzinfo=UTC))
        if not home.exists():
            project = init_project(home)
            (home / "sources" / "shop.yml").write_text(MAPPING)
            (home / "drops").mkdir()
            add_source(project, "shop", SourceSettings(kind="files", mapping="shop", folder=home / "drops"))
            for name, sql in MODELS.items():
                (home / "models" / name).write_text(sql)
        self.home = home
        self.engine = self.opened()

    def opened(self) -> Engine:
        return Engine(open_project(self.home), self.clock)

    def land(
        self,
        *orders: tuple[str, str],
        operation: Operation = Operation.UPSERT,
        kind: CommitKind | None = None,
    ) -> None:
        latest = self.engine.lake.latest("shop")
        if latest is None:
            operation, kind = Operation.SNAPSHOT, CommitKind.SNAPSHOT
        schema = pa.schema([(name, pa.string()) for name in ("id", "at", "total")])
        rows = [{"id": order, "at": "2026-03-01", "total": total} for order, total in orders]
        with self.engine.lake.begin("shop", kind or CommitKind.CHANGES) as writer:
            writer.write("orders", [pa.RecordBatch.from_pylist(rows, schema)], operation, schema=schema)
            writer.commit({}, self.clock.now())

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        with self.engine.hot_file.read() as transaction:
            return list(transaction.rows(sql).rows)

    def value(self, sql: str) -> object:
        return self.rows(sql)[0][0]


@contextmanager
def tiny_models(folder: Path) -> Iterator[None]:
    """Engines compile a tiny packaged project, once for all of a test run."""
    packaged = folder / "packaged"
    for name, text in PROJECT_FILES.items():
        (packaged / name).parent.mkdir(parents=True, exist_ok=True)
        (packaged / name).write_text(text)
    cache = Path(os.environ[COMPILED_VARIABLE])
    assemble, compile_project = project_files.assemble, compiler.compile_project
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "amalimart.orchestrate.engine.compile_project",
            lambda made, found, _cache, settings: compile_project(made, found, cache, settings),
        )
        patch.setattr(
            "amalimart.orchestrate.engine.assemble",
            lambda made, sources, settings, overlays, **_: assemble(
                made, sources, settings, overlays, packaged
            ),
        )
        yield
