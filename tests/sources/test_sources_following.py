"""A stream into the lake: batches end where transactions do; nothing is acknowledged before it is durable."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amalimart.core.clock import FixedClock
from amalimart.core.errors import DiskFull, SourceError, SourceUnreachable
from amalimart.lake import Lake, Operation, Transaction
from amalimart.sources.following import Follower
from amalimart.sources.port import Position, RowChange, Settled, TableShape

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SCHEMA = pa.schema([("id", pa.int64()), ("note", pa.string())])


def _landed(columns: Sequence[Sequence[Any]]) -> tuple[pa.RecordBatch, dict[str, int]]:
    odd = sum(note == "NaN" for note in columns[1])
    notes = [None if note == "NaN" else note for note in columns[1]]
    return pa.RecordBatch.from_arrays([pa.array(columns[0], pa.int64()), pa.array(notes)], schema=SCHEMA), {
        "note": odd
    }


ORDERS = TableShape("orders", SCHEMA, _landed)
CARTS = TableShape("carts", SCHEMA, _landed)
Event = RowChange | Settled | BaseException | float
"""A number is a pause in seconds in which nothing arrives."""


def change(number: int, lsn: int, *, shape: TableShape = ORDERS, note: str = "x") -> RowChange:
    return RowChange(Transaction(f"0/{lsn}", NOW), shape, Operation.UPSERT, (number, note))


def settled(lsn: int) -> Settled:
    return Settled({"lsn": lsn}, NOW + timedelta(seconds=lsn))


class ScriptedStream:
    """Tells its script, moving the clock by its pauses, and remembers what was confirmed."""

    def __init__(self, script: Sequence[Event], lake: Lake) -> None:
        self.script = list(script)
        self.lake = lake
        self.seconds = 0.0
        self.confirmed: list[int] = []

    def events(self, wait: float) -> Iterator[RowChange | Settled]:
        until = self.seconds + wait
        while self.script:
            event = self.script[0]
            if isinstance(event, float):
                passed = min(event, until - self.seconds)
                self.seconds += passed
                if passed < event:
                    self.script[0] = event - passed
                    return
                self.script.pop(0)
                continue
            self.script.pop(0)
            if isinstance(event, BaseException):
                raise event
            yield event
        self.seconds = until

    def confirm(self, position: Position) -> None:
        latest = Lake(self.lake.root, FixedClock(NOW)).latest("shop")
        assert latest is not None
        assert latest.position == position, "confirmed only what a reader of the lake can see"
        self.confirmed.append(int(position["lsn"]))

    def close(self) -> None:
        """Nothing to leave."""


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake", FixedClock(NOW))


def follow(lake: Lake, script: Sequence[Event], *, rows: int = 100) -> ScriptedStream:
    stream = ScriptedStream(script, lake)
    with lake.writer("shop") as writer:
        follower = Follower(
            writer, stream, batch_seconds=0.2, batch_rows=rows, elapsed=lambda: stream.seconds
        )
        try:
            while stream.script:
                follower.step(1.0)
        finally:
            follower.close()
    return stream


def landed(lake: Lake, table: str = "orders") -> list[tuple[int, int, int, str]]:
    """(id, batch, sequence, position) in order."""
    files = Lake(lake.root, FixedClock(NOW)).live_files("shop").get(table)
    if files is None:
        return []
    rows = [row for path in files.paths for row in pq.read_table(path).to_pylist()]
    rows += [row for part in files.journal for row in part.read().to_pylist()]
    return [(row["id"], row["_batch"], row["_sequence"], row["_position"]) for row in rows]


def test_small_transactions_share_a_batch_that_is_no_older_than_its_time(lake: Lake) -> None:
    stream = follow(
        lake,
        [change(1, 1), settled(1), 0.1, change(2, 2), settled(2), 0.15, change(3, 3), settled(3)],
    )
    assert [(row, batch) for row, batch, _, _ in landed(lake)] == [(1, 1), (2, 1), (3, 2)]
    assert stream.confirmed == [2, 3]


def test_a_transaction_is_never_cut_even_when_it_arrives_slowly(lake: Lake) -> None:
    stream = follow(lake, [change(1, 1), 3.0, change(2, 1), 3.0, change(3, 1), settled(1)])
    assert [(row, batch) for row, batch, _, _ in landed(lake)] == [(1, 1), (2, 1), (3, 1)]
    assert stream.confirmed == [1]


def test_rows_are_numbered_over_all_tables(lake: Lake) -> None:
    follow(
        lake, [change(1, 1), change(2, 1, shape=CARTS), change(3, 1), settled(1), change(4, 2), settled(2)]
    )
    assert landed(lake) == [(1, 1, 1, "0/1"), (3, 1, 3, "0/1"), (4, 1, 4, "0/2")]
    assert landed(lake, "carts") == [(2, 1, 2, "0/1")]


def test_a_large_transaction_is_one_commit_with_files(lake: Lake) -> None:
    script: list[Event] = [change(0, 1), settled(1)]
    script += [change(number, 2) for number in range(1, 26)]
    script += [settled(2), 0.3, change(26, 3), settled(3)]
    stream = follow(lake, script, rows=10)
    rows = landed(lake)
    assert [row[0] for row in rows] == list(range(27))
    assert {row[1] for row in rows[:26]} == {1}
    assert [row[2] for row in rows[:26]] == list(range(1, 27))
    assert stream.confirmed == [2, 3]
    assert [commit.kind for commit in lake.commits("shop")] == ["changes", "changes"]
    assert len(lake.live_files("shop")["orders"].files) == 1


@pytest.mark.parametrize("rows", [3, 100])
def test_a_stream_that_breaks_in_a_transaction_leaves_only_whole_ones(lake: Lake, rows: int) -> None:
    script: list[Event] = [change(1, 1), settled(1), 0.3]
    script += [change(number, 2) for number in range(2, 9)]
    script.append(SourceUnreachable("cut"))
    with pytest.raises(SourceUnreachable):
        follow(lake, script, rows=rows)
    assert [row[0] for row in landed(lake)] == [1]
    assert Lake(lake.root, FixedClock(NOW)).latest("shop").position == {"lsn": 1}  # type: ignore[union-attr]
    again = follow(lake, [*(change(number, 2) for number in range(2, 9)), settled(2)], rows=rows)
    assert [row[0] for row in landed(lake)] == list(range(1, 9))
    assert again.confirmed == [2]


def test_a_position_without_changes_is_committed_and_confirmed(lake: Lake) -> None:
    stream = follow(lake, [settled(7)])
    assert stream.confirmed == [7]
    latest = lake.latest("shop")
    assert latest is not None
    assert (latest.rows, latest.fresh_as_of) == (0, NOW + timedelta(seconds=7))


def test_nothing_is_confirmed_where_the_lake_cannot_keep_it(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    stream = ScriptedStream([change(1, 1), settled(1)], lake)
    with lake.writer("shop") as writer:
        monkeypatch.setattr("os.pwrite", full)
        follower = Follower(writer, stream, elapsed=lambda: stream.seconds)
        with pytest.raises(DiskFull):
            follower.step(1.0)
    assert stream.confirmed == []


def test_values_without_an_exact_form_are_counted(lake: Lake) -> None:
    stream = ScriptedStream([change(1, 1, note="NaN"), change(2, 1, note="NaN"), settled(1)], lake)
    with lake.writer("shop") as writer:
        follower = Follower(writer, stream, elapsed=lambda: stream.seconds)
        follower.step(1.0)
        assert follower.replaced == {"orders": {"note": 2}}


def test_a_value_that_fits_no_column_is_named(lake: Lake) -> None:
    with pytest.raises(SourceError, match="'orders' has a value without an exact form") as caught:
        follow(lake, [change("nine", 1), settled(1)])  # type: ignore[arg-type]
    assert caught.value.next_step


@settings(max_examples=60)
@given(
    st.lists(
        st.one_of(
            st.integers(0, 12),
            st.floats(0.01, 0.5),
        ),
        max_size=20,
    ),
    st.integers(2, 9),
)
def test_whatever_the_rhythm_every_change_lands_once_in_order(
    tmp_path_factory: pytest.TempPathFactory, rhythm: list[int | float], rows: int
) -> None:
    lake = Lake(tmp_path_factory.mktemp("lake"), FixedClock(NOW))
    script: list[Event] = []
    number = lsn = 0
    transactions = []
    for beat in rhythm:
        if isinstance(beat, float):
            script.append(beat)
            continue
        lsn += 1
        script += [change(number + one, lsn) for one in range(beat)]
        script.append(settled(lsn))
        transactions.append(range(number, number + beat))
        number += beat
    stream = follow(lake, script, rows=rows)
    found = landed(lake)
    assert [row[0] for row in found] == list(range(number))
    batch_of = {row[0]: row[1] for row in found}
    for transaction in transactions:
        assert len({batch_of[one] for one in transaction}) <= 1
    assert sorted(stream.confirmed) == stream.confirmed
    assert (stream.confirmed or [0])[-1] == lsn
