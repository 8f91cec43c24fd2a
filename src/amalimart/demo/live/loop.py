"""The live loop: catches up with the time nobody sold anything, then one order after another.

Stops between two transactions when the event is set; nothing half-done stays behind.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from random import Random
from threading import Event

import psycopg

from amalimart.core.clock import Clock
from amalimart.core.errors import SourceUnreachable
from amalimart.demo.embedded_postgres import reachable
from amalimart.demo.live.aftermath import follow_up
from amalimart.demo.live.moving import move_orders
from amalimart.demo.live.placing import place_order
from amalimart.demo.live.shopfront import Connection, Shopfront, Stamp

DEFAULT_RATE = 0.5
CATCH_UP_ORDERS = 2_000
_QUIET = timedelta(minutes=15)


def run_live(
    dsn: str, stop: Event, clock: Clock, rate: float = DEFAULT_RATE, *, seed: int | None = None
) -> int:
    """Sell until `stop` is set; how many orders were placed.

    `rate` is in orders a second. First the time since the last order is caught up with, at the pace of
    the last four weeks. Raises SourceUnreachable where the shop is gone, ValueError for a rate that is
    not positive.
    """
    if rate <= 0:
        raise ValueError(f"the rate must be above 0 orders a second, not {rate}")
    reachable(dsn)
    try:
        with psycopg.connect(dsn, autocommit=True) as connection:
            front = Shopfront(connection, Random(seed))
            placed = _catch_up(connection, front, stop, clock)
            return placed + _sell(connection, front, stop, clock, 1 / rate)
    except psycopg.OperationalError as error:
        raise SourceUnreachable(
            f"the demo shop went away: {error}".strip(), next_step="run `make demo` to start it again"
        ) from error


def tick(connection: Connection, front: Shopfront, stamp: Stamp) -> int:
    """One beat of the shop: a new order, one step for older ones, and what follows; the new order's id."""
    order_id = place_order(connection, front, stamp)
    move_orders(connection, front, stamp)
    follow_up(connection, front, stamp)
    return order_id


def _sell(connection: Connection, front: Shopfront, stop: Event, clock: Clock, interval: float) -> int:
    placed = 0
    due = time.monotonic()
    while not stop.is_set():
        now = clock.now()
        tick(connection, front, Stamp(now, now))
        placed += 1
        # A pause of the machine is not made up for by a burst.
        due = max(due + interval, time.monotonic() - interval)
        stop.wait(max(0.0, due - time.monotonic()))
    return placed


def _catch_up(connection: Connection, front: Shopfront, stop: Event, clock: Clock) -> int:
    """Orders for the time since the last one, dated then but written now, so that a cursor sees them."""
    until = clock.now()
    instants = _missed(connection, front.dice, until)
    for placed, at in enumerate(instants):
        if stop.is_set():
            return placed
        tick(connection, front, Stamp(at, clock.now()))
    return len(instants)


def _missed(connection: Connection, dice: Random, until: datetime) -> list[datetime]:
    row = connection.execute(
        """
        with latest as (
            select max(order_date) as at from orders where order_date <= %s
        )
        select latest.at, count(*)
        from latest
        join orders on order_date > latest.at - interval '28 days' and order_date <= latest.at
        group by latest.at
        """,
        (until,),
    ).fetchone()
    if row is None or not isinstance(row[0], datetime) or until - row[0] < _QUIET:
        return []
    gap = until - row[0]
    count = min(CATCH_UP_ORDERS, round(int(str(row[1])) * (gap / timedelta(days=28))))
    return sorted(row[0] + gap * dice.random() for _ in range(count))
