"""What comes before a chunk of orders: web visits, carts (abandoned ones too), marketing spend."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from amalimart.demo.generator.baskets import CHANNELS, Orders
from amalimart.demo.generator.catalogue import price_at
from amalimart.demo.generator.rows import (
    DAY,
    HOUR,
    MINUTE,
    NONE,
    Ints,
    Rows,
    bigint,
    date_of,
    instant,
    integer,
    money,
    numbered,
    same_text,
    scrambled,
    text,
    texts,
)
from amalimart.demo.generator.scenario import DAYS, Scenario
from amalimart.demo.generator.seasons import expected_demand, start_of_day, times_of_day
from amalimart.demo.generator.world import World

VISITS_PER_ORDER = 12
_ABANDONED_PER_ORDER = 1.3
_FROM_CART = 0.7
_CHANNEL_OF_VISIT = np.cumsum((0.24, 0.15, 0.20, 0.25, 0.05, 0.05))
_PAGES = texts(("/", "/search", "/category", "/product", "/campaign"))
# cedis per expected order, by paid channel
SPEND_PER_ORDER = {"search_ads": 3.4, "social_ads": 3.0, "influencer": 1.3, "email": 0.25, "referral": 0.5}


def tables(world: World, orders: Orders) -> Iterator[Rows]:
    """The rows of one chunk, parents first."""
    yield from _carts(world, orders)
    yield _visits(world, orders)


def _days_of_others(orders: Orders, count: int, dice: np.random.Generator) -> Ints:
    """Days on which others come but do not buy: spread as the orders are."""
    return start_of_day(orders.at[dice.integers(0, len(orders), count)])


def _visits(world: World, orders: Orders) -> Rows:
    """Every order follows a visit of its customer; the other visits end without one."""
    dice = world.scenario.dice("visits", orders.part)
    bought = len(orders)
    others = bought * (VISITS_PER_ORDER - 1)
    others_at = _days_of_others(orders, others, dice) + times_of_day(others, dice)
    at = np.concatenate([orders.at - dice.integers(MINUTE, 40 * MINUTE, bought), others_at])
    # Visitors are known by a cookie: customers keep theirs, strangers mostly come once.
    number = np.concatenate(
        [orders.customer, -1 - (orders.part << 32) - dice.integers(0, int(others * 1.5), others)]
    )
    known = dice.random(others) < 0.16
    returning = world.who.ordering(others_at, dice)
    number[bought:] = np.where(known, returning, number[bought:])
    signed_in = np.concatenate([np.ones(bought, np.bool_), known & (dice.random(others) < 0.6)])
    user = np.where(signed_in, world.who.first_customer + np.maximum(number, 0), NONE)
    user[:bought] = orders.user
    channel = np.concatenate(
        [orders.channel, CHANNELS[np.searchsorted(_CHANNEL_OF_VISIT, dice.random(others))]]
    )
    sort = np.argsort(at, kind="stable")
    return Rows(
        "web_visits",
        {
            "visit_id": bigint(world.ids.take("web_visits", len(at))),
            "visitor_id": text(scrambled("v", number[sort], world.scenario.seed)),
            "user_id": bigint(user[sort]),
            "channel": text(channel[sort]),
            "landing_page": text(_PAGES[dice.integers(0, len(_PAGES), len(at))]),
            "visited_at": instant(at[sort]),
            "created_at": instant(at[sort]),
            "updated_at": instant(at[sort]),
        },
    )


def _carts(world: World, orders: Orders) -> Iterator[Rows]:
    """Carts that became orders hold the order's lines; abandoned ones what was put in and left."""
    dice = world.scenario.dice("carts", orders.part)
    order = np.flatnonzero(dice.random(len(orders)) < _FROM_CART)
    left = round(len(orders) * _ABANDONED_PER_ORDER)
    left_at = _days_of_others(orders, left, dice) + times_of_day(left, dice)
    guest = dice.random(left) < 0.35
    customers = np.where(guest, NONE, world.who.first_customer + world.who.ordering(left_at, dice))
    opened = np.concatenate([orders.at[order] - dice.integers(2 * MINUTE, HOUR, len(order)), left_at])
    changed = np.concatenate([orders.at[order], np.minimum(left_at + 10 * MINUTE, world.scenario.end - 1)])
    carts = world.ids.take("carts", len(opened))
    yield Rows(
        "carts",
        {
            "cart_id": bigint(carts),
            "customer_id": bigint(np.concatenate([orders.user[order], customers])),
            "order_id": bigint(np.concatenate([orders.ids[order], np.full(left, NONE)])),
            "session_id": text(numbered("s", carts, 11)),
            "created_at": instant(opened),
            "updated_at": instant(changed),
        },
    )
    cart_of_order = np.full(len(orders), NONE)
    cart_of_order[order] = carts[: len(order)]
    line = np.flatnonzero(cart_of_order[orders.lines.order] != NONE)
    copies = dice.integers(1, 3, left)
    of_left = np.repeat(np.arange(left), copies)
    product = world.goods.bought(left_at[of_left], dice)
    quantity = dice.integers(1, 4, len(of_left))
    price = price_at(world.goods, product, left_at[of_left], world.scenario)
    at = np.concatenate([orders.at[orders.lines.order[line]] - MINUTE, left_at[of_left]])
    yield Rows(
        "cart_items",
        {
            "cart_item_id": bigint(world.ids.take("cart_items", len(at))),
            "cart_id": bigint(
                np.concatenate([cart_of_order[orders.lines.order[line]], carts[len(order) :][of_left]])
            ),
            "product_id": bigint(np.concatenate([orders.lines.product[line] + 1, product + 1])),
            "quantity": integer(np.concatenate([orders.lines.quantity[line], quantity])),
            "unit_price": money(np.concatenate([orders.lines.unit_price[line], price])),
            "created_at": instant(at),
            "updated_at": instant(at),
        },
    )


def marketing_spend(scenario: Scenario) -> Rows:
    """What each paid channel cost on each day: it follows the expected demand, with some noise."""
    dice = scenario.dice("marketing spend")
    demand = expected_demand(scenario) * scenario.orders
    smooth = np.convolve(np.pad(demand, 3, mode="edge"), np.full(7, 1 / 7), mode="valid")
    channels = list(SPEND_PER_ORDER)
    amount = smooth[:, None] * np.array([SPEND_PER_ORDER[name] for name in channels])
    amount = amount * dice.lognormal(0, 0.15, amount.shape)
    days = np.repeat(np.arange(DAYS) + scenario.first_day, len(channels))
    entered = np.minimum(days * DAY + 23 * HOUR, scenario.end - 1)
    return Rows(
        "marketing_spend",
        {
            "spend_id": bigint(np.arange(1, len(days) + 1)),
            "spend_date": date_of(days),
            "channel": text(np.tile(texts(channels), DAYS)),
            "amount": money(np.round(amount.ravel() * 100).astype(np.int64)),
            "currency": same_text("GHS", len(days)),
            "created_at": instant(entered),
            "updated_at": instant(entered),
        },
    )
