"""The slot of a source: what it keeps, when it is let go of, and when it can no longer be gone on from."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import psycopg
import pytest

from amalimart.core.errors import (
    CaptureBusy,
    CaptureLost,
    ConfigError,
    DamagedLake,
    SourceError,
    SourceUnreachable,
)
from amalimart.lake import CommitKind
from amalimart.sources import PostgresStreamingSource
from amalimart.sources.port import Settled, TableProgress
from amalimart.sources.postgres import replication, stream
from amalimart.sources.postgres.lsn import lsn_number
from tests.sources.followed_shop import FollowedShop

if TYPE_CHECKING:
    from tests.sources.conftest import Database, Mappings, ReadingLake

TAGS = """
tables: {tags: {}}
entities: {tags: {table: tags, columns: {tag_id: id, tag_name: name}}}
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "LOOK_SECONDS", 0.2)


@pytest.fixture
def shop(captured: Database, mappings: Mappings, lake: ReadingLake) -> Iterator[FollowedShop]:
    captured.run(
        "create table tags (id bigint primary key, name text)",
        "create table noise (n bigint)",
        "insert into tags values (1, 'a')",
    )
    shop = FollowedShop(captured, mappings, lake, TAGS)
    shop.snapshot()
    yield shop
    shop.close()


def wait_until(found: Callable[[], object], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.05)


def take_all(shop: FollowedShop, seconds: float) -> None:
    assert shop.stream is not None
    for event in shop.stream.events(seconds):
        shop.take(event)


def test_a_quiet_shop_in_a_busy_cluster_frees_the_log(shop: FollowedShop) -> None:
    """Nothing of ours changes, everything else does: the slot must move on all the same."""
    shop.follow()
    shop.catch_up()
    before = lsn_number(shop.slot_row("restart_lsn::text"))

    def moved() -> bool:
        shop.database.run("insert into noise select generate_series(1, 2000)", "checkpoint")
        shop.catch_up()
        return lsn_number(shop.slot_row("restart_lsn::text")) > before + 1_000_000

    wait_until(moved)
    assert shop.changes == []
    assert all(settled.fresh_as_of is not None for settled in shop.settled)


def test_the_time_of_a_quiet_shop_goes_on(shop: FollowedShop) -> None:
    """Also where the whole server is quiet: no change is news, too."""
    shop.follow()
    shop.catch_up()
    before = shop.settled[-1].fresh_as_of
    assert shop.stream is not None
    for event in shop.stream.events(1):
        shop.take(event)
    after = shop.settled[-1].fresh_as_of
    assert before is not None
    assert after is not None
    assert 0.5 < (after - before).total_seconds() < 5
    with shop.database.connect() as connection:
        row = connection.execute("select clock_timestamp()").fetchone()
    assert row is not None
    assert after <= row[0]


def test_freshness_is_never_ahead_of_what_was_told(shop: FollowedShop) -> None:
    """While a long transaction of another table is decoded, nothing newer may be called known."""
    shop.follow()
    shop.catch_up()
    shop.database.run(
        "insert into noise select generate_series(1, 100000)", "insert into tags values (2, 'b')"
    )
    first = len(shop.settled)
    shop.catch_up()
    (change,) = shop.changes
    told = False
    assert shop.stream is not None
    for settled in shop.settled[first:]:
        told = told or lsn_number(settled.position["lsn"]) > lsn_number(change.transaction.position)
        if not told and settled.fresh_as_of is not None:
            assert settled.fresh_as_of <= change.transaction.committed_at


def test_nothing_is_confirmed_that_was_not_told_to_be_held(
    shop: FollowedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replication, "STATUS_SECONDS", 0.05)
    start = dict(shop.position or {})
    shop.follow()
    shop.database.run("insert into tags values (2, 'b')", "insert into noise select generate_series(1, 2000)")
    shop.catch_up(confirm=False)
    assert shop.stream is not None
    shop.stream.confirm(start)
    for _ in shop.stream.events(0.5):
        pass
    assert shop.slot_row("confirmed_flush_lsn::text") == start["lsn"]
    shop.stream.confirm(shop.position or {})
    wait_until(lambda: shop.slot_row("confirmed_flush_lsn::text") == (shop.position or {})["lsn"])
    shop.stream.confirm({"lsn": "FFFF/FFFFFFFF"})
    for _ in shop.stream.events(0.3):
        pass
    assert lsn_number(shop.slot_row("confirmed_flush_lsn::text")) <= shop.end_of_log()


