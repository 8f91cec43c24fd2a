"""Rows that several parts look for are looked for once, and each part is what it would be alone."""

import random

import duckdb
import pytest

from amalimart.core.names import TableRef
from amalimart.warehouse.incremental.recipe import Part, changes_of, looked_up
from amalimart.warehouse.incremental.shared_rows import Parts, sharing

ORDERS = TableRef("silver", "orders")
PLACE = ("model.shop.orders", ORDERS)


@pytest.fixture
def engine() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("create schema silver")
    connection.execute(
        "create table silver.orders as select n::varchar as order_id, (n % 7)::varchar as customer_id,"
        " if(n % 5 = 0, null, n) as amount from range(60) as numbers(n)"
    )
    return connection


def part(name: str, keys: str, *columns: str) -> Part:
    return looked_up(f'temp."{name}"', PLACE, {"customer_id": "_key"}, keys, columns)


def keys(*values: str | None) -> str:
    listed = ", ".join("(null)" if value is None else f"('{value}')" for value in values)
    return f"select cast(_key as varchar) as _key from (values {listed}) as told(_key)"


def rows(engine: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[object, ...]]:
    return sorted(engine.execute(sql).fetchall(), key=repr)


def test_two_alike_are_too_few_to_share() -> None:
    both = [part("a", keys("1"), "order_id"), part("b", keys("1"), "amount")]
    assert [sharing(both)(each).lookup for each in both] == [None, None]


def test_others_of_another_column_are_not_alike() -> None:
    by_order = looked_up('temp."c"', PLACE, {"order_id": "_key"}, keys("1"), ("amount",))
    all_three = [part("a", keys("1"), "order_id"), part("b", keys("1"), "amount"), by_order]
    assert [sharing(all_three)(each).lookup for each in all_three] == [None, None, None]


def test_what_was_found_is_not_looked_for_again(engine: duckdb.DuckDBPyConnection) -> None:
    three = [part(name, keys("2", "3"), "order_id", "amount") for name in "abc"]
    shared = [sharing(three)(each) for each in three]
    parts = Parts(engine)
    parts.keep(shared[0], is_told=False)
    engine.execute("delete from silver.orders")
    parts.keep(shared[1], is_told=False)
    assert rows(engine, 'from temp."b"') == rows(engine, 'from temp."a"') != []


def test_what_has_changed_is_looked_for_before_anybody_asks(engine: duckdb.DuckDBPyConnection) -> None:
    three = [part(name, keys(key), "order_id", "amount") for name, key in zip("abc", "231", strict=True)]
    shared = [sharing(three)(each) for each in three]
    engine.execute(
        f"create temp table {changes_of(ORDERS)} as"
        " select *, 1 as _sign from silver.orders where customer_id = '3' limit 1"
    )
    expected = rows(engine, three[1].sql)
    parts = Parts(engine)
    parts.keep(shared[0], is_told=True)
    assert {row[0] for row in rows(engine, "select order_id::int % 7 from temp.a")} == {2}
    engine.execute("delete from silver.orders")
    parts.keep(shared[1], is_told=True)
    parts.keep(shared[2], is_told=True)
    assert rows(engine, "from temp.b") == expected != []
    assert rows(engine, "from temp.c") == [], "what had not changed was not looked for"


@pytest.mark.parametrize("is_told", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_each_part_is_what_it_would_be_alone(
    seed: int, engine: duckdb.DuckDBPyConnection, *, is_told: bool
) -> None:
    engine.execute(
        f"create temp table {changes_of(ORDERS)} as"
        " select *, -1 as _sign from silver.orders where customer_id in ('3', '5')"
    )
    dice = random.Random(seed)  # noqa: S311 - dice, not secrets
    values = [*"0123456", "unknown", None]
    choices = [("order_id",), ("amount", "customer_id"), ()]
    alone = [
        part(f"part {number}", keys(*dice.choices(values, k=dice.randint(1, 5))), *dice.choice(choices))
        for number in range(5)
    ]
    shared = sharing(alone)
    parts = Parts(engine)
    for each in alone:
        assert shared(each).lookup is not None
        parts.keep(shared(each), is_told=is_told)
        assert rows(engine, f"from {each.name}") == rows(engine, each.sql), each.name
