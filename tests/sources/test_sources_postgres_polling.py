"""Polling a PostgreSQL source: no commit is ever missed, and nothing comes again and again."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from amalimart.core.errors import CommitConflict, DiskFull, SourceUnreachable
from amalimart.lake import Commit, CommitKind, parquet
from amalimart.sources import PostgresPollingSource, TableProgress, ingest_once
from amalimart.sources.postgres.reading import Moment
from amalimart.sources.postgres.visibility import SLACK

if TYPE_CHECKING:
    from tests.sources.conftest import Database, Mappings, ReadingLake

TAGS = """
tables: {tags: {cursor: {column: updated_at, key: [id]}}}
entities: {tags: {table: tags, columns: {tag_id: id, tag_name: name}}}
"""


class Shop:
    """A table of tags in a database, kept in step with a lake."""

    def __init__(self, database: Database, mappings: Mappings, lake: ReadingLake) -> None:
        self.database, self.mappings, self.lake = database, mappings, lake
        self.mapping = mappings.write(TAGS)
        self.source = PostgresPollingSource(database.address)

    def create(self, *, index: bool, kind: str = "timestamptz") -> None:
        self.database.run(
            f"create table tags (id bigint primary key, name text, updated_at {kind} default now())"
        )
        if index:
            self.database.run("create index on tags (updated_at)")

    def step(self) -> Commit | None:
        return ingest_once(self.lake, "shop", self.source, self.mapping)

    def landed_by(self, commit: Commit | None) -> list[Any]:
        return self.lake.column("tags", "id", batch=commit.version) if commit else []

    def latest(self) -> dict[int, str]:
        """What staging would keep: the last version of each key."""
        return {row["id"]: row["name"] for row in self.lake.rows("tags")}

    def truth(self) -> dict[int, str]:
        with self.database.connect() as connection:
            return dict(connection.execute("select id, name from tags").fetchall())


@pytest.fixture
def shop(database: Database, mappings: Mappings, lake: ReadingLake) -> Iterator[Shop]:
    shop = Shop(database, mappings, lake)
    with shop.source:
        yield shop


@pytest.mark.parametrize(
    "index", [False, True], ids=["by transaction number", "bounded by the cursor's index"]
)
def test_a_row_committed_late_by_a_slow_transaction_is_not_missed(shop: Shop, index: bool) -> None:
    """The trap: written at 10:00 with that updated_at, committed after rows of 10:03 were polled."""
    shop.create(index=index)
    with shop.database.connect() as slow:
        slow.autocommit = False
        slow.execute("insert into tags values (1, 'slow')")
        shop.step()
        shop.database.run("insert into tags values (2, 'quick')")
        assert shop.landed_by(shop.step()) == [2]
        shop.database.run("insert into tags values (3, 'quicker')")
        assert shop.landed_by(shop.step()) == [3]
        slow.execute("insert into tags values (4, 'slow, too')")
        slow.commit()
    with shop.database.connect() as connection:
        order = connection.execute("select id from tags order by updated_at, id").fetchall()
    assert [row[0] for row in order] == [1, 4, 2, 3], "a cursor past 3 would have passed 1 and 4"
    assert {1, 4} <= set(shop.landed_by(shop.step()))
    assert shop.latest() == shop.truth()
    assert shop.step() is None


def test_a_transaction_that_began_before_a_poll_and_wrote_after_it(shop: Shop) -> None:
    """Its updated_at is its start, before the poll; its number was given out only after it."""
    shop.create(index=True)
    shop.step()
    with shop.database.connect() as slow:
        slow.autocommit = False
        slow.execute("select 1")
        shop.database.run("insert into tags values (2, 'quick')")
        assert shop.landed_by(shop.step()) == [2]
        slow.execute("insert into tags values (1, 'slow')")
        slow.commit()
    assert 1 in shop.landed_by(shop.step())
    assert shop.step() is None


def test_rows_of_a_savepoint_have_numbers_of_their_own(shop: Shop) -> None:
    shop.create(index=False)
    with shop.database.connect() as slow:
        slow.autocommit = False
        slow.execute("insert into tags values (1, 'parent')")
        slow.execute("savepoint a")
        slow.execute("insert into tags values (2, 'child')")
        shop.database.run("insert into tags values (3, 'quick')")
        assert shop.landed_by(shop.step()) == [3]
        assert shop.step() is None
        slow.commit()
    assert {1, 2} <= set(shop.landed_by(shop.step()))


@pytest.mark.parametrize("index", [False, True])
def test_a_prepared_transaction_has_no_session_but_is_not_missed(shop: Shop, index: bool) -> None:
    shop.create(index=index)
    shop.step()
    with shop.database.connect() as connection:
        connection.execute("begin")
        connection.execute("insert into tags values (1, 'prepared')")
        connection.execute("prepare transaction 'slow'")
    shop.database.run("insert into tags values (2, 'quick')")
    assert shop.landed_by(shop.step()) == [2]
    shop.database.run("insert into tags values (3, 'quick')")
    assert shop.landed_by(shop.step()) == [3]
    shop.database.run("commit prepared 'slow'")
    assert 1 in shop.landed_by(shop.step())


def test_without_an_index_an_updated_at_that_lies_is_not_believed(shop: Shop) -> None:
    shop.create(index=False)
    shop.database.run("insert into tags values (1, 'a', '2020-01-01')")
    shop.step()
    shop.database.run(
        "update tags set name = 'b', updated_at = '1999-01-01'", "insert into tags values (2, 'c', null)"
    )
    assert sorted(shop.landed_by(shop.step())) == [1, 2]
    assert shop.latest() == {1: "b", 2: "c"}


def test_a_null_cursor_is_read_even_beside_an_index(shop: Shop) -> None:
    shop.create(index=True)
    shop.step()
    shop.database.run("insert into tags values (1, 'a', null)")
    assert shop.landed_by(shop.step()) == [1]
    assert shop.step() is None


@pytest.mark.parametrize("kind", ["timestamp", "timestamptz", "date", "bigint"])
def test_any_cursor_type_with_an_index(shop: Shop, kind: str) -> None:
    default = "0" if kind == "bigint" else "now()"
    shop.database.run(
        f"create table tags (id bigint primary key, name text, updated_at {kind} default {default})",
        "create index on tags (updated_at)",
        "insert into tags values (1, 'a')",
    )
    shop.step()
    shop.database.run("insert into tags values (2, 'b')", "update tags set name = 'c' where id = 1")
    assert sorted(shop.landed_by(shop.step())) == [1, 2]
    assert shop.step() is None


def test_a_session_that_hides_its_start_is_not_overlooked(shop: Shop) -> None:
    """Without pg_read_all_stats the start of others' transactions is unknown: the floor decides."""
    shop.create(index=True)
    shop.database.run(
        "drop role if exists plain_reader",
        "create role plain_reader login",
        "grant select on tags to plain_reader",
    )
    with (
        PostgresPollingSource(shop.database.server.address(shop.database.name, "plain_reader")) as source,
        shop.database.connect() as slow,
    ):
        slow.autocommit = False
        slow.execute("insert into tags values (1, 'slow', '2001-01-01')")
        commit = ingest_once(shop.lake, "shop", source, shop.mapping)
        assert commit is not None
        assert commit.position["tables"]["tags"][1] is None, "no bound in time"
        slow.commit()
        assert shop.landed_by(ingest_once(shop.lake, "shop", source, shop.mapping)) == [1]


