"""The journal: a batch is there whole and durable or not at all, and sealing changes no row."""

from __future__ import annotations

import errno
import os
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from amalimart.core.errors import CommitConflict, DamagedLake, DiskFull, LakeError
from amalimart.lake import CommitKind, Operation, checkpoint
from tests.lake.storages import IN_A_FOLDER

if TYPE_CHECKING:
    from tests.lake.conftest import HandClock, OrdersLake


def test_a_batch_is_visible_to_every_reader_at_once_and_says_where_it_came_from(lake: OrdersLake) -> None:
    reader = lake.reopened()
    assert reader.latest("shop") is None
    with lake.writer("shop") as writer:
        writer.append([lake.changed([1, 2])], {"lsn": "0/1", "slot": "s"}, lake.clock.now())
        assert reader.live_ids() == [1, 2]
        commit = writer.append([lake.changed([3])], {"lsn": "0/2"}, lake.clock.now())
        assert reader.live_ids() == [1, 2, 3]
    assert commit.position == {"lsn": "0/2", "slot": "s"}, "what a batch does not tell stays"
    assert (commit.version, commit.kind, commit.rows) == (2, CommitKind.CHANGES, 1)
    assert reader.latest("shop") == commit
    row = lake.live_rows()[0]
    assert (row["_op"], row["_batch"], row["_sequence"], row["_position"]) == ("upsert", 1, 1, "0/1")
    assert row["_committed_at"] == lake.clock.now()
    assert row["_unchanged"] is None
    assert list(reader.commits("shop")) == list(lake.commits("shop"))
    assert [commit.version for commit in reader.commits("shop", after=1)] == [2]


def test_sealing_keeps_rows_position_and_versions(lake: OrdersLake) -> None:
    lake.commit_orders([1], kind=CommitKind.SNAPSHOT)
    for row in range(2, 5):
        lake.journal_orders([row])
    before = lake.live_rows()
    with lake.writer("shop") as writer:
        sealed = writer.seal()
        assert writer.seal() is None, "nothing is sealed twice"
    assert sealed is not None
    assert (sealed.version, sealed.kind, sealed.seals, sealed.position) == (5, "seal", 2, {"last": 4})
    for reader in (lake, lake.reopened()):
        assert reader.live_rows() == before
        live = reader.live_files("shop")["orders"]
        assert [(file.first_batch, file.last_batch) for file in live.files] == [(1, 1), (2, 4)]
        assert live.journal == ()
    assert lake.verify("shop").rows == 4


def test_a_reader_in_the_middle_of_a_segment_follows_through_the_seal(lake: OrdersLake) -> None:
    lake.journal_orders([1])
    reader = lake.reopened()
    assert reader.live_ids() == [1]
    lake.journal_orders([2])
    with lake.writer("shop") as writer:
        writer.seal()
        writer.append([lake.changed([3])], {"last": 3}, None)
    assert reader.live_ids() == [1, 2, 3]
    assert reader.live_files("shop")["orders"].last_batch == 4


def test_a_reader_whose_segment_is_gone_loads_anew(lake: OrdersLake) -> None:
    lake.journal_orders([1])
    reader = lake.reopened()
    assert reader.live_ids() == [1]
    lake.journal_orders([2])
    with lake.writer("shop") as writer:
        writer.seal()
    lake.clock.forward(timedelta(hours=2))
    lake.recover("shop")
    assert lake.segments() == []
    assert reader.live_ids() == [1, 2]


@IN_A_FOLDER
def test_cut_at_any_byte_only_whole_batches_are_there_and_the_next_writer_goes_on(lake: OrdersLake) -> None:
    ends = []
    for row in range(1, 4):
        lake.journal_orders([row])
        ends.append(lake.segment().stat().st_size)
    content = lake.segment().read_bytes()
    # Every byte of the last batch, and every third of the ones before it, which look the same.
    for size in (*range(0, ends[-2], 3), *range(ends[-2], len(content) + 1)):
        lake.segment().write_bytes(content[:size])
        whole = [row for row, end in enumerate(ends, 1) if end <= size]
        reopened = lake.reopened()
        assert reopened.live_ids() == whole
        if size % 97 == 0 or size in ends:
            reopened.journal_orders([9])
            assert reopened.live_ids() == [*whole, 9]
            assert lake.reopened().live_ids() == [*whole, 9]


