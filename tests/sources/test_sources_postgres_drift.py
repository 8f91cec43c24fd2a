"""The shop changes its tables while they are followed: what fits goes on, what does not stops alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from amalimart.sources.port import RowChange
from amalimart.sources.postgres import stream
from amalimart.sources.postgres.drift import Wanted, judge, widens
from amalimart.sources.postgres.relations import SourceColumn
from tests.sources.followed_shop import FollowedShop

if TYPE_CHECKING:
    from tests.sources.conftest import Database, Mappings, ReadingLake

MAPPING = """
tables: {tags: {ignored: {size: only a filter}}, categories: {}}
entities:
  tags:
    table: tags
    columns: {tag_id: id, tag_name: name, created_at: {from: made, optional: true}}
  categories: {table: categories, columns: {category_id: id, category_name: name}}
"""
CREATE = (
    "create table tags (id int primary key, name varchar(5))",
    "insert into tags values (1, 'a')",
    "create table categories (id int primary key, name text)",
    "insert into categories values (1, 'A')",
)
Follow = Callable[..., FollowedShop]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "LOOK_SECONDS", 0.2)


@pytest.fixture
def follow(captured: Database, mappings: Mappings, lake: ReadingLake) -> Iterator[Follow]:
    """A shop whose migrations are not held up by lists of columns, unless asked for."""
    shops: list[FollowedShop] = []

    def made(*statements: str, mapping: str = MAPPING, column_lists: bool = False) -> FollowedShop:
        captured.run(*(statements or CREATE))
        shop = FollowedShop(captured, mappings, lake, mapping, column_lists=column_lists)
        shops.append(shop)
        shop.snapshot()
        shop.follow()
        shop.catch_up()
        return shop

    yield made
    for shop in shops:
        shop.close()


def stopped(shop: FollowedShop) -> dict[str, str]:
    return dict((shop.position or {})["stopped"])


def assert_only_tags_stopped(shop: FollowedShop, *words: str) -> None:
    """Its rows are told no more, also by a new stream; the other table's are."""
    shop.catch_up()
    assert set(stopped(shop)) == {"tags"}
    for word in (*words, "amalimart source resnapshot NAME --table tags"):
        assert word in stopped(shop)["tags"]
    for number in (10, 11):
        shop.database.run(f"insert into categories values ({number}, 'goes on')")
        assert [change.shape.table for change in shop.catch_up()] == ["categories"]
        assert set(shop.source.stale_tables(shop.mapping, shop.position)) == set()
        shop.follow()


def test_an_added_column_that_is_not_mapped_changes_nothing(follow: Follow) -> None:
    shop = follow()
    shop.database.run(
        "alter table tags add column colour text default 'red'", "insert into tags values (2, 'b', 'blue')"
    )
    (change,) = shop.catch_up()
    assert change.shape.schema.names == ["id", "name"]
    assert shop.landed("tags") == [(1, "a"), (2, "b")]
    assert shop.source.stale_tables(shop.mapping, shop.position) == set()


@pytest.mark.parametrize("column_lists", [False, True])
def test_an_added_column_that_the_mapping_may_use_is_taken_up_with_its_default(
    follow: Follow, column_lists: bool
) -> None:
    """The default of old rows is in no change; only a snapshot has it."""
    shop = follow(column_lists=column_lists)
    shop.database.run(
        "alter table tags add column made date default '2024-01-01'",
        "insert into tags values (2, 'b', '2024-02-02')",
    )
    shop.catch_up()
    shop.catch_up()
    assert (shop.position or {})["stale"] == ["tags"]
    assert shop.snapshot() == {"tags"}
    assert (shop.position or {})["stale"] == []
    shop.follow()
    shop.database.run("insert into tags values (3, 'c', '2024-03-03')")
    shop.catch_up()
    columns = ("id", "name", "made")
    assert shop.landed("tags", columns) == shop.truth("tags", columns)
    assert len(shop.landed("tags", columns)) == 3


