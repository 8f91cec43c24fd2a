"""The accounts of the shop: employees, riders, vendors' owners and customers, with addresses and audit.

User ids run by group: employees first, then vendor owners, then customers in order of registration, so
that a group is a range and "registered by then" is a prefix of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from amalimart.demo.generator.dirt import Dirt
from amalimart.demo.generator.geography import COUNTRIES, Places
from amalimart.demo.generator.names import (
    FEMALE,
    FEMALE_ABROAD,
    MALE,
    MALE_ABROAD,
    STREETS,
    SURNAMES,
    SURNAMES_ABROAD,
)
from amalimart.demo.generator.rows import (
    DAY,
    HOUR,
    NONE,
    Flags,
    Floats,
    Ints,
    Rows,
    Texts,
    bigint,
    date_of,
    flag,
    instant,
    numbered,
    same_text,
    scrambled,
    text,
    texts,
)
from amalimart.demo.generator.scenario import DAYS, Scenario
from amalimart.demo.generator.seasons import expected_demand, times_of_day

# Every secret value of the simulated shop contains this, so that a byte scan can prove its absence.
CANARY = "never-land-this"
EMPLOYEE_ROLES = ("ADMIN",) * 3 + ("SUPPORT",) * 8 + ("ANALYST",) * 3 + ("DELIVERY",) * 12
CHUNK = 50_000
_AUDITED = texts(("email", "phone", "full_name", "is_verified", "is_enabled"))


@dataclass(frozen=True, slots=True)
class People:
    """The accounts as arrays: customer number i is user `first_customer + i`."""

    vendor_owners: int
    registered: Ints
    city: Ints
    is_business: Flags
    reach: Floats

    @property
    def support(self) -> range:
        first = EMPLOYEE_ROLES.index("SUPPORT")
        return range(1 + first, 1 + first + EMPLOYEE_ROLES.count("SUPPORT"))

    @property
    def first_owner(self) -> int:
        return len(EMPLOYEE_ROLES) + 1

    @property
    def first_customer(self) -> int:
        return self.first_owner + self.vendor_owners

    @property
    def count(self) -> int:
        return self.first_customer - 1 + len(self.registered)

    def ordering(self, at: Ints, dice: np.random.Generator) -> Ints:
        """Who orders at each instant: customers by how much they buy, newcomers more than their share."""
        until = self.reach[np.searchsorted(self.registered, at, side="right")]
        lately = self.reach[np.searchsorted(self.registered, at - 12 * DAY, side="right")]
        newcomer = dice.random(len(at)) < 0.30
        lowest = np.where(newcomer & (lately < until), lately, 0.0)
        drawn = lowest + dice.random(len(at)) * (until - lowest)
        return np.searchsorted(self.reach[1:], drawn, side="right").clip(0, len(self.registered) - 1)


def people(scenario: Scenario, where: Places) -> People:
    """Who there is. A tenth of the customers registered in the year before the history starts."""
    dice = scenario.dice("customers")
    count = scenario.customers
    early = max(8, count // 10)
    share = expected_demand(scenario)
    days = np.searchsorted(np.cumsum(share), dice.random(count - early)).clip(0, DAYS - 1)
    registered = np.concatenate(
        [
            scenario.start - dice.integers(1, 365 * DAY, early),
            scenario.start + days * DAY + times_of_day(count - early, dice),
        ]
    )
    registered.sort()
    is_business = dice.random(count) < 0.08
    appetite = dice.gamma(0.6, 1.0, count) + 0.02
    appetite *= np.where(is_business, 1.8, 1.0)
    return People(
        vendor_owners=scenario.vendors,
        registered=registered,
        city=where.drawn(count, dice),
        is_business=is_business,
        reach=np.concatenate([[0.0], np.cumsum(appetite)]),
    )


def tables(scenario: Scenario, where: Places, who: People, dirt: Dirt) -> Iterator[Rows]:
    """users, addresses, user_audit."""
    yield _employees_and_owners(scenario, who)
    audit_id = 1
    address_id = 1
    for part, first in enumerate(range(0, len(who.registered), CHUNK)):
        numbers = np.arange(first, min(first + CHUNK, len(who.registered)))
        yield _customers(scenario, where, who, numbers, dirt=dirt, part=part)
        addresses = _addresses(scenario, where, who, numbers, first_id=address_id, part=part)
        audit = _audit(scenario, who, numbers, first_id=audit_id, part=part)
        address_id += len(addresses)
        audit_id += len(audit)
        yield addresses
        yield audit


def _full_names(abroad: Flags, female: Flags, dice: np.random.Generator) -> Texts:
    count = len(abroad)
    women, men = texts(FEMALE), texts(MALE)
    first = np.where(
        abroad,
        np.where(female, _pick(texts(FEMALE_ABROAD), count, dice), _pick(texts(MALE_ABROAD), count, dice)),
        np.where(female, _pick(women, count, dice), _pick(men, count, dice)),
    )
    last = np.where(abroad, _pick(texts(SURNAMES_ABROAD), count, dice), _pick(texts(SURNAMES), count, dice))
    return np.char.add(np.char.add(first, b" "), last)


def _pick(vocabulary: Texts, count: int, dice: np.random.Generator) -> Texts:
    picked: Texts = vocabulary[dice.integers(0, len(vocabulary), count)]
    return picked


def _emails(names: Texts, ids: Ints) -> Texts:
    """Addresses at a reserved domain; letters outside ASCII become the letter x."""
    local = texts(
        f"{name.decode().lower().replace(' ', '.')}.{user_id}"
        for name, user_id in zip(names.tolist(), ids.tolist(), strict=True)
    )
    ascii_only = np.ascontiguousarray(local).view(np.uint8).copy()
    ascii_only[ascii_only > 127] = ord("x")
    return np.char.add(ascii_only.view(local.dtype), b"@mail.example")


def _phones(country: Ints, ids: Ints) -> Texts:
    dial = texts(item.dial for item in COUNTRIES)[country]
    return np.char.add(dial, numbered("2", ids * 7919 % 10**8, 8))


def _passwords(ids: Ints, salt: int) -> Texts:
    return scrambled(f"$argon2id$v=19$m=65536,t=3,p=4${CANARY}$", ids, salt)


def _employees_and_owners(scenario: Scenario, who: People) -> Rows:
    dice = scenario.dice("employees and owners")
    roles = list(EMPLOYEE_ROLES) + ["VENDOR"] * who.vendor_owners
    count = len(roles)
    ids = np.arange(1, count + 1)
    female = dice.random(count) < 0.48
    names = _full_names(np.zeros(count, dtype=np.bool_), female, dice)
    created = scenario.start - dice.integers(200 * DAY, 500 * DAY, count)
    return Rows(
        "users",
        {
            "user_id": bigint(ids),
            "email": text(_emails(names, ids)),
            "phone": text(_phones(np.zeros(count, dtype=np.int64), ids)),
            "full_name": text(names),
            "gender": text(np.where(female, b"FEMALE", b"MALE")),
            "birth_date": date_of(scenario.first_day - dice.integers(24 * 365, 55 * 365, count)),
            "role": text(texts(roles)),
            "customer_kind": text(np.full(count, b"")),
            "auth_provider": same_text("LOCAL", count),
            "provider_id": text(np.full(count, b"")),
            "password_hash": text(_passwords(ids, scenario.seed)),
            "reset_token": text(np.full(count, b"")),
            "is_verified": flag(np.ones(count, dtype=np.bool_)),
            "is_enabled": flag(np.ones(count, dtype=np.bool_)),
            "created_at": instant(created),
            "updated_at": instant(created + dice.integers(HOUR, 100 * DAY, count)),
        },
    )


def _customers(
    scenario: Scenario, where: Places, who: People, numbers: Ints, *, dirt: Dirt, part: int
) -> Rows:
    dice = scenario.dice("customer accounts", part)
    count = len(numbers)
    everyone = np.ones(count, dtype=np.bool_)
    ids = who.first_customer + numbers
    country = where.country_number[who.city[numbers]]
    female = dice.random(count) < 0.54
    names = _full_names(country != 0, female, dice)
    emails = _emails(names, ids)
    again = dirt.strike("email_differs_in_case", np.arange(count) >= count // 2, dice)
    emails[again] = np.char.upper(
        emails[: count - count // 2][dice.integers(0, count // 2, int(again.sum()))]
    )

    gender = np.where(dice.random(count) < 0.012, b"OTHER", np.where(female, b"FEMALE", b"MALE"))
    missing = dirt.strike("gender_missing", everyone, dice)
    alias = dirt.strike("gender_alias", ~missing & (gender != b"OTHER"), dice)
    short = dice.random(count) < 0.5
    gender = np.where(alias & short, np.where(female, b"F", b"M"), gender)
    gender = np.where(alias & ~short, np.char.lower(gender), gender)
    gender = np.where(missing, b"", gender)

    age_days = (18 + 47 * dice.beta(1.7, 3.4, count)) * 365.25
    born = (who.registered[numbers] // DAY - age_days).astype(np.int64)
    born[dirt.strike("birth_date_missing", everyone, dice)] = NONE

    provider = texts(("LOCAL", "GOOGLE", "FACEBOOK", "APPLE"))[
        np.searchsorted(np.cumsum((0.62, 0.25, 0.08)), dice.random(count))
    ]
    local = provider == b"LOCAL"
    created = who.registered[numbers]
    updated = created + (dice.beta(0.8, 2.5, count) * (scenario.end - 1 - created)).astype(np.int64)
    early = dirt.strike("user_updated_before_created", everyone, dice)
    updated = np.where(early, created - dice.integers(HOUR, 90 * DAY, count), updated)
    return Rows(
        "users",
        {
            "user_id": bigint(ids),
            "email": text(emails),
            "phone": text(_phones(country, ids)),
            "full_name": text(names),
            "gender": text(gender),
            "birth_date": date_of(born),
            "role": same_text("CUSTOMER", count),
            "customer_kind": text(np.where(who.is_business[numbers], b"BUSINESS", b"PRIVATE")),
            "auth_provider": text(provider),
            "provider_id": text(np.where(local, b"", scrambled("p", ids, scenario.seed + 1))),
            "password_hash": text(np.where(local, _passwords(ids, scenario.seed), b"")),
            "reset_token": text(np.where(dice.random(count) < 0.02, scrambled(f"{CANARY}-", ids, 3), b"")),
            "is_verified": flag(dice.random(count) < 0.87),
            "is_enabled": flag(dice.random(count) < 0.97),
            "created_at": instant(created),
            "updated_at": instant(updated),
        },
    )


def _addresses(
    scenario: Scenario, where: Places, who: People, numbers: Ints, *, first_id: int, part: int
) -> Rows:
    """One address for most customers, a second for some; a few have none and a few no default."""
    dice = scenario.dice("addresses", part)
    copies = np.searchsorted((0.04, 0.84), dice.random(len(numbers)))
    owner = np.repeat(numbers, copies)
    count = len(owner)
    first = np.ones(count, dtype=np.bool_)
    first[1:] = owner[1:] != owner[:-1]
    moved = ~first & (dice.random(count) < 0.5)
    city = np.where(moved, where.drawn(count, dice), who.city[owner])
    lag = np.where(first, dice.integers(0, 2 * DAY, count), dice.integers(DAY, 300 * DAY, count))
    created = np.minimum(who.registered[owner] + lag, scenario.end - 1)
    street = np.char.add(numbered("", dice.integers(1, 999, count), 3), b" ")
    return Rows(
        "addresses",
        {
            "address_id": bigint(np.arange(first_id, first_id + count)),
            "user_id": bigint(who.first_customer + owner),
            "street": text(np.char.add(street, _pick(texts(STREETS), count, dice))),
            "city": text(where.city[city]),
            "region": text(where.region[city]),
            "country": text(where.country[city]),
            "is_default": flag(first & (dice.random(count) < 0.95)),
            "created_at": instant(created),
            "updated_at": instant(created),
        },
    )


def _audit(scenario: Scenario, who: People, numbers: Ints, *, first_id: int, part: int) -> Rows:
    dice = scenario.dice("user audit", part)
    changed = numbers[dice.random(len(numbers)) < 0.35]
    count = len(changed)
    since = scenario.end - 1 - who.registered[changed]
    at = who.registered[changed] + (dice.beta(0.8, 2.5, count) * since).astype(np.int64)
    return Rows(
        "user_audit",
        {
            "audit_id": bigint(np.arange(first_id, first_id + count)),
            "user_id": bigint(who.first_customer + changed),
            "field_name": text(_pick(_AUDITED, count, dice)),
            "old_value": text(scrambled("old ", changed, 5)),
            "new_value": text(scrambled("new ", changed, 6)),
            "created_at": instant(at),
            "updated_at": instant(at),
        },
    )
