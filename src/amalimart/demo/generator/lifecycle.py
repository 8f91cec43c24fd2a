"""What happens to the orders of a chunk: paid, confirmed, sent, delivered, cancelled, returned.

Every event has an instant or NONE. Whatever would happen after the history ends has not happened, so
the last orders are still open.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amalimart.demo.generator.baskets import Orders
from amalimart.demo.generator.rows import DAY, HOUR, MINUTE, NONE, SECOND, Flags, Ints, Texts
from amalimart.demo.generator.vendors import PARTNERS
from amalimart.demo.generator.world import World

_NO_ATTEMPT = 0.03
_FIRST_FAILS = 0.13
_SECOND_HELPS = 0.78


@dataclass(frozen=True, slots=True)
class Payments:
    """Prepaid attempts: when each was made (NONE if never) and whether it worked."""

    first_at: Ints
    first_works: Flags
    second_at: Ints
    second_works: Flags

    @property
    def paid(self) -> Flags:
        return self.first_works | self.second_works


@dataclass(frozen=True, slots=True)
class Returned:
    """Returns of order lines; `line` is a position in the chunk's lines."""

    line: Ints
    reason: Texts
    amount: Ints
    request_at: Ints
    approved_at: Ints
    rejected_at: Ints
    refunded_at: Ints


