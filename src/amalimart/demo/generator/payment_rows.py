"""Payment attempts of a chunk: prepaid with failed first attempts and refunds, and cash on delivery."""

from __future__ import annotations

import numpy as np

from amalimart.demo.generator.baskets import Orders
from amalimart.demo.generator.lifecycle import Life
from amalimart.demo.generator.rows import (
    HOUR,
    NONE,
    SECOND,
    Flags,
    Ints,
    Rows,
    Texts,
    bigint,
    instant,
    money,
    numbered,
    same_text,
    text,
    texts,
)
from amalimart.demo.generator.world import World

_PREPAID = texts(("MOBILE_MONEY", "CARD", "BANK_TRANSFER", "WALLET"))
_REACH_AT_HOME = np.cumsum((0.66, 0.20, 0.07))
_REACH_ABROAD = np.cumsum((0.42, 0.40, 0.12))
# What the older app version and the payment provider write instead of the five codes.
ALIASES = {
    "MOBILE_MONEY": ("Mobile Money", "momo"),
    "CARD": ("Card", "card"),
    "BANK_TRANSFER": ("Bank Transfer", "bank-transfer"),
    "WALLET": ("Wallet", "wallet"),
    "CASH_ON_DELIVERY": ("Cash on Delivery", "COD"),
}


def payments(world: World, orders: Orders, life: Life) -> Rows:
    """One row per attempt; orders whose customer never tried to pay have none."""
    dice = world.scenario.dice("payment rows", orders.part)
    count = len(orders)
    tries = life.payments
    stopped = np.maximum.reduce((life.cancelled_at, life.rejected_at, life.returned_at))
    refunded = (stopped != NONE) & (dice.random(count) < 0.95)

    order = np.concatenate(
        [
            np.flatnonzero(tries.first_at != NONE),
            np.flatnonzero(tries.second_at != NONE),
            np.flatnonzero(orders.is_cod),
        ]
    )
    sizes = (int((tries.first_at != NONE).sum()), int((tries.second_at != NONE).sum()))
    first = np.arange(len(order)) < sizes[0]
    second = ~first & (np.arange(len(order)) < sum(sizes))
    cod = ~first & ~second
    at = np.where(first, tries.first_at[order], np.where(second, tries.second_at[order], orders.at[order]))
    works = (first & tries.first_works[order]) | (second & tries.second_works[order])

    delivered = life.delivered_at[order]
    ended = np.maximum(life.cancelled_at, life.rejected_at)[order]
    status = np.where(works, b"SUCCESS", np.where(cod, b"PENDING", b"FAILED"))
    status = np.where(cod & (delivered != NONE), b"SUCCESS", status)
    status = np.where(cod & (ended != NONE), b"FAILED", status)
    back = (status == b"SUCCESS") & refunded[order]
    status = np.where(back, b"REFUNDED", status)

    paid = np.where(works, at + 5 * SECOND, NONE)
    paid = np.where(cod & (delivered != NONE), delivered, paid)
    failed = (status == b"FAILED") & ~cod
    paid = np.where(world.dirt.strike("paid_at_on_failed_payment", failed, dice), at + 9 * SECOND, paid)
    paid = np.where(paid >= world.scenario.end, NONE, paid)
    changed = np.maximum(at, paid)
    changed = np.where(cod & (status == b"FAILED"), ended, changed)
    changed = np.where(back, np.minimum(stopped[order] + HOUR, world.scenario.end - 1), changed)

    sort = np.argsort(at, kind="stable")
    return Rows(
        "payments",
        {
            "payment_id": bigint(world.ids.take("payments", len(order))),
            "order_id": bigint(orders.ids[order][sort]),
            "customer_id": bigint(orders.user[order][sort]),
            "method": text(_methods(world, orders, order, cod, dice)[sort]),
            "status": text(status[sort]),
            "amount": money(orders.total[order][sort]),
            "currency": same_text("GHS", len(order)),
            "provider_reference": text(
                np.where(cod, b"", numbered("PSP", orders.ids[order] * 10 + second, 11))[sort]
            ),
            "paid_at": instant(paid[sort]),
            "created_at": instant(at[sort]),
            "updated_at": instant(changed[sort]),
        },
    )


def _methods(world: World, orders: Orders, order: Ints, cod: Flags, dice: np.random.Generator) -> Texts:
    """The method of each attempt; an order sticks to one. Some are in another spelling."""
    roll = dice.random(len(orders))
    home = _PREPAID[np.searchsorted(_REACH_AT_HOME, roll)]
    abroad = _PREPAID[np.searchsorted(_REACH_ABROAD, roll)]
    per_order = np.where(world.where.country_number[orders.city] == 0, home, abroad)
    method = np.where(cod, b"CASH_ON_DELIVERY", per_order[order]).astype("S20")
    alias = world.dirt.strike("payment_method_alias", np.ones(len(order), dtype=np.bool_), dice)
    other = dice.integers(0, 2, len(order))
    spelled = method.copy()
    for code, spellings in ALIASES.items():
        chosen = alias & (method == code.encode())
        spelled[chosen] = texts(spellings)[other[chosen]]
    return spelled
