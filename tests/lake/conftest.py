from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from amalimart.lake import BatchWriter, ChangedRows, Commit, CommitKind, Lake, Operation, Transaction

ORDERS = pa.schema([("id", pa.int64()), ("total", pa.decimal128(18, 2))])


@dataclass
class HandClock:
    """A clock moved by hand."""

    instant: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.instant

    def forward(self, step: timedelta) -> None:
        self.instant += step


class OrdersLake(Lake):
    """A lake whose source `shop` has orders: short forms to write and to look."""

    schema = ORDERS

    def __init__(self, root: Path, clock: HandClock) -> None:
        super().__init__(root, clock)
        self.clock = clock

    def reopened(self) -> OrdersLake:
        return OrdersLake(self.root, self.clock)

    @staticmethod
    def order_batches(ids: Iterable[int], *, size: int = 3) -> list[pa.RecordBatch]:
        rows = [{"id": row, "total": None} for row in ids]
        return [
            pa.RecordBatch.from_pylist(rows[start : start + size], schema=ORDERS)
            for start in range(0, len(rows), size)
        ]

    def write_orders(
        self, writer: BatchWriter, ids: Iterable[int], operation: Operation, table: str = "orders"
    ) -> int:
        return writer.write(table, self.order_batches(ids), operation, schema=ORDERS)

    def commit_orders(self, ids: Sequence[int], *, kind: CommitKind = CommitKind.CHANGES) -> Commit:
        operation = Operation.SNAPSHOT if kind is CommitKind.SNAPSHOT else Operation.UPSERT
        with self.begin("shop", kind) as writer:
            self.write_orders(writer, ids, operation)
            return writer.commit({"last": max(ids, default=0)}, None)

    def changed(
        self,
        ids: Sequence[int],
        *,
        table: str = "orders",
        operation: Operation = Operation.UPSERT,
        first: int = 1,
        schema: pa.Schema = ORDERS,
    ) -> ChangedRows:
        """Rows as a stream would bring them."""
        rows = pa.RecordBatch.from_pylist([{"id": row} for row in ids], schema=schema)
        transaction = Transaction("0/1", self.clock.now())
        return ChangedRows(
            table,
            rows,
            operations=[operation] * len(ids),
            sequences=range(first, first + len(ids)),
            transactions=[transaction] * len(ids),
            unchanged=[()] * len(ids),
        )

    def journal_orders(self, ids: Sequence[int]) -> Commit:
        with self.writer("shop") as writer:
            return writer.append([self.changed(ids)], {"last": max(ids)}, None)

    def segment(self) -> Path:
        (path,) = self.segments()
        return path

    def segments(self) -> list[Path]:
        return sorted((self.root / "shop" / "journal").glob("*.journal"))

    def live_rows(self, table: str = "orders") -> list[Mapping[str, Any]]:
        files = self.live_files("shop").get(table)
        if files is None:
            return []
        in_files = [row for path in files.paths for row in pq.read_table(path).to_pylist()]
        return in_files + [row for part in files.journal for row in part.read().to_pylist()]

    def live_ids(self, table: str = "orders") -> list[int]:
        return [row["id"] for row in self.live_rows(table)]

    def data_files(self) -> set[str]:
        folder = self.root / "shop"
        return {path.relative_to(folder).as_posix() for path in folder.glob("data/*/*")}


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def lake(tmp_path: Path, clock: HandClock) -> OrdersLake:
    return OrdersLake(tmp_path / "lake", clock)
