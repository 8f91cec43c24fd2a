"""The table that is measured: 16 columns of every common kind, filled by the server itself.

Knows both databases; must not know what is measured.
"""

from __future__ import annotations

from contextlib import closing
from typing import Any, Protocol

TABLE = "big_orders"
COLUMNS = 16
_STEP = 90_000  # a recursion of MariaDB ends at 100,000

MAPPING = f"""\
mapping: bench
description: One large table of 16 columns.
time_zone: Africa/Accra
tables:
  {TABLE}: {{}}
entities:
  orders:
    table: {TABLE}
    where: {{region: [north, south, east, west]}}
    columns:
      order_id: order_id
      customer_id: customer_id
      order_date: order_date
      status: status
      total_amount: total_amount
      discount_amount: discount_amount
      delivery_fee: delivery_fee
      tax_amount: tax_amount
      currency: currency
      discount_id: discount_id
      channel: channel
      shipping_city: shipping_city
      is_test: is_test
      created_at: created_at
      updated_at: updated_at
"""

POSTGRES_TABLE = f"""
create table {TABLE} (
    order_id bigint primary key, customer_id integer, order_date timestamptz, status text,
    total_amount numeric(18,2), discount_amount numeric(12,2), delivery_fee numeric(10,2),
    tax_amount numeric(12,4), currency varchar(3), discount_id integer, channel text, shipping_city text,
    is_test boolean, created_at timestamp, updated_at timestamptz, region varchar(20)
)
"""
MARIADB_TABLE = f"""
create table {TABLE} (
    order_id bigint primary key, customer_id int, order_date timestamp(6) null, status varchar(20),
    total_amount decimal(18,2), discount_amount decimal(12,2), delivery_fee decimal(10,2),
    tax_amount decimal(12,4), currency varchar(3), discount_id int, channel varchar(40),
    shipping_city varchar(60), is_test tinyint(1), created_at datetime(6), updated_at timestamp(6) null,
    region varchar(20)
)
"""


class BigShop(Protocol):
    """What a shop's database must offer to be filled and measured."""

    @property
    def kind(self) -> str: ...
    def connect(self) -> Any: ...
    def later(self, expression: str) -> str: ...
    def text(self, expression: str) -> str: ...
    def numbered(self, count: int) -> str: ...


def make_table(shop: BigShop, rows: int) -> None:
    """The table with that many rows, numbered from 1."""
    with closing(shop.connect()) as connection:
        cursor = connection.cursor()
        cursor.execute(POSTGRES_TABLE if shop.kind == "postgres" else MARIADB_TABLE)
        connection.commit()
        for first in range(0, rows, _STEP):
            count = min(_STEP, rows - first)
            cursor.execute(
                f"insert into {TABLE} select {row_sql(shop, f'(n + {first})')} from {shop.numbered(count)}"
            )
            connection.commit()


def row_sql(shop: BigShop, n: str) -> str:
    """The values of row number `n`, as varied as a shop's."""
    digest = f"md5({shop.text(n)})"
    return ", ".join(
        [
            n,
            f"({n} * 7919) % 900001",
            shop.later(f"{n} % 60000000"),
            f"case {n} % 7 when 0 then 'CANCELLED' when 1 then 'PENDING' else 'COMPLETED' end",
            f"(({n} * 7907) % 9999991) / 100.0",
            f"case when {n} % 3 = 0 then (({n} * 31) % 5003) / 100.0 end",
            f"({n} % 2000) / 100.0",
            f"(({n} * 17) % 100003) / 10000.0",
            "'GHS'",
            f"case when {n} % 5 = 0 then {n} % 5000 end",
            f"concat('channel-', {n} % 40)",
            f"concat('city of ', substr({digest}, 1, 12))",
            f"{n} % 50 = 0",
            shop.later(f"{n} % 60000000"),
            shop.later(f"{n} % 60000000 + 5"),
            f"case {n} % 4 when 0 then 'north' when 1 then 'south' when 2 then 'east' else 'west' end",
        ]
    )