def test_a_lake_that_is_behind_what_was_confirmed_is_refused(shop: FollowedShop) -> None:
    backup = dict(shop.position or {})
    shop.follow()
    shop.database.run("insert into tags values (2, 'b')")
    shop.catch_up()
    wait_until(lambda: shop.slot_row("confirmed_flush_lsn::text") == (shop.position or {})["lsn"])
    shop.leave()
    shop.position = backup
    with pytest.raises(CaptureLost, match="does not hold") as caught:
        shop.follow()
    assert caught.value.next_step == "amalimart source resnapshot NAME"
    assert not caught.value.retryable
    assert shop.snapshot("tags") == {"tags"}
    shop.follow()
    shop.database.run("insert into tags values (3, 'c')")
    shop.catch_up()
    assert shop.landed("tags") == shop.truth("tags")


def test_a_slot_that_was_dropped_is_told_and_made_anew_when_asked(shop: FollowedShop) -> None:
    shop.database.run(f"select pg_drop_replication_slot('{shop.slot}')", "insert into tags values (2, 'b')")
    with pytest.raises(CaptureLost, match="is gone"):
        shop.follow()
    assert shop.snapshot() == set(), "not by itself"
    shop.snapshot("tags")
    shop.follow()
    shop.database.run("delete from tags where id = 1")
    shop.catch_up()
    assert shop.landed("tags") == shop.truth("tags") == [(2, "b")]


def test_where_the_slot_is_lost_part_of_the_tables_is_not_enough(
    captured: Database, mappings: Mappings, lake: ReadingLake
) -> None:
    captured.run("create table tags (id int primary key, name text)", "create table c (id int primary key)")
    both = TAGS.replace("{tags: {}}", "{tags: {}, c: {}}").replace(
        "entities: {", "entities: {categories: {table: c, columns: {category_id: id}}, "
    )
    shop = FollowedShop(captured, mappings, lake, both)
    shop.snapshot()
    captured.run(f"select pg_drop_replication_slot('{shop.slot}')")
    with pytest.raises(CaptureLost):
        shop.snapshot("tags")
    assert shop.slot_row("slot_name") is None
    shop.snapshot("tags", "c")
    shop.close()


def test_a_slot_that_fell_too_far_behind_is_told(shop: FollowedShop) -> None:
    shop.database.run("alter system set max_slot_wal_keep_size = '1MB'", "select pg_reload_conf()")
    try:
        wait_until(
            lambda: any(
                "max_slot_wal_keep_size is 1MB" in finding.what
                for finding in shop.source.preflight(shop.mapping)
            )
        )

        def lost() -> bool:
            shop.database.run(
                "insert into noise select generate_series(1, 100000)", "select pg_switch_wal()", "checkpoint"
            )
            return bool(shop.slot_row("wal_status") == "lost")

        wait_until(lost, 60)
        with pytest.raises(CaptureLost, match="invalidated"):
            shop.follow()
    finally:
        shop.database.run("alter system reset max_slot_wal_keep_size", "select pg_reload_conf()")
    shop.snapshot("tags")
    shop.follow()
    shop.database.run("insert into tags values (2, 'b')")
    shop.catch_up()
    assert shop.landed("tags") == shop.truth("tags")


def test_a_second_follower_is_told_to_wait(shop: FollowedShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replication, "BUSY_SECONDS", 0.2)
    shop.follow()
    other = PostgresStreamingSource(shop.database.address, slot=shop.slot, publication="amalimart_shop")
    with other, pytest.raises(CaptureBusy) as caught:
        other.follow(shop.mapping, shop.position or {})
    assert caught.value.retryable
    shop.database.run("insert into tags values (2, 'b')")
    assert len(shop.catch_up()) == 1, "the first goes on"
    shop.leave()
    monkeypatch.undo()
    with other:
        other.follow(shop.mapping, shop.position or {}).close()


def test_another_database_of_the_same_name_is_not_gone_on_from(shop: FollowedShop) -> None:
    position = dict(shop.position or {})
    position["cluster"] = "1" + position["cluster"]
    assert shop.source.stale_tables(shop.mapping, position) == {"tags"}
    with pytest.raises(CaptureLost, match="another database"):
        shop.source.follow(shop.mapping, position)


def test_a_position_that_cannot_be_read_is_told(shop: FollowedShop) -> None:
    position = dict(shop.position or {})
    wrong: list[dict[str, object]] = [
        {"lsn": "soon"},
        {"tables": {"tags": {}}},
        {"stopped": []},
        {"tables": None},
    ]
    for broken in wrong:
        with pytest.raises(DamagedLake):
            shop.source.follow(shop.mapping, position | broken)