def test_a_column_added_while_nobody_looked_is_found_by_the_next_snapshot(follow: Follow) -> None:
    shop = follow(column_lists=True)
    shop.leave()
    shop.database.run("alter table tags add column made date default '2024-01-01'")
    assert shop.snapshot() == {"tags"}
    assert shop.landed("tags", ("made",)) == shop.truth("tags", ("made",))


WIDENED = [
    ("smallint", "integer", "40000", 40000),
    ("integer", "bigint", "3000000000", 3_000_000_000),
    ("varchar(5)", "varchar(20)", "'longer than five'", "longer than five"),
    ("varchar(5)", "text", "'longer than five'", "longer than five"),
    ("numeric(5,2)", "numeric(12,2)", "1234567.89", Decimal("1234567.89")),
    ("integer", "numeric(12,2)", "7.25", Decimal("7.25")),
    ("real", "double precision", "0.1", 0.1),
    ("colour", "text", "'green'", "green"),
]


@pytest.mark.parametrize(("before", "after", "value", "landed"), WIDENED)
def test_a_widened_column_goes_on_with_its_new_type(
    follow: Follow, before: str, after: str, value: str, landed: Any
) -> None:
    shop = follow(
        "create type colour as enum ('red')",
        f"create table tags (id int primary key, name text, size {before})",
        "create table categories (id int primary key, name text)",
        mapping=MAPPING.replace("optional: true}}", "optional: true}}\n    where: {size: [x]}").replace(
            "ignored: {size: only a filter}", ""
        ),
    )
    shop.database.run("insert into tags (id) values (1)")
    (first,) = shop.catch_up()
    shop.database.run(
        f"alter table tags alter column size type {after}", f"insert into tags values (2, 'b', {value})"
    )
    (second,) = shop.catch_up()
    assert shop.rows["tags"][2,]["size"] == landed
    assert stopped(shop) == {}
    changed = first.shape.schema.field("size").type != second.shape.schema.field("size").type
    assert changed is (before not in {"varchar(5)", "colour"})
    shop.follow()
    shop.database.run(f"insert into tags values (3, 'c', {value})")
    assert len(shop.catch_up()) == 1, "a new stream knows the new type"


def test_a_table_described_again_keeps_its_shape(follow: Follow) -> None:
    """So that its rows stay together in one file."""
    shop = follow()
    shop.database.run("insert into tags values (2, 'b')", "analyze tags", "create index on tags (name)")
    shop.database.run("insert into tags values (3, 'c')")
    first, second = shop.catch_up()
    assert first.shape is second.shape


BROKEN = [
    (("alter table tags drop column name",), ("'name'", "dropped or renamed")),
    (("alter table tags rename column name to label",), ("'name'", "dropped or renamed")),
    (("alter table tags rename column name to names",), ("there is 'names'",)),
    (("alter table tags alter column name type int using 0",), ("character varying(5)", "integer")),
    (("alter table tags alter column name type varchar(3)",), ("character varying(5)", "varying(3)")),
    (("alter table tags alter column id type text",), ("integer", "text")),
    (("alter table tags replica identity nothing",), ("replica identity", "'id'")),
    (("alter table tags rename to labels",), ("renamed to public.labels",)),
    (("drop table tags",), ("dropped",)),
    (("create schema old; alter table tags set schema old",), ("renamed to old.tags",)),
    (
        ("alter publication amalimart_shop drop table tags; alter table tags drop column name",),
        ("'name'", "gone"),
    ),
]


@pytest.mark.parametrize(("statements", "words"), BROKEN)
def test_what_cannot_be_followed_stops_its_table_alone(
    follow: Follow, statements: tuple[str, ...], words: tuple[str, ...]
) -> None:
    shop = follow()
    shop.database.run(*statements)
    try:
        shop.database.run("insert into tags (id) values (5)")
    except psycopg.errors.UndefinedTable:
        shop.database.run("insert into labels values (5, 'e')") if "labels" in statements[0] else None
    assert_only_tags_stopped(shop, *words)
    assert not [
        change for change in shop.changes if change.shape.table == "tags" and change.values[0] == b"5"
    ]


