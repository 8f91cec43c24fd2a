"""A bazaar: a random shop whose every table changes in every way, and a warehouse that follows it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
from hypothesis import HealthCheck
from hypothesis import strategies as st

from amalimart.core.clock import FixedClock
from amalimart.lake import ChangedRows, CommitKind, Lake, Operation, Transaction
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.warehouse.executor import BuildReport, Executor
from amalimart.warehouse.file.hot_file import HotFile
from amalimart.warehouse.graph import CompiledGraph
from amalimart.warehouse.lake_view import lake_state, landed_source
from amalimart.warehouse.project.project_files import ProjectSettings, assemble
from amalimart.warehouse.releases.release_log import latest_positions
from tests.warehouse.relations import Contents, contents
from tests.warehouse.rendered_project import rendered_graph
from tests.warehouse.some_rollups import all_rollups

ZONE = "Europe/Paris"
FIRST_DAY = datetime(2026, 3, 28, 22, 40, tzinfo=UTC)  # the last hour there before the day of 23 hours
MAPPING = """\
mapping: bazaar
description: A shop whose tables come as text.
time_zone: America/New_York
tables: {people: {}, articles: {}, sales: {}, lines: {}, payments: {}, parcels: {}, opinions: {}}
entities:
  users: {table: people, columns: {user_id: id, role: kind, birth_date: born, created_at: at}}
  vendors: {table: people, where: {kind: [vendor]}, columns: {vendor_id: id, vendor_name: kind}}
  products:
    table: articles
    columns: {product_id: id, vendor_id: seller, price: price, currency: {constant: GHS}, created_at: at}
  orders:
    table: sales
    columns:
      order_id: id
      customer_id: buyer
      order_date: at
      total_amount: total
      currency: {constant: GHS}
      channel: {from: channel, optional: true}
      status: {from: state, values: {done: COMPLETED, gone: CANCELLED, new: PENDING}, default: UNKNOWN}
      is_test: trial
  order_items:
    table: lines
    columns:
      order_item_id: id
      order_id: sale
      product_id: article
      quantity: count
      unit_price: price
      currency: {constant: GHS}
  payments:
    table: payments
    columns:
      payment_id: id
      order_id: sale
      amount: total
      currency: {constant: GHS}
      status: state
      paid_at: at
  shipments: {table: parcels, columns: {shipment_id: id, order_id: sale, delivered_at: at, status: state}}
  reviews: {table: opinions, columns: {review_id: id, product_id: article, rating: count, created_at: at}}
