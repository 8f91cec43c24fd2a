"""An erasure writes anew what must go, in live files, history and journal, and leaves other files alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amalimart.core.errors import ConfigError, DamagedLake
from amalimart.lake import CommitKind, Lake, Operation
from amalimart.lake.checkpoint import newest_checkpoint, write_checkpoint
from amalimart.lake.screening import UNSCREENED
from amalimart.lake.tombstones import FOLDER, Tombstone, Tombstones

if TYPE_CHECKING:
    from tests.lake.conftest import HandClock, OrdersLake

AT = datetime(2026, 1, 1, tzinfo=UTC)


class WithoutTotalsOf:
    """Takes the total out of the rows of some ids."""

    def __init__(self) -> None:
        self.ids: set[int] = set()

    @property
    def stamps(self) -> frozenset[str]:
        return frozenset(map(str, self.ids))

    def looks_at(self, table: str, columns: Sequence[str]) -> frozenset[str]:
        return frozenset({"id", "total"} & set(columns)) if self.ids and table == "orders" else frozenset()

    def screened(self, table: str, rows: pa.RecordBatch) -> pa.RecordBatch:
        if not self.looks_at(table, rows.schema.names):
            return rows
        chosen = pc.is_in(rows.column("id"), value_set=pa.array(sorted(self.ids), pa.int64()))
        if not pc.any(pc.and_(chosen, pc.is_valid(rows.column("total")))).as_py():
            return rows
        total = pc.if_else(chosen, pa.scalar(None, rows.column("total").type), rows.column("total"))
        place = rows.schema.get_field_index("total")
        return rows.set_column(place, rows.schema.field("total"), total)


@pytest.fixture
def screen(lake: OrdersLake) -> WithoutTotalsOf:
    made = WithoutTotalsOf()
    lake._screens = lambda _source: made
    return made


def land(
    lake: OrdersLake, ids: Sequence[int], kind: CommitKind = CommitKind.CHANGES, table: str = "orders"
) -> None:
    operation = Operation.SNAPSHOT if kind is CommitKind.SNAPSHOT else Operation.UPSERT
    rows = pa.RecordBatch.from_pylist([{"id": one, "total": Decimal(one)} for one in ids], lake.schema)
    with lake.begin("shop", kind) as writer:
        writer.write(table, [rows], operation, schema=lake.schema)
        writer.commit({"last": max(ids)}, None)


def totals(lake: OrdersLake, table: str = "orders") -> list[tuple[int, Decimal | None, int]]:
    return [(row["id"], row["total"], row["_batch"]) for row in lake.live_rows(table)]


def test_only_what_must_go_is_written_anew(lake: OrdersLake, screen: WithoutTotalsOf) -> None:
    land(lake, [1, 2], CommitKind.SNAPSHOT)
    land(lake, [1, 2, 3], CommitKind.SNAPSHOT)
    land(lake, [4])
    land(lake, [1], table="parcels")
    lake.journal_orders([5])
    before = lake.live_files("shop")
    rows = totals(lake)
    screen.ids = {2}
    with lake.writer("shop") as writer:
        assert writer.erasure_due
        commit = writer.erase()
        assert commit is not None
        assert not writer.erasure_due
        assert writer.erase() is None
    assert (commit.kind, commit.erased, commit.position) == (CommitKind.ERASURE, ("2",), {"last": 5})
    assert totals(lake) == [(one, None if one == 2 else total, batch) for one, total, batch in rows]
    after = lake.live_files("shop")
    assert after["parcels"].files == before["parcels"].files
    assert after["orders"].files[1] == before["orders"].files[1]
    assert after["orders"].files[0].path != before["orders"].files[0].path
    assert after["orders"].snapshot_version == before["orders"].snapshot_version
    (old,), (history,) = before["orders"].history, after["orders"].history
    assert (history.moment, history.by) == (old.moment, old.by)
    assert old.file is not None
    assert history.file is not None
    assert history.file.path != old.file.path
    assert lake.verify("shop").files == 4
    assert lake.reopened().erased("shop") == {"2"}
    assert totals(lake.reopened()) == totals(lake)


def test_what_lands_later_is_screened_by_every_way(lake: OrdersLake, screen: WithoutTotalsOf) -> None:
    screen.ids = {2}
    land(lake, [1, 2], CommitKind.SNAPSHOT)
    filled = pa.RecordBatch.from_pylist([{"id": one, "total": Decimal(7)} for one in (2, 3)], lake.schema)
    change = replace(lake.changed([2, 3]), rows=filled)
    with lake.writer("shop") as writer:
        writer.append([change], {}, None)
        writer.seal()
        with writer.begin(CommitKind.CHANGES) as batch:
            batch.add(change)
            batch.commit({}, None)
    assert [total for one, total, _ in totals(lake) if one == 2] == [None, None, None]
    assert [total for one, total, _ in totals(lake) if one == 3] == [Decimal(7), Decimal(7)]


def test_old_files_and_the_journal_leave_at_once_when_they_are_purged(
    lake: OrdersLake, screen: WithoutTotalsOf
) -> None:
    land(lake, [1, 2], CommitKind.SNAPSHOT)
    lake.journal_orders([3])
    old = lake.data_files()
    screen.ids = {1}
    with lake.writer("shop") as writer:
        writer.erase()
        assert old < lake.data_files()
        lake.purge("shop")
        assert lake.segments() == []
        writer.append([lake.changed([4])], {}, None)
        lake.purge("shop")
    assert not old & lake.data_files()
    assert lake.live_ids() == [1, 2, 3, 4]


def test_a_checkpoint_remembers_who_was_erased_and_an_older_version_cannot_read_it(
    lake: OrdersLake, screen: WithoutTotalsOf, clock: HandClock
) -> None:
    land(lake, [1], CommitKind.SNAPSHOT)
    log = lake._log("shop")
    with log.state() as state:
        write_checkpoint(log.storage, state, now=clock.now(), grace=timedelta(0))
    screen.ids = {1}
    with lake.writer("shop") as writer:
        writer.erase()
    with log.state() as state:
        write_checkpoint(log.storage, state, now=clock.now(), grace=timedelta(0))
    formats = [
        json.loads(path.read_bytes())["format"]
        for folder in ("commits", "checkpoints")
        for path in sorted((lake.root / "shop" / folder).glob("*.json"))
    ]
    assert formats == [1, 2, 1, 2]
    read = newest_checkpoint(lake.root / "shop")
    assert read is not None
    assert read.erased == {"1"}


@pytest.mark.parametrize("storage", ["folder"])
def test_an_erasure_that_meets_damage_changes_nothing(lake: OrdersLake, screen: WithoutTotalsOf) -> None:
    land(lake, [1], CommitKind.SNAPSHOT)
    land(lake, [1])
    before = lake.data_files()
    (_, second) = lake.live_files("shop")["orders"].paths
    second.write_bytes(second.read_bytes()[:-1] + b"?")
    screen.ids = {1}
    again = lake.reopened()
    again._screens = lake._screens
    with pytest.raises(DamagedLake), again.writer("shop") as writer:
        writer.erase()
    assert lake.data_files() == before
    assert lake.erased("shop") == frozenset()


def test_tombstones_are_kept_once_and_seen_by_every_process(tmp_path: Path, lake: OrdersLake) -> None:
    stones = lake.tombstones
    assert stones.known() == {}
    stones.ensure_key()
    other = lake.reopened().tombstones
    mark = stones.mark("users.user_id", "7")
    assert stones.mark("users.user_id", "8") != mark != stones.mark("visits.visitor_id", "7")
    assert other.known() == {}
    stones.add([Tombstone(mark, "users.user_id", AT)])
    stones.add([Tombstone(mark, "users.user_id", AT + timedelta(1))])
    assert other.known() == {mark: Tombstone(mark, "users.user_id", AT)}
    assert all(path.stat().st_mode & 0o77 == 0 for path in stones.folder.iterdir())
    assert lake.sources() == ()
    if lake.place is not None:
        elsewhere = lake.on_another_machine(tmp_path / "elsewhere").tombstones
        elsewhere.pull()
        assert elsewhere.known() == stones.known()
        assert elsewhere.key() == stones.key()


def test_tombstones_of_another_key_are_refused(tmp_path: Path) -> None:
    ours, theirs = Tombstones(tmp_path / "a"), Tombstones(tmp_path / "b")
    for stones in (ours, theirs):
        stones.ensure_key()
        stones.add([Tombstone(stones.mark("users.user_id", "7"), "users.user_id", AT)])
    with pytest.raises(ConfigError, match="another key"):
        ours.take_from(theirs.folder)
    fresh = Tombstones(tmp_path / "c")
    assert fresh.take_from(theirs.folder) == 1
    assert fresh.take_from(theirs.folder) == 0
    assert fresh.mark("users.user_id", "7") in fresh.known()
    theirs.copy_to(tmp_path / "backup" / FOLDER)
    assert (tmp_path / "backup" / FOLDER / "key").read_bytes() == (theirs.folder / "key").read_bytes()
    (theirs.folder / "key").unlink()
    with pytest.raises(ConfigError, match="key"):
        theirs.ensure_key()


def test_a_lake_without_screens_lets_everything_pass(tmp_path: Path, clock: HandClock) -> None:
    assert Lake(tmp_path, clock).screen("shop") is UNSCREENED


IDS = st.lists(st.integers(1, 4), min_size=1, max_size=3)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["changes", "snapshot", "journal"]), IDS),
        st.tuples(st.sampled_from(["seal", "compact", "checkpoint", "reopen", "purge"]), st.just([1])),
        st.tuples(st.just("erase"), st.lists(st.integers(1, 4), min_size=1, max_size=1)),
    ),
    min_size=2,
    max_size=12,
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
@pytest.mark.slow
@pytest.mark.parametrize("storage", ["folder"])
def test_an_erased_lake_is_the_other_one_without_what_was_erased(
    lake: OrdersLake, steps: list[tuple[str, list[int]]]
) -> None:
    """The oracle: the same steps on a lake in which nobody is erased, and the totals taken out at the end."""
    screen = WithoutTotalsOf()
    plain, erased = lake.emptied(), lake.emptied()
    erased._screens = lambda _source: screen
    for step, ids in [("snapshot", [1, 2]), *steps, ("seal", [1])]:
        if step == "erase":
            screen.ids |= set(ids)
        plain, erased = (_after(one, step, ids) for one in (plain, erased))
    with erased.writer("shop") as writer:
        writer.erase()
    for kept, taken in zip(_files(plain), _files(erased), strict=True):
        assert taken == [(one, None if one in screen.ids else total) for one, total in kept]
    assert erased.verify("shop").rows == plain.verify("shop").rows
    erased.purge("shop")
    with erased._log("shop").state() as state:
        assert erased.data_files() == state.known_paths()


def _after(lake: OrdersLake, step: str, ids: list[int]) -> OrdersLake:
    if step in {"changes", "snapshot"}:
        land(lake, ids, CommitKind(step))
    elif step == "reopen":
        again = lake.reopened()
        again._screens = lake._screens
        return again
    elif step == "purge":
        lake.purge("shop")
    elif step == "checkpoint":
        log = lake._log("shop")
        with log.state() as state:
            if state.segment is None:
                write_checkpoint(log.storage, state, now=lake.clock.now(), grace=timedelta(0))
    else:
        with lake.writer("shop") as writer:
            if step == "journal":
                rows = [{"id": one, "total": Decimal(one)} for one in ids]
                change = replace(lake.changed(ids), rows=pa.RecordBatch.from_pylist(rows, lake.schema))
                writer.append([change], {}, None)
            elif step == "seal":
                writer.seal()
            elif step == "compact":
                writer.compact()
            else:
                writer.erase()
    return lake


def _files(lake: OrdersLake) -> list[list[tuple[int, Decimal | None]]]:
    """The rows of live files, and of those kept as history, in the order in which they came."""
    files = lake.live_files("shop")["orders"]
    past = [one.file for one in files.history if one.file is not None]
    return [
        [
            (row["id"], row["total"])
            for path in files.storage.paths("orders", kept)
            for row in pq.read_table(path).to_pylist()
        ]
        for kept in (files.files, past)
    ]
