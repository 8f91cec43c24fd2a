"""From a snapshot to the stream, under writes: each change exactly once, whatever was open, without locks."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amalimart.core.errors import SourceUnreachable
from amalimart.sources.port import TableProgress
from amalimart.sources.postgres import slot, stream
from amalimart.sources.postgres.replication import Replication
from amalimart.sources.postgres.stream_position import Handover, nearest_number
from amalimart.sources.postgres.visibility import Snapshot
from tests.sources.followed_shop import FollowedShop

if TYPE_CHECKING:
    from tests.sources.conftest import Database, Mappings, ReadingLake

ONE = """
tables: {tags: {}, categories: {unmapped: not yet}}
entities: {tags: {table: tags, columns: {tag_id: id, tag_name: name}}}
"""
BOTH = """
tables: {tags: {}, categories: {}}
entities:
  tags: {table: tags, columns: {tag_id: id, tag_name: name}}
  categories: {table: categories, columns: {category_id: id, category_name: name}}
"""
CREATE = (
    "create table tags (id bigint primary key, name text)",
    "create table categories (id bigint primary key, name text)",
)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "LOOK_SECONDS", 0.2)


@pytest.fixture
def shop(captured: Database, mappings: Mappings, lake: ReadingLake) -> Iterator[FollowedShop]:
    captured.run(*CREATE)
    shop = FollowedShop(captured, mappings, lake, BOTH)
    yield shop
    shop.close()


@contextmanager
def writers(database: Database, count: int = 3) -> Iterator[None]:
    """Sessions that insert, move, change, delete and truncate at random until the block ends."""
    stop = threading.Event()
    failed: list[BaseException] = []

    def write(seed: int) -> None:
        dice = random.Random(seed)  # noqa: S311 - a reproducible mixture
        try:
            with database.connect() as connection:
                connection.autocommit = False
                while not stop.is_set():
                    for _ in range(dice.randrange(1, 6)):
                        act(connection, dice, seed)
                    time.sleep(dice.choice([0, 0, 0.001, 0.02]))
                    connection.rollback() if dice.random() < 0.2 else connection.commit()
        except BaseException as error:  # noqa: BLE001 - told where the block ends
            failed.append(error)

    threads = [threading.Thread(target=write, args=(seed,)) for seed in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failed == []


def act(connection: psycopg.Connection[Any], dice: random.Random, seed: int) -> None:
    # Each session has keys of its own, so that none waits for another in opposite orders.
    table = dice.choice(["tags", "categories"])
    key = dice.randrange(40) * 10 + seed
    what = dice.random()
    if what < 0.5:
        connection.execute(
            f"insert into {table} values (%s, %s) on conflict (id) do update set name = excluded.name",
            [key, f"{dice.random()}"],
        )
    elif what < 0.65:
        connection.execute(f"delete from {table} where id = %s", [key])
    elif what < 0.75:
        connection.execute("savepoint a")
        connection.execute(f"delete from {table} where id = %s", [key])
        connection.execute("rollback to a" if dice.random() < 0.5 else "release a")
    else:
        other = dice.randrange(40) * 10 + seed
        connection.execute(f"delete from {table} where id = %s and id <> %s", [other, key])
        connection.execute(f"update {table} set id = %s where id = %s", [other, key])


def slowly(progress: TableProgress) -> None:
    if progress.done:
        time.sleep(0.3)


def assert_equal(shop: FollowedShop) -> None:
    for table in ("tags", "categories"):
        truth = shop.truth(table)
        assert shop.landed(table) == truth
        assert truth, "the writers left something"


def test_a_first_snapshot_under_writes_ends_as_the_source(
    shop: FollowedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shop, "_note", slowly)
    with writers(shop.database):
        time.sleep(0.2)
        shop.snapshot()
        time.sleep(0.5)
        shop.follow()
        shop.catch_up()
    shop.catch_up()
    assert len(shop.changes) > 100
    assert_equal(shop)


@pytest.mark.parametrize("column_lists", [True, False])
def test_a_table_added_later_under_writes_ends_as_the_source(
    captured: Database,
    mappings: Mappings,
    lake: ReadingLake,
    monkeypatch: pytest.MonkeyPatch,
    column_lists: bool,
) -> None:
    captured.run(*CREATE)
    shop = FollowedShop(captured, mappings, lake, ONE, column_lists=column_lists)
    shop.snapshot()
    monkeypatch.setattr(shop, "_note", slowly)
    with writers(shop.database):
        shop.catch_up()
        time.sleep(0.3)
        shop.remap(BOTH)
        assert shop.snapshot() == {"categories"}
        time.sleep(0.3)
        shop.follow()
        shop.catch_up()
        assert shop.snapshot("tags") == {"tags"}, "and one read again, the publication as it is"
        shop.follow()
        shop.catch_up()
    shop.catch_up()
    assert_equal(shop)
    shop.close()


def test_a_handover_tells_exactly_what_the_snapshot_does_not_show(shop: FollowedShop) -> None:
    """Committed before it: in the snapshot. Open during it, or later: in the stream. Nothing in both."""
    shop.snapshot()
    shop.catch_up()
    early, late = shop.database.connect(), shop.database.connect()
    with early, late:
        early.autocommit = late.autocommit = False
        early.execute("insert into tags values (1, 'open before, committed after')")
        late.execute("select 1")
        shop.database.run("insert into tags values (2, 'committed before')", "truncate categories")
        shop.database.run("insert into categories values (2, 'another table')")

        def in_between(progress: TableProgress) -> None:
            if progress.done:
                shop.database.run("insert into tags values (3, 'committed during')")

        shop._note = in_between  # type: ignore[method-assign]
        shop.snapshot("tags")
        early.execute("savepoint a")
        early.execute("insert into tags values (4, 'in a savepoint')")
        early.commit()
        late.execute("insert into tags values (5, 'begun before, first written after')")
        late.commit()
    assert shop.landed("tags") == [(2, "committed before")]
    shop.follow()
    told = [(change.shape.table, change.values[0] and int(change.values[0])) for change in shop.catch_up()]
    assert told == [
        ("categories", None),
        ("categories", 2),
        ("tags", 3),
        ("tags", 1),
        ("tags", 4),
        ("tags", 5),
    ]
    shop.follow()
    shop.database.run("insert into tags values (6, 'much later')")
    assert [change.values[0] for change in shop.catch_up()] == [b"6"]


def test_a_prepared_transaction_that_commits_late_is_told(shop: FollowedShop) -> None:
    shop.snapshot()
    shop.catch_up()
    with shop.database.connect() as connection:
        connection.execute("begin")
        connection.execute("insert into tags values (1, 'prepared')")
        connection.execute("prepare transaction 'late'")
    shop.snapshot("tags")
    shop.database.run("commit prepared 'late'")
    assert shop.landed("tags") == []
    shop.follow()
    shop.catch_up()
    assert shop.landed("tags") == [(1, "prepared")]


def test_a_table_added_while_it_is_written_waits_for_the_writer_not_with_a_lock(
    captured: Database, mappings: Mappings, lake: ReadingLake
) -> None:
    """What was written before the table was published would never be told: it must be in the snapshot."""
    captured.run(*CREATE)
    shop = FollowedShop(captured, mappings, lake, ONE)
    shop.snapshot()
    shop.remap(BOTH)
    with captured.connect() as writer:
        writer.autocommit = False
        writer.execute("insert into categories values (1, 'before')")
        copying = threading.Thread(target=shop.snapshot)
        copying.start()
        time.sleep(0.5)
        assert copying.is_alive()
        captured.run("set lock_timeout = '1s'; insert into categories values (2, 'others write on')")
        writer.execute("insert into categories values (3, 'after')")
        writer.commit()
        copying.join(20)
    assert not copying.is_alive()
    shop.follow()
    shop.catch_up()
    assert shop.landed("categories") == shop.truth("categories")
    assert len(shop.landed("categories")) == 3
    shop.close()


def test_a_writer_that_does_not_end_is_named(
    captured: Database, mappings: Mappings, lake: ReadingLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slot, "WRITERS_SECONDS", 0.3)
    captured.run(*CREATE)
    shop = FollowedShop(captured, mappings, lake, ONE)
    shop.snapshot()
    shop.remap(BOTH)
    with captured.connect() as writer:
        writer.autocommit = False
        writer.execute("insert into categories values (1, 'open')")
        with pytest.raises(SourceUnreachable, match="categories") as caught:
            shop.snapshot()
        assert caught.value.retryable
        assert str(writer.info.backend_pid) in str(caught.value.where)
    assert shop.snapshot() == {"categories"}
    shop.close()


def test_the_stream_opens_anew_where_the_publication_changed_and_loses_nothing(
    captured: Database, mappings: Mappings, lake: ReadingLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []
    original = Replication.start

    def noting(self: Replication, name: str, publication: str, lsn: int, confirmed: int) -> None:
        started.append(lsn)
        original(self, name, publication, lsn, confirmed)

    monkeypatch.setattr(Replication, "start", noting)
    captured.run(*CREATE)
    shop = FollowedShop(captured, mappings, lake, ONE)
    shop.snapshot()
    captured.run("insert into tags values (1, 'not yet told')")
    shop.remap(BOTH)
    shop.snapshot()
    captured.run("insert into tags values (2, 'b')", "insert into categories values (1, 'c')")
    shop.follow()
    told = [(change.shape.table, change.values[0]) for change in shop.catch_up()]
    assert told == [("tags", b"1"), ("tags", b"2"), ("categories", b"1")]
    assert len(started) == 2
    assert started[0] < started[1]
    shop.follow()
    captured.run("insert into categories values (2, 'd')")
    assert len(shop.catch_up()) == 1
    assert len(started) == 3, "once past it, the mark means nothing"
    shop.close()


def test_a_column_mapped_later_is_published_and_taken_up(shop: FollowedShop) -> None:
    shop.database.run("alter table tags add column note text", "insert into tags values (1, 'a', 'before')")
    shop.snapshot()
    shop.follow()
    shop.catch_up()
    shop.remap(BOTH.replace("tag_name: name}", "tag_name: note}, where: {name: [x]}"))
    assert shop.snapshot() == {"tags"}
    shop.follow()
    shop.database.run(
        "insert into tags values (2, 'b', 'after')", "update tags set note = 'now' where id = 1"
    )
    shop.catch_up()
    columns = ("id", "name", "note")
    assert shop.landed("tags", columns) == shop.truth("tags", columns)
    assert len(shop.landed("tags", columns)) == 2


def test_an_unmapped_table_leaves_the_publication(shop: FollowedShop) -> None:
    shop.snapshot()
    shop.remap(ONE)
    shop.snapshot("tags")
    with shop.database.connect() as connection:
        published = connection.execute("select tablename from pg_publication_tables").fetchall()
    assert published == [("tags",)]
    assert list((shop.position or {})["tables"]) == ["tags"]
    shop.database.run("insert into categories values (1, 'x')", "insert into tags values (1, 'y')")
    assert [change.shape.table for change in shop.catch_up()] == ["tags"]


@given(st.integers(2**31, 2**62), st.integers(-(2**31) + 1, 2**31 - 1))
def test_a_short_transaction_number_is_the_nearest_long_one(known: int, distance: int) -> None:
    number = known + distance
    assert nearest_number(number % 2**32, known) == number


@given(st.integers(3, 2**40), st.lists(st.integers(0, 50), unique=True), st.integers(-60, 60))
def test_a_handover_has_what_its_snapshot_sees(base: int, running: list[int], offset: int) -> None:
    """Visible: below xmax and not running; whichever 32 bits the stream tells."""
    base += 2**32
    xmax = base + 51
    snapshot = Snapshot(min([xmax, *(base + n for n in running)]), xmax, tuple(base + n for n in running))
    number = base + offset
    handover = Handover(snapshot, until=1000)
    seen = number < xmax and number not in snapshot.running
    assert handover.has(number % 2**32, 999) is seen
    assert not handover.has(number % 2**32, 1000)
