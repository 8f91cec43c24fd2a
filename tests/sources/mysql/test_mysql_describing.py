"""What a database tells about its tables before anybody has mapped them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from amalimart.sources.describing import Kind, ReferenceFacts, TableFacts
from amalimart.sources.mysql import describing
from amalimart.sources.mysql.describing import MySQLDescriber
from tests.mariadb_server import MySQLDatabase


@pytest.fixture
def described(mysql_database: MySQLDatabase) -> Iterator[MySQLDescriber]:
    mysql_database.run(
        "create table users (id bigint primary key, email varchar(100) not null unique, "
        "password varchar(50), born varchar(20), "
        "role enum('CUSTOMER', 'VENDOR', 'ADMIN') not null)",
        "create table orders (id bigint primary key, buyer bigint, total decimal(10,2), "
        "count_of decimal(5,0), state varchar(20), paid tinyint(1), stars tinyint(1), flags bit(4), "
        "at timestamp null, day date, size double, "
        "foreign key (buyer) references users (id), unique (buyer, id))",
        "create view v as select id, state from orders",
        "insert into users values (1, 'a@b.example', 'hunter2', '31/12/1990', 'VENDOR'), "
        "(2, 'c@d.example', 'hunter3', '28/02/1991', 'VENDOR')",
        "insert into orders (id, buyer, state, paid, stars) values (1, 1, 'Paid', 1, 5), "
        "(2, 1, 'PAID', 0, 4), (3, 2, 'Paid', 1, 1), (4, 2, null, null, null)",
    )
    describer = MySQLDescriber(mysql_database.address)
    with closing(describer):
        yield describer


def tables(describer: MySQLDescriber) -> dict[str, TableFacts]:
    return {table.name: table for table in describer.describe()}


def test_tables_columns_keys_and_references(described: MySQLDescriber) -> None:
    found = tables(described)
    assert set(found) == {"users", "orders", "v"}
    orders = found["orders"]
    assert orders.primary_key == ("id",)
    assert orders.references == (ReferenceFacts("buyer", "users", "id"),)
    assert orders.followable
    assert not found["v"].followable
    assert {column.name: column.kind for column in orders.columns} == {
        "id": Kind.INTEGER,
        "buyer": Kind.INTEGER,
        "total": Kind.DECIMAL,
        "count_of": Kind.INTEGER,
        "state": Kind.TEXT,
        "paid": Kind.BOOLEAN,
        "stars": Kind.INTEGER,
        "flags": Kind.STRUCTURE,
        "at": Kind.TIMESTAMP,
        "day": Kind.DATE,
        "size": Kind.DECIMAL,
    }
    users = {column.name: column for column in found["users"].columns}
    assert [name for name, column in users.items() if column.unique] == ["id", "email"]
    assert [name for name, column in users.items() if not column.nullable] == ["id", "email", "role"]
    assert not any(column.unique for column in orders.columns if column.name in {"buyer", "at"})


def test_values_where_there_are_few_and_nothing_secret_or_personal(described: MySQLDescriber) -> None:
    found = tables(described)
    users = {column.name: column for column in found["users"].columns}
    assert users["role"].values == {"CUSTOMER": 0, "VENDOR": 2, "ADMIN": 0}
    assert users["password"].values == users["email"].values == {}
    assert (users["born"].kind, users["born"].format) == (Kind.DATE, "%d/%m/%Y")
    orders = {column.name: column for column in found["orders"].columns}
    assert orders["state"].values == {"Paid": 2, "PAID": 1}
    assert orders["paid"].values == {"1": 2, "0": 1}
    assert "hunter" not in repr(found)


def test_values_are_counted(described: MySQLDescriber) -> None:
    counted = described.count_values("orders", ["state", "paid"])
    assert counted["state"].values == {"Paid": 2, "PAID": 1}
    assert counted["paid"].values == {"1": 2, "0": 1}
    assert counted["state"].rows == 4
    assert counted["state"].complete


def test_a_large_table_is_looked_at_all_over(
    described: MySQLDescriber, mysql_database: MySQLDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(describing, "_LOOKED_AT", 20)
    values = ", ".join(f"({number}, '{'old' if number < 900 else 'new'}')" for number in range(1000))
    mysql_database.run(
        "create table many (id int primary key, state varchar(10))",
        f"insert into many values {values}",
        "analyze table many",
    )
    (state,) = [column for column in tables(described)["many"].columns if column.name == "state"]
    assert set(state.values) == {"old", "new"}


def test_what_takes_too_long_has_no_values(
    described: MySQLDescriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(describing, "_LOOK_SECONDS", 1)
    monkeypatch.setattr(
        describing, "_sample", lambda *_: "select sleep(20), sleep(20), sleep(20) from orders"
    )
    facts = tables(described)["orders"]
    assert all(not column.values for column in facts.columns)


def test_rows_that_may_not_be_read_have_no_values(
    described: MySQLDescriber, mysql_database: MySQLDatabase
) -> None:
    user, name = f"'{mysql_database.user}'@'%'", mysql_database.name
    mysql_database.run(
        f"revoke select on {name}.* from {user}", f"grant references on {name}.orders to {user}"
    )
    found = tables(described)
    assert set(found) == {"orders"}
    assert all(not column.values for column in found["orders"].columns)
