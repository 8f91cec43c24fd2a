"""Many small files become one, and not a row changes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from amalimart.core.errors import CommitConflict, DamagedLake, LakeError
from amalimart.lake import BATCH_COLUMNS, CommitKind, Operation

if TYPE_CHECKING:
    from tests.lake.conftest import HandClock, OrdersLake


def test_rows_position_and_snapshot_version_stay_the_same(lake: OrdersLake) -> None:
    lake.commit_orders([1, 2], kind=CommitKind.SNAPSHOT)
    for row in range(3, 10):
        lake.commit_orders([row])
    before, position = lake.live_rows(), {"last": 9}
    commit = lake.compact("shop")
    assert commit is not None
    assert (commit.version, commit.kind, commit.position) == (9, CommitKind.COMPACTION, position)
    live = lake.live_files("shop")["orders"]
    assert len(live.files) == 1
    assert (live.files[0].first_batch, live.files[0].last_batch, live.snapshot_version) == (1, 8, 1)
    assert lake.live_rows() == before
    assert lake.verify("shop").rows == 9
    assert lake.compact("shop") is None, "one file is not merged with itself"


def test_old_files_outlive_their_readers_by_the_grace_period(lake: OrdersLake, clock: HandClock) -> None:
    for row in range(1, 4):
        lake.commit_orders([row])
    opened_before = lake.live_files("shop")["orders"].paths
    lake.compact("shop")
    assert [pq.read_table(path).num_rows for path in opened_before] == [1, 1, 1]
    clock.forward(timedelta(minutes=59))
    assert lake.recover("shop").expired == 0
    clock.forward(timedelta(minutes=1))
    assert lake.recover("shop").expired == 3
    assert len(lake.data_files()) == 1
    assert lake.live_ids() == [1, 2, 3]


def test_a_column_added_later_is_null_before(lake: OrdersLake) -> None:
    lake.commit_orders([1])
    wider = pa.schema([("id", pa.int64()), ("total", pa.decimal128(18, 2)), ("note", pa.string())])
    with lake.begin("shop", CommitKind.CHANGES) as writer:
        row = pa.RecordBatch.from_pylist([{"id": 2, "total": None, "note": "new"}], schema=wider)
        writer.write("orders", [row], Operation.UPSERT, schema=wider)
        writer.commit({}, None)
    lake.compact("shop")
    rows = lake.live_rows()
    assert [(row["id"], row["note"], row["_batch"]) for row in rows] == [(1, None, 1), (2, "new", 2)]
    assert list(rows[0])[-6:] == list(BATCH_COLUMNS)


def test_files_whose_types_differ_stay_apart(lake: OrdersLake) -> None:
    lake.commit_orders([1])
    lake.commit_orders([2])
    text = pa.schema([("id", pa.string())])
    for _ in range(2):
        with lake.begin("shop", CommitKind.CHANGES) as writer:
            writer.write(
                "orders",
                [pa.RecordBatch.from_pylist([{"id": "x"}], schema=text)],
                Operation.UPSERT,
                schema=text,
            )
            writer.commit({}, None)
    lake.compact("shop")
    assert [(file.first_batch, file.last_batch) for file in lake.live_files("shop")["orders"].files] == [
        (1, 2),
        (3, 4),
    ]
    assert [row["id"] for row in lake.live_rows()] == [1, 2, "x", "x"]


def test_large_files_are_left_alone_and_order_is_kept(lake: OrdersLake) -> None:
    lake.commit_orders([1])
    lake.commit_orders([2])
    lake.commit_orders(list(range(100, 5_000)))
    lake.commit_orders([3])
    lake.commit_orders([4])
    lake.compact("shop", small_below=4_000)
    files = lake.live_files("shop")["orders"].files
    assert [(file.first_batch, file.last_batch) for file in files] == [(1, 2), (3, 3), (4, 5)]
    assert lake.compact("shop", small_below=4_000) is None


def test_the_table_with_the_most_small_files_is_named_once_it_has_enough(lake: OrdersLake) -> None:
    with lake.writer("shop") as writer:
        assert writer.crowded_table(1) is None
        for row in range(1, 4):
            carts = [lake.changed([row], table="carts", first=2)] if row > 1 else []
            writer.append([lake.changed([row]), *carts], {}, None)
            writer.seal()
        assert writer.crowded_table(4) is None
        assert writer.crowded_table(3) == "orders"
        writer.compact("orders")
        assert writer.crowded_table(2) == "carts"


def test_small_files_that_cannot_be_merged_keep_no_other_table_waiting(lake: OrdersLake) -> None:
    text = pa.schema([("id", pa.int64()), ("total", pa.string())])
    with lake.writer("shop") as writer:
        for row in range(1, 7):
            odd = lake.changed([row], schema=text if row % 2 else lake.schema)
            carts = [lake.changed([row], table="carts", first=2)] if row > 3 else []
            writer.append([odd, *carts], {}, None)
            writer.seal()
        assert len(lake.live_files("shop")["orders"].files) == 6
        assert writer.crowded_table(3) == "carts"
        writer.compact("carts")
        assert writer.crowded_table(2) is None


def test_only_the_tables_named_are_compacted(lake: OrdersLake) -> None:
    for row in (1, 2):
        with lake.begin("shop", CommitKind.CHANGES) as writer:
            lake.write_orders(writer, [row], Operation.UPSERT)
            lake.write_orders(writer, [row], Operation.UPSERT, table="carts")
            writer.commit({}, None)
    lake.compact("shop", "carts")
    assert {table: len(live.files) for table, live in lake.live_files("shop").items()} == {
        "carts": 1,
        "orders": 2,
    }
    with pytest.raises(LakeError, match="no table 'cards'"):
        lake.compact("shop", "cards")


def test_no_compaction_while_a_batch_is_open(lake: OrdersLake) -> None:
    lake.commit_orders([1])
    lake.commit_orders([2])
    with lake.begin("shop", CommitKind.CHANGES), pytest.raises(CommitConflict):
        lake.compact("shop")
    assert len(lake.live_files("shop")["orders"].files) == 2


def test_damage_is_not_sealed_under_a_new_checksum(lake: OrdersLake) -> None:
    lake.commit_orders([1])
    lake.commit_orders([2])
    path = lake.live_files("shop")["orders"].paths[0]
    content = bytearray(path.read_bytes())
    content[6] ^= 1
    path.write_bytes(content)
    kept = lake.data_files()
    with pytest.raises(DamagedLake):
        lake.compact("shop")
    assert lake.data_files() == kept


def test_an_empty_or_unknown_source_has_nothing_to_compact(lake: OrdersLake) -> None:
    assert lake.compact("shop") is None
