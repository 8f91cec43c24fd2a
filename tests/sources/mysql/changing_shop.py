"""A shop whose tables change under the stream, and what becomes of one: it goes on, waits, or is stopped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

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