def test_a_stopped_table_goes_on_once_it_is_asked_for(follow: Follow) -> None:
    shop = follow()
    shop.database.run("alter table tags rename column name to label", "insert into tags values (2, 'b')")
    assert_only_tags_stopped(shop)
    shop.remap(MAPPING.replace("tag_name: name", "tag_name: label"))
    shop.snapshot("tags")
    assert stopped(shop) == {}
    shop.follow()
    shop.database.run("insert into tags values (3, 'c')")
    shop.catch_up()
    columns = ("id", "label")
    assert shop.landed("tags", columns) == shop.truth("tags", columns) == [(1, "a"), (2, "b"), (3, "c")]


def test_why_a_table_stopped_is_told_until_it_is_committed(follow: Follow) -> None:
    """A batch may pass over a settled position; what it said must not be lost with it."""
    shop = follow()
    before = dict(shop.position or {})
    shop.database.run("drop table tags", "insert into categories values (2, 'B')")
    while not stopped(shop):
        shop.catch_up(confirm=False)
    assert shop.stream is not None
    shop.stream.confirm(before)
    shop.database.run("insert into categories values (3, 'C')")
    shop.catch_up(confirm=False)
    assert "stopped" in shop.settled[-1].position
    shop.stream.confirm(shop.position or {})
    shop.database.run("insert into categories values (4, 'D')")
    shop.catch_up()
    assert "stopped" not in shop.settled[-1].position


@pytest.fixture
def reader(captured: Database) -> Iterator[str]:
    """A role that may read both tables and uses a publication it does not own."""
    captured.run(
        *CREATE,
        "create role drift_reader login replication",
        "grant select on tags, categories to drift_reader",
        "create publication amalimart_shop for table tags (id, name), categories",
    )
    yield "drift_reader"
    captured.run("drop owned by drift_reader", "drop role drift_reader")


MADE_ANEW = {
    "not readable": [
        "create table tags (id int primary key, name text)",
        "alter publication amalimart_shop add table tags",
    ],
    "not published": [
        "create table tags (id int primary key, name text)",
        "grant select on tags to drift_reader",
    ],
    "without a key": [
        "create table tags (id int, name text)",
        "grant select on tags to drift_reader",
        "alter publication amalimart_shop add table tags",
    ],
    "without a column": [
        "create table tags (id int primary key)",
        "grant select on tags to drift_reader",
        "alter publication amalimart_shop add table tags",
    ],
}


@pytest.mark.parametrize("case", MADE_ANEW)
def test_a_table_made_anew_that_cannot_be_taken_up_stops_alone(
    captured: Database, mappings: Mappings, lake: ReadingLake, reader: str, case: str
) -> None:
    """It would fail every snapshot, and with it the tables that are well."""
    address = captured.server.address(captured.name, reader)
    shop = FollowedShop(captured, mappings, lake, MAPPING, address=address)
    shop.snapshot()
    captured.run("drop table tags", *MADE_ANEW[case])
    assert_only_tags_stopped(shop, "made anew")
    shop.close()


def test_an_optional_column_out_of_reach_is_left_out_and_the_rest_goes_on(
    captured: Database, mappings: Mappings, lake: ReadingLake, reader: str
) -> None:
    """The administrator publishes two columns; a third, which the mapping could use, must stop nothing."""
    address = captured.server.address(captured.name, reader)
    shop = FollowedShop(captured, mappings, lake, MAPPING, address=address)
    shop.snapshot()
    captured.run("alter table tags add column made date", "insert into tags values (2, 'b')")
    shop.catch_up()
    shop.catch_up()
    assert shop.source.stale_tables(shop.mapping, shop.position) == set()
    assert shop.landed("tags") == [(1, "a"), (2, "b")]
    shop.leave()
    shop.snapshot("tags")
    assert (shop.position or {})["tables"]["tags"]["columns"].keys() == {"id", "name"}
    findings = [finding for finding in shop.source.preflight(shop.mapping) if "without made" in finding.what]
    assert [finding.blocking for finding in findings] == [False]
    captured.run("insert into tags values (3, 'c')")
    shop.catch_up()
    assert shop.landed("tags") == [(1, "a"), (2, "b"), (3, "c")]
    shop.close()


