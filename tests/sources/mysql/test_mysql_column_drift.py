"""A table's columns change under the stream: it follows, snapshots the table anew, or stops it alone."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest

from amalimart.lake import Operation
from tests.sources.mysql.changing_shop import goes_on, renewed, shop, stopped
from tests.sources.mysql.conftest import Copies, Copy

__all__ = ["shop"]


def test_an_added_column_that_the_mapping_does_not_know_is_left_alone(shop: Copy) -> None:
    shop.database.run(
        "alter table products add column colour varchar(20) default 'red' after id, add index (vendor)",
        "insert into products (id, title, colour) values (3, 'Hat', 'blue')",
        "update products set price = 10 where id = 1",
    )
    changes = shop.catch_up()
    assert len(changes) == 2
    assert shop.rows["products"][3,] == {
        "id": 3,
        "title": "Hat",
        "vendor": None,
        "state": None,
        "price": None,
    }
    assert shop.rows["products"][1,]["price"] == Decimal("10.00")
    assert "colour" not in str(shop.told)
    goes_on(shop)


def test_an_added_column_that_the_mapping_may_use_makes_a_snapshot_due(shop: Copy) -> None:
    """Its default is in every old row, and no row of the log says so."""
    shop.database.run("alter table products add column created datetime not null default '2024-01-01'")
    renewed(shop, "products")
    assert [str(row["created"]) for row in shop.values("products")] == ["2024-01-01 00:00:00"] * 2
    shop.database.run("insert into products (id, created) values (3, '2025-01-01')")
    shop.catch_up()
    assert str(shop.rows["products"][3,]["created"]) == "2025-01-01 00:00:00"


WIDER = {
    "id": ("modify id bigint", 2**40, pa.int64()),
    "title": ("modify title varchar(500) character set utf8mb4", "x" * 400, pa.string()),
    "price": ("change price price decimal(20,4)", Decimal("1234567890.1234"), pa.decimal128(20, 4)),
    "state": ("modify state enum('HIDDEN', 'LIVE', 'SOLD')", "SOLD", pa.string()),
    "vendor": ("modify column vendor bigint", -(2**40), pa.int64()),
}


@pytest.mark.parametrize("column", WIDER)
def test_a_widened_column_is_followed(shop: Copy, column: str) -> None:
    alteration, value, arrow = WIDER[column]
    shop.database.run("update products set spare = 2 where id = 2", f"alter table products {alteration}")
    key = value if column == "id" else 3
    others = "id" if column == "id" else f"id, {column}"
    values = f"{value}" if column == "id" else f"3, '{value}'"
    shop.database.run(f"insert into products ({others}) values ({values})")
    changes = shop.catch_up()
    assert [change.operation for change in changes] == [Operation.UPSERT] * 2
    assert changes[-1].shape.schema.field(column).type == arrow
    assert shop.rows["products"][key,][column] == value
    assert shop.position["stopped"] == {}
    assert shop.position["stale"] == []
    goes_on(shop)
    # After a restart the new type is the known one.
    shop.follow()
    shop.database.run("update products set title = 'again' where id = 2")
    (again,) = shop.catch_up()
    assert again.shape.schema.field(column).type == arrow
    assert shop.rows["products"][2,]["state"] == "HIDDEN"


def test_a_dropped_column_stops_the_table(shop: Copy) -> None:
    shop.database.run("alter table products drop column price", "insert into products (id) values (3)")
    assert "column 'price' was dropped" in stopped(shop, "products")
    assert (3,) not in shop.rows["products"]


def test_a_renamed_column_stops_the_table(shop: Copy) -> None:
    shop.database.run("alter table products change price cost decimal(10,2)")
    assert "column 'price' was renamed to 'cost'" in stopped(shop, "products")


def test_a_renamed_column_stops_the_table_also_by_the_newer_words(shop: Copy) -> None:
    shop.database.run("alter table products rename column title to heading")
    assert "column 'title' was renamed to 'heading'" in stopped(shop, "products")


def test_a_dropped_column_that_the_mapping_can_do_without_is_null_from_then_on(shop: Copy) -> None:
    shop.database.run(
        "alter table categories drop column parent", "insert into categories (id, name) values (9, 'x')"
    )
    shop.catch_up()
    assert shop.position["stopped"] == {}
    (change,) = [change for change in shop.told if change.shape.table == "categories"]
    assert change.shape.schema.names == ["id", "name"]
    goes_on(shop, "products")
    shop.database.run("alter table categories add column parent bigint default 4")
    renewed(shop, "categories")
    assert shop.rows["categories"][9,]["parent"] == 4


INCOMPATIBLE = {
    "number to text": ("modify price varchar(20)", "column 'price' was decimal(10,2) and is now text"),
    "text to number": ("modify title int", "column 'title' was text"),
    "number to time": ("modify vendor date", "column 'vendor' was int and is now date"),
    "narrower number": ("modify vendor smallint", "column 'vendor' was int and is now smallint"),
    "without sign": ("modify vendor int unsigned", "column 'vendor' was int and is now int unsigned"),
}


@pytest.mark.parametrize("kind", INCOMPATIBLE)
def test_an_incompatible_type_stops_the_table(shop: Copy, kind: str) -> None:
    alteration, why = INCOMPATIBLE[kind]
    shop.database.run(
        "set session sql_mode = ''", "update products set title = id", f"alter table products {alteration}"
    )
    assert why in stopped(shop, "products")


def test_a_type_that_changed_while_nobody_looked_stops_the_table_at_its_next_row(shop: Copy) -> None:
    """The statement itself may say nothing that is understood; the rows say what they are."""
    shop.database.run(
        "alter table products modify vendor /* a comment */ text", "update products set spare = 9"
    )
    assert "column 'vendor' was int and is now text" in stopped(shop, "products")


REREAD = {
    "a label less": "modify state enum('LIVE')",
    "less room": "modify title varchar(10)",
    "another character set": "convert to character set latin1",
}


@pytest.mark.parametrize("kind", REREAD)
def test_a_change_that_may_have_changed_values_makes_a_snapshot_due(shop: Copy, kind: str) -> None:
    shop.database.run(
        "set session sql_mode = ''",
        f"alter table products {REREAD[kind]}",
        "insert into products (id, title) values (3, 'n')",
    )
    renewed(shop, "products")
    assert len(shop.values("products")) == 3


def test_labels_that_the_catalog_writes_in_other_words(copies: Copies) -> None:
    """No word of the catalog against the log makes a table be read again and again."""
    written = "'a\\\\b', 'it''s', 'x\\ny', '\"', 'é, ü'"
    copies.database.run(
        f"create table t (id int primary key, e enum({written}) character set latin1)",
        "insert into t values (1, 1), (2, 2), (3, 3), (4, 4), (5, 5)",
    )
    copy = copies.whole("t")
    copy.snapshot()
    copy.follow()
    copies.database.run("insert into t select id + 10, e from t")
    copy.catch_up()
    labels = ["a\\b", "it's", "x\ny", '"', "é, ü"]
    assert [row["e"] for row in sorted(copy.rows["t"].values(), key=lambda row: int(row["id"]))] == labels * 2
    assert copy.position["stale"] == []
    copies.database.run(
        f"alter table t modify e enum({written}, 'more') character set latin1", "insert into t values (9, 6)"
    )
    copy.catch_up()
    assert copy.rows["t"][9,]["e"] == "more"
    copy.leave()
    copy.source.close()
