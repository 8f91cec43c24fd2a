"""Any interleaving of batches, abandoned batches, compactions and re-opens equals a model in memory."""

from __future__ import annotations

import shutil
from datetime import timedelta
from typing import TYPE_CHECKING

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from amalimart.lake import BatchWriter, CommitKind, Operation

if TYPE_CHECKING:
    from tests.lake.conftest import OrdersLake

TABLES = st.sampled_from(["orders", "carts"])
IDS = st.lists(st.integers(0, 9), max_size=4)
Row = tuple[int, str, int, int]


class CommitLogMachine(RuleBasedStateMachine):
    """The model: per table the list of (id, _op, _batch, _sequence), and the number of commits."""

    def __init__(self, empty: OrdersLake) -> None:
        super().__init__()
        self.lake = empty
        self.rows: dict[str, list[Row]] = {}
        self.versions = 0
        self.writer: BatchWriter | None = None
        self.kind = CommitKind.CHANGES
        self.pending: dict[str, list[Row]] = {}
        self.sequence = 0

    def teardown(self) -> None:
        if self.writer:
            self.writer.abandon()
        shutil.rmtree(self.lake.root, ignore_errors=True)

    @precondition(lambda self: self.writer is None)
    @rule(kind=st.sampled_from([CommitKind.SNAPSHOT, CommitKind.CHANGES, CommitKind.CHANGES]))
    def begin(self, kind: CommitKind) -> None:
        self.writer, self.kind = self.lake.begin("shop", kind), kind
        self.versions = self.writer.version - 1  # beginning may have sealed the journal
        self.pending, self.sequence = {}, 0

    @precondition(lambda self: self.writer is not None)
    @rule(table=TABLES, ids=IDS, delete=st.booleans())
    def write(self, table: str, ids: list[int], delete: bool) -> None:
        assert self.writer is not None
        operation = Operation.DELETE if delete else Operation.UPSERT
        if self.kind is CommitKind.SNAPSHOT:
            operation = Operation.SNAPSHOT
        self.lake.write_orders(self.writer, ids, operation, table)
        rows = self.pending.setdefault(table, []) if ids or self.kind is CommitKind.SNAPSHOT else []
        for row in ids:
            self.sequence += 1
            rows.append((row, operation.value, self.versions + 1, self.sequence))

    @precondition(lambda self: self.writer is None)
    @rule(orders=IDS, carts=IDS, delete=st.booleans())
    def journal(self, orders: list[int], carts: list[int], delete: bool) -> None:
        operation = Operation.DELETE if delete else Operation.UPSERT
        changes, sequence = [], 1
        for table, ids in (("orders", orders), ("carts", carts)):
            if ids:
                changes.append(self.lake.changed(ids, table=table, operation=operation, first=sequence))
                rows = self.rows.setdefault(table, [])
                for row in ids:
                    rows.append((row, operation.value, self.versions + 1, sequence))
                    sequence += 1
        with self.lake.writer("shop") as writer:
            commit = writer.append(changes, {"sequence": sequence}, None)
        self.versions += 1
        assert commit.version == self.versions

    @precondition(lambda self: self.writer is None)
    @rule()
    def seal(self) -> None:
        with self.lake.writer("shop") as writer:
            if writer.seal() is not None:
                self.versions += 1
        assert not any(files.journal for files in self.lake.live_files("shop").values())

    @precondition(lambda self: self.writer is None)
    @rule(half=st.binary(min_size=1, max_size=40))
    def die_while_journaling(self, half: bytes) -> None:
        with self.lake.writer("shop") as writer:
            if writer._segment is None:
                return
            with writer._segment.path.open("ab") as file:
                file.write(len(half).to_bytes(8, "big") + half)

    @precondition(lambda self: self.writer is not None)
    @rule()
    def commit(self) -> None:
        assert self.writer is not None
        commit = self.writer.commit({"sequence": self.sequence}, None)
        self.writer = None
        self.versions += 1
        assert commit.version == self.versions
        for table, rows in self.pending.items():
            before = [] if self.kind is CommitKind.SNAPSHOT else self.rows.get(table, [])
            self.rows[table] = before + rows

    @precondition(lambda self: self.writer is not None)
    @rule()
    def abandon(self) -> None:
        assert self.writer is not None
        self.writer.abandon()
        self.writer = None

    @precondition(lambda self: self.writer is None)
    @rule()
    def compact(self) -> None:
        with self.lake.writer("shop") as writer:
            self.versions += (writer.seal() is not None) + (writer.compact() is not None)
        files = self.lake.live_files("shop")
        assert all(len(table.files) <= 1 for table in files.values())

    @rule()
    def reopen(self) -> None:
        self.lake = self.lake.reopened()

    @precondition(lambda self: self.writer is None)
    @rule(minutes=st.sampled_from([1, 61]))
    def wait_and_recover(self, minutes: int) -> None:
        self.lake.clock.forward(timedelta(minutes=minutes))
        self.lake.recover("shop")

    @invariant()
    def equals_the_model(self) -> None:
        latest = self.lake.latest("shop")
        assert (latest.version if latest else 0) == self.versions
        assert set(self.lake.live_files("shop")) == set(self.rows)
        for table, expected in self.rows.items():
            rows = [
                (row["id"], row["_op"], row["_batch"], row["_sequence"]) for row in self.lake.live_rows(table)
            ]
            assert sorted(rows, key=lambda row: row[2:]) == expected
        live = {file.path for table in self.lake.live_files("shop").values() for file in table.files}
        assert live <= self.lake.data_files()


STORAGES = ["folder", pytest.param("object store", marks=pytest.mark.slow)]  # which asks over HTTP each time


@pytest.mark.parametrize("storage", STORAGES, indirect=True)
def test_every_interleaving_equals_the_model(lake: OrdersLake) -> None:
    class Machine(CommitLogMachine):
        def __init__(self) -> None:
            super().__init__(lake.emptied())

    examples = 30 if lake.place is None else 8
    run_state_machine_as_test(Machine, settings=settings(max_examples=examples, stateful_step_count=25))