def test_a_slot_left_by_a_snapshot_that_died_is_let_go(shop: FollowedShop) -> None:
    shop.position = None
    first = shop.slot_row("confirmed_flush_lsn::text")
    shop.database.run("insert into tags values (2, 'b')")
    shop.snapshot()
    assert shop.slot_row("confirmed_flush_lsn::text") != first
    assert shop.landed("tags") == [(1, "a"), (2, "b")]


def test_a_snapshot_that_fails_leaves_no_slot(shop: FollowedShop) -> None:
    def fail(_progress: TableProgress) -> None:
        raise OSError("no space left")

    shop.position = None
    with (
        shop.lake.writer("shop") as writer,
        writer.begin(CommitKind.SNAPSHOT) as batch,
        pytest.raises(Exception, match="no space left"),
    ):
        shop.source.snapshot(shop.mapping, batch, fail, tables={"tags"}, since=None)
    assert shop.slot_row("slot_name") is None
    shop.snapshot()


def test_a_slot_waits_for_open_transactions_and_names_the_way_out(
    shop: FollowedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replication, "SLOT_SECONDS", 0.5)
    shop.position = None
    with shop.database.connect() as writer:
        writer.autocommit = False
        writer.execute("insert into noise values (1)")
        with pytest.raises(SourceUnreachable, match="CREATE_REPLICATION_SLOT") as caught:
            shop.snapshot()
        assert "pg_stat_activity" in str(caught.value.next_step)
    wait_until(lambda: shop.slot_row("slot_name") is None)
    shop.snapshot()


def test_a_session_that_is_cut_is_unreachable_and_goes_on_where_it_was(shop: FollowedShop) -> None:
    shop.follow()
    shop.catch_up()
    shop.database.run(
        "insert into tags values (2, 'b')",
        f"select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = '{shop.slot}'",
    )
    with pytest.raises(SourceError) as caught:
        take_all(shop, 5)
    assert isinstance(caught.value, SourceUnreachable)
    assert caught.value.retryable
    shop.follow()
    shop.catch_up()
    assert shop.landed("tags") == shop.truth("tags") == [(1, "a"), (2, "b")]


def test_a_server_that_shuts_down_is_not_held_up(shop: FollowedShop, monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits until all it sent is confirmed; a keepalive that asks for an answer settles at once."""
    monkeypatch.setattr(stream, "LOOK_SECONDS", 1000)
    shop.follow()
    assert shop.stream is not None
    settled = [event for event in shop.stream.events(0.3) if isinstance(event, Settled)]
    shop.database.run("insert into noise select generate_series(1, 1000)")
    assert [event for event in shop.stream.events(0.3) if isinstance(event, Settled)] == []
    shop.stream._keepalive(replication.Keepalive(shop.end_of_log(), settled[-1].fresh_as_of, True))  # type: ignore[arg-type]
    (event,) = [event for event in shop.stream.events(0) if isinstance(event, Settled)]
    assert lsn_number(event.position["lsn"]) == shop.end_of_log()


def test_a_publication_that_is_dropped_ends_the_stream_with_the_way_out(
    shop: FollowedShop,
) -> None:
    shop.follow()
    shop.catch_up()
    shop.database.run("drop publication amalimart_shop", "insert into tags values (2, 'b')")
    with pytest.raises(CaptureLost, match="publication") as caught:
        take_all(shop, 5)
    assert caught.value.next_step == "amalimart source resnapshot NAME"
    shop.leave()
    with pytest.raises(CaptureLost, match="publication"):
        shop.follow()
    shop.snapshot("tags")
    shop.catch_up()
    assert shop.landed("tags") == shop.truth("tags")


@pytest.mark.parametrize("name", ["Upper", "a-b", "", "a" * 64, 'x"; drop'])
def test_names_are_checked(name: str) -> None:
    for slot, publication in ((name, "p"), ("s", name)):
        with pytest.raises(ConfigError, match="cannot be the name"):
            PostgresStreamingSource("host=nowhere", slot=slot, publication=publication)


def test_the_source_is_only_read(shop: FollowedShop) -> None:
    with (
        shop.source._session.connected() as connection,
        pytest.raises(psycopg.errors.ReadOnlySqlTransaction),
    ):
        connection.execute("insert into tags values (9, 'written')")