@pytest.mark.parametrize("column_lists", [False, True])
def test_a_table_made_anew_is_taken_up_anew(follow: Follow, column_lists: bool) -> None:
    shop = follow(column_lists=column_lists)
    shop.database.run(
        "drop table tags",
        "create table tags (id int primary key, name varchar(5))",
        "insert into tags values (9, 'n')",
    )
    shop.catch_up()
    shop.catch_up()
    assert stopped(shop) == {}
    assert shop.snapshot() == {"tags"}
    shop.follow()
    shop.database.run("insert into tags values (10, 'm')")
    shop.catch_up()
    assert shop.landed("tags") == shop.truth("tags") == [(9, "n"), (10, "m")]


def test_a_table_that_takes_the_place_of_another_is_taken_up(follow: Follow) -> None:
    shop = follow()
    shop.database.run(
        "create table tags_new (id int primary key, name varchar(5))",
        "insert into tags_new values (7, 'new')",
        "alter table tags rename to tags_old",
        "alter table tags_new rename to tags",
        "insert into tags_old values (8, 'old')",
    )
    shop.catch_up()
    shop.catch_up()
    assert shop.snapshot() == {"tags"}
    shop.follow()
    shop.database.run("insert into tags_old values (9, 'old')", "insert into tags values (10, 'x')")
    shop.catch_up()
    assert shop.landed("tags") == shop.truth("tags") == [(7, "new"), (10, "x")]


def test_an_optional_column_that_goes_is_null_from_then_on(follow: Follow) -> None:
    shop = follow(
        "create table tags (id int primary key, name varchar(5), made date)",
        "insert into tags values (1, 'a', '2024-01-01')",
        *CREATE[2:],
    )
    shop.database.run("alter table tags drop column made", "insert into tags values (2, 'b')")
    shop.catch_up()
    assert shop.landed("tags", ("id", "name")) == [(1, "a"), (2, "b")]
    assert [row.get("made") is None for row in shop.rows["tags"].values()] == [False, True]
    assert (stopped(shop), shop.source.stale_tables(shop.mapping, shop.position)) == ({}, set())
    shop.database.run(
        "alter table tags add column made date", "insert into tags values (3, 'c', '2024-03-03')"
    )
    shop.catch_up()
    assert shop.snapshot() == {"tags"}, "and back again"
    columns = ("id", "name", "made")
    assert shop.landed("tags", columns) == shop.truth("tags", columns)


def test_with_column_lists_a_migration_goes_by_way_of_the_publication(follow: Follow) -> None:
    shop = follow(column_lists=True)
    for refused in ("alter table tags alter column name type text", "alter table tags drop column name"):
        with pytest.raises(psycopg.errors.DatabaseError, match="depend"):
            shop.database.run(refused)
    notes = [finding.what for finding in shop.source.preflight(shop.mapping) if not finding.blocking]
    assert any('alter publication "amalimart_shop" drop table' in note for note in notes)
    shop.database.run(
        'alter publication "amalimart_shop" drop table tags',
        "alter table tags alter column name type text using upper(name)",
        "insert into tags values (2, 'longer than five')",
    )
    shop.catch_up()
    shop.catch_up()
    assert shop.snapshot() == {"tags"}
    shop.follow()
    shop.database.run("insert into tags values (3, 'c')")
    shop.catch_up()
    assert shop.landed("tags") == shop.truth("tags") == [(1, "A"), (2, "longer than five"), (3, "c")]


def test_a_type_that_is_gone_by_now_is_text(follow: Follow) -> None:
    """The stream tells rows of a column whose type no catalog knows any more."""
    shop = follow()
    shop.leave()
    shop.database.run(
        "create type mood as enum ('happy')",
        "alter table tags add column mood mood",
        "insert into tags values (2, 'b', 'happy')",
        "alter table tags drop column mood",
        "drop type mood",
        "insert into tags values (3, 'c')",
    )
    shop.follow()
    shop.catch_up()
    assert shop.landed("tags") == [(1, "a"), (2, "b"), (3, "c")]


