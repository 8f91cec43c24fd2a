"""Nothing lost, nothing doubled, nothing going backwards: snapshots under load, cuts, restarts, lost logs."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from amalimart.core.errors import CaptureLost, SourceUnreachable
from amalimart.lake import Operation
from amalimart.sources.mysql import connection as connection_module
from amalimart.sources.mysql import dump, snapshotting
from amalimart.sources.mysql import stream as stream_module
from amalimart.sources.mysql.gtid import MariaDBGtids, MySQLGtids
from amalimart.sources.mysql.source import MySQLSource
from amalimart.sources.mysql.wire import SocketReader
from amalimart.sources.port import RowChange, Settled
from tests.mariadb_server import MySQLDatabase, MySQLServer, fresh_database, start_mariadb
from tests.sources.mysql.busy_shop import TABLES, create, kept_busy, rows_of
from tests.sources.mysql.conftest import Copies, Copy
from tests.sources.mysql.cutting_proxy import cutting_proxy


def assert_equal_to_the_source(copy: Copy) -> None:
    for table in TABLES:
        assert copy.values(table) == rows_of(copy.database, table)


@pytest.mark.slow
def test_snapshots_under_load_become_the_source(copies: Copies) -> None:
    """Each begins somewhere in a stream of commits; what it misses or has too early is played over it."""
    create(copies.database, rows=20_000)
    taken = []
    with kept_busy(copies.database, sessions=2):
        for _ in range(5):
            copy = copies.whole(*TABLES)
            copy.snapshot()
            copy.follow()
            taken.append(copy)
    for copy in taken:
        copy.catch_up()
        assert_equal_to_the_source(copy)
        copy.leave()
        copy.source.close()


def test_nothing_is_whole_before_the_stream_has_passed_the_snapshot(copies: Copies) -> None:
    """A table without transactions is read as it is when it is read, so ahead of where the stream begins."""
    copies.database.run(
        "create table orders (id int primary key, n int)",
        "create table items (id int primary key, n int) engine = myisam",
        "insert into items values (1, 0)",
    )
    copy = copies.whole(*TABLES)
    changed: list[bool] = []

    def change() -> None:
        if not changed:
            changed.append(True)
            copies.database.run(
                "update items set n = 1", "insert into orders values (1, 1)", "update items set n = 2"
            )

    position = snapshot_with(copy, change)
    assert copy.rows["items"][1,]["n"] == 2
    assert copy.rows["orders"] == {}
    assert position["gtid"] != position["until"]
    told = 0
    for event in copy.follow().events(0.5):
        if isinstance(event, Settled):
            assert parsed(copy, event.position["gtid"]).covers(parsed(copy, position["until"]))
            break
        told += 1
    assert told == 3
    copy.follow()
    copy.catch_up()
    assert copy.rows["items"][1,]["n"] == 2
    assert copy.rows["orders"][1,]["n"] == 1
    copy.leave()
    copy.source.close()


def snapshot_with(copy: Copy, after_each_table: Callable[[], None]) -> dict[str, Any]:
    """A snapshot during which something happens once the rows of a table are read."""
    read = snapshotting.table_rows

    def rows(*arguments: Any) -> Generator[Any, None, None]:
        yield from read(*arguments)
        after_each_table()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("amalimart.sources.mysql.source.table_rows", rows)
        copy.snapshot()
    return copy.position


def parsed(copy: Copy, text: str) -> Any:
    return (MariaDBGtids if copy.database.server.is_mariadb else MySQLGtids).parse(text)


def test_a_changed_key_is_a_delete_and_an_upsert(categories: Copy) -> None:
    categories.snapshot()
    categories.database.run("update categories set id = 9, name = 'Sandals' where id = 1")
    deleted, upserted = categories.catch_up()
    assert (deleted.operation, list(deleted.values)) == (Operation.DELETE, [b"1", None, None])
    assert (upserted.operation, list(upserted.values)) == (Operation.UPSERT, [b"9", b"Sandals", None])
    assert deleted.transaction == upserted.transaction


def test_a_row_says_which_transaction_it_comes_from(categories: Copy) -> None:
    categories.snapshot()
    before = categories.database.ask("select unix_timestamp(now(6))")[0][0]
    categories.database.run("insert into categories (id, name) values (5, 'x')")
    (change,) = categories.catch_up()
    assert (
        change.transaction.position in str(categories.position["gtid"]) or ":" in change.transaction.position
    )
    assert -1.5 < change.transaction.committed_at.timestamp() - float(before) < 10
    assert categories.settled[-1].fresh_as_of == change.transaction.committed_at


def test_a_killed_connection_loses_and_doubles_nothing(copies: Copies) -> None:
    create(copies.database)
    copy = copies.whole(*TABLES)
    copy.snapshot()
    copy.follow()
    cuts = 0
    with kept_busy(copies.database, sessions=2):
        for _ in range(4):
            kill_readers_of_the_log(copies.database)
            with pytest.raises(SourceUnreachable):
                take_until_cut(copy)
            cuts += 1
            copy.follow()
    copy.catch_up()
    assert cuts == 4
    assert_equal_to_the_source(copy)
    assert_told_once(copy)


def take_until_cut(copy: Copy) -> None:
    assert copy.stream is not None
    until = time.monotonic() + 20
    while time.monotonic() < until:
        copy.take(copy.stream)


def kill_readers_of_the_log(database: MySQLDatabase) -> None:
    for number, user, command in database.ask("select id, user, command from information_schema.processlist"):
        if user == database.user and str(command).startswith("Binlog Dump"):
            database.run(f"kill {number}")


def assert_told_once(copy: Copy) -> None:
    """No transaction was committed twice, and each is together."""
    order = [change.transaction.position for change in copy.told]
    runs = [gtid for place, gtid in enumerate(order) if place == 0 or order[place - 1] != gtid]
    assert len(runs) == len(set(runs))


@pytest.mark.slow
def test_a_cut_in_the_middle_of_an_event_loses_and_doubles_nothing(copies: Copies) -> None:
    create(copies.database)
    server = copies.database.server
    with cutting_proxy(server.host, server.port) as proxy:
        parts = urlsplit(copies.database.address)
        copy = copies.whole(*TABLES)
        copy.source.close()
        copy.source = MySQLSource(
            parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{proxy.port}").geturl()
        )
        copy.snapshot()
        with kept_busy(copies.database, sessions=2):
            time.sleep(1.0)
        dice = random.Random(7)  # noqa: S311 - places to cut at, not secrets
        while proxy.cuts < 25:
            proxy.cut_after = dice.randrange(1, 60_000)
            try:
                copy.follow()
                copy.catch_up()
            except SourceUnreachable:
                copy.leave()
            else:
                if proxy.cut_after is not None:
                    # All had come before the cut was due.
                    with kept_busy(copies.database, sessions=1):
                        time.sleep(0.1)
                    proxy.cut_after = None
        copy.follow()
        copy.catch_up()
        copy.leave()
        copy.source.close()
    assert_equal_to_the_source(copy)
    assert_told_once(copy)


def test_a_server_that_restarts_is_followed_on(tmp_path: Path) -> None:
    server = start_mariadb(tmp_path, "--innodb-flush-log-at-trx-commit=1", "--sync-binlog=1")
    try:
        for database in fresh_database(server):
            create(database)
            copy = Copies(database, tmp_path).whole(*TABLES)
            copy.snapshot()
            copy.follow()
            for kill in (False, True):
                with kept_busy(database, sessions=1):
                    time.sleep(0.3)
                server.stop(kill=kill)
                with pytest.raises(SourceUnreachable):
                    take_until_cut(copy)
                with pytest.raises(SourceUnreachable):
                    copy.follow()
                server.start()
                database.run("replace into items values (1, 1, 'after')")
                copy.follow()
            copy.catch_up()
            assert_equal_to_the_source(copy)
            assert_told_once(copy)
            copy.leave()
            copy.source.close()
    finally:
        server.stop()


def test_a_log_that_was_removed_is_told(mysql_server: MySQLServer, categories: Copy) -> None:
    if not mysql_server.is_ours:
        pytest.skip(
            "removes binary logs, so it needs a server of the test run's own: unset AMALIMART_TEST_MYSQL_URL"
        )
    categories.snapshot()
    categories.database.run("insert into categories (id, name) values (7, 'lost')")
    remove_logs(categories.database)
    with pytest.raises(CaptureLost) as lost:
        follow_to_the_end(categories)
    assert "amalimart source resnapshot" in str(lost.value)
    # A snapshot anew goes on from now.
    categories.position = {}
    categories.snapshot()
    categories.database.run("insert into categories (id, name) values (8, 'found')")
    categories.catch_up()
    assert [row["id"] for row in categories.values("categories")] == [1, 2, 7, 8]


def follow_to_the_end(copy: Copy) -> None:
    copy.follow()
    copy.catch_up()


def remove_logs(database: MySQLDatabase) -> None:
    database.run(
        "flush logs",
        "insert into categories (id, name) values (70, 'x')",
        "delete from categories where id = 70",
    )
    database.run("flush logs")
    last = database.ask("show binary logs")[-1][0]
    until = time.monotonic() + 20
    while len(database.ask("show binary logs")) > 1:
        assert time.monotonic() < until
        database.run(f"purge binary logs to '{last}'")
        time.sleep(0.1)


def test_a_position_that_the_server_has_not_reached_is_told(categories: Copy) -> None:
    """A server that was restored from a backup knows less than the lake."""
    categories.snapshot()
    if categories.database.server.is_mariadb:
        domain, number, sequence = str(categories.position["gtid"]).split("-")
        categories.position["gtid"] = f"{domain}-{number}-{int(sequence) + 1000}"
    else:
        categories.position["gtid"] += "000"
    with pytest.raises(CaptureLost):
        follow_to_the_end(categories)


def test_a_position_of_another_server_is_not_gone_on_from(categories: Copy) -> None:
    categories.snapshot()
    assert categories.source.stale_tables(categories.mapping, categories.position) == set()
    categories.position["server"] = "mariadb/9/elsewhere/shop"
    assert categories.source.stale_tables(categories.mapping, categories.position) == {"categories"}
    with pytest.raises(CaptureLost):
        categories.follow()
    categories.position["kind"] = "postgres"
    assert categories.source.stale_tables(categories.mapping, categories.position) == {"categories"}


def test_transactions_of_others_move_the_position_now_and_then(
    categories: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    categories.database.run("create table elsewhere (id int primary key)")
    categories.snapshot()
    monkeypatch.setattr(stream_module, "IDLE_SECONDS", 2.0)
    stream = categories.follow()
    for number in range(5):
        categories.database.run(f"insert into elsewhere values ({number})")
    assert list(stream.events(0.1)) == []
    (settled,) = take(stream, 1)
    assert isinstance(settled, Settled)
    assert settled.position["gtid"] == categories.database.server.logged()
    # How fresh all is goes on although nothing comes.
    (later,) = take(stream, 1)
    assert isinstance(later, Settled)
    assert later.position == settled.position
    assert later.fresh_as_of is not None
    assert settled.fresh_as_of is not None
    assert later.fresh_as_of >= settled.fresh_as_of


def take(stream: stream_module.BinlogStream, count: int) -> list[RowChange | Settled]:
    found: list[RowChange | Settled] = []
    until = time.monotonic() + 10
    while len(found) < count:
        assert time.monotonic() < until
        for event in stream.events(0.1):
            found.append(event)
            if len(found) == count:
                break
    return found


def test_a_large_transaction_comes_as_it_arrives_and_is_settled_once(copies: Copies) -> None:
    create(copies.database)
    copy = copies.whole(*TABLES)
    copy.snapshot()
    stream = copy.follow()
    copies.database.run(
        "set session max_recursive_iterations = 200000, max_statement_time = 0"
        if copies.database.server.is_mariadb
        else "set session cte_max_recursion_depth = 200000",
        "insert into items with recursive "
        "n as (select 1000 as i union all select i + 1 from n where i < 150999) "
        "select i, i % 7, repeat('x', 50) from n",
    )
    waiting = most_waiting = rows = 0
    for event in stream.events(2.0):
        waiting = len(stream._pending)
        most_waiting = max(most_waiting, waiting)
        if isinstance(event, Settled):
            break
        rows += 1
    assert rows == 150_000
    assert most_waiting < 2_000
    copy.leave()
    copy.source.close()


def test_events_may_be_left_and_asked_for_again_anywhere(categories: Copy) -> None:
    categories.snapshot()
    stream = categories.follow()
    values = ", ".join(f"({number}, 'n{number}')" for number in range(100, 140))
    categories.database.run(
        f"insert into categories (id, name) values {values}", "delete from categories where id = 2"
    )
    found: list[RowChange | Settled] = []
    until = time.monotonic() + 10
    while len(found) < 43 and time.monotonic() < until:
        for event in stream.events(0.2):
            found.append(event)
            break
    assert [event.values[0] for event in found if isinstance(event, RowChange)] == [
        *(str(number).encode() for number in range(100, 140)),
        b"2",
    ]
    assert [isinstance(event, Settled) for event in found].count(True) == 2


def test_two_readers_of_one_server_do_not_push_each_other_out(categories: Copy, copies: Copies) -> None:
    other = copies.make(categories.mapping)
    categories.snapshot()
    other.snapshot()
    categories.follow()
    other.follow()
    categories.database.run("insert into categories (id, name) values (3, 'both')")
    assert len(categories.catch_up()) == len(other.catch_up()) == 1
    other.leave()
    other.source.close()


def test_one_table_is_snapshotted_again_while_the_others_wait_where_they_are(copies: Copies) -> None:
    """Its snapshot is ahead of the stream: what it already holds is not told again."""
    create(copies.database, rows=10)
    copy = copies.whole(*TABLES)
    copy.snapshot()
    copies.database.run(
        "update orders set status = 'one'",
        "update items set note = 'one'",
        "delete from orders where id = 1000",
    )
    reading = copy.snapshot("orders")
    assert reading.fresh_as_of is None
    copies.database.run("update orders set status = 'two' where id = 1001")
    changes = copy.catch_up()
    assert {change.shape.table for change in changes[:-1]} == {"items"}
    assert changes[-1].shape.table == "orders"
    assert len(changes) == 11
    assert_equal_to_the_source(copy)
    copy.leave()
    copy.source.close()


def test_a_snapshot_holds_up_no_change_of_a_table(copies: Copies) -> None:
    """Once a table's rows are read, its definition is free, however long the other tables take."""
    create(copies.database, rows=10)
    copy = copies.whole(*TABLES)
    altered: list[float] = []

    def alter() -> None:
        if not altered:
            begin = time.monotonic()
            copies.database.run("set session lock_wait_timeout = 5", "alter table items add column later int")
            altered.append(time.monotonic() - begin)

    snapshot_with(copy, alter)
    assert altered[0] < 5
    with closing(copy.source):
        assert_rows = copy.values("orders")
    assert len(assert_rows) == 10