def test_zeros_after_a_power_cut_are_no_batch(lake: OrdersLake) -> None:
    lake.journal_orders([1])
    with lake.segment().open("ab") as file:
        file.write(b"\0" * 4096)
    assert lake.reopened().live_ids() == [1]
    lake.reopened().journal_orders([2])
    assert lake.reopened().live_ids() == [1, 2]


def test_damage_before_the_end_is_told(lake: OrdersLake) -> None:
    lake.journal_orders([1])
    first = lake.segment().stat().st_size
    lake.journal_orders([2])
    content = bytearray(lake.segment().read_bytes())
    content[first - 5] ^= 1
    lake.segment().write_bytes(bytes(content))
    with pytest.raises(DamagedLake, match="not what was written") as caught:
        lake.reopened().live_files("shop")
    assert str(lake.segment()) in str(caught.value.where)
    with pytest.raises(DamagedLake):
        lake.reopened().writer("shop")


def test_a_foreign_file_in_the_journal_is_damage(lake: OrdersLake) -> None:
    lake.journal_orders([1])
    lake.segment().write_bytes(b"x" * 4096)
    with pytest.raises(DamagedLake, match="does not start as a journal"):
        lake.reopened().latest("shop")


@pytest.mark.parametrize("call", ["pwrite", "fdatasync"])
def test_a_full_disk_takes_back_the_batch(
    lake: OrdersLake, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    lake.journal_orders([1])
    original = getattr(os, call)

    def refuse(file: int, *arguments: Any) -> int:
        if call == "pwrite":
            original(file, arguments[0][:30], arguments[1])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with lake.writer("shop") as writer:
        with monkeypatch.context() as patched:
            patched.setattr(os, call, refuse)
            with pytest.raises(DiskFull, match="everything up to version 1 stays"):
                writer.append([lake.changed([2])], {"last": 2}, None)
        assert lake.reopened().live_ids() == [1]
        writer.append([lake.changed([3])], {"last": 3}, None)
    assert lake.reopened().live_ids() == [1, 3]


@IN_A_FOLDER
def test_a_full_disk_while_sealing_leaves_the_batches_in_the_journal(
    lake: OrdersLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.journal_orders([1])
    with lake.writer("shop") as writer:
        with monkeypatch.context() as patched:

            def refuse(*_arguments: object) -> None:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

            patched.setattr(os, "link", refuse)
            with pytest.raises(DiskFull, match="sealing"):
                writer.seal()
        assert lake.data_files() == set()
        assert lake.reopened().live_ids() == [1]
        assert writer.seal() is not None
    assert lake.reopened().live_ids() == [1]


def test_a_file_batch_after_journal_batches_seals_them_first(lake: OrdersLake) -> None:
    lake.journal_orders([1])
    commit = lake.commit_orders([2])
    assert commit.version == 3
    assert [one.kind for one in lake.commits("shop")] == ["seal", "changes"]
    assert lake.reopened().live_ids() == [1, 2]


def test_a_position_without_rows_is_a_batch_and_an_empty_journal_is_given_up(lake: OrdersLake) -> None:
    with lake.writer("shop") as writer:
        assert writer.append([], {"lsn": "0/9"}, None).rows == 0
        assert not writer.seal_due
        assert writer.seal() is not None, "a seal without files keeps the position"
    assert lake.reopened().latest("shop").position == {"lsn": "0/9"}  # type: ignore[union-attr]
    (lake.root / "shop" / "journal" / f"{3:020d}.journal").write_bytes(b"amalimart jour")  # died at once
    assert lake.reopened().commit_orders([1]).version == 3
    assert lake.reopened().live_ids() == [1]


def test_a_large_transaction_goes_to_files_piece_by_piece(lake: OrdersLake) -> None:
    with lake.writer("shop") as writer, writer.begin(CommitKind.CHANGES) as batch:
        batch.add(lake.changed([1, 2]))
        batch.add(lake.changed([3], first=3))
        batch.add(lake.changed([7], table="carts", first=4))
        assert lake.reopened().live_ids() == []
        batch.commit({"last": 7}, None)
    assert lake.live_ids() == [1, 2, 3]
    assert [row["_sequence"] for row in lake.live_rows()] == [1, 2, 3]
    assert len(lake.live_files("shop")["orders"].files) == 1
    with lake.writer("shop") as writer, writer.begin(CommitKind.CHANGES) as batch:
        batch.add(lake.changed([8]))
    assert lake.live_ids() == [1, 2, 3]
    assert len(lake.data_files()) == 2, "what was not committed left nothing"


def test_a_column_that_changes_its_type_is_sealed_into_files_of_its_own(lake: OrdersLake) -> None:
    wide = pa.schema([("id", pa.int64()), ("total", pa.string())])
    more = pa.schema([("id", pa.int64()), ("total", pa.string()), ("note", pa.string())])
    with lake.writer("shop") as writer:
        for row, schema in enumerate((lake.schema, wide, more), 1):
            writer.append([lake.changed([row], schema=schema)], {"last": row}, None)
        writer.seal()
    files = lake.live_files("shop")["orders"].files
    assert [(file.first_batch, file.last_batch) for file in files] == [(1, 1), (2, 3)]
    assert lake.live_ids() == [1, 2, 3]


def test_sealing_is_due_after_a_minute_or_many_bytes(
    lake: OrdersLake, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lake.writer("shop") as writer:
        assert not writer.seal_due
        writer.append([lake.changed([1])], {}, None)
        assert not writer.seal_due
        clock.forward(timedelta(seconds=60))
        assert writer.seal_due
        writer.seal()
        writer.append([lake.changed([2])], {}, None)
        assert not writer.seal_due
        monkeypatch.setattr("amalimart.lake.source_writer.SEAL_BYTES", 100)
        assert writer.seal_due


def test_one_writer_at_a_time_holds_the_journal(lake: OrdersLake) -> None:
    with lake.writer("shop"):
        with pytest.raises(CommitConflict):
            lake.reopened().writer("shop")
        with pytest.raises(CommitConflict):
            lake.begin("shop", CommitKind.CHANGES)
    with lake.reopened().writer("shop") as writer:
        writer.append([lake.changed([1])], {}, None)


@pytest.mark.parametrize("position", [{"x": float("nan")}, {"x": (1, 2)}, {1: "x"}, {"x": object()}])
def test_a_position_must_survive_json(lake: OrdersLake, position: dict[Any, object]) -> None:
    with lake.writer("shop") as writer:
        with pytest.raises(LakeError):
            writer.append([lake.changed([1])], position, None)
        writer.append([lake.changed([2])], {}, None)
    assert lake.live_ids() == [2]


def test_a_checkpoint_says_what_all_commits_say(
    lake: OrdersLake, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "EVERY_COMMITS", 3)
    lake.commit_orders([1], kind=CommitKind.SNAPSHOT)
    for row in range(2, 12):
        lake.journal_orders([row])
        with lake.writer("shop") as writer:
            writer.seal()
        if row == 6:
            lake.commit_orders([1], kind=CommitKind.SNAPSHOT)
            lake.compact("shop")
        clock.forward(timedelta(minutes=10))
    expected = lake.live_rows()
    written = sorted((lake.root / "shop" / "checkpoints").iterdir())
    assert len(written) == 2, "two are kept"
    identity = lake.identity("shop")
    with_checkpoint = lake.reopened()
    assert with_checkpoint.live_rows() == expected
    lake._log("shop").storage.remove_checkpoints([int(path.stem) for path in written])
    without = lake.reopened()
    assert without.live_rows() == expected
    latest = [one.latest("shop") for one in (with_checkpoint, without)]
    assert {(one.version, one.kind, one.committed_at) for one in latest if one} == {
        (22, "seal", clock.now() - timedelta(minutes=10))
    }
    assert [one.position for one in latest if one] == [{"last": 11}] * 2
    assert without.identity("shop") == identity
    states = []
    for one in (with_checkpoint, without):
        with one._log("shop").state() as state:
            states.append((state.live, state.retained, state.snapshots))
    assert states[0] == states[1]


def test_commit_files_that_two_checkpoints_cover_are_cleared_away(
    lake: OrdersLake, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "EVERY_COMMITS", 2)
    clock.forward(timedelta(days=36500))  # the files are old by this clock
    for row in range(1, 9):
        lake.journal_orders([row])
        with lake.writer("shop") as writer:
            writer.seal()
    oldest = min((lake.root / "shop" / "checkpoints").iterdir())
    kept = [int(path.stem) for path in (lake.root / "shop" / "commits").iterdir()]
    assert min(kept) > int(oldest.stem)
    reopened = lake.reopened()
    assert reopened.live_ids() == list(range(1, 9))
    assert [one.version for one in reopened.commits("shop")] == sorted(kept)
    assert reopened.verify("shop").rows == 8


def test_a_damaged_checkpoint_is_passed_over(lake: OrdersLake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "EVERY_COMMITS", 1)
    for row in range(1, 4):
        lake.journal_orders([row])
        with lake.writer("shop") as writer:
            writer.seal()
    newest = max((lake.root / "shop" / "checkpoints").iterdir())
    newest.write_text('{"format": 1, "latest"')
    assert lake.reopened().live_ids() == [1, 2, 3]


def test_readers_and_one_writer_at_full_speed_never_see_a_half(lake: OrdersLake) -> None:
    done = threading.Event()
    seen: list[list[int]] = []
    troubles: list[BaseException] = []

    def look() -> None:
        reader = lake.reopened()
        try:
            while not done.is_set():
                seen.append(sorted(reader.live_ids()))
        except BaseException as error:  # noqa: BLE001 - told to the test
            troubles.append(error)

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    with lake.writer("shop") as writer:
        for row in range(1, 101):
            writer.append([lake.changed([2 * row - 1, 2 * row])], {"last": row}, None)
            if row % 10 == 0:
                writer.seal()
            if row % 30 == 0:
                writer.compact()
    done.set()
    for thread in threads:
        thread.join()
    assert not troubles
    assert seen
    for ids in seen:
        assert ids == list(range(1, len(ids) + 1))
        assert len(ids) % 2 == 0


def test_history_a_snapshot_replaced_goes_when_it_is_old_enough(lake: OrdersLake, clock: HandClock) -> None:
    lake.commit_orders([1], kind=CommitKind.SNAPSHOT)
    lake.commit_orders([2], kind=CommitKind.SNAPSHOT)
    clock.forward(timedelta(days=3))
    lake.commit_orders([3], kind=CommitKind.SNAPSHOT)
    clock.forward(timedelta(days=3))
    assert lake.forget_history("shop", timedelta(days=5)) == 1
    clock.forward(timedelta(hours=1))
    assert lake.recover("shop").expired == 1
    assert len(lake.data_files()) == 2
    assert lake.live_ids() == [3]
    assert lake.forget_history("shop", timedelta(days=5)) == 0


def test_operations_keep_their_order_over_tables(lake: OrdersLake) -> None:
    with lake.writer("shop") as writer:
        writer.append(
            [
                lake.changed([1], first=1),
                lake.changed([5], table="carts", first=2, operation=Operation.DELETE),
                lake.changed([2], first=3),
            ],
            {},
            None,
        )
    assert [row["_sequence"] for row in lake.live_rows()] == [1, 3]
    assert [(row["_op"], row["_sequence"]) for row in lake.live_rows("carts")] == [("delete", 2)]
