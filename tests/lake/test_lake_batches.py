"""What a batch leaves in the lake, and what an abandoned one does not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from amalimart.core.errors import CommitConflict, LakeError
from amalimart.lake import BATCH_COLUMNS, CommitKind, Lake, Operation

if TYPE_CHECKING:
    from tests.lake.conftest import HandClock, OrdersLake


def test_rows_carry_operation_version_and_number_within_the_batch(lake: OrdersLake) -> None:
    lake.commit_orders([1])
    with lake.begin("shop", CommitKind.CHANGES) as writer:
        assert lake.write_orders(writer, [7, 8, 9, 10], Operation.UPSERT) == 4
        lake.write_orders(writer, [7], Operation.DELETE)
        lake.write_orders(writer, [5], Operation.UPSERT, table="carts")
        writer.commit({}, None)
    added = [(row["id"], row["_op"], row["_batch"], row["_sequence"]) for row in lake.live_rows()]
    assert sorted(added, key=lambda row: row[2:]) == [
        (1, "upsert", 1, 1),
        (7, "upsert", 2, 1),
        (8, "upsert", 2, 2),
        (9, "upsert", 2, 3),
        (10, "upsert", 2, 4),
        (7, "delete", 2, 5),
    ]
    assert [row["_sequence"] for row in lake.live_rows("carts")] == [6]


def test_a_commit_says_everything_and_is_read_back_the_same(lake: OrdersLake, clock: HandClock) -> None:
    fresh = datetime(2025, 12, 31, 23, 59, 58, 123456, tzinfo=UTC)
    with lake.begin("shop", CommitKind.SNAPSHOT) as writer:
        lake.write_orders(writer, [1, 2], Operation.SNAPSHOT)
        written = writer.commit({"lsn": "0/15D6A48", "tables": {"orders": [1, None]}}, fresh)
    read = lake.reopened().latest("shop")
    assert read == written
    assert read is not None
    assert (read.version, read.kind, read.fresh_as_of, read.committed_at) == (
        1,
        "snapshot",
        fresh,
        clock.now(),
    )
    (file,) = read.tables["orders"].added
    (path,) = lake.live_files("shop")["orders"].paths
    assert file.rows == read.rows == 2
    assert file.bytes == path.stat().st_size
    assert [(column.name, column.type) for column in file.columns] == [
        ("id", "int64"),
        ("total", "decimal128(18, 2)"),
        ("_op", "string"),
        ("_batch", "int64"),
        ("_sequence", "int64"),
        ("_position", "string"),
        ("_committed_at", "timestamp[us, tz=UTC]"),
        ("_unchanged", "list<element: string>"),
    ]
    assert pq.ParquetFile(path).metadata.row_group(0).column(0).compression == "ZSTD"


def test_a_snapshot_without_rows_keeps_the_schema_and_changes_without_rows_keep_nothing(
    lake: OrdersLake,
) -> None:
    with lake.begin("shop", CommitKind.SNAPSHOT) as writer:
        assert writer.write("orders", [], Operation.SNAPSHOT, schema=lake.schema) == 0
        writer.commit({}, None)
    with lake.begin("shop", CommitKind.CHANGES) as writer:
        assert writer.write("orders", lake.order_batches([]), Operation.UPSERT, schema=lake.schema) == 0
        assert not writer.has_files
    (path,) = lake.live_files("shop")["orders"].paths
    assert pq.read_schema(path).names == ["id", "total", *BATCH_COLUMNS]
    assert lake.live_rows() == []


def test_a_later_snapshot_replaces_only_its_own_tables(lake: OrdersLake) -> None:
    with lake.begin("shop", CommitKind.SNAPSHOT) as writer:
        lake.write_orders(writer, [1, 2], Operation.SNAPSHOT)
        lake.write_orders(writer, [3], Operation.SNAPSHOT, table="carts")
        writer.commit({}, None)
    lake.commit_orders([4])
    before = lake.data_files()
    lake.commit_orders([9], kind=CommitKind.SNAPSHOT)
    assert lake.live_ids() == [9]
    assert lake.live_ids("carts") == [3]
    assert lake.live_files("shop")["orders"].snapshot_version == 3
    assert lake.live_files("shop")["carts"].snapshot_version == 1
    lake.recover("shop")
    assert before < lake.data_files(), "replaced files stay as history"


def test_discarded_history_leaves_the_disk_after_the_grace_period(lake: OrdersLake, clock: HandClock) -> None:
    lake.commit_orders([1], kind=CommitKind.SNAPSHOT)
    lake.commit_orders([2], kind=CommitKind.SNAPSHOT)
    old = lake.data_files()
    with lake.begin("shop", CommitKind.SNAPSHOT) as writer:
        writer.discard_history("orders")
        lake.write_orders(writer, [3], Operation.SNAPSHOT)
        writer.commit({}, None)
    assert lake.live_ids() == [3]
    assert old < lake.data_files()
    clock.instant = clock.instant.replace(day=2)
    assert lake.reopened().recover("shop").expired == 2
    assert not old & lake.data_files()


def test_an_abandoned_batch_is_never_seen_and_leaves_no_file(lake: OrdersLake) -> None:
    lake.commit_orders([1])
    kept = lake.data_files()
    with lake.begin("shop", CommitKind.CHANGES) as writer:
        lake.write_orders(writer, [2], Operation.UPSERT)
        assert lake.live_ids() == [1]
    assert lake.data_files() == kept
    assert lake.latest("shop") is not None
    assert lake.live_ids() == [1]


def test_what_a_dead_writer_left_is_never_seen_and_goes_with_the_next_writer(lake: OrdersLake) -> None:
    lake.commit_orders([1])
    kept = lake.data_files()
    (lake.root / "shop" / "data" / "orders" / f"{2:020d}-0123456789ab.parquet").write_bytes(b"half a file")
    temporary = lake.root / "shop" / "commits" / f".{2:020d}.json.77.tmp"
    temporary.write_text('{"format": 1, "vers')
    reopened = lake.reopened()
    assert reopened.live_ids() == [1]
    assert reopened.verify("shop").files == 1
    with reopened.begin("shop", CommitKind.CHANGES):
        assert reopened.data_files() == kept
        assert not temporary.exists()


def test_a_failing_stream_leaves_nothing_and_frees_the_source(lake: OrdersLake) -> None:
    def broken() -> Iterator[pa.RecordBatch]:
        yield from lake.order_batches([1, 2, 3, 4])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), lake.begin("shop", CommitKind.SNAPSHOT) as writer:
        writer.write("orders", broken(), Operation.SNAPSHOT, schema=lake.schema)
    assert lake.data_files() == set()
    assert lake.latest("shop") is None
    lake.commit_orders([1])


def test_an_error_of_the_source_is_not_taken_for_one_of_the_disk(lake: OrdersLake) -> None:
    def cut_off() -> Iterator[pa.RecordBatch]:
        yield from lake.order_batches([1])
        raise ConnectionResetError(104, "the source hung up")

    with pytest.raises(ConnectionResetError), lake.begin("shop", CommitKind.SNAPSHOT) as writer:
        writer.write("orders", cut_off(), Operation.SNAPSHOT, schema=lake.schema)


def test_a_second_writer_is_told_before_it_has_written_anything(lake: OrdersLake) -> None:
    with lake.begin("shop", CommitKind.CHANGES) as writer:
        for other in (lake, lake.reopened()):
            with pytest.raises(CommitConflict, match="another writer"):
                other.begin("shop", CommitKind.CHANGES)
        with lake.begin("other_shop", CommitKind.CHANGES):
            pass
        lake.write_orders(writer, [1], Operation.UPSERT)
        writer.commit({}, None)
    lake.commit_orders([2])
    assert lake.live_ids() == [1, 2]


def test_a_version_taken_in_spite_of_the_lease_is_a_conflict_and_loses_nothing(lake: OrdersLake) -> None:
    lake.commit_orders([1])
    commits = lake.root / "shop" / "commits"
    with lake.begin("shop", CommitKind.CHANGES) as writer:
        lake.write_orders(writer, [2], Operation.UPSERT)
        foreign = (commits / f"{1:020d}.json").read_text().replace('"version": 1', '"version": 2')
        (commits / f"{2:020d}.json").write_text(foreign)
        with pytest.raises(CommitConflict, match="version 2"):
            writer.commit({}, None)
    assert lake.live_ids() == [1]
    assert [path.name for path in commits.iterdir() if path.name.startswith(".")] == []


def test_a_batch_is_committed_once(lake: OrdersLake) -> None:
    with lake.begin("shop", CommitKind.CHANGES) as writer:
        writer.commit({}, None)
        with pytest.raises(LakeError, match="already committed"):
            writer.commit({}, None)
        with pytest.raises(LakeError, match="already committed"):
            lake.write_orders(writer, [1], Operation.UPSERT)


@pytest.mark.parametrize(
    "name", ["../evil", "a/b", "Orders", "sales.orders", "ünï", "x" * 300, "..", ".", "a b"]
)
def test_any_table_name_stays_inside_the_data_folder(lake: OrdersLake, name: str) -> None:
    with lake.begin("shop", CommitKind.CHANGES) as writer:
        lake.write_orders(writer, [1], Operation.UPSERT, table=name)
        writer.commit({}, None)
    reopened = lake.reopened()
    (path,) = reopened.live_files("shop")[name].paths
    assert path.resolve().is_relative_to((lake.root / "shop" / "data").resolve())
    assert len(path.relative_to(lake.root).parts) == 4
    assert reopened.live_ids(name) == [1]


@pytest.mark.parametrize("name", ["", "../x", "A", "1x", "a/b", "x\0"])
def test_a_source_name_is_a_plain_identifier(lake: OrdersLake, name: str) -> None:
    with pytest.raises(LakeError, match="not a source name"):
        lake.begin(name, CommitKind.CHANGES)


def test_columns_the_lake_uses_and_doubled_columns_are_refused(lake: OrdersLake) -> None:
    with lake.begin("shop", CommitKind.CHANGES) as writer:
        with pytest.raises(LakeError, match="'_batch'"):
            writer.write("orders", [], Operation.UPSERT, schema=pa.schema([("_batch", pa.int64())]))
        with pytest.raises(LakeError, match="twice"):
            writer.write(
                "orders", [], Operation.UPSERT, schema=pa.schema([("a", pa.int64()), ("a", pa.int64())])
            )


def test_rows_that_do_not_fit_their_schema_are_refused(lake: OrdersLake) -> None:
    wrong = pa.RecordBatch.from_pylist([{"id": "one", "total": "x"}])
    with lake.begin("shop", CommitKind.CHANGES) as writer, pytest.raises(LakeError, match="do not fit"):
        writer.write("orders", [wrong], Operation.UPSERT, schema=lake.schema)
    assert lake.data_files() == set()


@pytest.mark.parametrize(
    "position", [{"at": datetime(2026, 1, 1, tzinfo=UTC)}, {"n": float("nan")}, {"t": (1, 2)}]
)
def test_a_position_must_survive_json(lake: OrdersLake, position: dict[str, object]) -> None:
    with lake.begin("shop", CommitKind.CHANGES) as writer, pytest.raises(LakeError, match="position"):
        writer.commit(position, None)
    assert lake.latest("shop") is None


def test_a_time_without_zone_is_refused(lake: OrdersLake) -> None:
    with lake.begin("shop", CommitKind.CHANGES) as writer, pytest.raises(LakeError, match="time zone"):
        writer.commit({}, datetime(2026, 1, 1))  # noqa: DTZ001 - the mistake itself


def test_sources_are_those_with_commits(lake: OrdersLake, tmp_path: Path, clock: HandClock) -> None:
    assert lake.sources() == ()
    with lake.begin("empty", CommitKind.CHANGES):
        pass
    lake.commit_orders([1])
    (lake.root / "NOT a source").mkdir()
    assert lake.reopened().sources() == ("shop",)
    assert Lake(tmp_path / "absent", clock).live_files("shop") == {}
    assert not (tmp_path / "absent").exists(), "reading creates nothing"


def test_row_groups_bound_what_is_held_in_memory(lake: OrdersLake) -> None:
    schema = pa.schema([("id", pa.int64())])
    batches = (
        pa.record_batch([pa.array(range(n * 50_000, (n + 1) * 50_000))], schema=schema) for n in range(4)
    )
    with lake.begin("shop", CommitKind.CHANGES) as writer:
        seen: list[int] = []
        writer.write("orders", batches, Operation.UPSERT, schema=schema, progress=seen.append)
        writer.commit({}, None)
    (path,) = lake.live_files("shop")["orders"].paths
    metadata = pq.ParquetFile(path).metadata
    assert metadata.num_rows == sum(seen) == 200_000
    assert max(metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)) <= 131_072
    assert metadata.num_row_groups > 1