@dataclass(frozen=True, slots=True)
class Life:
    """The events of each order of a chunk, by position."""

    payments: Payments
    partner: Ints
    promised_at: Ints
    confirmed_at: Ints
    dispatched_at: Ints
    failed_at: Ints
    second_dispatched_at: Ints
    second_failed_at: Ints
    delivered_at: Ints
    cancelled_at: Ints
    cancelled_by: Texts
    rejected_at: Ints
    returned_at: Ints
    unknown_product: Flags
    returns: Returned

    @property
    def late(self) -> Flags:
        """Delivered on a later calendar day than promised."""
        late: Flags = (self.delivered_at != NONE) & (self.delivered_at // DAY > self.promised_at // DAY)
        return late

    def last_event(self, orders: Orders) -> Ints:
        """When each order last changed its status."""
        events = (
            orders.at,
            self.confirmed_at,
            self.dispatched_at,
            self.delivered_at,
            self.cancelled_at,
            self.rejected_at,
            self.returned_at,
        )
        last: Ints = np.maximum.reduce(events)
        return last

    def status(self) -> Texts:
        """The status of each order when the history ends."""
        status = np.full(len(self.partner), b"PENDING", dtype="S10")
        for at, value in (
            (self.confirmed_at, b"CONFIRMED"),
            (self.dispatched_at, b"DISPATCHED"),
            (self.delivered_at, b"COMPLETED"),
            (self.cancelled_at, b"CANCELLED"),
            (self.rejected_at, b"REJECTED"),
            (self.returned_at, b"RETURNED"),
        ):
            status[at != NONE] = value
        return status


def life(world: World, orders: Orders) -> Life:
    """Play the life of every order of a chunk."""
    dice = world.scenario.dice("life", orders.part)
    count = len(orders)
    end = world.scenario.end

    def span(low: float, high: float) -> Ints:
        return (dice.uniform(low, high, count) * HOUR).astype(np.int64)

    def event(happens: Flags, at: Ints) -> Ints:
        return np.where(happens & (at < end), at, NONE)

    payments = _payments(orders, end, dice)
    goes_on = orders.is_cod | payments.paid
    paid_at = np.maximum(orders.at, np.maximum(payments.first_at, payments.second_at))
    first_vendor = orders.lines.vendor[orders.lines.first_of_order]
    rejects = goes_on & (dice.random(count) < world.sellers.rejects[first_vendor])
    cancels = goes_on & ~rejects & (dice.random(count) < np.where(orders.is_cod, 0.065, 0.042))
    expires = ~goes_on
    fulfils = goes_on & ~rejects & ~cancels

    confirm = paid_at + span(0.2, 9)
    dispatch = confirm + np.where(orders.is_express, span(1, 11), span(5, 46))
    partner = _partners(world, orders, dice)
    slowness = np.array([item.slowness for item in PARTNERS])[partner]
    failure = np.array([item.failure for item in PARTNERS])[partner]
    crowded = world.offers.campaign_of_day[orders.at // DAY - world.scenario.first_day] >= 0
    road = world.where.road_days[orders.city] * slowness * dice.lognormal(0.1, 0.62, count)
    road *= np.where(crowded, 1.3, 1.0)
    road = np.maximum(np.where(orders.is_express, 0.5, 1.0) * road, 0.12)
    arrive = dispatch + (road * DAY).astype(np.int64)
    abroad = world.where.country_number[orders.city] != 0
    promised = orders.at + np.where(orders.is_express, 2, 5) * DAY + np.where(abroad, 2 * DAY, 0)

    refused = failure + np.where(orders.is_cod, 0.025, 0.0) + 0.006 * world.where.road_days[orders.city]
    fails = fulfils & (dice.random(count) < refused)
    retries = fails & (dice.random(count) < 0.65)
    again = arrive + span(8, 30)
    arrive_again = again + span(6, 60)
    second_fails = retries & (dice.random(count) < 0.2)
    delivered = np.where(retries, arrive_again, arrive)
    undelivered = fails & (~retries | second_fails)
    cancel = np.where(expires, orders.at + span(24, 48), paid_at + span(0.3, 16))
    cancel = np.where(undelivered, np.where(retries, arrive_again, arrive) + span(3, 30), cancel)
    by = np.where(expires, b"SYSTEM", np.where(undelivered, b"DELIVERY", b"CUSTOMER"))

    delivered_at = event(fulfils & ~undelivered, delivered)
    every_line = np.ones(len(orders.lines), dtype=np.bool_)
    unknown = world.dirt.strike("unknown_product", every_line, dice)
    promised = promised - promised % DAY + 20 * HOUR
    late = (delivered_at != NONE) & (delivered_at // DAY > promised // DAY)
    returns = _returns(world, orders, delivered_at=delivered_at, late=late, eligible=~unknown, dice=dice)
    return Life(
        payments=payments,
        partner=partner,
        promised_at=promised,
        confirmed_at=event(fulfils, confirm),
        dispatched_at=event(fulfils, dispatch),
        failed_at=event(fails, arrive),
        second_dispatched_at=event(retries, again),
        second_failed_at=event(second_fails, arrive_again),
        delivered_at=delivered_at,
        cancelled_at=event(cancels | expires | undelivered, cancel),
        cancelled_by=by,
        rejected_at=event(rejects, paid_at + span(0.5, 22)),
        returned_at=_fully_returned(orders, returns),
        unknown_product=unknown,
        returns=returns,
    )


def _payments(orders: Orders, end: int, dice: np.random.Generator) -> Payments:
    count = len(orders)
    tries = ~orders.is_cod & (dice.random(count) >= _NO_ATTEMPT)
    first = orders.at + dice.integers(20 * SECOND, 6 * MINUTE, count)
    fails = tries & (dice.random(count) < _FIRST_FAILS)
    tries_again = fails & (dice.random(count) < 0.88)
    second = first + dice.integers(MINUTE, 45 * MINUTE, count)
    helps = dice.random(count) < _SECOND_HELPS
    first_at = np.where(tries & (first < end), first, NONE)
    second_at = np.where(tries_again & (second < end), second, NONE)
    return Payments(
        first_at=first_at,
        first_works=(first_at != NONE) & ~fails,
        second_at=second_at,
        second_works=(second_at != NONE) & helps,
    )


def _partners(world: World, orders: Orders, dice: np.random.Generator) -> Ints:
    """The delivery partner of each order: one that serves the destination's country, by weight."""
    partner = np.zeros(len(orders), dtype=np.int64)
    roll = dice.random(len(orders))
    countries = world.where.country[orders.city]
    for country in np.unique(countries):
        serving = [n for n, item in enumerate(PARTNERS) if item.country.encode() == country and item.weight]
        reach = np.cumsum([PARTNERS[n].weight for n in serving])
        there = countries == country
        partner[there] = np.array(serving)[np.searchsorted(reach / reach[-1], roll[there])]
    return partner


_REASONS = np.array(
    (
        b"Wrong size",
        b"Damaged on arrival",
        b"Not as described",
        b"Changed my mind",
        b"Arrived too late",
        b"Defective",
    )
)
_REASON_REACH = np.cumsum((0.24, 0.18, 0.22, 0.15, 0.06))


def _returns(
    world: World,
    orders: Orders,
    *,
    delivered_at: Ints,
    late: Flags,
    eligible: Flags,
    dice: np.random.Generator,
) -> Returned:
    lines = orders.lines
    end = world.scenario.end
    chance = world.goods.returns[lines.product] * np.where(late[lines.order], 1.7, 1.0)
    wanted = eligible & (delivered_at[lines.order] != NONE) & (dice.random(len(lines)) < chance)
    request = np.where(wanted, delivered_at[lines.order], 0)
    request = request + (dice.uniform(0.3, 10, len(lines)) * DAY).astype(np.int64)
    line = np.flatnonzero(wanted & (request < end))
    count = len(line)
    request = request[line]
    decided = request + (dice.uniform(0.4, 4, count) * DAY).astype(np.int64)
    approved = dice.random(count) < 0.87
    refunded = decided + (dice.uniform(0.5, 6, count) * DAY).astype(np.int64)
    part = np.where(dice.random(count) < 0.12, 0.5, 1.0)
    reason = _REASONS[np.searchsorted(_REASON_REACH, dice.random(count))]
    is_late = late[lines.order[line]] & (dice.random(count) < 0.45)
    return Returned(
        line=line,
        reason=np.where(is_late, b"Arrived too late", reason),
        amount=np.round(lines.total[line] * part).astype(np.int64),
        request_at=request,
        approved_at=np.where(approved & (decided < end), decided, NONE),
        rejected_at=np.where(~approved & (decided < end), decided, NONE),
        refunded_at=np.where(approved & (refunded < end), refunded, NONE),
    )


def _fully_returned(orders: Orders, returns: Returned) -> Ints:
    """When the refund of an order's last line made the whole order returned."""
    done = returns.refunded_at != NONE
    order = orders.lines.order[returns.line[done]]
    refunded = np.bincount(order, minlength=len(orders))
    lines = np.bincount(orders.lines.order, minlength=len(orders))
    last = np.full(len(orders), NONE)
    np.maximum.at(last, order, returns.refunded_at[done])
    return np.where(refunded == lines, last, NONE)
