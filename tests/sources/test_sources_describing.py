"""What sources tell about themselves, and what they are not asked: secrets, persons, more than a little."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from amalimart.core.errors import BrokenFile, SourceRefused, SourceUnreachable
from amalimart.sources.describing import (
    Kind,
    TableFacts,
    few_values,
    kind_of_type,
    look_at_texts,
    may_be_looked_at,
)
from amalimart.sources.files.describing import FileDropDescriber
from amalimart.sources.files.local import LocalFolder
from amalimart.sources.mysql.describing import MySQLDescriber
from amalimart.sources.postgres.describing import PostgresDescriber
from tests.mariadb_server import MySQLDatabase, mysql_database, mysql_server
from tests.sources.conftest import Database

__all__ = ["mysql_database", "mysql_server"]


def by_name(facts: Iterable[TableFacts]) -> Mapping[str, TableFacts]:
    return {table.name: table for table in facts}


def values_of(table: TableFacts) -> dict[str, dict[str, int]]:
    return {column.name: dict(column.values) for column in table.columns if column.values}


# What the kinds share.


@pytest.mark.parametrize(
    ("type_name", "kind"),
    [
        ("bigint", Kind.INTEGER), ("int(11) unsigned", Kind.INTEGER), ("int64", Kind.INTEGER),
        ("numeric(12,2)", Kind.DECIMAL), ("decimal(10,0)", Kind.INTEGER), ("decimal128(10, 2)", Kind.DECIMAL),
        ("double", Kind.DECIMAL), ("float(10)", Kind.DECIMAL), ("money", Kind.DECIMAL),
        ("tinyint(4)", Kind.INTEGER), ("bit(1)", Kind.BOOLEAN), ("bool", Kind.BOOLEAN),
        ("date", Kind.DATE), ("date32[day]", Kind.DATE), ("datetime(6)", Kind.TIMESTAMP),
        ("timestamp with time zone", Kind.TIMESTAMP), ("timestamp[us, tz=UTC]", Kind.TIMESTAMP),
        ("time without time zone", Kind.STRUCTURE), ("interval", Kind.STRUCTURE), ("year(4)", Kind.STRUCTURE),
        ("jsonb", Kind.STRUCTURE), ("bytea", Kind.STRUCTURE), ("text[]", Kind.STRUCTURE),
        ("varchar(20)", Kind.TEXT), ("enum", Kind.TEXT), ("uuid", Kind.TEXT), ("string", Kind.TEXT),
    ],
)  # fmt: skip
def test_what_a_type_holds_is_told_by_its_name(type_name: str, kind: Kind) -> None:
    assert kind_of_type(type_name) is kind


@pytest.mark.parametrize(
    ("texts", "kind", "text_format"),
    [
        (["1", "22", "-3"], Kind.INTEGER, None),
        (["1", "22", "", None], Kind.INTEGER, None),
        (["007", "012"], Kind.TEXT, None),
        (["+233501230001"], Kind.TEXT, None),
        (["1.5", "2", "1e3"], Kind.DECIMAL, None),
        (["True", "False", ""], Kind.BOOLEAN, None),
        (["Y", "n"], Kind.BOOLEAN, None),
        (["0", "1"], Kind.INTEGER, None),
        (["2026-03-01", "2026/03/02"], Kind.DATE, None),
        (["2026-03-01 10:00:00.123", "2026-03-01T10:00Z"], Kind.TIMESTAMP, None),
        (["31/12/2026", "01/02/2026"], Kind.DATE, "%d/%m/%Y"),
        (["12/31/2026 5:07 PM", "01/02/2026 11:00 AM"], Kind.TIMESTAMP, "%m/%d/%Y %I:%M %p"),
        (["31.12.2026"], Kind.DATE, "%d.%m.%Y"),
        (["20260301", "20261231"], Kind.DATE, "%Y%m%d"),
        (["20260301", "20269999"], Kind.INTEGER, None),
        (["red", "green"], Kind.TEXT, None),
        ([None, ""], Kind.TEXT, None),
        ([], Kind.TEXT, None),
    ],
)
def test_what_texts_are_is_told_by_how_they_look(
    texts: Sequence[str | None], kind: Kind, text_format: str | None
) -> None:
    look = look_at_texts(texts)
    assert (look.kind, look.format, look.doubtful_format) == (kind, text_format, False)


def test_a_day_that_could_be_a_month_in_all_that_was_seen_is_in_doubt() -> None:
    assert look_at_texts(["01/02/2026", "03/04/2026"]).doubtful_format
    assert not look_at_texts(["01/02/2026", "13/04/2026"]).doubtful_format


def test_a_few_broken_values_do_not_hide_what_a_column_is() -> None:
    assert look_at_texts(["2026-03-01"] * 99 + ["soon"]).kind is Kind.DATE
    assert look_at_texts(["2026-03-01"] * 90 + ["soon"] * 10).kind is Kind.TEXT


def test_only_few_and_short_values_are_kept() -> None:
    assert few_values(["b", "a", "b", " ", None]) == {"b": 2, "a": 1}
    assert few_values(map(str, range(1000))) == {}
    assert few_values(["x" * 100]) == {}


@pytest.mark.parametrize(
    "name",
    ["password", "passwordHash", "api_token", "email", "customerEmail", "phone_number", "full_name",
     "lastName", "address", "street_address", "birth_date", "ip", "notes_text", "message", "iban",
     "user_salt"],
)  # fmt: skip
def test_secret_and_personal_columns_are_not_looked_at(name: str) -> None:
    assert not may_be_looked_at(name)


@pytest.mark.parametrize("name", ["status", "orderState", "payment_method", "gender", "shipping", "zip_code"])
def test_others_are(name: str) -> None:
    assert may_be_looked_at(name)


# Files.


def drop(folder: Path, files: Mapping[str, str]) -> Mapping[str, TableFacts]:
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return by_name(FileDropDescriber(LocalFolder(folder)).describe())


def test_files_show_types_keys_and_what_they_refer_to(tmp_path: Path) -> None:
    facts = drop(
        tmp_path,
        {
            "users.csv": "id,email,role\n1,a@x,CUSTOMER\n2,b@x,VENDOR\n3,c@x,CUSTOMER\n",
            "orders.csv": "number,user_id,parcel_id,placed,total,state\n"
            "A1,1,9,01/02/2026 10:00,10.50,paid\nA2,3,8,28/02/2026 11:00,2,sent\n",
            "parcels.csv": "id,weight\n1,5\n",
        },
    )
    orders = facts["orders"]
    assert {c.name: c.kind for c in orders.columns} == {
        "number": Kind.TEXT, "user_id": Kind.INTEGER, "parcel_id": Kind.INTEGER, "placed": Kind.TIMESTAMP,
        "total": Kind.DECIMAL, "state": Kind.TEXT,
    }  # fmt: skip
    placed = orders.column("placed")
    assert placed is not None
    assert placed.format == "%d/%m/%Y %H:%M"
    assert orders.primary_key == ("number",)
    assert [(r.column, r.table, r.to_column) for r in orders.references] == [("user_id", "users", "id")]
    assert (orders.rows, orders.sampled) == (2, 2)
    assert values_of(facts["users"]) == {"id": {"1": 1, "2": 1, "3": 1}, "role": {"CUSTOMER": 2, "VENDOR": 1}}


def test_a_folder_of_many_files_is_one_table_and_the_newest_tells_its_columns(tmp_path: Path) -> None:
    facts = drop(
        tmp_path,
        {"orders/2026-01.csv": "id,state\n1,paid\n", "orders/2026-02.csv": "id,state,city\n2,sent,Accra\n"},
    )
    assert [column.name for column in facts["orders"].columns] == ["id", "state", "city"]
    assert values_of(facts["orders"])["state"] == {"paid": 1, "sent": 1}


def test_parquet_says_its_types_and_nested_columns_are_structures(tmp_path: Path) -> None:
    table = pa.table({"id": pa.array([1, 2]), "tags": pa.array([["a"], []]), "state": pa.array(["x", None])})
    pq.write_table(table, tmp_path / "orders.parquet")
    (orders,) = FileDropDescriber(LocalFolder(tmp_path)).describe()
    assert {c.name: c.kind for c in orders.columns} == {
        "id": Kind.INTEGER, "tags": Kind.STRUCTURE, "state": Kind.TEXT
    }  # fmt: skip
    state = orders.column("state")
    assert state is not None
    assert (state.nullable, dict(state.values)) == (True, {"x": 1})


def test_a_large_file_is_looked_into_and_not_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("amalimart.sources.files.describing._LOOKED_AT", 100)
    monkeypatch.setattr("amalimart.sources.files.describing._COUNTED", 100)
    (tmp_path / "orders.csv").write_text("id,state\n" + "".join(f"{n},paid\n" for n in range(50_000)))
    describer = FileDropDescriber(LocalFolder(tmp_path))
    (orders,) = describer.describe()
    assert orders.rows is None
    assert orders.sampled < 50_000
    counted = describer.count_values("orders", ["state"])["state"]
    assert not counted.complete
    assert counted.rows == counted.values["paid"] < 50_000


def test_a_broken_file_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("id,state\n1,paid\n2\n")
    with pytest.raises(BrokenFile) as broken:
        FileDropDescriber(LocalFolder(tmp_path)).describe()
    assert (broken.value.where or "").endswith("orders.csv:3")


# PostgreSQL.

SHOP = """
create type order_state as enum ('NEW', 'PAID', 'GONE');
create table people (
    id bigint primary key, email text unique, passwd text, role varchar(20), born varchar(10)
);
insert into people values
    (1, 'a@x', 'hunter2', 'CUSTOMER', '31.12.1990'), (2, 'b@x', 's', 'VENDOR', '01.02.1980');
