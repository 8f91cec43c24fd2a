"""Following a PostgreSQL database: what its transactions did is what the lake is told, in their order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from amalimart.core.errors import SourceMismatch
from amalimart.lake import Operation
from amalimart.sources.port import RowChange, Settled
from amalimart.sources.postgres import stream
from amalimart.sources.postgres.facts import Facts
from amalimart.sources.postgres.replication import Replication
from tests.sources.followed_shop import FollowedShop

if TYPE_CHECKING:
    from tests.sources.conftest import Database, Mappings, ReadingLake

TAGS = """
tables: {tags: {secret: [password], ignored: {note: not needed}}}
entities: {tags: {table: tags, columns: {tag_id: id, tag_name: name}}}
"""
TWO = """
tables: {tags: {}, product_tags: {}}
entities:
  tags: {table: tags, columns: {tag_id: id, tag_name: name}}
  product_tags: {table: product_tags, columns: {product_id: product, tag_id: tag}}
"""
CREATE = "create table tags (id bigint primary key, name text, password text, note text)"
# 32,000 characters that do not compress: kept outside the row, and not sent where they do not change.
LONG = "(select string_agg(md5((%s * 1000 + n)::text), '') from generate_series(1, 1000) n)"

Follow = Callable[..., FollowedShop]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "LOOK_SECONDS", 0.2)


@pytest.fixture
def follow(either: Database, mappings: Mappings, lake: ReadingLake) -> Iterator[Follow]:
    """Make a database by some statements, take its snapshot and follow it."""
    shops: list[FollowedShop] = []

    def made(*statements: str, mapping: str = TAGS, **options: Any) -> FollowedShop:
        either.run(*statements)
        shop = FollowedShop(either, mappings, lake, mapping, **options)
        shops.append(shop)
        shop.snapshot()
        shop.follow()
        return shop

    yield made
    for shop in shops:
        shop.close()


def told(changes: list[RowChange]) -> list[tuple[str, tuple[Any, ...]]]:
    return [
        (
            change.operation.value,
            tuple(value if value is None else value.decode() for value in change.values),
        )
        for change in changes
    ]


def test_changes_come_as_they_were_made(follow: Follow) -> None:
    shop = follow(CREATE, "insert into tags values (1, 'a'), (2, 'b')")
    with shop.database.connect() as connection, connection.transaction():
        connection.execute("insert into tags values (3, 'c')")
        connection.execute("update tags set name = 'B' where id = 2")
        connection.execute("delete from tags where id = 1")
    shop.database.run("update tags set name = null where id = 3")
    changes = shop.catch_up()
    assert told(changes) == [
        ("upsert", ("3", "c")),
        ("upsert", ("2", "B")),
        ("delete", ("1", None)),
        ("upsert", ("3", None)),
    ]
    assert shop.landed("tags") == shop.truth("tags") == [(2, "B"), (3, None)]
    first, last = changes[0].transaction, changes[-1].transaction
    assert {change.transaction for change in changes[:3]} == {first}
    assert first.position < last.position
    assert first.committed_at <= last.committed_at


def test_the_commit_time_is_the_servers(follow: Follow) -> None:
    shop = follow(CREATE)
    with shop.database.connect() as connection:
        before = connection.execute("select clock_timestamp()").fetchone()
        connection.execute("insert into tags values (1, 'a')")
        after = connection.execute("select clock_timestamp()").fetchone()
    (change,) = shop.catch_up()
    assert before is not None
    assert after is not None
    assert before[0] <= change.transaction.committed_at <= after[0]
    fresh = [settled.fresh_as_of for settled in shop.settled if settled.fresh_as_of]
    assert fresh == sorted(fresh)
    assert fresh[-1] >= change.transaction.committed_at


def test_a_rolled_back_transaction_is_never_told(follow: Follow) -> None:
    shop = follow(CREATE)
    with shop.database.connect() as connection:
        connection.autocommit = False
        connection.execute("insert into tags values (1, 'never')")
        connection.execute("savepoint a")
        connection.rollback()
        connection.execute("insert into tags values (2, 'kept')")
        connection.execute("savepoint b")
        connection.execute("insert into tags values (3, 'not kept')")
        connection.execute("rollback to b")
        connection.commit()
    assert told(shop.catch_up()) == [("upsert", ("2", "kept"))]


def test_another_key_is_a_delete_and_a_new_row(follow: Follow) -> None:
    shop = follow(CREATE, "insert into tags values (1, 'a')")
    shop.database.run("update tags set id = 7 where id = 1")
    assert told(shop.catch_up()) == [("delete", ("1", None)), ("upsert", ("7", "a"))]
    assert shop.landed("tags") == [(7, "a")]


def test_keys_that_trade_places_end_as_in_the_source(follow: Follow) -> None:
    shop = follow(CREATE, "insert into tags values (1, 'a'), (2, 'b')")
    with shop.database.connect() as connection, connection.transaction():
        connection.execute("update tags set id = 3 where id = 1")
        connection.execute("update tags set id = 1 where id = 2")
        connection.execute("update tags set id = 2 where id = 3")
    shop.catch_up()
    assert shop.landed("tags") == shop.truth("tags") == [(1, "b"), (2, "a")]


def test_a_large_value_left_alone_is_named_and_not_lost(follow: Follow) -> None:
    mapping = TAGS.replace("tag_name: name}", "tag_name: name}, where: {label: [x]}")
    shop = follow(
        "create table tags (id bigint primary key, name text, label text)",
        f"insert into tags values (1, {LONG % 1}, 'x')",
        mapping=mapping,
    )
    shop.database.run("update tags set label = 'y'")
    (change,) = shop.catch_up()
    assert (change.unchanged, told([change])) == (("name",), [("upsert", ("1", None, "y"))])
    columns = ("id", "name", "label")
    assert shop.landed("tags", columns) == shop.truth("tags", columns)
    assert len(shop.landed("tags", columns)[0][1]) == 32000


def test_a_large_value_whose_row_moves_to_another_key_is_asked_for(
    follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    original = Facts.values

    def noting(facts: Facts, table: Any, columns: Any, key: Any, xid: int) -> Any:
        asked.append(key)
        return original(facts, table, columns, key, xid)

    monkeypatch.setattr(Facts, "values", noting)
    shop = follow(CREATE, f"insert into tags values (1, {LONG % 1}), (2, {LONG % 2}), (3, {LONG % 3})")
    shop.database.run(
        "update tags set id = id + 10",
        "update tags set name = 'changed since' where id = 12",
        "delete from tags where id = 13",
    )
    changes = shop.catch_up()
    assert all(change.unchanged == () for change in changes)
    assert shop.landed("tags") == shop.truth("tags")
    assert [(key, len(name)) for key, name in shop.landed("tags")] == [(11, 32000), (12, 13)]
    assert asked == [{"id": b"11"}, {"id": b"12"}, {"id": b"13"}]


def test_with_the_whole_old_row_nothing_is_left_open(follow: Follow) -> None:
    shop = follow(
        "create table tags (id bigint not null, name text, password text)",
        "alter table tags replica identity full",
        f"insert into tags values (1, {LONG % 1}, 'p'), (2, 'b', 'p'), (2, 'b', 'q')",
    )
    shop.database.run("update tags set password = 'q' where id = 1", "update tags set id = 5 where id = 1")
    changes = shop.catch_up()
    assert [change.operation for change in changes] == ["upsert", "delete", "upsert"]
    assert all(change.unchanged == () for change in changes)
    assert told(changes)[1] == ("delete", ("1", None)), "only the key of a deleted row is told"
    shop.database.run("delete from tags where id = 2")
    shop.catch_up()
    assert shop.landed("tags") == shop.truth("tags")


def test_a_unique_index_can_tell_the_rows(follow: Follow) -> None:
    shop = follow(
        "create table tags (serial bigint primary key, id bigint not null, name text)",
        "create unique index by_id on tags (id)",
        "alter table tags replica identity using index by_id",
        "insert into tags values (1, 1, 'a'), (2, 2, 'b')",
    )
    shop.database.run("delete from tags where serial = 1", "update tags set id = 9 where serial = 2")
    assert told(shop.catch_up()) == [
        ("delete", ("1", None)),
        ("delete", ("2", None)),
        ("upsert", ("9", "b")),
    ]


def test_truncate_empties_every_table_it_reached(follow: Follow) -> None:
    shop = follow(
        "create table tags (id bigint primary key, name text)",
        "create table product_tags (product bigint, tag bigint references tags, primary key (product, tag))",
        "insert into tags values (1, 'a')",
        "insert into product_tags values (1, 1)",
        mapping=TWO,
    )
    shop.database.run("truncate tags cascade", "insert into tags values (2, 'b')")
    changes = shop.catch_up()
    assert sorted((change.operation.value, change.shape.table) for change in changes) == [
        ("truncate", "product_tags"),
        ("truncate", "tags"),
        ("upsert", "tags"),
    ]
    assert set(changes[0].values) == {None}
    assert (shop.landed("tags"), shop.landed("product_tags", ("product", "tag"))) == ([(2, "b")], [])


def test_partitions_are_one_table_and_rows_move_between_them(follow: Follow) -> None:
    shop = follow(
        "create table tags (id bigint primary key, name text) partition by range (id)",
        "create table tags_low partition of tags for values from (0) to (10)",
        "create table tags_high partition of tags for values from (10) to (20)",
        "insert into tags values (1, 'a'), (11, 'b')",
    )
    shop.database.run(
        "update tags set id = 12 where id = 1",
        "delete from tags where id = 11",
        "insert into tags_low values (2, 'direct')",
        "create table tags_next partition of tags for values from (20) to (30)",
        "insert into tags values (25, 'c')",
    )
    shop.catch_up()
    assert shop.landed("tags") == shop.truth("tags") == [(2, "direct"), (12, "a"), (25, "c")]


def test_names_that_need_quotes_and_tables_of_another_schema(follow: Follow) -> None:
    shop = follow(
        'create schema "Web Shop"',
        'create table "Web Shop"."Ta gs" (id bigint primary key, "100% ""x""" text)',
        f"""insert into "Web Shop"."Ta gs" values (1, {LONG % 1})""",
        mapping="""
tables: {'Web Shop.Ta gs': {}}
entities: {tags: {table: 'Web Shop.Ta gs', columns: {tag_id: id, tag_name: '100% "x"'}}}
""",
    )
    shop.database.run(
        """update "Web Shop"."Ta gs" set id = 2""", """insert into "Web Shop"."Ta gs" values (3, 'y')"""
    )
    shop.catch_up()
    names = [(row["id"], len(row['100% "x"'])) for row in shop.rows["Web Shop.Ta gs"].values()]
    assert sorted(names) == [(2, 32000), (3, 1)]