def test_the_bound_in_time_is_used_where_it_is_safe(shop: Shop) -> None:
    """Otherwise the tests of the indexed path would test the other one."""
    shop.create(index=True)
    commit = shop.step()
    assert commit is not None
    assert commit.position["tables"]["tags"][1] is not None
    shop.database.run("insert into tags values (1, 'far below the horizon', '2001-01-01')")
    assert shop.step() is None, "the mapping promised a cursor that grows with every write"


def test_the_bound_in_time_waits_for_the_oldest_open_transaction(shop: Shop) -> None:
    shop.create(index=True)
    with shop.database.connect() as slow:
        slow.autocommit = False
        started = slow.execute("select now()").fetchone()
        assert started is not None
        shop.step()
        shop.database.run("insert into tags values (1, 'a')")
        for commit in (shop.lake.latest("shop"), shop.step()):
            assert commit is not None
            bound = datetime.fromisoformat(commit.position["tables"]["tags"][1])
            assert bound == started[0] - SLACK


def test_nothing_new_is_no_commit_and_nothing_comes_twice(shop: Shop) -> None:
    shop.create(index=True)
    shop.database.run("insert into tags values (1, 'a')")
    shop.step()
    for number in range(2, 6):
        assert shop.step() is None
        shop.database.run(
            f"insert into tags values ({number}, 'x')", "create table if not exists other (id int)"
        )
        assert shop.landed_by(shop.step()) == [number]
    shop.database.run("insert into other values (1)")
    assert shop.step() is None, "another table's writes are no news"
    assert shop.lake.column("tags", "id") == [1, 2, 3, 4, 5]


