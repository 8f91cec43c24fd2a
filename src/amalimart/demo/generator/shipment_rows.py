"""Shipments of a chunk: one per confirmed order, a second try after a failure, several parcels for some."""

from __future__ import annotations

import numpy as np

from amalimart.demo.generator.baskets import Orders
from amalimart.demo.generator.lifecycle import Life
from amalimart.demo.generator.rows import (
    DAY,
    NONE,
    Rows,
    bigint,
    flag,
    instant,
    money,
    numbered,
    same_text,
    text,
    texts,
)
from amalimart.demo.generator.world import World

FAILURES = texts(
    ("Customer not reachable", "Address not found", "Refused at the door", "Vehicle breakdown", "Road closed")
)
_FAILURE_REACH = np.cumsum((0.42, 0.22, 0.20, 0.10))
_TWO_PARCELS = 0.22


def shipments(world: World, orders: Orders, life: Life) -> Rows:
    """The parcels of every confirmed order. Only the first parcel carries the order's delivery fee."""
    dice = world.scenario.dice("shipment rows", orders.part)
    count = len(orders)
    several = np.bincount(orders.lines.order, minlength=count) > 1
    confirmed = life.confirmed_at != NONE
    sent_again = life.second_dispatched_at != NONE
    # A second parcel travels with the first and arrives up to a day before it.
    parcel = several & confirmed & (life.failed_at == NONE) & (dice.random(count) < _TWO_PARCELS)
    groups = (np.flatnonzero(confirmed), np.flatnonzero(sent_again), np.flatnonzero(parcel))
    order = np.concatenate(groups)
    kind = np.repeat((0, 1, 2), [len(group) for group in groups])
    first, second_try, extra = kind == 0, kind == 1, kind == 2

    sent = np.where(second_try, life.second_dispatched_at[order], life.dispatched_at[order])
    failed = np.where(first, life.failed_at[order], np.where(second_try, life.second_failed_at[order], NONE))
    arrives = (first & (life.failed_at[order] == NONE)) | second_try | extra
    delivered = np.where(arrives & (failed == NONE), life.delivered_at[order], NONE)
    ahead = (dice.random(len(order)) * np.minimum(delivered - sent, DAY)).astype(np.int64)
    delivered = np.where(extra & (delivered != NONE), delivered - ahead, delivered)
    status = np.full(len(order), b"PENDING", dtype="S10")
    status[sent != NONE] = b"IN_TRANSIT"
    status[failed != NONE] = b"FAILED"
    status[delivered != NONE] = b"DELIVERED"
    created = np.where(second_try, sent, life.confirmed_at[order])
    changed = np.maximum.reduce((created, sent, failed, delivered))

    backwards = world.dirt.strike("delivered_before_ordered", first & (delivered != NONE), dice)
    earlier = orders.at[order] - dice.integers(DAY, 5 * DAY, len(order))
    delivered = np.where(backwards, earlier, delivered)
    reason = FAILURES[np.searchsorted(_FAILURE_REACH, dice.random(len(order)))]
    sort = np.argsort(created, kind="stable")
    order = order[sort]
    ids = world.ids.take("shipments", len(order))
    city = orders.city[order]
    return Rows(
        "shipments",
        {
            "shipment_id": bigint(ids),
            "order_id": bigint(orders.ids[order]),
            "delivery_partner_id": bigint(life.partner[order] + 1),
            "status": text(status[sort]),
            "city": text(world.where.city[city]),
            "region": text(world.where.region[city]),
            "country": text(world.where.country[city]),
            "delivery_fee": money(np.where(first[sort], orders.fee[order], 0)),
            "currency": same_text("GHS", len(order)),
            "is_express": flag(orders.is_express[order]),
            # The app records promises for two thirds of the orders; the rest fall under the SLA rule.
            "promised_at": instant(np.where(orders.ids[order] % 3 == 0, NONE, life.promised_at[order])),
            "dispatched_at": instant(sent[sort]),
            "delivered_at": instant(delivered[sort]),
            "failure_reason": text(np.where(failed != NONE, reason, b"")[sort]),
            "tracking_number": text(numbered("AMT", ids, 10)),
            "created_at": instant(created[sort]),
            "updated_at": instant(np.minimum(changed, world.scenario.end - 1)[sort]),
        },
    )