@pytest.mark.slow
def test_what_is_new_of_the_position_is_told_until_a_commit_has_it(categories: Copy) -> None:
    """Of two settlements in one batch only the last is committed: it must hold what the first one told."""
    categories.snapshot()
    stream = categories.follow()
    database = categories.database
    database.run(
        "alter table categories modify name varchar(200)", "update categories set name = 'a' where id = 1"
    )
    database.run("update categories set name = 'b' where id = 1")
    told = [event for event in take(stream, 6) if isinstance(event, Settled)]
    assert [sorted(settled.position) for settled in told[-2:]] == [["gtid", "tables", "until"]] * 2
    stream.confirm({**categories.position, **told[-1].position})
    database.run("update categories set name = 'c' where id = 1")
    (_, settled) = take(stream, 2)
    assert isinstance(settled, Settled)
    assert sorted(settled.position) == ["gtid", "until"]


def test_a_snapshot_begins_where_it_sees_not_where_the_log_is(
    categories: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction is in the log before the engine shows it: the log's end is no place to go on from."""
    if not categories.database.server.is_mariadb:
        pytest.skip("MySQL moves gtid_executed only after the engine shows the transaction")

    def then_another(connection: Any, statement: str, *values: Any) -> Any:
        found = connection_module.run(connection, statement, *values)
        if statement.startswith("start transaction"):
            categories.database.run("insert into categories (id, name) values (9, 'later')")
        return found

    monkeypatch.setattr("amalimart.sources.mysql.snapshotting.run", then_another)
    categories.snapshot()
    assert [row["id"] for row in categories.values("categories")] == [1, 2]
    assert categories.position["gtid"] != categories.position["until"]
    categories.catch_up()
    assert [row["id"] for row in categories.values("categories")] == [1, 2, 9]


def test_a_server_that_falls_silent_is_gone(categories: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an end of the connection, as where a firewall forgets it: no sign of life means no server."""
    categories.snapshot()
    stream = categories.follow()
    assert list(stream.events(0.1)) == []
    monkeypatch.setattr(dump, "SILENCE_SECONDS", 0.2)
    monkeypatch.setattr(SocketReader, "ready", lambda _reader, _wait: False)
    time.sleep(0.3)
    with pytest.raises(SourceUnreachable, match="has said nothing"):
        list(stream.events(0.1))


def test_a_server_with_nothing_to_send_gives_signs_of_life(
    categories: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dump, "HEARTBEAT_SECONDS", 0.3)
    monkeypatch.setattr(dump, "SILENCE_SECONDS", 3)
    categories.snapshot()
    stream = categories.follow()
    for _ in range(40):
        list(stream.events(0.1))
    categories.database.run("insert into categories (id, name) values (3, 'after')")
    assert len(categories.catch_up()) == 1