create table orders (
    id uuid primary key default gen_random_uuid(), person bigint references people,
    state order_state not null, total numeric(12, 2), paid boolean, at timestamptz, extra jsonb, hidden text
);
insert into orders (person, state, total, hidden) values (1, 'PAID', 1, 'x'), (2, 'PAID', 2, 'y');
create view recent as select * from orders;
create table pairs (a bigint, b bigint, primary key (a, b));
analyze
"""


def test_a_database_tells_types_keys_references_enums_and_few_values(database: Database) -> None:
    database.run(*SHOP.split(";"))
    with closing(PostgresDescriber(database.address)) as describer:
        facts = by_name(describer.describe())
    people, orders = facts["people"], facts["orders"]
    assert people.primary_key == ("id",)
    assert facts["pairs"].primary_key == ("a", "b")
    assert [(r.column, r.table, r.to_column) for r in orders.references] == [("person", "people", "id")]
    assert {c.name for c in people.columns if c.unique} == {"id", "email"}
    assert {c.name for c in orders.columns if not c.nullable} == {"id", "state"}
    assert {c.name: c.kind for c in orders.columns} == {
        "id": Kind.TEXT, "person": Kind.INTEGER, "state": Kind.TEXT, "total": Kind.DECIMAL,
        "paid": Kind.BOOLEAN, "at": Kind.TIMESTAMP, "extra": Kind.STRUCTURE, "hidden": Kind.TEXT,
    }  # fmt: skip
    assert values_of(orders)["state"] == {"NEW": 0, "PAID": 2, "GONE": 0}
    assert values_of(people)["role"] == {"CUSTOMER": 1, "VENDOR": 1}
    assert set(values_of(people)) == {"id", "role", "born"}
    born = people.column("born")
    assert born is not None
    assert (born.kind, born.format) == (Kind.DATE, "%d.%m.%Y")
    assert (people.rows, people.followable, facts["recent"].followable) == (2, True, False)
    assert "hunter2" not in repr(facts)
    assert "a@x" not in repr(facts)


def test_what_the_user_may_not_read_is_described_without_values(database: Database) -> None:
    database.run(
        *SHOP.split(";"),
        "create role peeper login",
        "grant select (id, person, state) on orders to peeper",
    )
    try:
        address = database.server.address(database.name, user="peeper")
        with closing(PostgresDescriber(address)) as describer:
            facts = by_name(describer.describe())
            assert values_of(facts["orders"]) == {
                "person": {"1": 1, "2": 1}, "state": {"NEW": 0, "PAID": 2, "GONE": 0}
            }  # fmt: skip
            assert values_of(facts["people"]) == {}
            assert {c.name for c in facts["people"].columns} == {"id", "email", "passwd", "role", "born"}
            refused = describer.count_values("people", ["role"])["role"]
            assert (dict(refused.values), refused.complete) == ({}, False)
    finally:
        database.run("drop owned by peeper", "drop role peeper")


def test_a_table_that_is_slow_to_answer_has_no_values(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.run(*SHOP.split(";"))
    monkeypatch.setattr("amalimart.sources.postgres.describing._LOOK_SECONDS", 1)
    with (
        psycopg.connect(database.address) as blocking,
        closing(PostgresDescriber(database.address)) as describer,
    ):
        blocking.execute("lock table people in access exclusive mode")
        facts = by_name(describer.describe())
        assert values_of(facts["people"]) == {}
        assert values_of(facts["orders"])
        blocking.rollback()
        assert values_of(by_name(describer.describe())["people"])


def test_a_large_table_is_sampled_all_over_and_its_values_are_counted_whole(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("amalimart.sources.postgres.describing._LOOKED_AT", 50)
    database.run(
        "create table big (id bigint primary key, state text)",
        "insert into big select n, case when n < 90000 then 'old' else 'new' end "
        "from generate_series(1, 100000) as n",
        "analyze",
    )
    with closing(PostgresDescriber(database.address)) as describer:
        (big,) = describer.describe()
        assert big.sampled <= 50
        counted = describer.count_values("big", ["state"])["state"]
    assert dict(counted.values) == {"old": 89_999, "new": 10_001}
    assert (counted.rows, counted.complete) == (100_000, True)


def test_a_database_that_is_not_there() -> None:
    describer = PostgresDescriber("postgresql://u:hunter2@127.0.0.1:9/d")
    with closing(describer), pytest.raises(SourceUnreachable) as unreachable:
        describer.describe()
    assert "hunter2" not in str(unreachable.value)


# MySQL.

MYSQL_SHOP = """
create table people (
    id bigint primary key auto_increment, email varchar(200) unique, passwd varchar(50), role varchar(20),
    is_on tinyint(1) not null, stars tinyint(1), born varchar(10)
);
insert into people values
    (1, 'a@x', 'hunter2', 'CUSTOMER', 1, 5, '31.12.1990'), (2, 'b@x', 's', 'VENDOR', 0, 1, '01.02.1980');
