"""What the running shop knows by heart: goods by popularity, places, current offers, riders.

Read once when the live loop starts; customers are looked up one at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from random import Random

import psycopg

from amalimart.core.errors import ConfigError
from amalimart.demo.generator.geography import COUNTRIES
from amalimart.demo.generator.names import FEMALE, MALE, SURNAMES
from amalimart.demo.generator.vendors import PARTNERS

CENT = Decimal("0.01")
Connection = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Stamp:
    """When something happens in the shop, and when the row about it is written (the cursor's time)."""

    at: datetime
    written_at: datetime


@dataclass(frozen=True, slots=True)
class Good:
    """One product that can be bought."""

    product_id: int
    vendor_id: int
    owner_id: int
    price: Decimal
    commission_rate: Decimal


@dataclass(frozen=True, slots=True)
class Place:
    """One city with what is true of its region."""

    city: str
    region: str
    country: str
    cod_share: float
    road_days: float


@dataclass(frozen=True, slots=True)
class Customer:
    """Who orders, and where it goes."""

    user_id: int
    is_business: bool
    place: Place


@dataclass(frozen=True, slots=True)
class Offer:
    """One discount code that runs on a day."""

    discount_id: int
    first_day: date
    last_day: date
    is_percentage: bool
    value: Decimal

    def discount(self, goods: Decimal) -> Decimal:
        """What the code takes off a basket."""
        cut = goods * self.value / 100 if self.is_percentage else min(self.value, goods / 4)
        return cut.quantize(CENT, ROUND_HALF_UP)


class Shopfront:
    """The shop as the live loop sees it. Raises ConfigError for a shop without goods or customers."""

    def __init__(self, connection: Connection, dice: Random) -> None:
        self.dice = dice
        self._places = [
            Place(city, region.name, country.name, region.cod_share, region.road_days)
            for country in COUNTRIES
            for region in country.regions
            for city, _ in region.cities
        ]
        self._place_weights = [
            country.weight * weight
            for country in COUNTRIES
            for region in country.regions
            for _, weight in region.cities
        ]
        self._by_city = {(place.country, place.city): place for place in self._places}
        goods = connection.execute(
            """
            with sold as (
                select product_id, count(*) as lines from order_items group by product_id
            )
            select
                p.product_id, v.vendor_id, v.user_id, p.price, v.commission_rate, coalesce(s.lines, 0) + 0.02
            from products p
            join vendors v using (vendor_id)
            left join sold s using (product_id)
            where p.status = 'ACTIVE' and p.is_active and v.status = 'APPROVED'
            order by p.product_id
            """
        ).fetchall()
        customers = connection.execute(
            "select min(user_id), max(user_id) from users where role = 'CUSTOMER'"
        ).fetchone()
        if not goods or customers is None or customers[0] is None:
            raise ConfigError("the shop has no goods or no customers", next_step="load it: run `make demo`")
        self._goods = [
            Good(int(str(p)), int(str(v)), int(str(u)), Decimal(str(price)), Decimal(str(rate)))
            for p, v, u, price, rate, _ in goods
        ]
        self._popularity = [float(str(row[5])) for row in goods]
        self._customers = (int(str(customers[0])), int(str(customers[1])))
        self._offers = [
            Offer(int(str(i)), first, last, str(kind) == "PERCENTAGE", Decimal(str(value)))
            for i, first, last, kind, value in connection.execute(
                """
                select discount_id, start_date, end_date, discount_type, discount_value
                from discounts
                where campaign_id is not null
                order by discount_id
                """
            ).fetchall()
            if isinstance(first, date) and isinstance(last, date)
        ]
        self.agents = [
            int(str(row[0]))
            for row in connection.execute(
                "select user_id from users where role = 'SUPPORT' order by 1"
            ).fetchall()
        ]

    def goods(self, count: int) -> list[Good]:
        """Some different products, popular ones more often."""
        drawn = self.dice.choices(self._goods, self._popularity, k=count)
        return list({good.product_id: good for good in drawn}.values())

    def offer(self, day: date) -> Offer | None:
        """A code of a campaign that runs on the day, for about a third of the orders."""
        running = [offer for offer in self._offers if offer.first_day <= day <= offer.last_day]
        return self.dice.choice(running) if running and self.dice.random() < 0.34 else None

    def partner_id(self, country: str) -> int:
        """A delivery partner that serves the country."""
        serving = [
            (number, item.weight)
            for number, item in enumerate(PARTNERS, 1)
            if item.country == country and item.weight
        ]
        return self.dice.choices([number for number, _ in serving], [weight for _, weight in serving])[0]

    def customer(self, connection: Connection, stamp: Stamp) -> Customer:
        """A known customer, or (one time in six) one who registers now."""
        if self.dice.random() < 1 / 6:
            return self._register(connection, stamp)
        found = connection.execute(
            """
            select u.user_id, u.customer_kind::text, a.country, a.city
            from users u
            left join addresses a on a.user_id = u.user_id and a.is_default
            where u.user_id >= %s and u.role = 'CUSTOMER'
            order by u.user_id, a.address_id
            limit 1
            """,
            (self.dice.randint(*self._customers),),
        ).fetchone()
        if found is None:
            return self._register(connection, stamp)
        user_id, kind, country, city = found
        place = self._by_city.get((str(country), str(city))) or self._anywhere()
        return Customer(int(str(user_id)), kind == "BUSINESS", place)

    def _anywhere(self) -> Place:
        return self.dice.choices(self._places, self._place_weights)[0]

    def _register(self, connection: Connection, stamp: Stamp) -> Customer:
        female = self.dice.random() < 0.54
        name = f"{self.dice.choice(FEMALE if female else MALE)} {self.dice.choice(SURNAMES)}"
        place = self._anywhere()
        is_business = self.dice.random() < 0.08
        row = connection.execute(
            """
            insert into users (
                email, phone, full_name, gender, birth_date, role, customer_kind, auth_provider,
                is_verified, is_enabled, created_at, updated_at
            )
            values (%s, %s, %s, %s, %s, 'CUSTOMER', %s, %s, %s, true, %s, %s)
            returning user_id
            """,
            (
                f"{name.lower().replace(' ', '.')}.{self.dice.getrandbits(40):010x}@mail.example",
                f"+23320{self.dice.randrange(10**7):07}",
                name,
                "FEMALE" if female else "MALE",
                date(
                    stamp.at.year - self.dice.randint(18, 60),
                    self.dice.randint(1, 12),
                    self.dice.randint(1, 28),
                ),
                "BUSINESS" if is_business else "PRIVATE",
                self.dice.choice(("LOCAL", "LOCAL", "GOOGLE", "FACEBOOK", "APPLE")),
                self.dice.random() < 0.8,
                stamp.at,
                stamp.written_at,
            ),
        ).fetchone()
        assert row is not None  # noqa: S101 - an insert returns its row
        user_id = int(str(row[0]))
        connection.execute(
            """
            insert into addresses (user_id, city, region, country, is_default, created_at, updated_at)
            values (%s, %s, %s, %s, true, %s, %s)
            """,
            (user_id, place.city, place.region, place.country, stamp.at, stamp.written_at),
        )
        return Customer(user_id, is_business, place)
