"""A lake kept in an object store: two machines, a bad network, a store that does not keep its word."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from amalimart.core import object_store as store_module
from amalimart.core.errors import CommitConflict, DamagedLake, LakeError, LakeUnreachable
from amalimart.core.object_store import ObjectStore, S3Access
from amalimart.lake import CommitKind, Lake, Operation, checkpoint
from amalimart.lake import object_storage as storage_module
from tests.lake.storages import IN_AN_OBJECT_STORE
from tests.object_store import BadNetwork, Fault, free_port

if TYPE_CHECKING:
    from tests.lake.conftest import HandClock, OrdersLake

pytestmark = IN_AN_OBJECT_STORE


@pytest.fixture
def over(lake: OrdersLake, bad_network: BadNetwork, tmp_path: Path) -> Iterator[OrdersLake]:
    """The same lake on another machine, behind the bad network."""
    assert lake.place is not None
    there = lake.on_another_machine(tmp_path / "over", bad_network.endpoint)
    yield there
    there.close()


def of(method: str, part: str) -> Callable[[str, str], bool]:
    return lambda asked, path: asked == method and part in path


def keys(lake: OrdersLake, below: str = "shop/") -> set[str]:
    assert lake.place is not None
    return {one.key.removeprefix("shop/") for one in lake.place.store.objects(below)}


def test_a_fresh_machine_finds_everything_and_reading_creates_nothing_there(
    lake: OrdersLake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "EVERY_COMMITS", 2)
    for row in range(1, 8):
        lake.journal_orders([row])
        with lake.writer("shop") as writer:
            writer.seal()
    before = keys(lake)
    elsewhere = lake.on_another_machine(tmp_path / "elsewhere")
    assert elsewhere.sources() == ("shop",)
    assert elsewhere.live_ids() == list(range(1, 8))
    assert elsewhere.latest("shop") == lake.latest("shop")
    assert elsewhere.identity("shop") == lake.identity("shop")
    assert elsewhere.verify("shop").rows == 7
    assert keys(lake) == before


def test_of_two_machines_one_commits_a_version_and_the_other_is_told(
    lake: OrdersLake, tmp_path: Path
) -> None:
    lake.commit_orders([1])
    other = lake.on_another_machine(tmp_path / "other")
    with lake.begin("shop", CommitKind.CHANGES) as ours, other.begin("shop", CommitKind.CHANGES) as theirs:
        lake.write_orders(ours, [2], Operation.UPSERT)
        other.write_orders(theirs, [3], Operation.UPSERT)
        theirs.commit({"last": 3}, None)
        with pytest.raises(CommitConflict, match="version 2") as caught:
            ours.commit({"last": 2}, None)
    assert caught.value.retryable
    for machine in (lake, other, lake.reopened()):
        with machine.writer("shop"):
            assert machine.live_ids() == [1, 3]
    lake.commit_orders([4])
    with other.writer("shop"):
        assert other.live_ids() == [1, 3, 4]


def test_a_journal_that_another_machine_has_overtaken_is_void_and_forks_nothing(
    lake: OrdersLake, tmp_path: Path
) -> None:
    """Seals cover several versions: named by their last one, both machines' seals would fit in."""
    lake.commit_orders([1])
    other = lake.on_another_machine(tmp_path / "other")
    with lake.writer("shop") as ours:
        for row in (2, 3, 4):
            ours.append([lake.changed([row])], {"last": row}, None)
        with other.writer("shop") as theirs:
            theirs.append([other.changed([2])], {"last": 2}, None)
            sealed = theirs.seal()
        assert sealed is not None
        assert (sealed.version, sealed.seals) == (3, 2)
        with pytest.raises(CommitConflict):
            ours.seal()
        with pytest.raises(CommitConflict, match="another machine"):
            ours.append([lake.changed([5])], {"last": 5}, None)
    with lake.writer("shop") as ours:
        assert lake.live_ids() == [1, 2]
        assert ours.latest == sealed
        ours.append([lake.changed([3])], {"last": 3}, None)
        ours.seal()
    with other.writer("shop"):
        assert other.live_ids() == [1, 2, 3]
    assert lake.reopened().live_ids() == [1, 2, 3]


