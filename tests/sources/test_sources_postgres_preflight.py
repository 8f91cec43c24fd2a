"""What stands in the way of change capture is found before anything is made, and each fix fixes it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from amalimart.core.errors import CaptureRefused, SourceMismatch, SourceRefused
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.sources import PostgresStreamingSource
from amalimart.sources.postgres import stream
from amalimart.sources.postgres.replication import Replication
from amalimart.sources.preflight import Finding
from tests.sources.followed_shop import FollowedShop

if TYPE_CHECKING:
    from tests.sources.conftest import Database, Mappings, ReadingLake

TAGS = """
tables: {tags: {secret: [password]}}
entities: {tags: {table: tags, columns: {tag_id: id, tag_name: name}}}
"""
CREATE = "create table tags (id bigint primary key, name text, password text)"
PASSWORD = "hunter2-canary"
_ROLES = itertools.count(1)
Make = Callable[..., FollowedShop]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "LOOK_SECONDS", 0.2)


@pytest.fixture
def make(either: Database, mappings: Mappings, lake: ReadingLake) -> Iterator[Make]:
    """Make a database by some statements, and a source that reads it."""
    shops: list[FollowedShop] = []

    def made(*statements: str, **options: Any) -> FollowedShop:
        either.run(*statements)
        shops.append(FollowedShop(either, mappings, lake, TAGS, **options))
        return shops[-1]

    yield made
    for shop in shops:
        shop.close()


@pytest.fixture
def reader(either: Database) -> Iterator[str]:
    """A role that may sign in and nothing else."""
    name = f"reader_{next(_ROLES)}"
    either.run(f"create role {name} login")
    yield name
    either.run(f"drop owned by {name}", f"drop role {name}")


def as_role(database: Database, role: str) -> str:
    return database.server.address(database.name, role)


def blocking(shop: FollowedShop) -> list[Finding]:
    return [finding for finding in shop.source.preflight(shop.mapping) if finding.blocking]


def nothing_was_made(shop: FollowedShop) -> bool:
    with shop.database.connect() as connection:
        row = connection.execute(
            "select (select count(*) from pg_publication), "
            "(select count(*) from pg_replication_slots where database = current_database())"
        ).fetchone()
    return row == (0, 0)


def assert_works(shop: FollowedShop) -> None:
    shop.snapshot()
    shop.database.run(
        "insert into tags (id, name) values (50, 'new')", "update tags set name = 'N' where id = 50"
    )
    shop.catch_up()
    shop.database.run("delete from tags where id <> 50")
    shop.catch_up()
    assert shop.landed("tags") == shop.truth("tags") == [(50, "N")]


IN_THE_WAY = {
    "no key": (["create table tags (id bigint, name text, password text)"], "replica identity"),
    "a key that can be late": (
        ["create table tags (id bigint primary key deferrable initially deferred, name text, password text)"],
        "replica identity",
    ),
    "another key than the mapping's": (
        ["create table tags (id bigint not null, name text, serial serial primary key)"],
        "key id (it has: serial)",
    ),
    "identity nothing": ([CREATE, "alter table tags replica identity nothing"], "replica identity"),
    "unlogged": ([CREATE.replace("create table", "create unlogged table")], "unlogged"),
    "a leaf without identity": (
        [
            "create table tags (id bigint, name text, password text) partition by range (id)",
            "create table low partition of tags for values from (0) to (10)",
            "create table high partition of tags for values from (10) to (100)",
            "alter table low add primary key (id)",
        ],
        "replica identity",
    ),
}


@pytest.mark.parametrize("case", IN_THE_WAY)
def test_what_is_in_the_way_of_a_table_is_refused_and_the_fix_fixes_it(make: Make, case: str) -> None:
    """Published without identity, the shop's own updates would fail: so nothing may be published before."""
    statements, words = IN_THE_WAY[case]
    shop = make(*statements, "insert into tags (id, name) values (1, 'a')")
    assert any(words in finding.what for finding in blocking(shop))
    with pytest.raises(CaptureRefused, match="tags") as caught:
        shop.snapshot()
    assert nothing_was_made(shop)
    shop.database.run("update tags set name = 'still allowed'")
    fixes = [statement for finding in blocking(shop) for statement in finding.fix]
    assert fixes
    assert all(statement in str(caught.value.next_step) for statement in fixes)
    shop.database.run(*fixes)
    assert blocking(shop) == []
    assert_works(shop)