def wire(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Every message of the COPY stream from here on."""
    seen: list[bytes] = []
    original = Replication._unwrapped

    def listening(self: Replication, view: memoryview) -> Any:
        seen.append(bytes(view))
        return original(self, view)

    monkeypatch.setattr(Replication, "_unwrapped", listening)
    return seen


def test_a_column_that_is_not_landed_stays_on_the_server(
    follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = wire(monkeypatch)
    shop = follow(CREATE, "insert into tags values (1, 'a', 'canary-0', 'canary-0')")
    shop.database.run(
        "insert into tags values (2, 'seen-on-the-wire', 'canary-1', 'canary-2')",
        "update tags set password = 'canary-3', note = 'canary-4'",
        "alter table tags add column api_token text default 'canary-5'",
        "insert into tags values (3, 'c', 'canary-6', 'canary-7', 'canary-8')",
        "delete from tags where id = 2",
    )
    shop.catch_up()
    sent = b"".join(messages)
    assert b"seen-on-the-wire" in sent, "the wire is listened to"
    assert b"canary" not in sent
    assert shop.landed("tags") == shop.truth("tags") == [(1, "a"), (3, "c")]


def test_without_column_lists_such_a_column_is_dropped_on_arrival(
    follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = wire(monkeypatch)
    shop = follow(CREATE, column_lists=False)
    shop.database.run("insert into tags values (2, 'b', 'canary-1', 'canary-2')")
    (change,) = shop.catch_up()
    assert b"canary" in b"".join(messages)
    assert b"canary" not in repr(change).encode()
    assert change.shape.schema.names == ["id", "name"]


def test_a_large_transaction_passes_through_row_by_row(follow: Follow) -> None:
    shop = follow(CREATE)
    shop.database.run("insert into tags select n, 'tag ' || n from generate_series(1, 30000) n")
    assert shop.stream is not None
    rows = most = 0
    for event in shop.stream.events(5):
        most = max(most, len(shop.stream._pending))
        rows += isinstance(event, RowChange)
        if isinstance(event, Settled) and rows:
            break
    assert (rows, most) == (30000, 0)


def test_events_can_be_left_anywhere(follow: Follow) -> None:
    shop = follow(CREATE)
    shop.database.run(
        "insert into tags select n, 'a' from generate_series(1, 5) n",
        "update tags set id = id + 10",
        "truncate tags",
        "insert into tags values (1, 'last')",
    )
    assert shop.stream is not None
    changes: list[RowChange] = []
    while not changes or changes[-1].values[1] != b"last":
        for event in shop.stream.events(1):
            if isinstance(event, RowChange):
                changes.append(event)
            break
    assert len(changes) == 5 + 2 * 5 + 1 + 1


def test_what_was_not_confirmed_is_told_again(follow: Follow) -> None:
    shop = follow(CREATE)
    shop.database.run("insert into tags values (1, 'a')")
    shop.catch_up()
    before = dict(shop.position or {})
    shop.database.run("insert into tags values (2, 'b')", "insert into tags values (3, 'c')")
    first = told(shop.catch_up(confirm=False))
    shop.position = before
    shop.follow()
    assert told(shop.catch_up()) == first == [("upsert", ("2", "b")), ("upsert", ("3", "c"))]
    shop.follow()
    assert shop.catch_up() == [], "what was confirmed is not"


def test_events_ends_when_nothing_comes(follow: Follow) -> None:
    shop = follow(CREATE)
    shop.catch_up()
    assert shop.stream is not None
    assert not [event for event in shop.stream.events(0) if isinstance(event, RowChange)]


def test_a_position_of_polling_is_not_one_of_a_stream(follow: Follow) -> None:
    shop = follow(CREATE)
    polled = {"kind": "postgres", "cluster": "1/1/1", "tables": {}}
    assert set(shop.source.stale_tables(shop.mapping, polled)) == {"tags"}
    with pytest.raises(SourceMismatch, match="not one of a change stream"):
        shop.source.follow(shop.mapping, polled)


def test_the_operations_are_those_of_the_lake(follow: Follow) -> None:
    shop = follow(CREATE)
    shop.database.run("insert into tags values (1, 'a')", "delete from tags")
    assert [change.operation for change in shop.catch_up()] == [Operation.UPSERT, Operation.DELETE]
