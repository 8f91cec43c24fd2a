"""Where the marketplace sells: countries, regions and cities, and what differs between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from amalimart.demo.generator.rows import DAY, Floats, Ints, Rows, Texts, bigint, instant, text, texts
from amalimart.demo.generator.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Region:
    """One region: share of orders paid on delivery, days on the road, and its cities with weights."""

    name: str
    cod_share: float
    road_days: float
    cities: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Country:
    """One country with its regions; `weight` is its share of the customers."""

    name: str
    iso_code: str
    dial: str
    weight: float
    regions: tuple[Region, ...]


COUNTRIES = (
    Country(
        "Ghana",
        "GH",
        "+233",
        0.80,
        (
            Region("Greater Accra", 0.30, 0.8, (("Accra", 30), ("Tema", 9), ("Madina", 6), ("Ashaiman", 4))),
            Region("Ashanti", 0.38, 1.4, (("Kumasi", 20), ("Obuasi", 2.5), ("Ejisu", 2), ("Mampong", 1))),
            Region("Western", 0.42, 1.9, (("Sekondi-Takoradi", 6), ("Tarkwa", 2))),
            Region("Western North", 0.52, 2.8, (("Sefwi Wiawso", 0.8), ("Bibiani", 0.7))),
            Region("Central", 0.40, 1.3, (("Cape Coast", 4), ("Kasoa", 4), ("Winneba", 1.5))),
            Region("Eastern", 0.41, 1.4, (("Koforidua", 3), ("Nkawkaw", 1), ("Nsawam", 1))),
            Region("Volta", 0.45, 1.9, (("Ho", 2), ("Keta", 0.8), ("Aflao", 0.8))),
            Region("Oti", 0.55, 3.0, (("Dambai", 0.4), ("Jasikan", 0.3))),
            Region("Bono", 0.47, 2.2, (("Sunyani", 2), ("Berekum", 0.7))),
            Region("Bono East", 0.49, 2.3, (("Techiman", 1.8), ("Kintampo", 0.6))),
            Region("Ahafo", 0.52, 2.6, (("Goaso", 0.5), ("Bechem", 0.3))),
            Region("Northern", 0.60, 3.0, (("Tamale", 4), ("Yendi", 0.5))),
            Region("Savannah", 0.64, 3.6, (("Damongo", 0.3), ("Salaga", 0.2))),
            Region("North East", 0.66, 3.8, (("Nalerigu", 0.3), ("Walewale", 0.3))),
            Region("Upper East", 0.62, 3.5, (("Bolgatanga", 1.2), ("Navrongo", 0.6))),
            Region("Upper West", 0.63, 3.6, (("Wa", 1.1), ("Lawra", 0.2))),
        ),
    ),
    Country(
        "Nigeria",
        "NG",
        "+234",
        0.075,
        (
            Region("Lagos", 0.28, 2.6, (("Ikeja", 4), ("Lekki", 3))),
            Region("Federal Capital Territory", 0.25, 3.4, (("Abuja", 2),)),
            Region("Rivers", 0.33, 3.8, (("Port Harcourt", 1),)),
            Region("Oyo", 0.36, 3.2, (("Ibadan", 1),)),
        ),
    ),
    Country(
        "Côte d'Ivoire",
        "CI",
        "+225",
        0.05,
        (
            Region("Abidjan", 0.30, 2.4, (("Abidjan", 5),)),
            Region("Yamoussoukro", 0.40, 3.0, (("Yamoussoukro", 1),)),
            Region("Vallée du Bandama", 0.45, 3.4, (("Bouaké", 1),)),
        ),
    ),
    Country(
        "Togo",
        "TG",
        "+228",
        0.03,
        (
            Region("Maritime", 0.38, 1.9, (("Lomé", 4),)),
            Region("Kara", 0.52, 3.2, (("Kara", 1),)),
        ),
    ),
    Country(
        "Burkina Faso",
        "BF",
        "+226",
        0.02,
        (
            Region("Centre", 0.46, 3.2, (("Ouagadougou", 3),)),
            Region("Hauts-Bassins", 0.52, 3.8, (("Bobo-Dioulasso", 1),)),
        ),
    ),
    Country(
        "Kenya",
        "KE",
        "+254",
        0.015,
        (
            Region("Nairobi", 0.12, 4.2, (("Nairobi", 3),)),
            Region("Mombasa", 0.18, 4.8, (("Mombasa", 1),)),
        ),
    ),
    Country("Senegal", "SN", "+221", 0.01, (Region("Dakar", 0.35, 3.8, (("Dakar", 2), ("Rufisque", 0.5))),)),
)


@dataclass(frozen=True, slots=True)
class Places:
    """The same geography as arrays with one entry per city; other arrays hold positions in them."""

    city: Texts
    region: Texts
    country: Texts
    country_number: Ints
    weight: Floats
    cod_share: Floats
    road_days: Floats

    def drawn(self, count: int, dice: np.random.Generator) -> Ints:
        """Cities by weight."""
        return np.searchsorted(np.cumsum(self.weight), dice.random(count)).astype(np.int64)


def places() -> Places:
    """Every city with what is true of its region and country."""
    cities = [
        (number, country, region, city, weight)
        for number, country in enumerate(COUNTRIES)
        for region in country.regions
        for city, weight in region.cities
    ]
    in_country = [sum(w for n, *_, w in cities if n == number) for number in range(len(COUNTRIES))]
    weights = np.array([country.weight * weight / in_country[n] for n, country, _, _, weight in cities])
    return Places(
        city=texts(city for _, _, _, city, _ in cities),
        region=texts(region.name for _, _, region, _, _ in cities),
        country=texts(country.name for _, country, *_ in cities),
        country_number=np.array([number for number, *_ in cities], dtype=np.int64),
        weight=weights / weights.sum() * (1 + 1e-12),
        cod_share=np.array([region.cod_share for _, _, region, *_ in cities]),
        road_days=np.array([region.road_days for _, _, region, *_ in cities]),
    )


def tables(scenario: Scenario) -> Iterator[Rows]:
    """countries, regions, cities."""
    opened = scenario.start - 400 * DAY
    regions = [(number + 1, region) for number, country in enumerate(COUNTRIES) for region in country.regions]
    cities = [(number + 1, city) for number, (_, region) in enumerate(regions) for city, _ in region.cities]

    def stamped(count: int) -> Ints:
        return np.full(count, opened, dtype=np.int64)

    yield Rows(
        "countries",
        {
            "country_id": bigint(np.arange(1, len(COUNTRIES) + 1)),
            "country_name": text(texts(country.name for country in COUNTRIES)),
            "iso_code": text(texts(country.iso_code for country in COUNTRIES)),
            "created_at": instant(stamped(len(COUNTRIES))),
            "updated_at": instant(stamped(len(COUNTRIES))),
        },
    )
    yield Rows(
        "regions",
        {
            "region_id": bigint(np.arange(1, len(regions) + 1)),
            "country_id": bigint(np.array([number for number, _ in regions])),
            "region_name": text(texts(region.name for _, region in regions)),
            "created_at": instant(stamped(len(regions))),
            "updated_at": instant(stamped(len(regions))),
        },
    )
    yield Rows(
        "cities",
        {
            "city_id": bigint(np.arange(1, len(cities) + 1)),
            "region_id": bigint(np.array([number for number, _ in cities])),
            "city_name": text(texts(city for _, city in cities)),
            "created_at": instant(stamped(len(cities))),
            "updated_at": instant(stamped(len(cities))),
        },
    )
