"""A shop of a given size, drawn by formulas: its lake without a server, and the changes of its next minutes.

A fifth of the orders' customers and all other references are spread evenly; ids grow with time, as those of a
database do. Must not know what is measured.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from amalimart.lake import ChangedRows, CommitKind, Lake, Operation, Transaction

SOURCE = "shop"
TODAY = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
_DAYS = 900
LINES = 2.5  # of an order
MAPPING = """\
mapping: tall
description: A shop of any size.
time_zone: Africa/Accra
tables: {users: {}, sellers: {}, articles: {}, shelves: {}, article_shelves: {}, orders: {}, lines: {},
  payments: {}, parcels: {}, history: {}, reviews: {}, returns: {}}
entities:
  users: {table: users, columns: {user_id: id, role: role, is_verified: verified, is_enabled: enabled,
    created_at: at}}
  vendors: {table: sellers, columns: {vendor_id: id, vendor_name: name, status: state, created_at: at}}
  products: {table: articles, columns: {product_id: id, vendor_id: seller_id, product_name: name,
    price: price, currency: {constant: GHS}, stock_quantity: stock, status: state, created_at: at}}
  categories: {table: shelves, columns: {category_id: id, category_name: name}}
  product_categories: {table: article_shelves, columns: {product_id: article_id, category_id: shelf_id}}
  orders: {table: orders, columns: {order_id: id, customer_id: user_id, order_date: at, status: state,
    total_amount: total, discount_amount: discount, delivery_fee: fee, currency: {constant: GHS},
    channel: channel, shipping_city: city}}
  order_items: {table: lines, columns: {order_item_id: id, order_id: order_id, product_id: article_id,
    quantity: units, unit_price: price, currency: {constant: GHS}}}
  payments: {table: payments, columns: {payment_id: id, order_id: order_id, method: method, status: state,
    amount: amount, currency: {constant: GHS}, paid_at: at}}
  shipments: {table: parcels, columns: {shipment_id: id, order_id: order_id, status: state, city: city,
    delivery_fee: fee, promised_at: promised, delivered_at: delivered}}
  order_status_history: {table: history, columns: {status_change_id: id, order_id: order_id,
    new_status: state, created_at: at}}
  reviews: {table: reviews, columns: {review_id: id, customer_id: user_id, product_id: article_id,
    order_id: order_id, rating: stars, status: state, created_at: at}}
  returns: {table: returns, columns: {return_id: id, order_item_id: line_id, status: state,
    return_amount: amount, request_at: at}}
