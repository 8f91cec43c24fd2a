"""Tables are dropped, swapped, emptied and taken up again under the stream."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal

import pytest

from amalimart.core.errors import CaptureRefused
from amalimart.lake import Operation
from tests.sources.mysql.changing_shop import goes_on, renewed, shop, stopped
from tests.sources.mysql.conftest import Copies, Copy

__all__ = ["shop"]


def test_a_dropped_table_stops_and_a_new_one_of_its_name_is_snapshotted(shop: Copy) -> None:
    shop.database.run("create table copy_of like products", "drop table if exists nothing, products")
    assert "the table was dropped" in stopped(shop, "products")
    shop.database.run(
        "create table products like copy_of", "insert into products (id, title) values (8, 'new')"
    )
    before = shop.values("products")
    shop.catch_up()
    assert shop.position["stopped"] == {}
    assert shop.position["stale"] == ["products"]
    assert shop.values("products") == before
    shop.leave()
    shop.snapshot()
    assert [row["id"] for row in shop.values("products")] == [8]


def test_a_renamed_table_stops(shop: Copy) -> None:
    shop.database.run("alter table products rename to goods")
    assert f"the table was renamed to {shop.database.name}.goods" in stopped(shop, "products")


def test_a_table_swapped_for_a_rebuilt_one_is_snapshotted(shop: Copy) -> None:
    """How tools change large tables: a copy takes the table's name in one statement."""
    shop.database.run(
        "create table _products_new like products",
        "insert into _products_new select * from products",
        "insert into _products_new (id, title) values (5, 'only there')",
        "rename table products to _products_old, _products_new to products",
        "drop table _products_old",
        "insert into products (id, title) values (6, 'after')",
    )
    renewed(shop, "products")
    assert [row["id"] for row in shop.values("products")] == [1, 2, 5, 6]


def test_a_dropped_database_stops_every_table(shop: Copy) -> None:
    shop.database.run(f"drop database {shop.database.name}")
    shop.catch_up()
    assert set(shop.position["stopped"]) == {"categories", "products"}


def test_truncate_says_that_every_row_is_gone(shop: Copy) -> None:
    shop.database.run("truncate table products", "insert into products (id, title) values (9, 'first')")
    truncated, inserted = shop.catch_up()
    assert truncated.operation is Operation.TRUNCATE
    assert set(truncated.values) == {None}
    assert inserted.values[0] == b"9"
    assert [row["id"] for row in shop.values("products")] == [9]
    goes_on(shop)


def test_a_dropped_partition_makes_a_snapshot_due(copies: Copies) -> None:
    copies.database.run(
        "create table t (id int primary key) partition by range (id) "
        "(partition p0 values less than (10), partition p1 values less than maxvalue)",
        "insert into t values (1), (20)",
    )
    copy = copies.whole("t")
    copy.snapshot()
    copy.follow()
    copies.database.run("alter table t drop partition p0")
    copy.catch_up()
    assert copy.position["stale"] == ["t"]
    copy.leave()
    copy.snapshot()
    assert copy.values("t") == [{"id": 20}]
    copy.source.close()


def test_two_tables_in_one_statement_and_one_of_them_stops(shop: Copy) -> None:
    shop.database.run(
        "alter table products modify price varchar(20)",
        "update categories c join products p on c.id = p.id set c.name = 'both', p.title = 'both'",
    )
    shop.catch_up()
    assert set(shop.position["stopped"]) == {"products"}
    assert shop.rows["categories"][1,]["name"] == "both"
    assert shop.rows["products"][1,]["title"] == "Boot"


def test_a_stopped_table_is_taken_up_again_by_its_snapshot(shop: Copy) -> None:
    shop.database.run(
        "alter table products modify price varchar(20)", "insert into products (id, price) values (3, '7')"
    )
    stopped(shop, "products")
    shop.database.run("alter table products modify price decimal(12,3)")
    shop.catch_up()
    assert set(shop.position["stopped"]) == {"products"}
    shop.leave()
    shop.snapshot("products")
    assert shop.position["stopped"] == {}
    assert shop.rows["products"][3,]["price"] == Decimal("7.000")
    shop.database.run("insert into products (id, price) values (4, 8)")
    shop.catch_up()
    assert shop.rows["products"][4,]["price"] == Decimal("8.000")


def test_a_table_that_waits_but_no_longer_fits_stops(shop: Copy) -> None:
    shop.database.run(
        "create table new_products (id int primary key, heading varchar(50))",
        "drop table products",
        "rename table new_products to products",
    )
    shop.catch_up()
    assert shop.position["stale"] == ["products"]
    shop.follow()
    assert "the source has no column products.title" in stopped(shop, "products")


def test_a_table_that_becomes_a_view_stops(shop: Copy) -> None:
    shop.database.run(
        "rename table products to products_base",
        "create table products like products_base",
        "drop table products",
        "create table products (id int)",
    )
    shop.catch_up()
    assert shop.position["stale"] == ["products"]
    shop.database.run("drop table products", "create view products as select * from products_base")
    # It cannot be snapshotted; the stream says so instead of everything standing still.
    assert shop.source.stale_tables(shop.mapping, shop.position) == set()
    shop.follow()
    assert "dropped" in stopped(shop, "products")


def test_a_table_that_waits_and_becomes_unreadable_is_not_waited_for(shop: Copy) -> None:
    shop.database.run("rename table products to base", "create table products like base")
    shop.catch_up()
    assert shop.position["stale"] == ["products"]
    shop.leave()
    shop.database.run("drop table products")
    shop.database.run("create view products as select * from base")
    assert shop.source.stale_tables(shop.mapping, shop.position) == set()


def test_a_table_that_keeps_its_history_stops(shop: Copy) -> None:
    """MariaDB then logs old rows as inserted ones, and a delete as an update."""
    if not shop.database.server.is_mariadb:
        pytest.skip("system versioning is MariaDB's")
    shop.database.run(
        "alter table products add system versioning", "update products set title = 'new' where id = 1"
    )
    assert "system versioning" in stopped(shop, "products")
    assert shop.rows["products"][1,]["title"] == "Boot"


def test_the_first_rows_after_a_snapshot_never_ask_for_another(copies: Copies) -> None:
    """Whatever the catalog says of a type: were it wrong, the table would be snapshotted for ever."""
    copies.database.run("create table t (id int primary key, a varchar(10), b datetime(3), c enum('x'))")
    copy = copies.whole("t")
    copy.snapshot()
    columns = copy.position["tables"]["t"]["columns"]
    columns |= {"a": "text(9999)", "b": "datetime(6)", "c": "enum('y')"}
    copy.follow()
    copies.database.run("insert into t values (1, 'a', '2024-01-01', 'x')")
    assert len(copy.catch_up()) == 1
    assert copy.position["stale"] == []
    assert copy.position["tables"]["t"]["columns"]["c"] == "enum('x')"
    copy.leave()
    copy.source.close()


def test_a_view_is_refused(copies: Copies) -> None:
    copies.database.run("create table t (id int primary key)", "create view v as select id from t")
    copy = copies.whole("v")
    with closing(copy.source), pytest.raises(CaptureRefused, match="map the tables behind it"):
        copy.snapshot()