def test_a_table_with_heirs_is_refused(make: Make) -> None:
    shop = make(CREATE, "create table special_tags () inherits (tags)")
    assert [finding.table for finding in blocking(shop)] == ["tags"]
    assert "inherit" in blocking(shop)[0].what


def test_a_table_whose_rows_nothing_tells_apart_is_refused(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = make(CREATE)
    monkeypatch.setattr(SourceMapping, "key_columns", lambda *_: ())
    (finding,) = blocking(shop)
    assert "does not say what tells one row of tags from another" in finding.what


def test_a_view_is_refused_with_the_way_out(make: Make) -> None:
    shop = make(CREATE, "alter table tags rename to hidden", "create view tags as select * from hidden")
    with pytest.raises(SourceMismatch, match="view"):
        shop.snapshot()
    shop = make("drop view tags", "create materialized view tags as select * from hidden")
    assert "views" in blocking(shop)[0].what or "view" in blocking(shop)[0].what


def test_a_generated_column_needs_the_newest_server(make: Make) -> None:
    shop = make(
        "create table tags (id bigint primary key, base text)",
        "alter table tags add column name text generated always as (base || '!') stored",
    )
    with shop.database.connect() as connection:
        newest = connection.info.server_version >= 180000
    if not newest:
        assert "generated" in blocking(shop)[0].what
        with pytest.raises(CaptureRefused, match="generated"):
            shop.snapshot()
        assert nothing_was_made(shop)
        return
    shop.snapshot()
    shop.database.run("insert into tags (id, base) values (1, 'a')", "update tags set base = 'b'")
    shop.catch_up()
    assert shop.landed("tags") == shop.truth("tags") == [(1, "b!")]


def test_each_missing_right_is_listed_with_its_grant(make: Make, reader: str, either: Database) -> None:
    shop = make(
        "create schema shop",
        CREATE.replace("tags", "shop.tags"),
        "insert into shop.tags values (1, 'a')",
        "alter table shop.tags enable row level security",
        f"alter role {reader} set search_path = shop, public",
        "alter role postgres set search_path = shop, public",
        address=as_role(either, reader),
    )
    try:
        either.run(f"grant usage on schema shop to {reader}")
        found = blocking(shop)
        publishing = 'create publication "amalimart_shop" for table "shop"."tags" ("id", "name")'
        assert sorted(statement for finding in found for statement in finding.fix) == sorted(
            [
                f'alter role "{reader}" replication',
                f'alter role "{reader}" bypassrls',
                f'grant usage on schema "shop" to "{reader}"',
                f'grant select ("id", "name") on "shop"."tags" to "{reader}"',
                f"{publishing} with (publish_via_partition_root = true)",
            ]
        )
        with pytest.raises(CaptureRefused):
            shop.snapshot()
        assert nothing_was_made(shop)
        shop.close()
        either.run(*(statement for finding in found for statement in finding.fix))
        assert blocking(shop) == []
        assert_works(shop)
    finally:
        either.run("alter role postgres reset search_path")


def test_a_reader_uses_the_publication_of_the_administrator(
    make: Make, reader: str, either: Database
) -> None:
    shop = make(
        CREATE,
        "insert into tags values (1, 'a', 'p')",
        "create publication amalimart_shop for table tags (id, name)",
        f"alter role {reader} replication",
        f"grant select (id, name) on tags to {reader}",
        address=as_role(either, reader),
    )
    assert blocking(shop) == []
    assert_works(shop)


UNFIT = {
    "without the table": "create publication amalimart_shop",
    "without deletes": "create publication amalimart_shop for table tags with (publish = 'insert, update')",
    "without a column": "create publication amalimart_shop for table tags (id)",
    "only some rows": "create publication amalimart_shop for table tags where (id > 10)",
}


@pytest.mark.parametrize("case", UNFIT)
def test_what_a_publication_lacks_is_told_in_sql(
    make: Make, reader: str, either: Database, case: str
) -> None:
    shop = make(
        CREATE,
        UNFIT[case],
        f"alter role {reader} replication",
        f"grant select (id, name) on tags to {reader}",
        address=as_role(either, reader),
    )
    (finding,) = blocking(shop)
    assert "amalimart_shop does not fit tags" in finding.what
    with pytest.raises(CaptureRefused) as caught:
        shop.snapshot()
    assert all(statement in str(caught.value.next_step) for statement in finding.fix)
    either.run(*finding.fix)
    assert blocking(shop) == []
    assert_works(shop)


@pytest.mark.parametrize("case", UNFIT)
def test_an_owner_mends_his_publication(make: Make, case: str) -> None:
    shop = make(CREATE, UNFIT[case])
    assert blocking(shop) == []
    assert_works(shop)


def test_a_publication_of_everything_will_do_and_what_travels_is_said(
    make: Make, reader: str, either: Database
) -> None:
    shop = make(
        CREATE,
        "create publication amalimart_shop for all tables",
        f"alter role {reader} replication",
        f"grant select (id, name) on tags to {reader}",
        address=as_role(either, reader),
    )
    assert blocking(shop) == []
    notes = [finding.what for finding in shop.source.preflight(shop.mapping)]
    assert any("all columns of tags come over the wire" in note for note in notes)
    assert_works(shop)
    assert shop.changes[0].shape.schema.names == ["id", "name"]


def test_a_role_that_owns_the_tables_needs_no_administrator(
    make: Make, reader: str, either: Database
) -> None:
    shop = make(
        CREATE,
        f"alter table tags owner to {reader}",
        f"alter role {reader} replication",
        f"grant create on database {either.name} to {reader}",
        address=as_role(either, reader),
    )
    assert blocking(shop) == []
    assert_works(shop)


def test_a_server_that_does_not_log_for_it_is_told(
    database: Database, mappings: Mappings, lake: ReadingLake
) -> None:
    database.run(CREATE)
    shop = FollowedShop(database, mappings, lake, TAGS)
    (finding,) = blocking(shop)
    assert finding.fix == ("alter system set wal_level = 'logical'",)
    with pytest.raises(CaptureRefused, match="wal_level"):
        shop.snapshot()
    shop.close()


def test_when_all_slots_are_taken_it_is_told(make: Make) -> None:
    shop = make(CREATE)
    with shop.database.connect() as connection:
        taken = 0
        try:
            while taken < 50:
                connection.execute(f"select pg_create_physical_replication_slot('taken_{taken}')")
                taken += 1
        except psycopg.errors.ConfigurationLimitExceeded:
            (finding,) = blocking(shop)
            assert "replication slots are in use" in finding.what
            assert finding.fix[0].startswith("alter system set max_replication_slots")
            with pytest.raises(CaptureRefused, match="replication slots"):
                shop.snapshot()
        finally:
            for number in range(taken):
                connection.execute(f"select pg_drop_replication_slot('taken_{number}')")
    assert blocking(shop) == []


def test_what_is_only_worth_knowing_does_not_block(make: Make) -> None:
    shop = make(
        "create table tags (id bigint primary key, name text, password text) partition by hash (id)",
        "create table tags_0 partition of tags for values with (modulus 1, remainder 0)",
        "alter table tags_0 replica identity full",
    )
    notes = [finding.what for finding in shop.source.preflight(shop.mapping) if not finding.blocking]
    assert any("max_slot_wal_keep_size is unlimited" in note for note in notes)
    assert any("attaching a filled partition" in note for note in notes)
    assert any("come over the wire" in note for note in notes)
    assert blocking(shop) == []
    assert_works(shop)


def test_no_error_repeats_the_password(make: Make, reader: str, either: Database) -> None:
    either.run(f"alter role {reader} password '{PASSWORD}'")
    port = either.server.port
    address = f"postgresql://{reader}:{PASSWORD}@127.0.0.1:{port}/{either.name}"
    shop = make(CREATE, f"grant select on tags to {reader}", address=address)
    for attempt in (
        shop.snapshot,
        lambda: Replication(shop.source._session.address),
        lambda: PostgresStreamingSource(
            address.replace(PASSWORD, f"wrong-{PASSWORD}"), slot="s", publication="p"
        ).catalog(),
    ):
        with pytest.raises((CaptureRefused, SourceRefused)) as caught:
            attempt()
        told: BaseException | None = caught.value
        while told is not None:
            assert "canary" not in f"{told}{told!r}"
            told = told.__cause__ or (None if told.__suppress_context__ else told.__context__)
    assert "canary" not in repr(shop.source.preflight(shop.mapping))


def test_the_right_to_replicate_is_asked_of_the_server_itself(
    make: Make, reader: str, either: Database
) -> None:
    shop = make(CREATE, f"grant select on tags to {reader}", address=as_role(either, reader))
    with pytest.raises(CaptureRefused):
        Replication(shop.source._session.address)
    either.run(f"alter role {reader} replication")
    Replication(shop.source._session.address).close()
