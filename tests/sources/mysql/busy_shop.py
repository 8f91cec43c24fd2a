"""Sessions that keep changing two tables while something else happens."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pymysql  # type: ignore[import-untyped]

from tests.mariadb_server import MySQLDatabase
from tests.sources.mysql.conftest import Row

TABLES = ("orders", "items")
_KEYS = 400
_BEGINS_WITHIN_SECONDS = 10.0


def create(database: MySQLDatabase, rows: int = 0) -> None:
    """Two tables with some rows."""
    database.run(
        "create table orders (id bigint unsigned primary key, status varchar(20), total decimal(12,2), "
        "at datetime(6))",
        "create table items (id bigint unsigned primary key, quantity int, note text)",
    )
    with closing(database.connect()) as connection, connection.cursor() as cursor:
        for first in range(0, rows, 1000):
            some = range(first + 1000, first + 1000 + min(1000, rows - first))
            cursor.executemany(
                "insert into orders values (%s, 'old', %s, '2024-01-01')", [(n, n) for n in some]
            )
            cursor.executemany("insert into items values (%s, %s, 'old')", [(n, n % 10) for n in some])
        connection.commit()


def rows_of(database: MySQLDatabase, table: str) -> list[Row]:
    """The table as it is, by another way than the one under test."""
    with closing(database.connect()) as connection, connection.cursor(pymysql.cursors.DictCursor) as cursor:
        cursor.execute(f"select * from {table}")
        return sorted(cursor.fetchall(), key=lambda row: str((row["id"],)))


@contextmanager
def kept_busy(database: MySQLDatabase, sessions: int = 3) -> Iterator[list[int]]:
    """Changes both tables from several sessions while the block lasts; yields how much they committed."""
    stop = threading.Event()
    committed = [0] * sessions
    failures: list[BaseException] = []

    def work(number: int) -> None:
        dice = random.Random(number)  # noqa: S311 - changes, not secrets
        try:
            with closing(database.connect()) as connection:
                while not stop.is_set():
                    committed[number] += _transaction(connection, dice)
        except BaseException as error:  # noqa: BLE001 - told by the main thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(sessions)]
    for thread in threads:
        thread.start()
    try:
        yield committed
    finally:
        # A short block on a busy machine may end before a session has begun: it is given the time.
        given_up_at = time.monotonic() + _BEGINS_WITHIN_SECONDS
        while not all(committed) and not failures and time.monotonic() < given_up_at:
            time.sleep(0.01)
        stop.set()
        for thread in threads:
            thread.join()
    assert not failures, failures
    assert all(committed)


def _transaction(connection: Any, dice: random.Random) -> int:
    with connection.cursor() as cursor:
        try:
            cursor.execute("begin")
            for _ in range(dice.randint(1, 6)):
                _change(cursor, dice)
            cursor.execute("commit" if dice.random() < 0.9 else "rollback")
        except (pymysql.OperationalError, pymysql.IntegrityError) as error:
            if error.args[0] not in {1062, 1205, 1213}:  # a doubled key, a lock's time-out, a deadlock
                raise
            cursor.execute("rollback")
            return 0
    return 1


def _change(cursor: Any, dice: random.Random) -> None:
    key, value = dice.randrange(_KEYS), dice.randrange(1_000_000)
    match dice.randrange(6):
        case 0 | 1:
            cursor.execute("replace into orders values (%s, 'new', %s, now(6))", (key, value / 100))
        case 2:
            cursor.execute("update orders set status = %s, total = total + 1 where id = %s", (value, key))
        case 3:
            cursor.execute("delete from orders where id = %s", (key,))
        case 4:
            cursor.execute("replace into items values (%s, %s, %s)", (key, value % 50, "n" * (value % 300)))
        case _:
            cursor.execute("update items set id = id + %s where id = %s", (_KEYS * 1000 + value, key))
