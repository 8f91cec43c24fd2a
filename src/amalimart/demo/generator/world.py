"""Everything a chunk of orders looks up: the marketplace that stands before the first order."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from amalimart.demo.generator import catalogue as catalogue_room
from amalimart.demo.generator import geography, offers
from amalimart.demo.generator import people as people_room
from amalimart.demo.generator import vendors as vendors_room
from amalimart.demo.generator.dirt import Dirt
from amalimart.demo.generator.rows import Ints
from amalimart.demo.generator.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Ids:
    """Hands out the ids of every table in order."""

    _last: Counter[str] = field(default_factory=Counter)

    def take(self, table: str, count: int) -> Ints:
        """The next `count` ids of a table."""
        first = self._last[table] + 1
        self._last[table] += count
        return np.arange(first, first + count)


@dataclass(frozen=True, slots=True)
class World:
    """Places, people, sellers, goods and offers, with the shared counters of ids and dirt."""

    scenario: Scenario
    where: geography.Places
    who: people_room.People
    sellers: vendors_room.Vendors
    goods: catalogue_room.Catalogue
    offers: offers.Offers
    dirt: Dirt
    ids: Ids


def world(scenario: Scenario) -> World:
    """The marketplace before its first order."""
    dirt = Dirt()
    where = geography.places()
    sellers = vendors_room.vendors(scenario, where, dirt)
    goods = catalogue_room.catalogue(scenario, sellers)
    return World(
        scenario=scenario,
        where=where,
        who=people_room.people(scenario, where),
        sellers=sellers,
        goods=goods,
        offers=offers.offers(scenario, goods),
        dirt=dirt,
        ids=Ids(),
    )
