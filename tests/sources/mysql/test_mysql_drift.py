"""A table's definition changes under the stream: it follows, snapshots the table anew, or stops it alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal

import pyarrow as pa
import pytest

from amalimart.core.errors import CaptureRefused
from amalimart.lake import Operation
from tests.sources.mysql.conftest import Copies, Copy

MAPPING = """
tables:
  categories:
    secret: [token]
    ignored: {note: not needed}
  products:
    key: [id]
    ignored: {spare: not needed}
entities:
  categories:
    table: categories
    columns:
      category_id: id
      category_name: name
      parent_category_id: {from: parent, optional: true}
  products:
    table: products
    columns:
      product_id: id
      product_name: title
      vendor_id: vendor
      status: {from: state, values: {LIVE: ACTIVE, HIDDEN: INACTIVE}}
      price: price
      created_at: {from: created, optional: true}
      currency: {constant: GHS}
"""


@pytest.fixture
def shop(copies: Copies) -> Iterator[Copy]:
    """A table that is about to change, and another one that goes on."""
    copies.database.run(
        "create table categories (id bigint primary key, name varchar(100) not null, token varchar(50), "
        "parent bigint, note text)",
        "create table products (id int primary key, title varchar(50), vendor int, "
        "state enum('LIVE', 'HIDDEN'), price decimal(10,2), spare int)",
        "insert into categories values (1, 'Shoes', 'tok', null, null)",
        "insert into products values (1, 'Boot', 7, 'LIVE', 9.50, 1), (2, 'Sock', 7, 'HIDDEN', 1.25, 1)",
    )
    copy = copies.make(copies.mapping(MAPPING))
    with closing(copy.source):
        copy.snapshot()
        copy.follow()
        yield copy
        copy.leave()


def goes_on(copy: Copy, table: str = "categories") -> None:
    """The other table is followed, whatever happened to this one."""
    key, column = 50 + len(copy.told), {"categories": "name", "products": "title"}[table]
    copy.database.run(f"insert into {table} (id, {column}) values ({key}, 'still')")
    copy.catch_up()
    assert (key,) in copy.rows[table]


def stopped(copy: Copy, table: str) -> str:
    goes_on(copy, "products" if table == "categories" else "categories")
    assert copy.position["stale"] == []
    why = str(copy.position["stopped"][table])
    assert why.endswith(f"amalimart source resnapshot NAME --table {table}")
    assert table not in copy.source.stale_tables(copy.mapping, copy.position)
    return why


def renewed(copy: Copy, table: str) -> None:
    """The table waits for a snapshot, untouched until then; afterwards it is followed again."""
    before = copy.values(table)
    goes_on(copy, "products" if table == "categories" else "categories")
    assert copy.values(table) == before
    assert copy.position["stale"] == [table]
    assert copy.position["stopped"] == {}
    assert set(copy.source.stale_tables(copy.mapping, copy.position)) == {table}
    copy.leave()
    copy.snapshot()
    assert copy.position["stale"] == []


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


def test_rows_written_by_a_logged_statement_make_a_snapshot_due(shop: Copy) -> None:
    """A session may log its statements instead of rows; what they changed cannot be told."""
    shop.database.run(
        "set session binlog_format = 'STATEMENT'",
        "insert into products (id, title) values (3, 'by statement')",
    )
    renewed(shop, "products")
    assert len(shop.values("products")) == 3


def test_a_session_that_logs_less_than_whole_rows_stops_its_tables(shop: Copy) -> None:
    shop.database.run(
        "set session binlog_row_image = 'MINIMAL'", "update products set title = 'half' where id = 1"
    )
    assert "binlog_row_image" in stopped(shop, "products")


def test_a_log_without_names_stops_its_tables(shop: Copy) -> None:
    if not shop.database.server.is_ours:
        pytest.skip("changes a global setting, so it needs a server of the test run's own")
    shop.database.server.run("set global binlog_row_metadata = 'MINIMAL'")
    try:
        shop.database.run("update products set title = 'unnamed' where id = 1")
    finally:
        shop.database.server.run("set global binlog_row_metadata = 'FULL'")
    assert "binlog_row_metadata" in stopped(shop, "products")


def test_what_was_rolled_back_is_not_told(shop: Copy) -> None:
    shop.database.run(
        "begin",
        "insert into products (id) values (3)",
        "savepoint s",
        "insert into products (id) values (4)",
        "rollback to savepoint s",
        "insert into products (id) values (5)",
        "commit",
        "begin",
        "insert into products (id) values (6)",
        "rollback",
    )
    shop.catch_up()
    assert [row["id"] for row in shop.values("products")] == [1, 2, 3, 5]
    assert shop.position["stale"] == []


def test_a_rollback_beside_a_table_without_transactions(shop: Copy) -> None:
    """The log then holds the savepoint's undoing itself: what the transaction touched is read again."""
    shop.database.run(
        "create table plain (id int primary key) engine = myisam",
        "begin",
        "insert into products (id) values (3)",
        "savepoint s",
        "insert into products (id) values (4)",
        "insert into plain values (1)",
        "rollback to savepoint s",
        "insert into products (id) values (5)",
        "commit",
    )
    shop.catch_up()
    if shop.position["stale"]:
        shop.leave()
        shop.snapshot()
    assert [row["id"] for row in shop.values("products")] == [1, 2, 3, 5]


def test_a_distributed_transaction_is_read_again_once_it_is_decided(shop: Copy) -> None:
    shop.database.run(
        "xa start 'x'",
        "insert into products (id) values (3)",
        "xa end 'x'",
        "xa prepare 'x'",
    )
    shop.catch_up()
    assert shop.position.get("stale", []) == []
    shop.database.run("xa commit 'x'")
    renewed(shop, "products")
    assert [row["id"] for row in shop.values("products")] == [1, 2, 3]
    shop.follow()
    shop.database.run("xa start 'y'", "insert into products (id) values (4)", "xa end 'y'", "xa prepare 'y'")
    shop.database.run("xa rollback 'y'")
    goes_on(shop)
    assert shop.position["stale"] == []
    assert [row["id"] for row in shop.values("products")] == [1, 2, 3]


def test_a_distributed_transaction_of_one_phase(shop: Copy) -> None:
    shop.database.run(
        "xa start 'z'", "insert into products (id) values (3)", "xa end 'z'", "xa commit 'z' one phase"
    )
    shop.catch_up()
    if shop.position.get("stale"):
        shop.leave()
        shop.snapshot()
    assert [row["id"] for row in shop.values("products")] == [1, 2, 3]


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


def test_statements_that_concern_nobody(shop: Copy) -> None:
    shop.database.run(
        "create table if not exists products (id int)",
        "create temporary table products_tmp (id int)",
        "create or replace view v as select * from products",
        "create index i on products (title)",
        "alter table products add index j (vendor), comment = 'alter table products drop column price'",
        "analyze table products",
        "drop view v",
        "drop temporary table products_tmp",
    )
    goes_on(shop)
    assert shop.position.get("stale", []) == []
    assert shop.position.get("stopped", {}) == {}


def test_a_view_is_refused(copies: Copies) -> None:
    copies.database.run("create table t (id int primary key)", "create view v as select id from t")
    copy = copies.whole("v")
    with closing(copy.source), pytest.raises(CaptureRefused, match="map the tables behind it"):
        copy.snapshot()