create table orders (
    id int unsigned primary key, person bigint, state enum('NEW','PAID','GONE') not null,
    total decimal(12, 2), at datetime(6), extra longtext, foreign key (person) references people (id)
);
insert into orders (id, person, state, total) values (1, 1, 'PAID', 1), (2, 2, 'PAID', 2);
create view recent as select * from orders
"""


def test_a_mysql_database_tells_the_same(mysql_database: MySQLDatabase) -> None:
    mysql_database.run(*MYSQL_SHOP.split(";"))
    with closing(MySQLDescriber(mysql_database.address)) as describer:
        facts = by_name(describer.describe())
        counted = describer.count_values("orders", ["state"])["state"]
    people, orders = facts["people"], facts["orders"]
    assert (people.primary_key, orders.primary_key) == (("id",), ("id",))
    assert [(r.column, r.table, r.to_column) for r in orders.references] == [("person", "people", "id")]
    assert {c.name for c in people.columns if c.unique} == {"id", "email"}
    assert {c.name for c in orders.columns if not c.nullable} == {"id", "state"}
    kinds = {c.name: c.kind for c in (*people.columns, *orders.columns)}
    assert kinds == {
        "id": Kind.INTEGER, "email": Kind.TEXT, "passwd": Kind.TEXT, "role": Kind.TEXT,
        "is_on": Kind.BOOLEAN, "stars": Kind.INTEGER, "born": Kind.DATE, "person": Kind.INTEGER,
        "state": Kind.TEXT, "total": Kind.DECIMAL, "at": Kind.TIMESTAMP, "extra": Kind.TEXT,
    }  # fmt: skip
    assert values_of(orders)["state"] == {"NEW": 0, "PAID": 2, "GONE": 0}
    assert values_of(people)["role"] == {"CUSTOMER": 1, "VENDOR": 1}
    assert not facts["recent"].followable
    assert (dict(counted.values), counted.rows, counted.complete) == ({"PAID": 2}, 2, True)
    assert "hunter2" not in repr(facts)
    assert "a@x" not in repr(facts)


def test_a_mysql_table_that_is_slow_to_answer_has_no_values(
    mysql_database: MySQLDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    mysql_database.run(*MYSQL_SHOP.split(";"))
    monkeypatch.setattr("amalimart.sources.mysql.describing._LOOK_SECONDS", 1)
    blocking: Any = mysql_database.connect()
    with closing(blocking), closing(MySQLDescriber(mysql_database.address)) as describer:
        with blocking.cursor() as cursor:
            cursor.execute("lock tables people write")
        facts = by_name(describer.describe())
        assert values_of(facts["people"]) == {}


def test_a_wrong_mysql_password_is_refused_without_repeating_it(mysql_database: MySQLDatabase) -> None:
    address = mysql_database.address.replace(quote(mysql_database.password, safe=""), "hunter3")
    with closing(MySQLDescriber(address)) as describer, pytest.raises(SourceRefused) as refused:
        describer.describe()
    assert "hunter3" not in str(refused.value)
