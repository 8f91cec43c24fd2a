"""The catalogue: categories, products with popularity and price, variants, pictures, tags.

Products are numbered by listing date, so that "listed by then" is a prefix.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from amalimart.demo.generator.assortment import (
    BRANDS,
    DEPARTMENTS,
    RIGHT_TO_LEFT_NAME,
    STYLES,
    TAGS,
    VARIANTS,
    Shelf,
)
from amalimart.demo.generator.dirt import Dirt
from amalimart.demo.generator.rows import (
    DAY,
    NONE,
    Flags,
    Floats,
    Ints,
    Rows,
    Texts,
    bigint,
    flag,
    instant,
    integer,
    money,
    numbered,
    same_text,
    text,
    texts,
)
from amalimart.demo.generator.scenario import Scenario
from amalimart.demo.generator.vendors import Vendors

SHELVES: tuple[Shelf, ...] = tuple(shelf for department in DEPARTMENTS for shelf in department.shelves)
_TOP = np.array([n for n, department in enumerate(DEPARTMENTS) for _ in department.shelves])
YEARLY_PRICE_RISE = 0.14


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The products as arrays: product number i has product_id i + 1; prices in hundredths."""

    vendor: Ints
    shelf: Ints
    price: Ints
    listed: Ints
    reach: Floats
    quality: Floats
    returns: Floats
    first_variant: Ints
    variants: Ints
    sellable: Flags

    def __len__(self) -> int:
        return len(self.vendor)

    def bought(self, at: Ints, dice: np.random.Generator) -> Ints:
        """Which product is bought at each instant, by popularity among those listed by then."""
        listed = np.maximum(np.searchsorted(self.listed, at, side="right"), 1)
        drawn = dice.random(len(at)) * self.reach[listed]
        return np.searchsorted(self.reach[1:], drawn, side="right").clip(0, len(self) - 1)


def catalogue(scenario: Scenario, sellers: Vendors) -> Catalogue:
    """What is for sale. A few products never sell; a large vendor has more and better-known products."""
    dice = scenario.dice("products")
    count = scenario.products
    share = sellers.weight**0.7
    vendor = np.searchsorted(np.cumsum(share / share.sum()), dice.random(count)).clip(0, len(sellers) - 1)
    vendor[: len(sellers)] = np.arange(len(sellers))
    shelf_weight = np.array([shelf.weight for shelf in SHELVES])
    shelf = np.searchsorted(np.cumsum(shelf_weight / shelf_weight.sum()), dice.random(count)).clip(
        0, len(SHELVES) - 1
    )
    early = dice.random(count) < 0.6
    latest = np.maximum(scenario.end - 20 * DAY - sellers.joined[vendor], DAY)
    wait = np.where(early, dice.integers(0, 20 * DAY, count), (dice.random(count) * latest).astype(np.int64))
    listed = sellers.joined[vendor] + np.minimum(wait, latest)
    order = np.argsort(listed, kind="stable")
    vendor, shelf, listed = vendor[order], shelf[order], listed[order]
    low = np.array([item.low for item in SHELVES])[shelf]
    high = np.array([item.high for item in SHELVES])[shelf]
    price = low * (high / low) ** dice.beta(1.3, 2.6, count)
    on_shelf = np.bincount(vendor, minlength=len(sellers))[vendor]
    popular = sellers.weight[vendor] / on_shelf * dice.lognormal(0, 1.0, count)
    # Cheap things sell more often, which keeps the average basket down to earth.
    popular *= shelf_weight[shelf] / np.sqrt(price)
    popular[dice.random(count) < 0.05] = 0.0
    popular[0] = max(popular[0], popular.mean())
    varied = np.array([bool(item.varies) for item in SHELVES])[shelf] & (dice.random(count) < 0.55)
    variants = np.where(varied, dice.integers(2, 4, count), 0)
    return Catalogue(
        vendor=vendor,
        shelf=shelf,
        price=_rounded_price(price),
        listed=listed,
        reach=np.concatenate([[0.0], np.cumsum(popular / popular.sum())]),
        quality=dice.normal(0, 0.45, count),
        returns=np.array([item.returns for item in SHELVES])[shelf],
        first_variant=1 + np.cumsum(variants) - variants,
        variants=variants,
        sellable=popular > 0,
    )