def test_a_reader_elsewhere_sees_a_commit_within_seconds(
    lake: OrdersLake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.commit_orders([1])
    elsewhere = lake.on_another_machine(tmp_path / "elsewhere")
    assert elsewhere.live_ids() == [1]
    lake.commit_orders([2])
    assert elsewhere.live_ids() == [1], "it does not ask all the time"
    monkeypatch.setattr(storage_module, "ASK_SECONDS", 0.0)
    again = lake.on_another_machine(tmp_path / "again")
    assert again.live_ids() == [1, 2]
    lake.commit_orders([3])
    assert again.live_ids() == [1, 2, 3]


def test_readers_beside_the_writer_need_no_request_for_a_look(
    lake: OrdersLake, over: OrdersLake, bad_network: BadNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Looks of a busy machine may be seconds apart; what other machines committed is asked for by the clock.
    monkeypatch.setattr(storage_module, "ASK_SECONDS", 3600.0)
    over.commit_orders([1])
    reader = lake.on_another_machine(over.root, bad_network.endpoint)
    assert reader.live_ids() == [1]
    bad_network.requests.clear()
    for row in range(2, 5):
        over.commit_orders([row])
        asked = len(bad_network.requests)
        assert reader.live_ids() == list(range(1, row + 1))
        assert len(bad_network.requests) == asked
    reader.close()


@pytest.mark.slow
@pytest.mark.parametrize("part", ["/data/", "/commits/"])
def test_an_upload_that_breaks_off_each_time_commits_nothing(
    over: OrdersLake, bad_network: BadNetwork, part: str
) -> None:
    over.commit_orders([1])
    bad_network.faults = [Fault(of("PUT", part), stop_at=10)]
    with pytest.raises(LakeUnreachable) as caught:
        over.commit_orders([2])
    assert caught.value.retryable
    assert part in (caught.value.where or "")
    bad_network.faults = []
    reopened = over.reopened()
    assert reopened.live_ids() == [1]
    assert reopened.commit_orders([2]).version == 2
    assert reopened.live_ids() == [1, 2]


def test_an_upload_that_breaks_off_now_and_then_is_not_even_noticed(
    over: OrdersLake, bad_network: BadNetwork
) -> None:
    bad_network.faults = [
        Fault(of("PUT", "/data/"), times=2, stop_at=10),
        Fault(of("GET", "/data/"), times=1, cut_at=9),
    ]
    over.commit_orders([1])
    assert over.reopened().live_ids() == [1]


@pytest.mark.parametrize("part", ["/data/", "/commits/"])
def test_a_put_that_is_refused_commits_nothing_and_says_why(
    over: OrdersLake, bad_network: BadNetwork, part: str
) -> None:
    over.commit_orders([1])
    bad_network.faults = [Fault(of("PUT", part), status=403)]
    with pytest.raises(LakeError, match="refused by the test") as caught:
        over.commit_orders([2])
    assert not isinstance(caught.value, LakeUnreachable)
    assert "credentials" in (caught.value.expected or "")
    bad_network.faults = []
    assert over.reopened().live_ids() == [1]


def test_a_commit_whose_answer_is_lost_is_recognised_as_its_own(
    over: OrdersLake, bad_network: BadNetwork
) -> None:
    over.commit_orders([1])
    lost = Fault(of("PUT", "/commits/"), times=1, deaf=True)
    bad_network.faults = [lost]
    assert over.commit_orders([2]).version == 2
    assert lost.seen == 1
    assert over.commit_orders([3]).version == 3
    assert over.reopened().live_ids() == [1, 2, 3]


@pytest.mark.slow
def test_a_commit_whose_every_answer_is_lost_counts_if_it_is_there(
    over: OrdersLake, bad_network: BadNetwork
) -> None:
    over.commit_orders([1])
    bad_network.faults = [Fault(of("PUT", "/commits/"), deaf=True)]
    assert over.commit_orders([2]).version == 2
    bad_network.faults = []
    assert over.reopened().live_ids() == [1, 2]


def test_a_commit_nobody_can_tell_of_is_found_or_repeated_but_never_doubled(
    over: OrdersLake, bad_network: BadNetwork
) -> None:
    over.commit_orders([1])
    bad_network.faults = [Fault(of("PUT", "/commits/"), deaf=True), Fault(of("GET", "/commits/"), cut_at=0)]
    with pytest.raises(LakeUnreachable, match="nobody knows if version 2 was committed"):
        over.commit_orders([2])
    bad_network.faults = []
    with over.writer("shop") as writer:
        assert writer.latest is not None
        assert writer.latest.version == 2, "it was"
        assert over.live_ids() == [1, 2], "although its writer had given its files up here"
    assert over.commit_orders([3]).version == 3
    assert over.reopened().live_ids() == [1, 2, 3]


def test_bytes_that_change_on_their_way_are_not_taken_for_the_file(
    over: OrdersLake, bad_network: BadNetwork
) -> None:
    bad_network.faults = [Fault(of("PUT", "/data/"), flip=True)]
    with pytest.raises(LakeUnreachable, match="other bytes arrived"):
        over.commit_orders([1])
    bad_network.faults = []
    assert over.reopened().latest("shop") is None


def test_a_store_that_overwrites_all_the_same_is_refused(over: OrdersLake, bad_network: BadNetwork) -> None:
    bad_network.lost_headers = {"if-none-match"}
    with pytest.raises(LakeError, match="only if it is new") as caught:
        over.begin("shop", CommitKind.CHANGES)
    assert "If-None-Match" in (caught.value.expected or "")
    assert keys(over) == set()


def test_a_large_file_goes_in_parts_and_one_that_breaks_off_leaves_none(
    over: OrdersLake, bad_network: BadNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "PART_BYTES", 5 * 1024 * 1024)
    schema = pa.schema([("noise", pa.binary())])

    def noise() -> Iterator[pa.RecordBatch]:
        for _ in range(12):
            yield pa.record_batch([pa.array([os.urandom(1 << 16) for _ in range(16)])], schema=schema)

    def commit() -> None:
        with over.begin("shop", CommitKind.CHANGES) as writer:
            writer.write("noise", noise(), Operation.UPSERT, schema=schema)
            writer.commit({}, None)

    bad_network.faults = [Fault(of("PUT", "partNumber=2"), status=403)]
    with pytest.raises(LakeError, match="refused by the test"):
        commit()
    aborted = [path for method, path in bad_network.requests if method == "DELETE" and "uploadId" in path]
    assert len(aborted) == 1
    assert keys(over, "shop/data/") == set()
    bad_network.faults = []
    commit()
    assert sum("partNumber=" in path for _, path in bad_network.requests) >= 5
    reopened = over.reopened()
    assert reopened.verify("shop").rows == 12 * 16
    (path,) = reopened.live_files("shop")["noise"].paths
    assert path.stat().st_size > 12 * 1024 * 1024


@pytest.mark.parametrize("harm", ["missing", "flipped", "cut"])
def test_a_harmed_object_is_found_by_verifying_and_by_fetching(
    lake: OrdersLake, tmp_path: Path, harm: str
) -> None:
    assert lake.place is not None
    lake.commit_orders([1, 2])
    (file,) = lake.live_files("shop")["orders"].files
    content = lake.place.store.read(f"shop/{file.path}")
    assert content is not None
    lake.place.store.remove([f"shop/{file.path}"])
    if harm != "missing":
        changed = content[:-1] if harm == "cut" else content[:40] + bytes([content[40] ^ 1]) + content[41:]
        lake.place.store.create(f"shop/{file.path}", changed)
    with pytest.raises(DamagedLake) as caught:
        lake.verify("shop")
    assert caught.value.where == lake.place.store.where(f"shop/{file.path}")
    elsewhere = lake.on_another_machine(tmp_path / "elsewhere")
    with pytest.raises(DamagedLake):
        elsewhere.live_ids()
    assert list((elsewhere.root / "shop").glob("data/*/*")) == [], "harm is not copied"
    assert list((elsewhere.root / "shop" / "incoming").iterdir()) == []


def test_a_commit_that_is_missing_there_is_damage(lake: OrdersLake, tmp_path: Path) -> None:
    assert lake.place is not None
    for row in range(1, 4):
        lake.commit_orders([row])
    lake.place.store.remove([f"shop/commits/{2:020d}.json"])
    with pytest.raises(DamagedLake, match="version 2"):
        lake.on_another_machine(tmp_path / "elsewhere").latest("shop")
    lake.lose_copy()
    with pytest.raises(DamagedLake, match="version 2"):
        lake.verify("shop")


def test_a_copy_that_somebody_cleared_away_is_made_again_under_a_running_reader(lake: OrdersLake) -> None:
    lake.commit_orders([1])
    reader = lake.reopened()
    assert reader.live_ids() == [1]
    with lake.begin("shop", CommitKind.CHANGES) as writer:
        lake.write_orders(writer, [2], Operation.UPSERT)
        reader.lose_copy()
        writer.commit({"last": 2}, None)
    assert reader.live_ids() == [1, 2]
    assert lake.live_ids() == [1, 2]
    assert lake.reopened().live_ids() == [1, 2]


def test_a_copy_that_somebody_altered_is_made_again_by_the_next_process(lake: OrdersLake) -> None:
    lake.commit_orders([1])
    (path,) = lake.live_files("shop")["orders"].paths
    content = path.read_bytes()
    path.write_bytes(content[::-1])
    assert lake.reopened().live_ids() == [1]
    assert path.read_bytes() == content


@pytest.mark.slow
def test_a_reader_goes_on_with_what_it_knows_while_the_store_is_not_reached(
    lake: OrdersLake, over: OrdersLake, bad_network: BadNetwork, caplog: pytest.LogCaptureFixture
) -> None:
    lake.commit_orders([1])
    assert over.live_ids() == [1]
    reader = lake.on_another_machine(over.root, f"http://127.0.0.1:{free_port()}")
    assert reader.live_ids() == [1]
    assert "not reached" in caplog.text
    del bad_network
    with pytest.raises(LakeUnreachable):
        reader.writer("shop")
    fresh = lake.on_another_machine(over.root.with_name("fresh"), f"http://127.0.0.1:{free_port()}")
    with pytest.raises(LakeUnreachable):
        fresh.latest("shop")
    reader.close()
    fresh.close()


def test_copies_nobody_uses_make_room_where_they_are_many_and_come_back_when_asked_for(
    lake: OrdersLake, clock: HandClock, tmp_path: Path
) -> None:
    assert lake.place is not None
    for row in range(1, 5):
        lake.commit_orders([row])
    elsewhere = Lake(tmp_path / "small", clock, kept_in=lake.place.store, cache_bytes=1)
    files = elsewhere.live_files("shop")["orders"]
    paths = files.paths
    clock.instant = datetime.now(UTC)
    Lake(elsewhere.root, clock, kept_in=lake.place.store, cache_bytes=1).live_files("shop")
    assert all(path.exists() for path in paths), "they were asked for a moment ago"
    clock.forward(timedelta(hours=2))
    Lake(elsewhere.root, clock, kept_in=lake.place.store, cache_bytes=10**9).live_files("shop")
    assert all(path.exists() for path in paths), "there is room"
    uncommitted = elsewhere.root / "shop" / "data" / "orders" / "of-an-open-batch.parquet"
    uncommitted.write_bytes(b"x")
    os.utime(uncommitted, (0, 0))
    Lake(elsewhere.root, clock, kept_in=lake.place.store, cache_bytes=1).live_files("shop")
    assert [path.exists() for path in paths] == [False] * 4
    assert uncommitted.exists()
    assert files.paths == paths
    assert all(path.exists() for path in paths)


def test_what_was_removed_long_ago_leaves_the_store_too(lake: OrdersLake, clock: HandClock) -> None:
    lake.commit_orders([1], kind=CommitKind.SNAPSHOT)
    lake.commit_orders([2], kind=CommitKind.SNAPSHOT)
    assert len(keys(lake, "shop/data/")) == 2
    clock.forward(timedelta(days=31))
    assert lake.forget_history("shop", timedelta(days=30)) == 1
    assert len(keys(lake, "shop/data/")) == 2, "readers may still be at it"
    clock.forward(timedelta(hours=2))
    assert lake.recover("shop").expired == 1
    assert len(keys(lake, "shop/data/")) == 1
    assert lake.reopened().live_ids() == [2]


def test_an_object_no_commit_names_may_belong_to_another_machine_until_it_is_old(
    lake: OrdersLake, clock: HandClock
) -> None:
    assert lake.place is not None
    lake.commit_orders([1])
    lake.place.store.create("shop/data/orders/00000000000000000009-0123456789ab.parquet", b"on its way")
    clock.instant = datetime.now(UTC)
    assert lake.recover("shop").orphans == 0
    clock.forward(timedelta(hours=25))
    assert lake.recover("shop").orphans == 1
    assert len(keys(lake, "shop/data/")) == 1


def test_a_full_disk_after_the_commit_has_landed_does_not_undo_it(
    lake: OrdersLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched, lake.begin("shop", CommitKind.CHANGES) as writer:
        lake.write_orders(writer, [1], Operation.UPSERT)
        patched.setattr(os, "link", refuse)
        writer.commit({}, None)
    assert lake.live_ids() == [1]
    assert lake.commit_orders([2]).version == 2
    assert lake.reopened().live_ids() == [1, 2]


def test_a_folder_that_holds_another_lake_is_left_alone(
    lake: OrdersLake, clock: HandClock, tmp_path: Path
) -> None:
    assert lake.place is not None
    own = type(lake)(tmp_path / "own", clock)
    own.commit_orders([1])
    moved = Lake(own.root, clock, kept_in=lake.place.store)
    with pytest.raises(LakeError, match="not the one in the object store"):
        moved.begin("shop", CommitKind.CHANGES)
    lake.commit_orders([2])
    with pytest.raises(LakeError, match="not the one in the object store"):
        Lake(own.root, clock, kept_in=lake.place.store).begin("shop", CommitKind.CHANGES)
    assert own.reopened().live_ids() == [1]
    with pytest.raises(LakeError, match="copy of a lake in an object store"):
        Lake(lake.root, clock).begin("shop", CommitKind.CHANGES)


def test_only_a_seal_is_safe_where_the_machine_may_be_lost(
    lake: OrdersLake, clock: HandClock, tmp_path: Path
) -> None:
    with lake.writer("shop") as writer:
        assert not writer.acknowledge_at_once
    with type(lake)(tmp_path / "own", clock).writer("shop") as writer:
        assert writer.acknowledge_at_once


def test_no_secret_is_in_an_error(lake: OrdersLake, clock: HandClock, tmp_path: Path) -> None:
    del lake
    access = S3Access("id", "hunter2-hunter2", None, f"http://127.0.0.1:{free_port()}")
    store = ObjectStore("s3://shop/lake", access)
    with pytest.raises(LakeUnreachable) as caught:
        Lake(tmp_path / "lake", clock, kept_in=store).begin("shop", CommitKind.CHANGES)
    store.close()
    assert "hunter2" not in repr(caught.value.as_dict()) + repr(access)


def test_a_position_that_moved_alone_is_sealed_too_so_that_the_source_may_forget(
    lake: OrdersLake, clock: HandClock, tmp_path: Path
) -> None:
    own = type(lake)(tmp_path / "own", clock)
    for kept, due in ((lake, True), (own, False)):
        kept.commit_orders([1])
        with kept.writer("shop") as writer:
            writer.append((), {"last": 2}, None)
            assert not writer.seal_due
            clock.forward(timedelta(seconds=60))
            assert writer.seal_due is due
            sealed = writer.seal()
            assert sealed is not None
            assert sealed.position == {"last": 2}
    latest = lake.reopened().latest("shop")
    assert latest is not None
    assert latest.position == {"last": 2}