"""
COLUMNS = {
    "people": ("kind", "born", "at"),
    "articles": ("seller", "price", "at"),
    "sales": ("buyer", "at", "total", "state", "trial", "channel"),
    "lines": ("sale", "article", "count", "price"),
    "payments": ("sale", "total", "state", "at"),
    "parcels": ("sale", "at", "state"),
    "opinions": ("article", "count", "at"),
}
IDS = ["1", "2", "3", "10", " 2", None]
CELLS: dict[str, list[str | None]] = {
    "kind": ["CUSTOMER", "vendor", "VENDOR", "?", None],
    "born": ["1990-02-28", "2008-03-11", "not a day", None],
    "at": [
        "2026-03-01 00:30:00",
        "2026-03-28 18:59:59",
        "2026-03-28T08:00:00Z",
        "2026-02-20",
        "soon",
        None,
        "2026-03-08 02:30:00",  # an hour that New York skips
        "2025-11-02 01:30:00",  # one that it has twice
        "2026-03-29T00:59:59Z",
        "2026-03-29T01:00:00Z",  # on both sides of the hour that Paris skips
        "2025-10-26T00:30:00Z",
        "2025-10-26T01:30:00Z",  # half past two in Paris, both times
    ],
    "total": ["10", "10.005", "0", "1e2", "ten", None],
    "price": ["10", "2.50", "-1", None],
    "state": ["done", "DELIVERED", "SUCCESS", "FAILED", "gone", "new", "odd", None],
    "trial": ["true", "false", None],
    "channel": ["web", "app", None],
    "count": ["1", "5", "2.5", None],
} | {name: list(IDS) for name in ("seller", "buyer", "sale", "article")}

Row = dict[str, str | None]


def rows_of(table: str) -> st.SearchStrategy[list[Row]]:
    cells = {column: st.sampled_from(CELLS[column]) for column in COLUMNS[table]}
    return st.lists(st.fixed_dictionaries({"id": st.sampled_from(IDS), **cells}), max_size=6)


def one_of_the_tables(operation: str) -> st.SearchStrategy[tuple[str, Any]]:
    return st.sampled_from(sorted(COLUMNS)).flatmap(
        lambda table: rows_of(table).map(lambda rows: (operation, (table, rows)))
    )


def stream_of(table: str) -> st.SearchStrategy[tuple[str, Any]]:
    """Changes of one batch as a log tells them: of one row several, some columns untold, in any place."""
    cells = {column: st.sampled_from(CELLS[column]) for column in COLUMNS[table]}
    told = st.tuples(
        st.sampled_from(["upsert", "upsert", "upsert", "upsert", "delete", "delete", "truncate"]),
        st.fixed_dictionaries({"id": st.sampled_from(IDS), **cells}),
        st.sampled_from([(), (), (COLUMNS[table][0],)]),
    )
    changes = st.lists(told, min_size=1, max_size=6)
    return st.tuples(st.just("stream"), st.tuples(st.just(table), changes, st.booleans()))


STEPS = st.lists(
    st.one_of(
        st.sampled_from(sorted(COLUMNS)).flatmap(stream_of),
        st.sampled_from(sorted(COLUMNS)).flatmap(stream_of),
        one_of_the_tables("upsert"),
        one_of_the_tables("upsert"),
        one_of_the_tables("delete"),
        one_of_the_tables("snapshot"),
        st.tuples(st.just("hours"), st.sampled_from([1, 2, 24, 72, 9600])),
        st.sampled_from([("compact", None), ("seal", None), ("again", None)]),
        st.sampled_from([("compact", None), ("grow", None), ("retype", None)]),
        st.just(("publish", None)),
        st.just(("publish", None)),
    ),
    min_size=3,
    max_size=14,
)
EVERYTHING = st.fixed_dictionaries({table: rows_of(table) for table in COLUMNS})


class Bazaar:
    """A lake under change and the hot file that follows it."""

    def __init__(self, folder: Path, mapping: SourceMapping) -> None:
        self._folder, self._mapping = folder, mapping
        self.now = FIRST_DAY
        self.lake = Lake(folder / "lake", FixedClock(FIRST_DAY), grace=timedelta(0))
        self.hot_file = HotFile(folder / "warehouse.duckdb", readable_folders=[self.lake.root])
        self._has_channel = False
        self._texts_of_money = True
        self._last: tuple[str, Any] | None = None

    def start(self, everything: dict[str, list[Row]]) -> None:
        with self.lake.begin("bazaar", CommitKind.SNAPSHOT) as writer:
            for table, rows in everything.items():
                schema = self._schema(table)
                writer.write(table, [self._batch(rows, schema)], Operation.SNAPSHOT, schema=schema)
            writer.commit({}, self.now)

    def step(self, operation: str, given: Any) -> None:
        match operation:
            case "upsert" | "delete" | "snapshot":
                self._land(given[0], given[1], Operation(operation))
                self._last = (operation, given)
            case "stream":
                self._tell(*given)
                self._last = (operation, given)
            case "again" if self._last is not None:
                self.step(*self._last)
            case "hours":
                self.now += timedelta(hours=given)
            case "compact":
                self.lake.compact("bazaar", small_below=1 << 20)
                self.lake.recover("bazaar")  # without a grace period: the old files are gone
            case "seal":
                with self.lake.writer("bazaar") as writer:
                    writer.seal()
            case "grow":
                self._has_channel = True
            case "retype":
                self._texts_of_money = not self._texts_of_money
            case "publish":
                self.publish()

    def publish(self) -> BuildReport | None:
        report = publish(self.hot_file, self.graph(), self.lake, self._mapping, self.now)
        self._check_release(report)
        return report

    def graph(self) -> CompiledGraph:
        folder = self._folder / "dbt"
        settings = ProjectSettings(business_zone=ZONE)
        landed = [landed_source(self.lake, "bazaar", self._mapping)]
        project_hash = assemble(folder, landed, settings, rollups=all_rollups())
        return rendered_graph(folder, project_hash, settings)

    def built_at_once(self) -> Contents:
        hot_file = HotFile(self._folder / "fresh" / "warehouse.duckdb", readable_folders=[self.lake.root])
        try:
            publish(hot_file, self.graph(), self.lake, self._mapping, self.now)
            return contents(hot_file)
        finally:
            hot_file.close()

    def _check_release(self, report: BuildReport | None) -> None:
        latest = self.lake.latest("bazaar")
        assert latest is not None
        with self.hot_file.write() as cursor:
            positions = latest_positions(cursor)
        if report is not None:
            assert positions["bazaar"].version == latest.version
        else:
            later = self.lake.commits("bazaar", after=positions["bazaar"].version)
            assert {commit.kind for commit in later} <= {CommitKind.COMPACTION, CommitKind.SEAL}
        live = self.lake.live_files("bazaar")
        with self.hot_file.read() as transaction:
            found = transaction.rows(
                "select entity, landed_rows, superseded_rows + deleted_rows + filtered_rows + accepted_rows"
                " + quarantined_rows from silver.reconciliation"
            ).rows
        tables = {name: entity.table for name, entity in self._mapping.entities.items()}
        assert sorted(found) == sorted((name, live[t].rows, live[t].rows) for name, t in tables.items())

    def _land(self, table: str, rows: list[Row], operation: Operation) -> None:
        kind = CommitKind.SNAPSHOT if operation is Operation.SNAPSHOT else CommitKind.CHANGES
        schema = self._schema(table)
        with self.lake.begin("bazaar", kind) as writer:
            writer.write(table, [self._batch(rows, schema)], operation, schema=schema)
            if writer.has_files:
                writer.commit({}, self.now)

    def _tell(self, table: str, told: list[tuple[str, Row, tuple[str, ...]]], is_turned: bool) -> None:
        """One batch of the journal; `is_turned` if what happened last lies first."""
        empty = dict.fromkeys(("id", *COLUMNS[table]))
        rows, untold = [], []
        for operation, row, columns in told:
            is_row = operation == "upsert"
            kept = row if is_row else empty | {"id": row["id"] if operation == "delete" else None}
            rows.append(kept | dict.fromkeys(columns if is_row else ()))
            untold.append(columns if is_row else ())
        sequences = list(range(1, len(told) + 1))
        changes = ChangedRows(
            table,
            self._batch(rows, self._schema(table)),
            [Operation(operation) for operation, _, _ in told],
            sequences[::-1] if is_turned else sequences,
            [Transaction("0/1", self.now)] * len(told),
            untold,
        )
        with self.lake.writer("bazaar") as writer:
            writer.append([changes], {}, self.now)

    def _schema(self, table: str) -> pa.Schema:
        money = pa.string() if self._texts_of_money else pa.decimal128(18, 4)
        return pa.schema(
            [
                (name, money if name == "price" else pa.string())
                for name in ("id", *COLUMNS[table])
                if name != "channel" or self._has_channel
            ]
        )

    @staticmethod
    def _batch(rows: list[Row], schema: pa.Schema) -> pa.RecordBatch:
        def cell(name: str, text: str | None) -> object:
            typed = pa.types.is_decimal(schema.field(name).type)
            return Decimal(text) if typed and text is not None else text

        return pa.RecordBatch.from_pylist(
            [{name: cell(name, row[name]) for name in schema.names} for row in rows], schema
        )


def publish(
    hot_file: HotFile, graph: CompiledGraph, lake: Lake, mapping: SourceMapping, now: datetime
) -> BuildReport | None:
    executor = Executor(hot_file, FixedClock(now), ZoneInfo(ZONE))
    return executor.publish(graph, lake_state(lake, {"bazaar": mapping}))


PLAIN = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
