"""The shop's customers: transactions of every shape, from several sessions at once, until told to stop.

Writers never touch each other's rows (a key belongs to one of them), so they never wait for each other;
what they interleave is the order in which transactions begin, write and commit. Each knows its rows and
learns them anew from the shop after a broken connection, since nobody can say what became of a commit.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Protocol, Self

STRIDE = 4
FILLED_UP_TO = 10_000_000
_TEXT_SIZES = (3_000, 9_000, 30_000)


class Shop(Protocol):
    """What a writer needs of a database."""

    def connect(self) -> Any: ...
    def text(self, expression: str) -> str: ...
    def later(self, expression: str) -> str: ...
    def numbered(self, count: int) -> str: ...


def fill(shop: Shop, *, orders: int, products: int, carts: int = 500) -> None:
    """The shop before anybody watches: rows that no transaction of the load has stamped."""
    connection = shop.connect()
    cursor = connection.cursor()
    cursor.execute(
        "insert into orders select n, n % 997, " + shop.later("n") + ", 'PENDING', n * 1.01, null, n * 0.25,"
        " 1.5, 'GHS', 0, concat('channel ', n % 7), concat('city ', n % 301), n % 50 = 0, "
        + shop.later("n")
        + ", "
        + shop.later("n + 5")
        + f" from {shop.numbered(orders)}"
    )
    cursor.execute(
        "insert into products select n, 0, case when n % 20 = 0 then repeat(" + shop.text("n") + ", 900)"
        " else concat('product ', n) end, concat('sku ', n), n * 0.05, n % 100, n % 9 > 0, "
        + shop.later("n")
        + f" from {shop.numbered(products)}"
    )
    cursor.execute(f"insert into carts select n, 0, {shop.later('n')} from {shop.numbered(carts)}")
    connection.commit()
    connection.close()


@dataclass
class _Rows:
    """What a writer knows to be in its part of the shop."""

    orders: list[int] = field(default_factory=list)
    products: list[int] = field(default_factory=list)
    carts: list[int] = field(default_factory=list)
    bulk: list[int] = field(default_factory=list)


class _Transaction:
    """One transaction on its way: what it wrote so far, and what is true once it is committed."""

    def __init__(self, cursor: Any, number: int) -> None:
        self.number = number
        self.written = 0
        self.touched: set[int] = set()
        self._cursor = cursor
        self._then: list[Callable[[], None]] = []

    def run(self, statement: str, *values: Any) -> None:
        self._cursor.execute(statement, values)

    def wrote(self, rows: int) -> None:
        self.written += rows

    def then(self, known: Callable[[], None]) -> None:
        self._then.append(known)

    def settle(self) -> None:
        for known in self._then:
            known()


class Writer(threading.Thread):
    """One session. `slow` lets its transactions stay open while others begin and commit."""

    def __init__(self, shop: Shop, place: int, plan: Plan, seed: int, stop: threading.Event) -> None:
        super().__init__(name=f"writer-{place}", daemon=True)
        self._shop = shop
        self._place = place
        self._plan = plan
        self._dice = random.Random(seed * 31 + place)  # noqa: S311 - dice, not secrets
        self._asked_to_stop = stop
        self._number = plan.first
        self._rows = _Rows()
        self._bulk_at = time.monotonic() + self._dice.uniform(0.5, plan.bulk_every)
        self._truncate_at = time.monotonic() + self._dice.uniform(0.5, plan.truncate_every)
        self.committed = 0
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            while not self._asked_to_stop.is_set():
                try:
                    self._session()
                except self._plan.tolerated:
                    self._asked_to_stop.wait(0.2)
        except BaseException as error:  # noqa: BLE001 - told by the load, in the test's own thread
            self.failure = error

    def _session(self) -> None:
        connection = self._shop.connect()
        try:
            cursor = connection.cursor()
            self._learn(cursor)
            connection.commit()
            while not self._asked_to_stop.wait(self._dice.expovariate(self._plan.per_second)):
                self._transact(connection, cursor)
        finally:
            with suppress(Exception):
                connection.close()

    def _learn(self, cursor: Any) -> None:
        def keys(column: str, table: str) -> list[int]:
            cursor.execute(f"select distinct {column} from {table} where {column} % {STRIDE} = {self._place}")
            return [row[0] for row in cursor.fetchall()]

        self._rows = _Rows(
            keys("order_id", "orders"),
            keys("product_id", "products"),
            keys("cart_id", "carts"),
            keys("order_id", "bulk_items"),
        )

    def _next(self) -> int:
        self._number += 1
        return self._number * STRIDE + self._place

    def _transact(self, connection: Any, cursor: Any) -> None:
        now = time.monotonic()
        transaction = _Transaction(cursor, self._next())
        if self._place == 0 and now >= self._truncate_at:
            self._truncate_at = now + self._dice.uniform(0.5, 1.5) * self._plan.truncate_every
            transaction.run("truncate table carts")
            transaction.then(self._rows.carts.clear)
        elif self._place == 1 and now >= self._bulk_at:
            self._bulk_at = now + self._dice.uniform(0.5, 1.5) * self._plan.bulk_every
            self._bulk(transaction)
        else:
            for _ in range(self._dice.choice((1, 1, 2, 3, 6))):
                self._dice.choice(self._plan.operations)(self, transaction)
                if self._place == STRIDE - 1:
                    self._asked_to_stop.wait(self._dice.uniform(0, self._plan.slowness))
        if self._dice.random() < 0.06:
            connection.rollback()
            return
        transaction.run(
            "insert into ledger values (%s, %s, %s)", transaction.number, transaction.written, _moment()
        )
        connection.commit()
        self.committed += 1
        transaction.settle()

    def insert_orders(self, at: _Transaction) -> None:
        count = self._dice.choice((1, 1, 1, 2, 20))
        rows = [self._order(self._next(), at.number) for _ in range(count)]
        marks = ", ".join(f"({', '.join(['%s'] * len(rows[0]))})" for _ in rows)
        at.run(f"insert into orders values {marks}", *(value for row in rows for value in row))
        at.wrote(count)
        at.then(lambda: self._rows.orders.extend(row[0] for row in rows))

    def update_recent_order(self, at: _Transaction) -> None:
        self._update_orders(at, self._picked(self._rows.orders[-50:], at, 1))

    def update_old_orders(self, at: _Transaction) -> None:
        self._update_orders(at, self._picked(self._rows.orders, at, self._dice.choice((1, 1, 5))))

    def update_twice(self, at: _Transaction) -> None:
        keys = self._picked(self._rows.orders, at, 1)
        self._update_orders(at, keys)
        self._update_orders(at, keys)

    def delete_orders(self, at: _Transaction) -> None:
        keys = self._picked(self._rows.orders, at, 2)
        for key in keys:
            at.run("delete from orders where order_id = %s", key)
        at.then(lambda: self._forget(self._rows.orders, keys))

    def move_order(self, at: _Transaction) -> None:
        for key in self._picked(self._rows.orders, at, 1):
            fresh = self._next()
            at.run(
                "update orders set order_id = %s, transaction_no = %s where order_id = %s",
                fresh,
                at.number,
                key,
            )
            at.wrote(1)
            at.then(lambda key=key, fresh=fresh: self._replace(self._rows.orders, key, fresh))  # type: ignore[misc]

    def fleeting_order(self, at: _Transaction) -> None:
        row = self._order(self._next(), at.number)
        at.run(f"insert into orders values ({', '.join(['%s'] * len(row))})", *row)
        at.run("delete from orders where order_id = %s", row[0])
        at.wrote(1)

    def reborn_order(self, at: _Transaction) -> None:
        for key in self._picked(self._rows.orders, at, 1):
            row = self._order(key, at.number)
            at.run("delete from orders where order_id = %s", key)
            at.run(f"insert into orders values ({', '.join(['%s'] * len(row))})", *row)
            at.wrote(1)

    def undone_order(self, at: _Transaction) -> None:
        row = self._order(self._next(), at.number)
        at.run("savepoint maybe")
        at.run(f"insert into orders values ({', '.join(['%s'] * len(row))})", *row)
        at.run("rollback to savepoint maybe")

    def insert_product(self, at: _Transaction) -> None:
        key = self._next()
        at.run(
            "insert into products values (%s, %s, %s, %s, %s, %s, %s, %s)",
            *(key, at.number, self._description(), f"sku {key}", Decimal("9.95"), 5, True, _moment()),
        )
        at.wrote(1)
        at.then(lambda: self._rows.products.append(key))

    def update_stock(self, at: _Transaction) -> None:
        """An update that leaves the long description alone."""
        for key in self._picked(self._rows.products, at, 2):
            at.run(
                "update products set stock_quantity = stock_quantity + 1, transaction_no = %s,"
                " updated_at = %s where product_id = %s",
                *(at.number, _moment(), key),
            )
            at.wrote(1)

    def update_description(self, at: _Transaction) -> None:
        for key in self._picked(self._rows.products, at, 1):
            at.run(
                "update products set description = %s, transaction_no = %s where product_id = %s",
                *(self._description(), at.number, key),
            )
            at.wrote(1)

    def move_product(self, at: _Transaction) -> None:
        """A new key for a row whose long description stays as it is."""
        for key in self._picked(self._rows.products, at, 1):
            fresh = self._next()
            at.run(
                "update products set product_id = %s, transaction_no = %s where product_id = %s",
                *(fresh, at.number, key),
            )
            at.wrote(1)
            at.then(lambda key=key, fresh=fresh: self._replace(self._rows.products, key, fresh))  # type: ignore[misc]

    def delete_product(self, at: _Transaction) -> None:
        keys = self._picked(self._rows.products, at, 1)
        for key in keys:
            at.run("delete from products where product_id = %s", key)
        at.then(lambda: self._forget(self._rows.products, keys))

    def fill_cart(self, at: _Transaction) -> None:
        # Whoever truncates waits for whoever writes: a transaction that stays open must not write here.
        if self._place == STRIDE - 1:
            return
        key = self._next()
        at.run("insert into carts values (%s, %s, %s)", key, at.number, _moment())
        at.then(lambda: self._rows.carts.append(key))

    def _bulk(self, at: _Transaction) -> None:
        """A transaction too large for one batch in memory: rows made, changed or removed by one statement."""
        known = self._rows.bulk
        if len(known) < 3 or (len(known) < 7 and self._dice.random() < 0.4):
            order, rows = self._next(), self._dice.randint(*self._plan.bulk_rows)
            at.run(
                f"insert into bulk_items select {order}, n, concat('line {order} ', n), n * 0.5, {at.number}"
                f" from {self._shop.numbered(rows)}"
            )
            at.wrote(rows)
            at.then(lambda: known.append(order))
            return
        order = self._dice.choice(known)
        if self._dice.random() < 0.5:
            at.run(
                "update bulk_items set unit_price = unit_price + 1, transaction_no = %s where order_id = %s",
                *(at.number, order),
            )
            at.wrote(at._cursor.rowcount)
        else:
            at.run("delete from bulk_items where order_id = %s", order)
            at.then(lambda: known.remove(order))

    def _update_orders(self, at: _Transaction, keys: Sequence[int]) -> None:
        if not keys:
            return
        marks = ", ".join(["%s"] * len(keys))
        at.run(
            "update orders set total_amount = total_amount + 1, status = %s, transaction_no = %s,"
            f" updated_at = %s where order_id in ({marks})",
            *(self._dice.choice(("CONFIRMED", "DISPATCHED", "DELIVERED")), at.number, _instant(), *keys),
        )
        at.wrote(len(keys))

    def _picked(self, known: Sequence[int], at: _Transaction, count: int) -> list[int]:
        """Some keys that this transaction has not touched yet."""
        keys = set(self._dice.sample(known, min(count, len(known)))) - at.touched
        at.touched |= keys
        return sorted(keys)

    def _order(self, key: int, number: int) -> tuple[Any, ...]:
        dice = self._dice
        discount = None if dice.random() < 0.5 else Decimal(dice.randint(0, 999_999)).scaleb(-4)
        return (
            *(key, dice.randint(1, 10_000), _instant(), "PENDING"),
            *(Decimal(dice.randint(0, 10**9)).scaleb(-2), discount, dice.randint(0, 400) / 4),
            *(Decimal(dice.randint(0, 10**6)).scaleb(-2), "GHS", number),
            *(dice.choice(("Ads", "Ré­seau", "市场", "", None)), f"city {dice.randint(1, 300)}"),
            *(dice.random() < 0.1, _moment(), _instant()),
        )

    def _description(self) -> str:
        if self._dice.random() < 0.5:
            return "short " * self._dice.randint(0, 5)
        return "".join(self._dice.choices("abcdefghijklmnopqrstuvwxyz äß€", k=self._dice.choice(_TEXT_SIZES)))

    @staticmethod
    def _forget(known: list[int], keys: Sequence[int]) -> None:
        for key in keys:
            with suppress(ValueError):
                known.remove(key)

    @staticmethod
    def _replace(known: list[int], key: int, fresh: int) -> None:
        with suppress(ValueError):
            known[known.index(key)] = fresh


Operation = Callable[[Writer, _Transaction], None]
EVERYTHING: Sequence[Operation] = (
    Writer.insert_orders,
    Writer.insert_orders,
    Writer.insert_orders,
    Writer.update_recent_order,
    Writer.update_recent_order,
    Writer.update_old_orders,
    Writer.update_twice,
    Writer.delete_orders,
    Writer.move_order,
    Writer.fleeting_order,
    Writer.reborn_order,
    Writer.undone_order,
    Writer.insert_product,
    Writer.update_stock,
    Writer.update_stock,
    Writer.update_description,
    Writer.move_product,
    Writer.delete_product,
    Writer.fill_cart,
)


@dataclass(frozen=True)
class Plan:
    """How the load behaves.

    per_second  transactions of each writer
    slowness    the longest pause between two statements of the slow writer
    tolerated   errors after which a writer connects anew
    first       where numbers of transactions and new rows start
    """

    per_second: float = 25.0
    bulk_rows: tuple[int, int] = (3_000, 8_000)
    bulk_every: float = 4.0
    truncate_every: float = 7.0
    slowness: float = 0.6
    tolerated: tuple[type[Exception], ...] = ()
    first: int = FILLED_UP_TO
    operations: Sequence[Operation] = EVERYTHING


class Load:
    """All writers; use it in a `with` block. Leaving it stops them and raises what one of them met."""

    def __init__(self, shop: Shop, plan: Plan, seed: int) -> None:
        self._stop = threading.Event()
        self._writers = [Writer(shop, place, plan, seed, self._stop) for place in range(STRIDE)]
        self._started = time.monotonic()

    @property
    def committed(self) -> int:
        """Transactions so far."""
        return sum(writer.committed for writer in self._writers)

    def check(self) -> None:
        """Raise what a writer met."""
        for writer in self._writers:
            if writer.failure is not None:
                raise writer.failure

    def stop(self) -> None:
        self._stop.set()
        for writer in self._writers:
            writer.join(30)
            assert not writer.is_alive(), f"{writer.name} does not end"
        self.check()

    def __enter__(self) -> Self:
        for writer in self._writers:
            writer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for writer in self._writers:
            writer.join(30)
        self.check()


def mark(shop: Shop, number: int) -> None:
    """A last transaction, after which the load is told completely."""
    connection = shop.connect()
    connection.cursor().execute("insert into ledger values (%s, 0, %s)", (number, _moment()))
    connection.commit()
    connection.close()


def _moment() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def _instant() -> str:
    return _moment()
