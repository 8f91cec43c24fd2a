from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from amalimart.core.object_store import ObjectStore, S3Access
from amalimart.lake import BatchWriter, ChangedRows, Commit, CommitKind, Lake, Operation, Transaction
from tests.object_store import Bucket, bad_network, bucket, s3_endpoint

__all__ = ["bad_network", "bucket", "s3_endpoint"]

ORDERS = pa.schema([("id", pa.int64()), ("total", pa.decimal128(18, 2))])


@dataclass
class HandClock:
    """A clock moved by hand."""

    instant: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.instant

    def forward(self, step: timedelta) -> None:
        self.instant += step


@dataclass(frozen=True)
class Place:
    """A prefix that a lake is kept under, over a client that several share."""

    store: ObjectStore

    def another(self) -> Place:
        """An empty one."""
        return Place(self.store.beside(uuid.uuid4().hex))


class OrdersLake(Lake):
    """A lake whose source `shop` has orders: short forms to write and to look."""

    schema = ORDERS

    def __init__(self, root: Path, clock: HandClock, place: Place | None = None) -> None:
        super().__init__(root, clock, kept_in=place.store if place else None)
        self.clock = clock
        self.place = place

    def reopened(self) -> OrdersLake:
        """As another process sees it; in an object store, one that has lost its copy of what is there."""
        if self.place is not None:
            self.lose_copy()
        return OrdersLake(self.root, self.clock, self.place)

    def place_arguments(self) -> list[str]:
        """What another process must be told to find the lake, beside its folder."""
        if self.place is None:
            return []
        return [self.place.store.where(), self.place.store._access.endpoint_url or ""]

    def on_another_machine(self, root: Path, endpoint: str | None = None) -> OrdersLake:
        """The same lake with a folder elsewhere, asked for at another address, if one is given."""
        assert self.place is not None
        store = self.place.store
        if endpoint is not None:
            store = ObjectStore(store.where(), S3Access("test", "test", None, endpoint))
        return OrdersLake(root, self.clock, Place(store))

    def emptied(self) -> OrdersLake:
        """Another lake with nothing in it, kept as this one is."""
        root = self.root.with_name(f"{self.root.name}-{uuid.uuid4().hex[:8]}")
        return OrdersLake(root, self.clock, self.place.another() if self.place else None)

    def lose_copy(self) -> None:
        """Forget everything but the journal, the lease, and what an open batch has written."""
        for folder in (self.root / name for name in self.sources()):
            with self._log(folder.name).state() as state:
                known = state.known_paths()
            for name in (*known, "identity", "copy-of"):
                (folder / name).unlink(missing_ok=True)
            for name in ("commits", "checkpoints"):
                shutil.rmtree(folder / name, ignore_errors=True)

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
        """What is kept, and what is on its way."""
        folder = self.root / "shop"
        here = {path.relative_to(folder).as_posix() for path in folder.glob("data/*/*")}
        if self.place is None:
            return here
        kept = {one.key.removeprefix("shop/") for one in self.place.store.objects("shop/data/")}
        on_the_way = here - kept
        return kept | on_the_way


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(params=["folder", "object store"])
def storage(request: pytest.FixtureRequest) -> str:
    """Where the lake is kept: every test of the room runs over both, unless it says otherwise."""
    return str(request.param)


@pytest.fixture(scope="session")
def object_store(s3_endpoint: str) -> Iterator[ObjectStore]:
    """One client for the whole session: making one takes longer than most tests."""
    bucket = Bucket(s3_endpoint, "lakes")
    bucket.client.create_bucket(Bucket=bucket.name)
    store = ObjectStore("s3://lakes/all", S3Access("test", "test", None, s3_endpoint))
    yield store
    store.close()


@pytest.fixture
def lake(tmp_path: Path, clock: HandClock, storage: str, request: pytest.FixtureRequest) -> OrdersLake:
    store = request.getfixturevalue("object_store") if storage == "object store" else None
    return OrdersLake(tmp_path / "lake", clock, Place(store).another() if store else None)
