"""The order tables of a chunk: orders, order_items, order_status_history, returns."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from amalimart.demo.generator.baskets import Orders
from amalimart.demo.generator.lifecycle import Life
from amalimart.demo.generator.rows import (
    DAY,
    HOUR,
    NONE,
    Ints,
    Rows,
    Texts,
    bigint,
    flag,
    instant,
    integer,
    money,
    same_text,
    text,
    texts,
)
from amalimart.demo.generator.world import World

UNKNOWN_PRODUCT_BASE = 900_000_000_000
_NOTES = texts(("", "", "", "", "Please call on arrival", "Leave at reception", "Gift wrap, please"))


def tables(world: World, orders: Orders, life: Life) -> Iterator[Rows]:
    """The rows of one chunk, parents first."""
    yield _orders(world, orders, life)
    yield _lines(world, orders, life)
    yield _history(world, orders, life)
    yield _returns(world, orders, life)


def _orders(world: World, orders: Orders, life: Life) -> Rows:
    dice = world.scenario.dice("order rows", orders.part)
    count = len(orders)
    early = world.dirt.strike("order_updated_before_created", np.ones(count, dtype=np.bool_), dice)
    updated = np.where(early, orders.at - dice.integers(HOUR, 5 * DAY, count), life.last_event(orders))
    return Rows(
        "orders",
        {
            "order_id": bigint(orders.ids),
            "customer_id": bigint(orders.user),
            "order_date": instant(orders.at),
            "status": text(life.status()),
            "total_amount": money(orders.total),
            "discount_amount": money(orders.discount),
            "delivery_fee": money(orders.fee),
            "tax_amount": money(orders.tax),
            "currency": same_text("GHS", count),
            "discount_id": bigint(orders.discount_id),
            "channel": text(orders.channel),
            "shipping_city": text(world.where.city[orders.city]),
            "customer_note": text(_NOTES[dice.integers(0, len(_NOTES), count)]),
            "is_test": flag(orders.is_test),
            "created_at": instant(orders.at),
            "updated_at": instant(updated),
        },
    )


def _lines(world: World, orders: Orders, life: Life) -> Rows:
    dice = world.scenario.dice("line rows", orders.part)
    lines = orders.lines
    count = len(lines)
    no_price = world.dirt.strike("unit_price_missing", np.ones(count, dtype=np.bool_), dice)
    zero = world.dirt.strike("zero_quantity", ~no_price, dice)
    deleted = UNKNOWN_PRODUCT_BASE + lines.ids
    returned = np.zeros(count, dtype=np.bool_)
    returned[life.returns.line[life.returns.refunded_at != NONE]] = True
    return Rows(
        "order_items",
        {
            "order_item_id": bigint(lines.ids),
            "order_id": bigint(orders.ids[lines.order]),
            "product_id": bigint(np.where(life.unknown_product, deleted, lines.product + 1)),
            "variant_id": bigint(np.where(life.unknown_product, NONE, lines.variant)),
            "vendor_id": bigint(lines.vendor + 1),
            "quantity": integer(np.where(zero, 0, lines.quantity)),
            "unit_price": money(np.where(no_price, NONE, lines.unit_price)),
            "line_total": money(lines.total),
            "commission_amount": money(lines.commission),
            "currency": same_text("GHS", count),
            "status": text(np.where(returned, b"RETURNED", life.status()[lines.order])),
            "created_at": instant(orders.at[lines.order]),
            "updated_at": instant(life.last_event(orders)[lines.order]),
        },
    )


def _history(world: World, orders: Orders, life: Life) -> Rows:
    count = len(orders)

    def always(value: str) -> Texts:
        return np.full(count, value.encode(), dtype="S10")

    before_cancel = np.where(life.cancelled_by == b"DELIVERY", b"DISPATCHED", b"PENDING")
    steps: tuple[tuple[Ints, Texts, str, Texts], ...] = (
        (orders.at, always(""), "PENDING", always("CUSTOMER")),
        (life.confirmed_at, always("PENDING"), "CONFIRMED", always("VENDOR")),
        (life.rejected_at, always("PENDING"), "REJECTED", always("VENDOR")),
        (life.dispatched_at, always("CONFIRMED"), "DISPATCHED", always("VENDOR")),
        (life.delivered_at, always("DISPATCHED"), "COMPLETED", always("DELIVERY")),
        (life.cancelled_at, before_cancel, "CANCELLED", life.cancelled_by),
        (life.returned_at, always("COMPLETED"), "RETURNED", always("SYSTEM")),
    )
    at = np.concatenate([step[0] for step in steps])
    happened = np.flatnonzero(at != NONE)
    happened = happened[np.argsort(at[happened], kind="stable")]
    before = np.concatenate([step[1] for step in steps])
    after = np.repeat(texts(step[2] for step in steps), count)
    actor = np.concatenate([step[3] for step in steps])
    return Rows(
        "order_status_history",
        {
            "status_change_id": bigint(world.ids.take("order_status_history", len(happened))),
            "order_id": bigint(np.tile(orders.ids, len(steps))[happened]),
            "previous_status": text(before[happened]),
            "new_status": text(after[happened]),
            "changed_by": text(actor[happened]),
            "created_at": instant(at[happened]),
            "updated_at": instant(at[happened]),
        },
    )


def _returns(world: World, orders: Orders, life: Life) -> Rows:
    returns = life.returns
    line = returns.line
    order = orders.lines.order[line]
    count = len(line)
    status = np.full(count, b"PENDING", dtype="S10")
    status[returns.rejected_at != NONE] = b"REJECTED"
    status[returns.approved_at != NONE] = b"APPROVED"
    status[returns.refunded_at != NONE] = b"COMPLETED"
    changed = np.maximum.reduce(
        (returns.request_at, returns.approved_at, returns.rejected_at, returns.refunded_at)
    )
    return Rows(
        "returns",
        {
            "return_id": bigint(world.ids.take("returns", count)),
            "order_id": bigint(orders.ids[order]),
            "order_item_id": bigint(orders.lines.ids[line]),
            "customer_id": bigint(orders.user[order]),
            "product_id": bigint(orders.lines.product[line] + 1),
            "status": text(status),
            "reason": text(returns.reason),
            "customer_note": same_text("See the reason given.", count),
            "return_amount": money(returns.amount),
            "currency": same_text("GHS", count),
            "request_at": instant(returns.request_at),
            "approved_at": instant(returns.approved_at),
            "refunded_at": instant(returns.refunded_at),
            "created_at": instant(returns.request_at),
            "updated_at": instant(changed),
        },
    )