def test_many_changes_at_once_are_told_in_the_order_they_were_made(follow: Follow) -> None:
    """A stream that lags behind meets each shape where it was, and not as the catalog has it now."""
    shop = follow()
    shop.leave()
    shop.database.run(
        "insert into tags values (2, 'b')",
        "alter table tags alter column id type bigint",
        "insert into tags values (3000000000, 'c')",
        "alter table tags alter column name type text",
        "insert into tags values (4, 'longer than five')",
        "alter table tags add column x int",
        "update tags set x = 1, name = name || '!'",
        "alter table tags drop column x",
    )
    shop.follow()
    shop.catch_up()
    assert shop.landed("tags") == shop.truth("tags")
    assert len({id(change.shape) for change in shop.changes if isinstance(change, RowChange)}) == 3


@pytest.mark.parametrize(
    ("before", "after", "follows"),
    [
        ("integer", "integer", True),
        ("smallint", "bigint", True),
        ("bigint", "integer", False),
        ("integer", "text", False),
        ("integer", "numeric", False),
        ("integer", "numeric(10,0)", True),
        ("integer", "numeric(10,1)", False),
        ("bigint", "numeric(38,19)", True),
        ("bigint", "numeric(38,20)", False),
        ("bigint", "numeric(40,2)", False),
        ("numeric(10,2)", "numeric(12,2)", True),
        ("numeric(10,2)", "numeric(12,3)", False),
        ("numeric(10,2)", "numeric(8,2)", False),
        ("numeric(10,2)", "numeric", False),
        ("numeric", "numeric(10,2)", False),
        ("numeric(38,2)", "numeric(39,2)", False),
        ("numeric(39,2)", "numeric(40,2)", True),
        ("numeric(3,-2)", "numeric(4,-2)", True),
        ("character varying(5)", "character varying(6)", True),
        ("character varying(5)", "character varying", True),
        ("character varying", "character varying(5)", False),
        ("character varying(6)", "character varying(5)", False),
        ("character varying(5)", "text", True),
        ("text", "character varying", True),
        ("text", "character varying(5)", False),
        ("character(3)", "character(4)", True),
        ("character(4)", "character(3)", False),
        ("character(4)", "text", True),
        ("enum", "text", True),
        ("enum", "character varying(9)", False),
        ("text", "enum", False),
        ("real", "double precision", True),
        ("double precision", "real", False),
        ("date", "timestamp without time zone", False),
        ("timestamp without time zone", "timestamp with time zone", False),
        ("timestamp(3) without time zone", "timestamp without time zone", True),
        ("timestamp without time zone", "timestamp(3) without time zone", False),
        ("timestamp(3) with time zone", "timestamp(6) with time zone", True),
        ("uuid", "text", False),
        ("text[]", "text", False),
    ],
)
def test_which_changes_of_type_keep_every_value(before: str, after: str, follows: bool) -> None:
    assert widens(before, after) is follows


def test_the_verdict_names_what_is_wrong() -> None:
    wanted = Wanted(("id", "name"), {"name"}, ("id",))
    column = SourceColumn("id", "int4", True, -1, "integer")
    assert judge(wanted, {"id": "integer", "name": "text"}, [column], {"id"}).types == {"id": "integer"}
    assert judge(wanted, {"id": "integer"}, [column], {"id"}).stopped is None
    appeared = SourceColumn("name", "text", True, -1, "text")
    assert judge(wanted, {"id": "integer"}, [column, appeared], {"id"}).stale
    assert not judge(wanted, {"id": "integer", "name": "text"}, [column, appeared], {"id"}).stale
    assert "'id'" in (judge(wanted, {"id": "integer"}, [column], set()).stopped or "")
    assert "'id'" in (judge(wanted, {"id": "integer"}, [], set()).stopped or "")