"""
_AT = f"timestamptz '2026-03-10 12:00:00+00' - to_seconds(cast((1 - n / {{n}}) * {_DAYS * 86400} as bigint))"
_STATES = "['COMPLETED', 'COMPLETED', 'COMPLETED', 'CANCELLED', 'RETURNED']"
_CITIES = "['Accra', 'Kumasi', 'Tamale', 'Tema', 'Takoradi', 'Cape Coast']"


# Of a hundred changed rows; a new order brings six or seven.
_INSERTS, _RECENT, _SPREAD, _DELETES = 60, 30, 8, 2
_ROWS_OF_AN_ORDER = 6.5
DRAWN = "set timezone = 'UTC'; create macro drawn(n, below) as cast(hash(n) % below as bigint)"


def tables(orders: int) -> dict[str, tuple[int, str]]:
    """Table -> how many rows, and the query of one row by its number n."""
    users, lines = max(orders // 5, 10), round(orders * LINES)
    articles, sellers = max(orders // 100, 50), max(orders // 5000, 10)

    def of(count: int) -> str:
        return _AT.replace("{n}", str(float(count)))

    def drawn(seed: str, below: int) -> str:
        return f"drawn({seed}, {below})"

    def rows(count: int, **columns: str) -> tuple[int, str]:
        return count, ", ".join(f"{sql} as {column}" for column, sql in columns.items())

    reviews, returns = orders // 5, orders // 20
    return {
        "users": rows(
            users, id="n", role="'CUSTOMER'", verified="n % 3 > 0", enabled="true", at=of(users)
        ),
        "sellers": rows(sellers, id="n", name="'Shop ' || n", state="'APPROVED'", at=of(sellers)),
        "articles": rows(
            articles, id="n", seller_id=drawn("n", sellers), name="'Article ' || n",
            price=_money(drawn("n", 9_000)), stock="cast(n % 90 as integer)", state="'ACTIVE'",
            at=of(articles),
        ),
        "shelves": rows(40, id="n", name="'Shelf ' || n"),
        "article_shelves": rows(articles, article_id="n", shelf_id="n % 40"),
        "orders": rows(
            orders, id="n", user_id=drawn("n", users), at=of(orders),
            state=f"{_STATES}[1 + {drawn('n + 1', 5)}]", total=_money(drawn("n", 90_000)),
            discount=_money("0"), fee=_money("150"), channel="'web'",
            city=f"{_CITIES}[1 + {drawn('n', 6)}]",
        ),
        "lines": rows(
            lines, id="n", order_id=f"cast(floor(n / {LINES}) as bigint)", article_id=drawn("n", articles),
            units="cast(1 + n % 3 as integer)", price=_money(drawn("n", 9_000)),
        ),
        "payments": rows(
            orders, id="n", order_id="n", method="if(n % 3 = 0, 'CASH_ON_DELIVERY', 'CARD')",
            state="'SUCCESS'", amount=_money(drawn("n", 90_000)), at=of(orders),
        ),
        "parcels": rows(
            orders, id="n", order_id="n", state="'DELIVERED'", city=f"{_CITIES}[1 + {drawn('n', 6)}]",
            fee=_money("150"), promised=f"{of(orders)} + to_days(5)",
            delivered=f"{of(orders)} + to_days(cast(1 + n % 6 as integer))",
        ),
        "history": rows(
            2 * orders, id="n", order_id="n // 2", state="if(n % 2 = 0, 'CONFIRMED', 'COMPLETED')",
            at=of(2 * orders),
        ),
        "reviews": rows(
            reviews, id="n", user_id=drawn("n * 5", users), article_id=drawn("n", articles),
            order_id="n * 5", stars="cast(1 + n % 5 as integer)", state="'ACTIVE'", at=of(reviews),
        ),
        "returns": rows(
            returns, id="n", line_id="n * 50", state="'APPROVED'", amount=_money("500"), at=of(returns)
        ),
    }  # fmt: skip


def _money(cents: str) -> str:
    return f"cast({cents} / 100 as decimal(12, 2))"


def fill(lake: Lake, orders: int) -> int:
    """Land the whole shop as one snapshot and return its rows."""
    rows = 0
    with duckdb.connect() as engine, lake.begin(SOURCE, CommitKind.SNAPSHOT) as writer:
        engine.execute(DRAWN)
        for table, (count, row) in tables(orders).items():
            query = f"select {row} from (select range as n from range({count}))"
            reader = engine.execute(query).to_arrow_reader(100_000)
            writer.write(table, reader, Operation.SNAPSHOT, schema=reader.schema)
            rows += count
        writer.commit({"at": 0}, TODAY)
    return rows


@dataclass(frozen=True, slots=True)
class _Change:
    """Columns of a row that change; of a new row, all of them."""

    table: str
    number: int
    columns: dict[str, Any]
    operation: Operation = Operation.UPSERT
    is_new: bool = False


def _new_row(table: str, row: dict[str, Any]) -> _Change:
    return _Change(table, row["id"], row, is_new=True)


class Changes:
    """The shop's next minutes: inserts, updates of recent rows, updates spread over history, deletes."""

    def __init__(self, lake: Lake, orders: int) -> None:
        self._lake = lake
        self._dice = random.Random(7)  # noqa: S311 - dice, not secrets
        self._schemas = _schemas(orders)
        self._formulas = {table: row for table, (_, row) in tables(orders).items()}
        self._engine = duckdb.connect()
        self._engine.execute(DRAWN)
        self._made: dict[tuple[str, int], dict[str, Any]] = {}
        self._next = {table: count for table, (count, _) in tables(orders).items()}
        self._first = dict(self._next)
        self._position = 0
        self._now = TODAY

    def land(self, changes: int) -> None:
        """Append one batch of so many row changes to the journal."""
        self._now += timedelta(seconds=1)
        self._position += 1
        drawn: list[_Change] = []
        while len(drawn) < changes:
            drawn += self._one()
        self._look_up(drawn)
        told: dict[str, list[tuple[Operation, dict[str, Any]]]] = {}
        for change in drawn:
            key = (change.table, change.number)
            row = self._made.get(key, {}) | change.columns
            if change.operation is not Operation.DELETE:
                self._made[key] = row
            told.setdefault(change.table, []).append((change.operation, row))
        sequence = 0
        batches = []
        for table, rows in told.items():
            schema = self._schemas[table]
            batches.append(
                ChangedRows(
                    table,
                    pa.RecordBatch.from_pylist([row for _, row in rows], schema),
                    [operation for operation, _ in rows],
                    range(sequence + 1, sequence + len(rows) + 1),
                    [Transaction(str(self._position), self._now)] * len(rows),
                    [()] * len(rows),
                )
            )
            sequence += len(rows)
        with self._lake.writer(SOURCE) as writer:
            writer.append(batches, {"at": self._position}, self._now)

    def _look_up(self, drawn: Sequence[_Change]) -> None:
        """Know the rows that are changed as they are: as they were changed, else as the formula has them.

        All of a table at once: one by one they would take longer than the build that is measured.
        """
        unknown: dict[str, dict[int, None]] = {}
        for change in drawn:
            if not change.is_new and (change.table, change.number) not in self._made:
                unknown.setdefault(change.table, {})[change.number] = None
        for table, numbers in unknown.items():
            found = self._engine.execute(
                f"select {self._formulas[table]} from (select unnest(?::bigint[]) as n)", [list(numbers)]
            )
            rows = {row["id"]: row for row in found.to_arrow_table().to_pylist()}
            self._made |= {(table, number): rows[number] for number in numbers}

    def _one(self) -> Iterator[_Change]:
        """A new order with what belongs to it, or a change of what there is."""
        kind = self._dice.random() * 100
        if kind < _INSERTS / _ROWS_OF_AN_ORDER:
            yield from self._order()
        elif kind < _INSERTS / _ROWS_OF_AN_ORDER + _RECENT:
            yield self._moved_on(self._recent("orders"))
        elif kind < _INSERTS / _ROWS_OF_AN_ORDER + _RECENT + _SPREAD:
            yield self._moved_on(self._dice.randrange(self._first["orders"]))
        elif kind < _INSERTS / _ROWS_OF_AN_ORDER + _RECENT + _SPREAD + _DELETES:
            yield _Change("lines", self._recent("lines"), {}, Operation.DELETE)

    def _order(self) -> Iterator[_Change]:
        number = self._new("orders")
        yield _new_row("orders", self._order_row(number))
        for _ in range(self._dice.choice((2, 3))):
            yield _new_row("lines", self._line(self._new("lines"), number))
        paid = {"id": self._new("payments"), "order_id": number, "method": "CARD", "state": "SUCCESS"}
        yield _new_row("payments", paid | {"amount": self._money(), "at": self._now})
        entry = {"id": self._new("history"), "order_id": number, "state": "PENDING", "at": self._now}
        yield _new_row("history", entry)
        yield _new_row("parcels", self._parcel(self._new("parcels"), number))

    def _moved_on(self, number: int) -> _Change:
        """An order moves on: its status, or its parcel."""
        if self._dice.random() < 0.5:
            return _Change("orders", number, {"state": "COMPLETED"})
        return _Change("parcels", number, {"state": "DELIVERED", "delivered": self._now})

    def _order_row(self, number: int) -> dict[str, Any]:
        user = self._dice.randrange(self._first["users"])
        return {
            "id": number, "user_id": user, "at": self._now, "state": "PENDING",
            "total": self._money(), "discount": Decimal(0), "fee": Decimal("1.50"), "channel": "web",
            "city": "Accra",
        }  # fmt: skip

    def _line(self, number: int, order: int) -> dict[str, Any]:
        article = self._dice.randrange(self._first["articles"])
        return {"id": number, "order_id": order, "article_id": article, "units": 2, "price": self._money()}

    def _parcel(self, number: int, order: int) -> dict[str, Any]:
        return {
            "id": number, "order_id": order, "state": "PENDING", "city": "Accra", "fee": Decimal("1.50"),
            "promised": self._now + timedelta(days=3), "delivered": None,
        }  # fmt: skip

    def _money(self) -> Decimal:
        return Decimal(self._dice.randrange(100, 90_000)) / 100

    def _new(self, table: str) -> int:
        self._next[table] += 1
        return self._next[table] - 1

    def _recent(self, table: str) -> int:
        return self._next[table] - 1 - self._dice.randrange(min(5_000, self._first[table]))


def _schemas(orders: int) -> dict[str, pa.Schema]:
    with duckdb.connect() as engine:
        engine.execute(DRAWN)
        return {
            table: engine.execute(f"select {row} from (select 0::bigint as n)").to_arrow_table().schema
            for table, (_, row) in tables(orders).items()
        }