def _rounded_price(cedis: Floats) -> Ints:
    """Prices as shops write them: whole cedis, or .50 and .99 on small things."""
    cents = np.where(cedis < 60, np.floor(cedis) * 100 + 50, np.floor(cedis) * 100 + 99)
    return np.where(cedis > 400, np.floor(cedis / 5) * 500, cents).astype(np.int64)


def price_at(catalogue: Catalogue, product: Ints, at: Ints, scenario: Scenario) -> Ints:
    """What a product cost at an instant: prices rose to today's list price by ten-pesewa steps."""
    years = (scenario.end - at) / (365 * DAY)
    then = catalogue.price[product] / (1 + YEARLY_PRICE_RISE) ** years
    return np.maximum(np.round(then / 10).astype(np.int64) * 10, 100)


def tables(scenario: Scenario, goods: Catalogue, dirt: Dirt) -> Iterator[Rows]:
    """categories, tags, products, variants, product_categories, images, product_tags."""
    yield _categories(scenario)
    opened = np.full(len(TAGS), scenario.start - 400 * DAY)
    yield Rows(
        "tags",
        {
            "tag_id": bigint(np.arange(1, len(TAGS) + 1)),
            "tag_name": text(texts(TAGS)),
            "created_at": instant(opened),
            "updated_at": instant(opened),
        },
    )
    yield _products(scenario, goods, dirt)
    yield _variants(scenario, goods)
    yield _in_categories(scenario, goods, dirt)
    yield _images(goods)
    yield _tagged(scenario, goods, dirt)


def shelf_category_id(shelf: Ints) -> Ints:
    """category_id of a shelf: departments come first."""
    return len(DEPARTMENTS) + 1 + shelf


def _categories(scenario: Scenario) -> Rows:
    names = texts([item.name for item in DEPARTMENTS] + [item.name for item in SHELVES])
    parents = np.concatenate([np.full(len(DEPARTMENTS), NONE), _TOP + 1])
    opened = np.full(len(names), scenario.start - 400 * DAY)
    return Rows(
        "categories",
        {
            "category_id": bigint(np.arange(1, len(names) + 1)),
            "category_name": text(names),
            "parent_category_id": bigint(parents),
            "slug": text(numbered("category-", np.arange(1, len(names) + 1), 3)),
            "created_at": instant(opened),
            "updated_at": instant(opened),
        },
    )


def _product_names(goods: Catalogue, dice: np.random.Generator) -> Texts:
    nouns = texts(noun for shelf in SHELVES for noun in shelf.nouns)
    sizes = np.array([len(shelf.nouns) for shelf in SHELVES])
    noun = nouns[
        (np.cumsum(sizes) - sizes)[goods.shelf] + dice.integers(0, 1 << 30, len(goods)) % sizes[goods.shelf]
    ]
    brand = texts(BRANDS)[dice.integers(0, len(BRANDS), len(goods))]
    style = texts(STYLES)[dice.integers(0, len(STYLES), len(goods))]
    return np.char.add(np.char.add(np.char.add(brand, b" "), np.char.add(style, b" ")), noun)


