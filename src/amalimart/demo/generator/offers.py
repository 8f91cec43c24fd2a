"""Campaigns and their discount codes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from amalimart.demo.generator.catalogue import Catalogue
from amalimart.demo.generator.rows import (
    DAY,
    NONE,
    Flags,
    Ints,
    Rows,
    bigint,
    date_of,
    flag,
    instant,
    integer,
    money,
    same_text,
    text,
    texts,
)
from amalimart.demo.generator.scenario import DAYS, Scenario
from amalimart.demo.generator.seasons import Campaign, campaigns

_PER_CAMPAIGN = 3
_USE_IN_CAMPAIGN = 0.34
_USE_OF_WELCOME = 0.025
_WELCOME_PERCENT = 10
_PERCENT = (10, 15, 20, 25, 12)
_FLAT_CENTS = (2000, 3000, 5000)


@dataclass(frozen=True, slots=True)
class Offers:
    """Campaigns with three codes each: percent, flat amount, percent on chosen products; one welcome code.

    Discount id = 3 x campaign position + 1, 2 or 3; the welcome code comes last.
    """

    campaigns: tuple[Campaign, ...]
    campaign_of_day: Ints
    chosen_products: Ints
    is_chosen: Flags

    @property
    def welcome_id(self) -> int:
        return _PER_CAMPAIGN * len(self.campaigns) + 1

    def used(
        self, day: Ints, goods_cents: Ints, first_product: Ints, first_order: Flags, dice: np.random.Generator
    ) -> tuple[Ints, Ints]:
        """Discount id (NONE where none) and discount in hundredths, of each order."""
        campaign = self.campaign_of_day[day]
        roll = dice.random(len(day))
        in_campaign = (campaign >= 0) & (roll < _USE_IN_CAMPAIGN)
        kind = np.where(dice.random(len(day)) < 0.6, 1, 2)
        kind = np.where(self.is_chosen[first_product] & (dice.random(len(day)) < 0.7), 3, kind)
        percent = np.array(_PERCENT)[campaign % len(_PERCENT)] + np.where(kind == 3, 5, 0)
        flat = np.array(_FLAT_CENTS)[campaign % len(_FLAT_CENTS)]
        # A flat code needs a basket of four times its value; the others fall back to the percent code.
        kind = np.where((kind == 2) & (goods_cents < 4 * flat), 1, kind)
        cents = np.where(kind == 2, flat, goods_cents * percent // 100)
        welcome = ~in_campaign & first_order & (roll > 1 - 12 * _USE_OF_WELCOME)
        discount = np.where(in_campaign, campaign * _PER_CAMPAIGN + kind, NONE)
        discount = np.where(welcome, self.welcome_id, discount)
        cents = np.where(in_campaign, cents, np.where(welcome, goods_cents * _WELCOME_PERCENT // 100, 0))
        return discount, cents


def offers(scenario: Scenario, goods: Catalogue) -> Offers:
    """The campaigns of the history with the products chosen for their third code."""
    planned = campaigns(scenario)
    by_day = np.full(DAYS, -1, dtype=np.int64)
    for position, campaign in enumerate(planned):
        first = campaign.first_day - scenario.first_day
        by_day[first : max(first, min(DAYS, campaign.last_day - scenario.first_day + 1))] = position
    chosen = np.sort(np.argsort(-np.diff(goods.reach), kind="stable")[: max(10, len(goods) // 25)])
    is_chosen = np.zeros(len(goods), dtype=np.bool_)
    is_chosen[chosen] = True
    return Offers(planned, by_day, chosen, is_chosen)


def tables(scenario: Scenario, deals: Offers) -> Iterator[Rows]:
    """campaigns, discounts, discount_products."""
    count = len(deals.campaigns)
    first = np.array([campaign.first_day for campaign in deals.campaigns])
    last = np.array([campaign.last_day for campaign in deals.campaigns])
    planned = np.minimum((first - 50) * DAY, scenario.end - DAY)
    yield Rows(
        "campaigns",
        {
            "campaign_id": bigint(np.arange(1, count + 1)),
            "campaign_name": text(texts(campaign.name for campaign in deals.campaigns)),
            "start_date": date_of(first),
            "end_date": date_of(last),
            "created_at": instant(planned),
            "updated_at": instant(planned),
        },
    )
    campaign_of = np.append(np.repeat(np.arange(count), _PER_CAMPAIGN), count)
    kind = np.append(np.tile((1, 2, 3), count), 1)
    names = [*(campaign.name for campaign in deals.campaigns), "Welcome"]
    label = {1: "ALL", 2: "FLAT", 3: "PICKS"}
    codes = [
        f"{names[c].upper().replace(' ', '')}-{label[k]}" for c, k in zip(campaign_of, kind, strict=True)
    ]
    percent = np.array(_PERCENT)[campaign_of % len(_PERCENT)] + np.where(kind == 3, 5, 0)
    percent[-1] = _WELCOME_PERCENT
    value = np.where(kind == 2, np.array(_FLAT_CENTS)[campaign_of % len(_FLAT_CENTS)], percent * 100)
    starts = np.append(first, scenario.first_day)[campaign_of]
    ends = np.append(last, scenario.first_day + 4 * 365)[campaign_of]
    made = np.append(planned, scenario.start - 60 * DAY)[campaign_of]
    yield Rows(
        "discounts",
        {
            "discount_id": bigint(np.arange(1, len(codes) + 1)),
            "campaign_id": bigint(np.where(campaign_of < count, campaign_of + 1, NONE)),
            "code": text(texts(codes)),
            "discount_name": text(texts(f"{names[c]} discount" for c in campaign_of)),
            "description": same_text("Terms apply.", len(codes)),
            "discount_type": text(np.where(kind == 2, b"FLAT_RATE", b"PERCENTAGE")),
            "discount_value": money(value),
            "usage_limit": integer(np.full(len(codes), 100_000)),
            "start_date": date_of(starts),
            "end_date": date_of(ends),
            "is_active": flag(ends * DAY >= scenario.end),
            "created_at": instant(made),
            "updated_at": instant(made),
        },
    )
    discount = np.repeat(np.arange(count) * _PER_CAMPAIGN + 3, len(deals.chosen_products))
    yield Rows(
        "discount_products",
        {
            "discount_product_id": bigint(np.arange(1, len(discount) + 1)),
            "discount_id": bigint(discount),
            "product_id": bigint(np.tile(deals.chosen_products + 1, count)),
            "created_at": instant(np.repeat(planned, len(deals.chosen_products))),
            "updated_at": instant(np.repeat(planned, len(deals.chosen_products))),
        },
    )
