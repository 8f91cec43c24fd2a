"""What is ordered: order headers and their lines, before anything happens to them.

The header's total is the sum of the line totals + delivery fee - discount, to the pesewa.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amalimart.demo.generator.catalogue import price_at
from amalimart.demo.generator.rows import DAY, Flags, Ints, Texts, texts
from amalimart.demo.generator.world import World

CHANNELS = texts(("organic", "direct", "search_ads", "social_ads", "email", "referral", "influencer"))
CHANNEL_REACH = np.cumsum((0.27, 0.22, 0.18, 0.17, 0.07, 0.05))
_LINES_REACH = np.cumsum((0.60, 0.24, 0.10))
_TAX_INSIDE = 15 / 115


@dataclass(frozen=True, slots=True)
class Lines:
    """Order lines; `order` is the position of the order in its chunk, products and vendors are numbers."""

    ids: Ints
    order: Ints
    product: Ints
    variant: Ints
    vendor: Ints
    quantity: Ints
    unit_price: Ints
    total: Ints
    commission: Ints

    @property
    def first_of_order(self) -> Ints:
        """Position of the first line of each order."""
        return np.flatnonzero(np.diff(self.order, prepend=-1))

    def __len__(self) -> int:
        return len(self.order)


@dataclass(frozen=True, slots=True)
class Orders:
    """One chunk of orders in order of time. Customers, cities and the like are numbers."""

    part: int
    ids: Ints
    at: Ints
    customer: Ints
    user: Ints
    city: Ints
    channel: Texts
    is_express: Flags
    is_cod: Flags
    discount_id: Ints
    discount: Ints
    fee: Ints
    tax: Ints
    total: Ints
    is_test: Flags
    lines: Lines

    def __len__(self) -> int:
        return len(self.ids)


def orders(world: World, part: int, at: Ints) -> Orders:
    """The orders placed at these instants (sorted)."""
    dice = world.scenario.dice("orders", part)
    count = len(at)
    everyone = np.ones(count, dtype=np.bool_)
    customer = world.who.ordering(at, dice)
    user = world.who.first_customer + customer
    insiders = dirt_users(world, count, dice)
    user = np.where(world.dirt.strike("order_of_non_customer", everyone, dice), insiders, user)
    elsewhere = dice.random(count) < 0.07
    city = np.where(elsewhere, world.where.drawn(count, dice), world.who.city[customer])
    is_express = dice.random(count) < np.where(world.where.road_days[city] < 1.0, 0.30, 0.16)
    lines = _lines(world, at, world.who.is_business[customer], dice)
    goods = np.bincount(lines.order, weights=lines.total, minlength=count).round().astype(np.int64)
    newcomer = at - world.who.registered[customer] < 3 * DAY
    discount_id, discount = world.offers.used(
        at // DAY - world.scenario.first_day, goods, lines.product[lines.first_of_order], newcomer, dice
    )
    fee = _delivery_fee(world, city, is_express, goods)
    return Orders(
        part=part,
        ids=world.ids.take("orders", count),
        at=at,
        customer=customer,
        user=user,
        city=city,
        channel=CHANNELS[np.searchsorted(CHANNEL_REACH, dice.random(count))],
        is_express=is_express,
        is_cod=dice.random(count) < world.where.cod_share[city],
        discount_id=discount_id,
        discount=discount,
        fee=fee,
        tax=np.round(goods * _TAX_INSIDE).astype(np.int64),
        total=goods + fee - discount,
        is_test=world.dirt.strike("test_order", everyone, dice),
        lines=lines,
    )


def dirt_users(world: World, count: int, dice: np.random.Generator) -> Ints:
    """Accounts that are not customers: vendors' owners and employees."""
    return dice.integers(1, world.who.first_customer, count)


def _lines(world: World, at: Ints, is_business: Flags, dice: np.random.Generator) -> Lines:
    count = 1 + np.searchsorted(_LINES_REACH, dice.random(len(at)))
    count += is_business & (dice.random(len(at)) < 0.4)
    order = np.repeat(np.arange(len(at)), count)
    when = at[order]
    product = world.goods.bought(when, dice)
    few = 1 + np.searchsorted((0.80, 0.94), dice.random(len(order)))
    quantity = np.where(is_business[order], 2 + dice.poisson(3.0, len(order)), few).astype(np.int64)
    unit_price = price_at(world.goods, product, when, world.scenario)
    total = quantity * unit_price
    vendor = world.goods.vendor[product]
    choices = np.maximum(world.goods.variants[product], 1)
    variant = world.goods.first_variant[product] + dice.integers(0, 1 << 30, len(order)) % choices
    return Lines(
        ids=world.ids.take("order_items", len(order)),
        order=order,
        product=product,
        variant=np.where(world.goods.variants[product] > 0, variant, np.iinfo(np.int64).min),
        vendor=vendor,
        quantity=quantity,
        unit_price=unit_price,
        total=total,
        commission=np.round(total * world.sellers.commission[vendor] / 10_000).astype(np.int64),
    )


def _delivery_fee(world: World, city: Ints, is_express: Flags, goods: Ints) -> Ints:
    """By distance, more for express, free for large standard orders; in steps of 50 pesewas."""
    base = (12 + 7 * world.where.road_days[city]) * np.where(is_express, 1.6, 1.0)
    fee = np.round(base * 2).astype(np.int64) * 50
    return np.where((goods >= 60_000) & ~is_express, 0, fee)
