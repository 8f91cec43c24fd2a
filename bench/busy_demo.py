"""The simulated shop under load, in a process of its own: small transactions at a given rate of changed rows.

60 % of the changed rows are new (orders with their lines, payment, parcel and history), 30 % belong to recent
orders, 8 % to orders of all of history, 2 % are deleted lines. Prints one JSON object: changes and seconds.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time

import psycopg

_ROWS_OF_AN_ORDER = 6.5
_ORDER = (
    "insert into orders (customer_id, order_date, total_amount, currency, channel, shipping_city)"
    " values (%s, now(), %s, 'GHS', 'web', %s) returning order_id"
)
_LINE = (
    "insert into order_items (order_id, product_id, vendor_id, quantity, unit_price, line_total,"
    " commission_amount, currency) values (%s, %s, %s, 2, %s, %s, 1, 'GHS')"
)
_HISTORY = (
    "insert into order_status_history (order_id, new_status, changed_by) values (%s, 'PENDING', 'CUSTOMER')"
)
_PAYMENT = (
    "insert into payments (order_id, customer_id, method, status, amount, currency, paid_at)"
    " values (%s, %s, 'CARD', 'SUCCESS', %s, 'GHS', now())"
)
_PARCEL = (
    "insert into shipments (order_id, city, currency, promised_at)"
    " values (%s, 'Accra', 'GHS', now() + interval '3 days')"
)
_MOVED = "update orders set status = 'COMPLETED', updated_at = clock_timestamp() where order_id = %s"
_DELIVERED = (
    "update shipments set status = 'DELIVERED', delivered_at = now(), updated_at = clock_timestamp()"
    " where shipment_id = (select min(shipment_id) from shipments where order_id = %s)"
)
_DROPPED = (
    "delete from order_items"
    " where order_item_id = (select max(order_item_id) from order_items where order_id = %s)"
    " and not exists (select from vendor_earnings where order_item_id = order_items.order_item_id)"
    " and not exists (select from returns where order_item_id = order_items.order_item_id)"
)


class BusyShop:
    """Draws and makes the changes."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._dice = random.Random(11)  # noqa: S311 - dice, not secrets
        self._customers = self._column("select user_id from users where role = 'CUSTOMER' limit 20000")
        self._goods = connection.execute("select product_id, vendor_id from products").fetchall()
        self._orders = self._column("select order_id from orders order by order_id")
        connection.commit()

    def _column(self, query: str) -> list[int]:
        return [int(row[0]) for row in self._connection.execute(query)]

    def transact(self) -> int:
        """One transaction; returns how many rows it changed."""
        kind = self._dice.random() * (60 / _ROWS_OF_AN_ORDER + 40)
        run = self._connection.execute
        if kind < 60 / _ROWS_OF_AN_ORDER:
            rows = self._order()
        elif kind < 60 / _ROWS_OF_AN_ORDER + 38:
            recent = kind < 60 / _ROWS_OF_AN_ORDER + 30
            order = self._recent() if recent else self._dice.choice(self._orders)
            rows = run(_MOVED if self._dice.random() < 0.5 else _DELIVERED, (order,)).rowcount
        else:
            rows = run(_DROPPED, (self._recent(),)).rowcount
        self._connection.commit()
        return max(rows, 0)

    def _order(self) -> int:
        dice, run = self._dice, self._connection.execute
        customer, total = dice.choice(self._customers), dice.randrange(500, 90_000) / 100
        row = run(_ORDER, (customer, total, "Accra")).fetchone()
        assert row is not None
        order = int(row[0])
        lines = dice.choice((2, 3))
        for _ in range(lines):
            product, vendor = dice.choice(self._goods)
            run(_LINE, (order, product, vendor, total / 4, total / 2))
        run(_HISTORY, (order,))
        run(_PAYMENT, (order, customer, total))
        run(_PARCEL, (order,))
        self._orders.append(order)
        return 4 + lines

    def _recent(self) -> int:
        return self._orders[-1 - self._dice.randrange(min(3000, len(self._orders)))]


def main() -> None:
    """Entry of `python -m bench.busy_demo`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--rate", type=float, required=True, help="changed rows a second")
    parser.add_argument("--seconds", type=float, required=True)
    arguments = parser.parse_args()
    with psycopg.connect(arguments.url) as connection:
        shop = BusyShop(connection)
        started, changes = time.monotonic(), 0
        while (passed := time.monotonic() - started) < arguments.seconds:
            if changes >= passed * arguments.rate:
                time.sleep(0.002)
                continue
            changes += shop.transact()
    seconds = time.monotonic() - started
    sys.stdout.write(json.dumps({"changes": changes, "seconds": seconds}) + "\n")


if __name__ == "__main__":
    main()