def _products(scenario: Scenario, goods: Catalogue, dirt: Dirt) -> Rows:
    dice = scenario.dice("product rows")
    count = len(goods)
    ids = np.arange(1, count + 1)
    names = _product_names(goods, dice).astype("S120")
    names[int(np.argmax(np.diff(goods.reach)))] = RIGHT_TO_LEFT_NAME.encode()
    dirt.made("product_name_right_to_left")
    skus = numbered("AM-", ids, 7)
    again = dirt.strike("sku_duplicated", ids > count // 2, dice)
    skus[again] = skus[: count // 2][dice.integers(0, count // 2, int(again.sum()))]
    state = np.where(goods.sellable & (dice.random(count) < 0.96), b"ACTIVE", b"INACTIVE")
    state = np.where(~goods.sellable & (dice.random(count) < 0.5), b"DRAFT", state)
    stock = np.where(dice.random(count) < 0.07, 0, dice.gamma(1.4, 30, count)).astype(np.int64)
    changed = (
        scenario.end
        - 1
        - (dice.random(count) * np.maximum(scenario.end - goods.listed - 1, 1)).astype(np.int64)
    )
    return Rows(
        "products",
        {
            "product_id": bigint(ids),
            "vendor_id": bigint(goods.vendor + 1),
            "product_name": text(names),
            "description": text(np.char.add(names, b", quality checked by the seller.")),
            "sku": text(skus),
            "price": money(goods.price),
            "currency": same_text("GHS", count),
            "stock_quantity": integer(stock),
            "low_stock_threshold": integer(dice.choice(np.array((5, 10, 15)), count)),
            "status": text(state),
            "is_active": flag((state == b"ACTIVE") ^ (dice.random(count) < 0.015)),
            "created_at": instant(goods.listed),
            "updated_at": instant(changed),
        },
    )


def _variants(scenario: Scenario, goods: Catalogue) -> Rows:
    dice = scenario.dice("variants")
    product = np.repeat(np.arange(len(goods)), goods.variants)
    count = len(product)
    ids = np.arange(1, count + 1)
    place = ids - goods.first_variant[product]
    keys = texts(shelf.varies for shelf in SHELVES)[goods.shelf[product]]
    values = np.empty(count, dtype="S20")
    for key, choices in VARIANTS.items():
        of_key = keys == key.encode()
        values[of_key] = texts(choices)[place[of_key]]
    return Rows(
        "product_variants",
        {
            "variant_id": bigint(ids),
            "product_id": bigint(product + 1),
            "variant_key": text(keys),
            "variant_value": text(values),
            "stock_quantity": integer(dice.integers(0, 40, count)),
            "created_at": instant(goods.listed[product]),
            "updated_at": instant(goods.listed[product]),
        },
    )


def _in_categories(scenario: Scenario, goods: Catalogue, dirt: Dirt) -> Rows:
    """The primary category of every product, a second one for some, and double clicks."""
    dice = scenario.dice("product categories")
    count = len(goods)
    first = np.arange(count)
    second = first[dice.random(count) < 0.15]
    other = (goods.shelf[second] + dice.integers(1, len(SHELVES), len(second))) % len(SHELVES)
    again = first[dirt.strike("product_category_twice", np.ones(count, dtype=np.bool_), dice)]
    product = np.concatenate([first, second, again])
    shelf = np.concatenate([goods.shelf, other, goods.shelf[again]])
    primary = np.concatenate(
        [np.ones(count, np.bool_), np.zeros(len(second), np.bool_), np.ones(len(again), np.bool_)]
    )
    assigned = goods.listed[product] + np.where(np.arange(len(product)) < count + len(second), 0, 1)
    return Rows(
        "product_categories",
        {
            "product_category_id": bigint(np.arange(1, len(product) + 1)),
            "product_id": bigint(product + 1),
            "category_id": bigint(shelf_category_id(shelf)),
            "is_primary": flag(primary),
            "created_at": instant(assigned),
            "updated_at": instant(assigned),
        },
    )


def _images(goods: Catalogue) -> Rows:
    product = np.repeat(np.arange(len(goods)), 1 + np.arange(len(goods)) % 2)
    ids = np.arange(1, len(product) + 1)
    main = np.ones(len(product), dtype=np.bool_)
    main[1:] = product[1:] != product[:-1]
    return Rows(
        "product_images",
        {
            "image_id": bigint(ids),
            "product_id": bigint(product + 1),
            "url": text(np.char.add(numbered("/pictures/", ids, 8), b".webp")),
            "is_main": flag(main),
            "created_at": instant(goods.listed[product]),
            "updated_at": instant(goods.listed[product]),
        },
    )


def _tagged(scenario: Scenario, goods: Catalogue, dirt: Dirt) -> Rows:
    dice = scenario.dice("product tags")
    product = np.arange(len(goods))[dice.random(len(goods)) < 0.6]
    again = product[dirt.strike("product_tag_twice", np.ones(len(product), dtype=np.bool_), dice)]
    tag = 1 + product * 7 % len(TAGS)
    both = np.concatenate([product, again])
    return Rows(
        "product_tags",
        {
            "product_tag_id": bigint(np.arange(1, len(both) + 1)),
            "product_id": bigint(both + 1),
            "tag_id": bigint(np.concatenate([tag, 1 + again * 7 % len(TAGS)])),
            "created_at": instant(goods.listed[both]),
            "updated_at": instant(goods.listed[both]),
        },
    )
