"""What the log says in another way than by whole rows of committed transactions."""

from __future__ import annotations

import pytest

from tests.sources.mysql.changing_shop import goes_on, renewed, shop, stopped
from tests.sources.mysql.conftest import Copy

__all__ = ["shop"]


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
