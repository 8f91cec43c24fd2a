"""Polling finds deleted rows by comparing keys: exactly those that are gone, and each only once."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amalimart.core.errors import SourceMismatch
from amalimart.lake import Commit
from amalimart.sources import PostgresPollingSource, ingest_once
from amalimart.sources.landed_rows import LakeRows
from amalimart.sources.postgres import comparing
from amalimart.sources.postgres.comparing import gone_keys

if TYPE_CHECKING:
    from tests.sources.conftest import Database, Mappings, ReadingLake

TAGS = """
tables: {tags: {cursor: {column: updated_at, key: [id]}}}
entities: {tags: {table: tags, columns: {tag_id: id, tag_name: name}}}
"""
PAIRS = """
tables: {pairs: {}}
entities: {product_tags: {table: pairs, columns: {product_id: product, tag_id: tag}}}
"""
ANY_KEY = """
tables: {pairs: {cursor: {column: id, key: [product, tag]}}}
entities: {tags: {table: pairs, columns: {tag_id: id}, deduplicate: {keep: latest, by: id}}}
"""
CREATE = "create table tags (id bigint primary key, name text, updated_at timestamptz default now())"


class Polled:
    """A table kept in step with a lake by polling."""

    def __init__(
        self, database: Database, mappings: Mappings, lake: ReadingLake, mapping: str, every: float
    ) -> None:
        self.database, self.lake = database, lake
        self.mapping = mappings.write(mapping)
        self.every = every
        self.source = self.opened()

    def opened(self) -> PostgresPollingSource:
        return PostgresPollingSource(
            self.database.address, deletes_every=self.every, landed=LakeRows(self.lake, "shop")
        )

    def step(self) -> Commit | None:
        return ingest_once(self.lake, "shop", self.source, self.mapping)

    def alive(self, table: str, *key: str) -> set[tuple[Any, ...]]:
        """What a warehouse would keep: keys whose last version is no delete."""
        last = {tuple(row[name] for name in key): row["_op"] for row in self.lake.rows(table)}
        return {values for values, operation in last.items() if operation != "delete"}

    def truth(self, table: str, *key: str) -> set[tuple[Any, ...]]:
        with self.database.connect() as connection:
            return set(connection.execute(f"select {', '.join(key)} from {table}").fetchall())

    def told_gone(self, commit: Commit | None) -> list[dict[str, Any]]:
        if commit is None:
            return []
        rows = [row for row in self.lake.rows("tags") if row["_batch"] == commit.version]
        return [row for row in rows if row["_op"] == "delete"]


Make = Callable[..., Polled]


@pytest.fixture
def make(database: Database, mappings: Mappings, lake: ReadingLake) -> Iterator[Make]:
    made: list[Polled] = []

    def polled(*statements: str, mapping: str = TAGS, every: float = 0) -> Polled:
        database.run(*statements)
        made.append(Polled(database, mappings, lake, mapping, every))
        return made[-1]

    yield polled
    for one in made:
        one.source.close()


def test_a_deleted_row_is_told_once_with_its_key(make: Make) -> None:
    polled = make(CREATE, "insert into tags values (1, 'a'), (2, 'b'), (3, 'c')")
    polled.step()
    polled.database.run("delete from tags where id = 2", "update tags set name = 'C' where id = 3")
    commit = polled.step()
    assert [(row["id"], row["name"], row["updated_at"]) for row in polled.told_gone(commit)] == [
        (2, None, None)
    ]
    assert polled.alive("tags", "id") == polled.truth("tags", "id") == {(1,), (3,)}
    assert polled.step() is None


def test_a_delete_alone_is_a_commit_and_nothing_gone_is_none(make: Make) -> None:
    polled = make(CREATE, "insert into tags values (1, 'a')")
    polled.step()
    assert polled.step() is None
    polled.database.run("delete from tags")
    assert len(polled.told_gone(polled.step())) == 1
    assert polled.step() is None
    polled.database.run("insert into tags values (1, 'again')")
    polled.step()
    assert polled.alive("tags", "id") == {(1,)}


def test_a_row_that_moved_to_another_key_leaves_the_old_one(make: Make) -> None:
    polled = make(CREATE, "insert into tags values (1, 'a')")
    polled.step()
    polled.database.run("update tags set id = 9")
    polled.step()
    assert polled.alive("tags", "id") == {(9,)}


def test_a_delete_that_is_not_committed_is_not_told(make: Make) -> None:
    polled = make(CREATE, "insert into tags values (1, 'a'), (2, 'b')")
    polled.step()
    with polled.database.connect() as connection:
        connection.autocommit = False
        connection.execute("delete from tags where id = 1")
        assert polled.step() is None
        connection.rollback()
    assert polled.step() is None


def test_it_is_done_every_so_often_also_after_a_restart(make: Make) -> None:
    polled = make(CREATE, "insert into tags values (1, 'a'), (2, 'b')", every=3600)
    commit = polled.step()
    assert commit is not None
    assert datetime.fromisoformat(commit.position["compared"]) == commit.fresh_as_of
    polled.database.run("delete from tags where id = 1", "insert into tags values (3, 'c')")
    assert polled.told_gone(polled.step()) == []
    polled.source.close()
    polled.source = polled.opened()
    polled.database.run("insert into tags values (4, 'd')")
    assert polled.told_gone(polled.step()) == [], "the time of the last comparison is in the position"
    polled.every = 0
    polled.source.close()
    polled.source = polled.opened()
    assert [row["id"] for row in polled.told_gone(polled.step())] == [1]


def test_a_lake_that_was_never_compared_is_at_once(make: Make, database: Database, lake: ReadingLake) -> None:
    polled = make(CREATE, "insert into tags values (1, 'a'), (2, 'b')", every=3600)
    polled.step()
    latest = lake.latest("shop")
    assert latest is not None
    known = {key: value for key, value in latest.position.items() if key != "compared"}
    database.run("delete from tags where id = 1", "insert into tags values (3, 'c')")
    with lake.writer("shop") as writer:
        writer.append([], known | {"compared": None}, None)
    assert [row["id"] for row in polled.told_gone(polled.step())] == [1]


def test_without_what_is_landed_no_delete_is_told(
    database: Database, mappings: Mappings, lake: ReadingLake
) -> None:
    database.run(CREATE, "insert into tags values (1, 'a')")
    mapping = mappings.write(TAGS)
    with PostgresPollingSource(database.address) as source:
        ingest_once(lake, "shop", source, mapping)
        database.run("delete from tags")
        assert ingest_once(lake, "shop", source, mapping) is None


@pytest.mark.parametrize(
    ("kinds", "values"),
    [
        ("product bigint, tag text", ["(1, 'a')", "(1, 'b')", "(2, 'a')"]),
        ("product uuid, tag int", [f"('11111111-2222-3333-4444-55555555555{n}', {n})" for n in range(3)]),
        ("product numeric(10,2), tag timestamptz", ["(1.10, '2024-01-01')", "(1.11, '2024-01-01')"]),
        ("product numeric, tag date", ["(1.10, '2024-01-01')", "(2, '2024-01-01')"]),
        ("product varchar(9), tag char(3)", ["('Ɛ', 'a')", "('', 'b')"]),
        ("product double precision, tag boolean", ["(0.1, true)", "(0.1, false)"]),
    ],
)
def test_keys_of_several_columns_and_any_type(make: Make, kinds: str, values: Sequence[str]) -> None:
    polled = make(
        f"create table pairs ({kinds}, id bigint default 1)",
        f"insert into pairs values {', '.join(values)}",
        mapping=ANY_KEY,
    )
    polled.step()
    polled.database.run("delete from pairs where ctid = (select min(ctid) from pairs)")
    polled.step()
    assert len(polled.alive("pairs", "product", "tag")) == len(values) - 1
    with polled.database.connect() as connection:
        rows = connection.execute("select count(*) from pairs").fetchone()
    assert rows == (len(values) - 1,)
    assert polled.step() is None, "what is there is not taken for gone"


def test_a_materialised_view_is_compared_too(make: Make) -> None:
    polled = make(
        "create table base (id bigint, name text, updated_at timestamptz default now())",
        "insert into base values (1, 'a'), (2, 'b')",
        "create materialized view tags as select * from base",
    )
    polled.step()
    polled.database.run("delete from base where id = 1", "refresh materialized view tags")
    polled.step()
    assert polled.alive("tags", "id") == {(2,)}


def test_a_key_that_was_widened_is_the_same_key(make: Make) -> None:
    polled = make(CREATE.replace("bigint", "int"), "insert into tags values (1, 'a'), (2, 'b'), (3, 'c')")
    polled.step()
    polled.database.run(
        "alter table tags alter column id type bigint",
        "delete from tags where id = 2",
        "insert into tags values (3000000000, 'd')",
    )
    polled.step()
    assert polled.alive("tags", "id") == polled.truth("tags", "id")


def test_a_gone_key_that_its_column_can_no_longer_hold_is_told(make: Make) -> None:
    polled = make(CREATE.replace("bigint", "text"), "insert into tags values ('one', 'a'), ('2', 'b')")
    polled.step()
    polled.database.run(
        "delete from tags where id = 'one'", "alter table tags alter column id type bigint using id::bigint"
    )
    with pytest.raises(SourceMismatch, match="can no longer hold") as caught:
        polled.step()
    assert "resnapshot" in str(caught.value.next_step)


def test_a_row_without_a_key_is_left_alone(make: Make) -> None:
    polled = make(
        "create table pairs (product bigint, tag bigint)",
        "insert into pairs values (1, null), (2, 2)",
        mapping=PAIRS,
    )
    polled.step()
    polled.database.run("delete from pairs")
    polled.step()
    assert polled.alive("pairs", "product", "tag") == {(1, None)}


def test_writers_at_random_equal_the_source_at_every_step(make: Make) -> None:
    polled = make(CREATE)
    dice = random.Random(5)  # noqa: S311 - a reproducible mixture
    with polled.database.connect() as connection:
        for _ in range(40):
            for _ in range(dice.randrange(6)):
                key = dice.randrange(20)
                if dice.random() < 0.5:
                    connection.execute("delete from tags where id = %s", [key])
                else:
                    connection.execute("insert into tags values (%s, 'x') on conflict do nothing", [key])
            polled.step()
            assert polled.alive("tags", "id") == polled.truth("tags", "id")


@given(
    st.lists(
        st.tuples(st.integers(0, 6), st.sampled_from("ab"), st.sampled_from(["upsert", "snapshot", "delete"]))
    ),
    st.sets(st.tuples(st.integers(0, 6), st.sampled_from("ab"))),
    st.integers(1, 8),
    st.randoms(use_true_random=False),
)
def test_gone_is_what_a_model_says(
    history: list[tuple[int, str, str]], present: set[tuple[int, str]], fold: int, dice: random.Random
) -> None:
    """Versions come in any order and in batches of any size; the order that counts is theirs."""
    versions = [
        {"n": n, "c": c, "_op": operation, "_batch": place // 3, "_sequence": place % 3}
        for place, (n, c, operation) in enumerate(history)
    ]
    last = {(row["n"], row["c"]): row["_op"] for row in versions}
    model = {key for key, operation in last.items() if operation != "delete"} - present
    dice.shuffle(versions)
    schema = pa.schema(
        [
            ("n", pa.int64()),
            ("c", pa.string()),
            ("_op", pa.string()),
            ("_batch", pa.int64()),
            ("_sequence", pa.int64()),
        ]
    )
    size = dice.randrange(1, 5)
    batches = [
        pa.RecordBatch.from_pylist(versions[start : start + size], schema=schema)
        for start in range(0, len(versions), size)
    ]
    there = pa.RecordBatch.from_pylist(
        [{"n": n, "c": c} for n, c in present], schema=pa.schema([("n", pa.int32()), ("c", pa.string())])
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(comparing, "FOLD_ROWS", fold)
        gone = gone_keys(batches, [there], ("n", "c"))
    assert {(int(row["n"]), row["c"]) for row in gone.to_pylist()} == model
    assert gone.num_rows == len(model)
