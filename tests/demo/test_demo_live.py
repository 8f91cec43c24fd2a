"""The living shop: orders arrive, move along and leave traces a cursor finds."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from threading import Event
from typing import Any

import psycopg
import pytest

from amalimart.core.clock import FixedClock
from amalimart.core.errors import SourceUnreachable
from amalimart.demo import run_live
from amalimart.demo.live.loop import tick
from amalimart.demo.live.moving import move_orders
from amalimart.demo.live.placing import place_order
from amalimart.demo.live.shopfront import Connection, Shopfront, Stamp

_OPEN_KINDS = """
    select count(distinct status) from orders where status in ('PENDING', 'CONFIRMED', 'DISPATCHED')
    """
START = datetime(2025, 6, 16, 9, 0, tzinfo=UTC)


class Ticking:
    """A clock that moves twenty seconds each time it is read, and sets an event after some reads."""

    def __init__(self, start: datetime, reads: int) -> None:
        self.stop = Event()
        self._now = start
        self._left = reads

    def now(self) -> datetime:
        self._left -= 1
        if self._left <= 0:
            self.stop.set()
        self._now += timedelta(seconds=20)
        return self._now


@pytest.fixture
def connection(live_dsn: str) -> Iterator[Connection]:
    """A connection whose work is undone: every test sees the loaded shop."""
    with psycopg.connect(live_dsn) as opened:
        yield opened
        opened.rollback()


def _front(connection: Connection, seed: int) -> Shopfront:
    return Shopfront(connection, Random(seed))  # noqa: S311 - dice, not a secret


def _one(connection: Connection, query: str, *values: object) -> Any:
    row = connection.execute(query.encode(), values).fetchone()
    assert row is not None
    return row[0]


def test_a_new_order_is_complete_and_carries_the_passed_in_time(connection: Connection) -> None:
    highest = _one(connection, "select max(order_id) from orders")
    order_id = place_order(connection, _front(connection, 1), Stamp(START, START))
    assert order_id == highest + 1
    row = connection.execute(
        """
        select o.status::text, o.order_date, o.updated_at,
            o.total_amount - o.delivery_fee + o.discount_amount,
            (select sum(quantity * unit_price) from order_items i where i.order_id = o.order_id),
            (select count(*) from order_status_history h where h.order_id = o.order_id),
            (select count(*) from carts c where c.order_id = o.order_id),
            (select count(*) from web_visits v where v.created_at = o.created_at)
        from orders o where order_id = %s
        """,
        (order_id,),
    ).fetchone()
    assert row is not None
    assert row[:3] == ("PENDING", START, START)
    assert row[3] == row[4]
    assert row[5:] == (1, 1, 12)


def test_orders_move_oldest_first_and_touched_rows_get_a_new_updated_at(connection: Connection) -> None:
    front = _front(connection, 4)
    oldest = _one(
        connection,
        "select order_id from orders where status = 'DISPATCHED' order by updated_at, order_id limit 1",
    )
    open_kinds = _one(connection, _OPEN_KINDS)
    assert move_orders(connection, front, Stamp(START, START)) == open_kinds >= 2
    assert _one(connection, "select updated_at from orders where order_id = %s", oldest) == START
    assert _one(connection, "select max(updated_at) from shipments where order_id = %s", oldest) == START
    assert _one(connection, "select count(*) from order_status_history where created_at = %s", START) >= 2


def test_an_order_that_was_just_touched_rests_first(connection: Connection) -> None:
    front = _front(connection, 4)
    connection.execute("update orders set updated_at = %s", (START,))
    assert move_orders(connection, front, Stamp(START, START + timedelta(seconds=5))) == 0
    open_kinds = _one(connection, _OPEN_KINDS)
    later = START + timedelta(seconds=16)
    assert move_orders(connection, front, Stamp(START, later)) == open_kinds


def test_after_many_beats_orders_have_ended_in_every_way_and_still_add_up(connection: Connection) -> None:
    front = _front(connection, 8)
    loaded = _one(connection, "select max(order_id) from orders")
    for beat in range(160):
        now = START + timedelta(seconds=20 * beat)
        tick(connection, front, Stamp(now, now))
    statuses = {
        row[0]
        for row in connection.execute(
            "select distinct status::text from orders where order_id > %s", (loaded,)
        )
    }
    assert {"PENDING", "CONFIRMED", "DISPATCHED", "COMPLETED", "CANCELLED"} <= statuses
    for table in ("reviews", "returns", "support_tickets", "vendor_earnings", "users", "marketing_spend"):
        assert _one(connection, f"select count(*) from {table} where created_at >= %s", START) > 0, table
    broken = """
        select count(*)
        from orders o
        join lateral (
            select new_status from order_status_history h
            where h.order_id = o.order_id order by status_change_id desc limit 1
        ) h on true
        where o.order_id > %s and h.new_status <> o.status
        """
    assert _one(connection, broken, loaded) == 0
    unpaid = """
        select count(*) from orders o
        where order_id > %s and status = 'COMPLETED' and not exists (
            select from payments p where p.order_id = o.order_id and p.status = 'SUCCESS'
        )
        """
    assert _one(connection, unpaid, loaded) == 0


def test_the_same_dice_place_the_same_orders(connection: Connection) -> None:
    def amounts() -> list[object]:
        connection.execute("savepoint before")
        front = _front(connection, 21)
        ids = [place_order(connection, front, Stamp(START, START)) for _ in range(5)]
        found = [
            _one(connection, "select total_amount from orders where order_id = %s", order_id)
            for order_id in ids
        ]
        connection.execute("rollback to savepoint before")
        return found

    assert amounts() == amounts()


def test_the_loop_catches_up_then_sells_until_the_event_is_set(live_dsn: str) -> None:
    with psycopg.connect(live_dsn) as shop:
        before = _one(shop, "select count(*) from orders")
        last = _one(shop, "select max(order_date) from orders")
    clock = Ticking(last + timedelta(days=14), reads=25)
    placed = run_live(live_dsn, clock.stop, clock, rate=500.0, seed=2)
    with psycopg.connect(live_dsn) as shop:
        assert _one(shop, "select count(*) from orders") == before + placed
        days = _one(shop, "select count(distinct order_date::date) from orders where order_date > %s", last)
        written = _one(shop, "select min(updated_at) from orders where order_id > %s", before)
    assert placed >= 5
    assert days >= 3, "the gap was not filled"
    assert written > last + timedelta(days=14), "a cursor would have missed the orders of the gap"


def test_a_stopped_event_places_nothing(live_dsn: str) -> None:
    stop = Event()
    stop.set()
    assert run_live(live_dsn, stop, FixedClock(START), rate=10.0, seed=2) == 0


def test_a_rate_of_nothing_is_refused(live_dsn: str) -> None:
    with pytest.raises(ValueError, match="above 0"):
        run_live(live_dsn, Event(), FixedClock(START), rate=0.0)


def test_a_shop_that_is_gone_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreachable) as caught:
        run_live(f"postgresql://postgres@/shop?host={tmp_path}", Event(), FixedClock(START))
    assert "make demo" in (caught.value.next_step or "")


def test_the_process_ends_cleanly_on_sigterm(live_dsn: str) -> None:
    with psycopg.connect(live_dsn, autocommit=True) as shop:
        before = _one(shop, "select max(order_id) from orders")
        command = [sys.executable, "-m", "amalimart.demo.live", "--dsn", live_dsn, "--rate", "50"]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        try:
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline and process.poll() is None:
                if _one(shop, "select max(order_id) from orders") > before:
                    break
                time.sleep(0.05)
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 0, errors
    assert "placed" in errors


@pytest.mark.parametrize("rate", ["0", "-1", "nan", "much"])
def test_the_process_refuses_a_rate_that_is_none(rate: str) -> None:
    found = subprocess.run(
        [sys.executable, "-m", "amalimart.demo.live", "--dsn", "x", "--rate", rate],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 2
    assert "--rate" in found.stderr