def test_where_no_transaction_has_begun_no_table_is_read(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.create(index=False)
    shop.step()
    asked: list[str] = []
    monkeypatch.setattr(Moment, "rows", lambda _self, relation, *_rest: asked.append(relation))
    assert shop.step() is None
    assert asked == []


def test_a_long_open_transaction_does_not_bring_rows_again_and_again(shop: Shop) -> None:
    shop.create(index=True)
    shop.step()
    with shop.database.connect() as slow:
        slow.autocommit = False
        slow.execute("insert into tags values (0, 'slow')")
        for number in range(1, 9):
            shop.database.run(f"insert into tags values ({number}, 'x')")
            assert shop.landed_by(shop.step()) == [number]
        slow.commit()
    assert sorted(shop.landed_by(shop.step())) == list(range(9)), "once more, when it ends"
    assert shop.step() is None


def test_updates_come_deletes_do_not(shop: Shop) -> None:
    shop.create(index=False)
    shop.database.run("insert into tags values (1, 'a'), (2, 'b'), (3, 'c')")
    shop.step()
    shop.database.run("update tags set name = 'B' where id = 2", "delete from tags where id = 3")
    commit = shop.step()
    assert commit is not None
    assert commit.kind is CommitKind.CHANGES
    assert [(row["id"], row["name"], row["_op"]) for row in shop.lake.rows("tags") if row["_batch"] == 2] == [
        (2, "B", "upsert")
    ]
    shop.database.run("delete from tags where id = 1")
    assert shop.step() is None


def test_partitioned_tables_are_polled_as_one(shop: Shop) -> None:
    shop.database.run(
        "create table tags (id bigint, name text, updated_at timestamptz) partition by range (id)",
        "create table tags_low partition of tags for values from (0) to (10)",
        "create table tags_high partition of tags for values from (10) to (20)",
        "insert into tags values (1, 'a'), (11, 'b')",
    )
    shop.step()
    assert "tags_low" not in shop.source.catalog()
    shop.database.run("insert into tags values (2, 'c')", "update tags set id = 12 where id = 11")
    assert sorted(shop.landed_by(shop.step())) == [2, 12]


def test_many_writers_at_random_equal_the_source(shop: Shop) -> None:
    """Interleaved transactions with savepoints and roll-backs; polls in between; equal at the end."""
    shop.create(index=True)
    dice = random.Random(11)  # noqa: S311 - a reproducible interleaving
    writers: list[psycopg.Connection[Any]] = [shop.database.connect() for _ in range(4)]
    for writer in writers:
        writer.autocommit = False
    try:
        for step in range(120):
            writer = dice.choice(writers)
            action = dice.choice(
                ["insert", "insert", "update", "savepoint", "commit", "commit", "rollback", "poll"]
            )
            if action == "poll":
                shop.step()
                assert shop.latest() == shop.truth()
            elif action == "insert":
                writer.execute("insert into tags values (%s, 'new')", [step])
            elif action == "update":
                writer.execute(
                    "update tags set name = %s, updated_at = now() where id ="
                    " (select id from tags where id = %s for update skip locked)",
                    [f"step {step}", dice.randrange(step + 1)],
                )
            else:
                writer.execute("savepoint s" if action == "savepoint" else action)
        for writer in writers:
            writer.commit()
    finally:
        for writer in writers:
            writer.close()
    shop.step()
    assert shop.latest() == shop.truth()
    assert shop.step() is None


def test_a_newly_mapped_table_is_snapshotted_and_the_others_keep_their_place(shop: Shop) -> None:
    shop.create(index=True)
    shop.database.run("create table cats (id bigint, name text)", "insert into cats values (5, 'shoes')")
    shop.step()
    shop.database.run("insert into tags values (1, 'meanwhile')")
    shop.mapping = shop.mappings.write(
        TAGS.replace("tables: {", "tables: {cats: {}, ").replace(
            "entities: {",
            "entities: {categories: {table: cats, columns: {category_id: id, category_name: name}}, ",
        )
    )
    first = shop.step()
    assert first is not None
    assert (first.kind, list(first.tables)) == (CommitKind.SNAPSHOT, ["cats"])
    assert shop.landed_by(shop.step()) == [1]
    assert shop.lake.column("cats", "name") == ["shoes"]
    assert shop.step() is None


def test_a_newly_mapped_column_brings_the_table_anew(shop: Shop) -> None:
    shop.create(index=True)
    shop.database.run(
        "alter table tags add column label text default 'l'", "insert into tags values (1, 'a')"
    )
    shop.step()
    shop.mapping = shop.mappings.write(TAGS.replace("tag_name: name", "tag_name: label"))
    commit = shop.step()
    assert commit is not None
    assert commit.kind is CommitKind.SNAPSHOT
    assert [(row["id"], row["label"]) for row in shop.lake.rows("tags")] == [(1, "l")]
    assert shop.step() is None


def test_a_column_found_to_be_secret_goes_from_the_lake(shop: Shop) -> None:
    shop.create(index=True)
    shop.database.run(
        "insert into tags values (1, 'canary')", "alter table tags add column label text default 'l'"
    )
    shop.step()
    shop.database.run("insert into tags values (2, 'canary')")
    shop.step()
    shop.mapping = shop.mappings.write(
        TAGS.replace("tags: {", "tags: {secret: [name], ", 1).replace("tag_name: name", "tag_name: label")
    )
    commit = shop.step()
    assert commit is not None
    assert commit.kind is CommitKind.SNAPSHOT
    assert len(commit.tables["tags"].removed) == 2
    assert all("name" not in row for row in shop.lake.rows("tags"))
    gone = type(shop.lake)(shop.lake.root, shop.lake._clock, grace=shop.lake._grace * 0)
    gone.recover("shop")
    assert b"canary" not in gone.everything()


def test_another_database_is_snapshotted_not_compared(shop: Shop, database: Database) -> None:
    shop.create(index=True)
    shop.step()
    with database.server.connect() as connection:
        connection.execute(f"create database {database.name}_restored")
    try:
        with psycopg.connect(
            database.server.address(f"{database.name}_restored"), autocommit=True
        ) as connection:
            connection.execute("create table tags (id bigint, name text, updated_at timestamptz)")
            connection.execute("insert into tags values (7, 'restored', '2001-01-01')")
        with PostgresPollingSource(database.server.address(f"{database.name}_restored")) as restored:
            commit = ingest_once(shop.lake, "shop", restored, shop.mapping)
        assert commit is not None
        assert commit.kind is CommitKind.SNAPSHOT
        assert shop.latest() == {7: "restored"}
    finally:
        with database.server.connect() as connection:
            connection.execute(f"drop database {database.name}_restored with (force)")


def test_a_connection_cut_in_the_middle_loses_nothing(shop: Shop) -> None:
    shop.create(index=True)
    shop.database.run("insert into tags select n, repeat('x', 1000) from generate_series(1, 60000) n")

    def cut(progress: TableProgress) -> None:
        if not progress.done:
            shop.database.run(
                "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'amalimart'"
            )

    with pytest.raises(SourceUnreachable) as caught:
        ingest_once(shop.lake, "shop", shop.source, shop.mapping, cut)
    assert caught.value.retryable
    assert shop.lake.latest("shop") is None
    assert list(shop.lake.root.rglob("*.parquet")) == []
    commit = shop.step()
    assert commit is not None
    assert commit.rows == 60_000


def test_a_full_disk_in_the_middle_leaves_source_and_lake_usable(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.create(index=True)
    shop.database.run("insert into tags select n, md5(n::text) from generate_series(1, 200000) n")

    def refuse(_file: object, _content: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(parquet._HashedFile, "write", refuse)
        with pytest.raises(DiskFull):
            shop.step()
    commit = shop.step()
    assert commit is not None
    assert commit.rows == 200_000


def test_a_second_ingest_is_told(shop: Shop) -> None:
    shop.create(index=True)
    with shop.lake.begin("shop", CommitKind.CHANGES), pytest.raises(CommitConflict):
        shop.step()
    assert shop.step() is not None


def test_the_source_is_only_read(shop: Shop) -> None:
    shop.create(index=True)
    shop.step()
    connection = shop.source._session._open()
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        connection.execute("insert into tags values (1, 'written')")
