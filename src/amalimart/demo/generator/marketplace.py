"""The whole marketplace as a stream of rows, in chunks of time, so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from amalimart.demo.generator import (
    catalogue,
    engagement,
    geography,
    offers,
    order_rows,
    payment_rows,
    people,
    shipment_rows,
    traffic,
    vendors,
)
from amalimart.demo.generator.baskets import orders as drawn_orders
from amalimart.demo.generator.lifecycle import life as played_life
from amalimart.demo.generator.payouts import Payouts
from amalimart.demo.generator.rows import DAY, Ints, Rows
from amalimart.demo.generator.scenario import Scenario
from amalimart.demo.generator.seasons import orders_per_day, times_of_day
from amalimart.demo.generator.world import world

CHUNK_ORDERS = 50_000
_ROWS_PER_ORDER = 28.5


class Marketplace:
    """One generated marketplace; `dirt` is complete once `tables` is exhausted."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self._world = world(scenario)

    @property
    def dirt(self) -> dict[str, int]:
        """How many rows carry each defect, so far."""
        return self._world.dirt.tally

    @property
    def expected_rows(self) -> int:
        """About how many rows there will be, for a progress bar."""
        return round(self.scenario.orders * _ROWS_PER_ORDER) + 4_000 + 5 * self.scenario.products

    def tables(self) -> Iterator[Rows]:
        """Every row of every table; a table may come in several parts."""
        now = self._world
        scenario = self.scenario
        yield from geography.tables(scenario)
        yield from people.tables(scenario, now.where, now.who, now.dirt)
        yield from vendors.tables(scenario, now.where, now.who, now.sellers)
        yield vendors.partner_rows(scenario)
        yield from catalogue.tables(scenario, now.goods, now.dirt)
        yield from offers.tables(scenario, now.offers)
        yield traffic.marketing_spend(scenario)
        payouts = Payouts(now)
        for part, at in enumerate(_chunks(scenario)):
            orders = drawn_orders(now, part, at)
            life = played_life(now, orders)
            yield from order_rows.tables(now, orders, life)
            yield payment_rows.payments(now, orders, life)
            yield shipment_rows.shipments(now, orders, life)
            yield payouts.earnings(orders, life)
            yield from engagement.tables(now, orders, life)
            yield from traffic.tables(now, orders)
        yield payouts.rows()


def _chunks(scenario: Scenario) -> Iterator[Ints]:
    """The instants of the orders, a run of whole days at a time."""
    counts = orders_per_day(scenario)
    parts = np.cumsum(counts) // CHUNK_ORDERS
    for part in np.unique(parts):
        days = np.flatnonzero(parts == part)
        midnight = np.repeat(days, counts[days]) * DAY + scenario.start
        if len(midnight):
            yield np.sort(midnight + times_of_day(len(midnight), scenario.dice("times of day", int(part))))
