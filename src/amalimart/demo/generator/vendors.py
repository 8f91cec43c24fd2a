"""Who sells: vendors of very different size, the businesses behind them, and who applied to sell.

Vendor ids run from the largest to the smallest share of the trade.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from amalimart.demo.generator.dirt import Dirt
from amalimart.demo.generator.geography import COUNTRIES, Places
from amalimart.demo.generator.names import SURNAMES, VENDOR_HEADS, VENDOR_TAILS
from amalimart.demo.generator.people import CANARY, People
from amalimart.demo.generator.rows import (
    DAY,
    HOUR,
    Flags,
    Floats,
    Ints,
    Rows,
    Texts,
    bigint,
    flag,
    instant,
    numbered,
    rate,
    scrambled,
    text,
    texts,
)
from amalimart.demo.generator.scenario import Scenario

ACCOUNT_TYPES = texts(("SOLE_PROPRIETOR", "PARTNERSHIP", "LIMITED_COMPANY"))
REJECTION_REASONS = texts(
    (
        "Business certificate not readable",
        "Tax number does not match the business",
        "Product category not allowed",
        "Representative could not be verified",
        "Duplicate application",
        "Address could not be confirmed",
    )
)
_REASON_REACH = np.cumsum((0.30, 0.20, 0.14, 0.18, 0.08, 0.10))
LONG_NAME = ("Sunrise and Sons General Trading Import Export Wholesale and Retail Company " * 3)[:199] + "."
SCRIPT_NAME = "Volta Gadgets <script>alert('price')</script> & Sons"


@dataclass(frozen=True, slots=True)
class Vendors:
    """The vendors as arrays: vendor number i has vendor_id i + 1."""

    name: Texts
    weight: Floats
    city: Ints
    commission: Ints
    joined: Ints
    approved: Flags
    rejects: Floats
    paid_weekly: Flags

    def __len__(self) -> int:
        return len(self.weight)


def vendors(scenario: Scenario, where: Places, dirt: Dirt) -> Vendors:
    """Who sells. Sizes follow a Pareto law; the first fifth is paid weekly, the rest monthly."""
    dice = scenario.dice("vendors")
    count = scenario.vendors
    weight = np.sort(dice.pareto(1.15, count) + 0.15)[::-1].clip(None, 60)
    heads, tails = texts(VENDOR_HEADS), texts(VENDOR_TAILS)
    pairs = dice.permutation(len(heads) * len(tails))[np.arange(count) % (len(heads) * len(tails))]
    names = np.char.add(np.char.add(heads[pairs % len(heads)], b" "), tails[pairs // len(heads)])
    again = np.arange(count) >= len(heads) * len(tails)
    suffix = np.char.add(numbered(" ", np.arange(count), 4), b" Branch")
    names = np.where(again, np.char.add(names, suffix), names).astype("S200")
    names[count // 2] = LONG_NAME.encode()
    names[count // 3] = SCRIPT_NAME.encode()
    dirt.made("vendor_name_very_long")
    dirt.made("vendor_name_with_script")
    early = dice.random(count) < np.where(np.arange(count) < count // 4, 0.95, 0.55)
    joined = np.where(
        early,
        scenario.start - dice.integers(30 * DAY, 350 * DAY, count),
        scenario.start + dice.integers(0, 640 * DAY, count),
    )
    approved = (dice.random(count) < 0.95) | (np.arange(count) < 5)
    return Vendors(
        name=names,
        weight=weight / weight.sum(),
        city=_homes(where, count, dice),
        commission=dice.choice(np.array((800, 1000, 1200, 1500)), count, p=(0.2, 0.4, 0.3, 0.1)),
        joined=joined,
        approved=approved,
        rejects=dice.beta(1.2, 40, count),
        paid_weekly=np.arange(count) < max(2, count // 5),
    )


def _homes(where: Places, count: int, dice: np.random.Generator) -> Ints:
    """Vendors sit in Ghana, most of them in the two large cities."""
    weight = np.where(where.country_number == 0, where.weight**1.2, 0.0)
    reach = np.cumsum(weight / weight.sum())
    return np.searchsorted(reach, dice.random(count)).clip(0, len(reach) - 1).astype(np.int64)


def tables(scenario: Scenario, where: Places, who: People, sellers: Vendors) -> Iterator[Rows]:
    """vendors, businesses, stores, representatives, payout accounts and applications."""
    dice = scenario.dice("vendor rows")
    count = len(sellers)
    ids = np.arange(1, count + 1)
    changed = np.minimum(sellers.joined + dice.integers(DAY, 200 * DAY, count), scenario.end - 1)
    kinds = ACCOUNT_TYPES[dice.integers(0, len(ACCOUNT_TYPES), count)]
    yield Rows(
        "vendors",
        {
            "vendor_id": bigint(ids),
            "user_id": bigint(who.first_owner + ids - 1),
            "business_id": bigint(ids),
            "vendor_name": text(sellers.name),
            "city": text(where.city[sellers.city]),
            "region": text(where.region[sellers.city]),
            "country": text(where.country[sellers.city]),
            "status": text(np.where(sellers.approved, b"APPROVED", b"SUSPENDED")),
            "commission_rate": rate(sellers.commission),
            "created_at": instant(sellers.joined),
            "updated_at": instant(changed),
        },
    )
    yield Rows(
        "businesses",
        {
            "business_id": bigint(ids),
            "vendor_id": bigint(ids),
            "business_name": text(np.char.add(sellers.name, b" Ltd")),
            "account_type": text(kinds),
            "tax_number": text(numbered("C", ids * 104_729 % 10**10, 10)),
            "certificate_url": text(np.char.add(numbered("/certificates/", ids, 6), b".pdf")),
            "is_enabled": flag(sellers.approved),
            "created_at": instant(sellers.joined),
            "updated_at": instant(changed),
        },
    )
    yield _stores(where, sellers)
    yield _representatives(scenario, sellers)
    yield Rows(
        "vendor_payout_accounts",
        {
            "payout_account_id": bigint(ids),
            "vendor_id": bigint(ids),
            "account_name": text(sellers.name),
            "account_number": text(scrambled(f"{CANARY}-", ids, scenario.seed + 9)),
            "account_type": text(np.where(dice.random(count) < 0.6, b"MOBILE_MONEY", b"BANK_ACCOUNT")),
            "is_primary": flag(np.ones(count, dtype=np.bool_)),
            "created_at": instant(sellers.joined),
            "updated_at": instant(sellers.joined),
        },
    )
    yield _applications(scenario, sellers, kinds)


def _stores(where: Places, sellers: Vendors) -> Rows:
    """One store a vendor; the larger ones have more, in the same city."""
    copies = np.where(np.arange(len(sellers)) < len(sellers) // 8, 3, 1)
    owner = np.repeat(np.arange(len(sellers)), copies)
    count = len(owner)
    return Rows(
        "stores",
        {
            "store_id": bigint(np.arange(1, count + 1)),
            "business_id": bigint(owner + 1),
            "store_name": text(
                np.char.add(np.char.add(sellers.name[owner], b", "), where.city[sellers.city[owner]])
            ),
            "city": text(where.city[sellers.city[owner]]),
            "created_at": instant(sellers.joined[owner]),
            "updated_at": instant(sellers.joined[owner]),
        },
    )


def _representatives(scenario: Scenario, sellers: Vendors) -> Rows:
    dice = scenario.dice("representatives")
    count = len(sellers)
    ids = np.arange(1, count + 1)
    surnames = texts(SURNAMES)
    surname = surnames[dice.integers(0, len(surnames), count)]
    local = numbered("representative.", ids, 5)
    return Rows(
        "business_representatives",
        {
            "representative_id": bigint(ids),
            "business_id": bigint(ids),
            "full_name": text(np.char.add(b"E. ", surname)),
            "email": text(np.char.add(local, b"@shops.example")),
            "phone": text(numbered("+23324", ids * 6701 % 10**7, 7)),
            "gender": text(np.where(dice.random(count) < 0.45, b"FEMALE", b"MALE")),
            "is_primary": flag(np.ones(count, dtype=np.bool_)),
            "created_at": instant(sellers.joined),
            "updated_at": instant(sellers.joined),
        },
    )


def _applications(scenario: Scenario, sellers: Vendors, kinds: Texts) -> Rows:
    """The approved application of every vendor, rejected ones, and the last weeks' pending ones."""
    dice = scenario.dice("applications")
    approved, rejected = len(sellers), max(3, len(sellers) * 6 // 10)
    pending = max(2, len(sellers) // 20)
    count = approved + rejected + pending
    sent = np.concatenate(
        [
            sellers.joined - dice.integers(2 * DAY, 20 * DAY, approved),
            scenario.start + dice.integers(0, 715 * DAY, rejected),
            scenario.end - dice.integers(HOUR, 12 * DAY, pending),
        ]
    )
    order = np.argsort(sent, kind="stable")
    outcome = np.repeat(np.array((b"APPROVED", b"REJECTED", b"PENDING")), (approved, rejected, pending))[
        order
    ]
    vendor = np.concatenate([np.arange(approved), np.full(rejected + pending, -1)])[order]
    sent = sent[order]
    decided = np.where(vendor >= 0, sellers.joined[vendor], sent + dice.integers(DAY, 9 * DAY, count))
    decided = np.where(outcome == b"PENDING", sent, np.minimum(decided, scenario.end - 1))
    names = np.where(vendor >= 0, sellers.name[vendor], numbered("Hopeful Traders ", np.arange(count), 5))
    reasons = REJECTION_REASONS[np.searchsorted(_REASON_REACH, dice.random(count)).clip(0, 5)]
    kind = np.where(vendor >= 0, kinds[vendor], ACCOUNT_TYPES[dice.integers(0, 3, count)])
    ids = np.arange(1, count + 1)
    from_vendor = np.where(vendor >= 0, vendor + 1, np.iinfo(np.int64).min)
    return Rows(
        "vendor_applications",
        {
            "application_id": bigint(ids),
            "vendor_id": bigint(from_vendor),
            "business_name": text(names),
            "business_email": text(np.char.add(numbered("apply.", ids, 6), b"@shops.example")),
            "password_hash": text(scrambled(f"{CANARY}-", ids, scenario.seed + 11)),
            "account_type": text(kind),
            "description": text(np.full(count, b"We sell good things at fair prices.")),
            "status": text(outcome),
            "rejection_reason": text(np.where(outcome == b"REJECTED", reasons, b"")),
            "created_at": instant(sent),
            "updated_at": instant(decided),
        },
    )


@dataclass(frozen=True, slots=True)
class Partner:
    """One delivery partner: share of its country's parcels, speed (1 is usual) and failure rate."""

    name: str
    country: str
    weight: float
    slowness: float
    failure: float
    is_active: bool = True


PARTNERS = (
    Partner("Kente Express", "Ghana", 34, 0.85, 0.020),
    Partner("Harmattan Logistics", "Ghana", 26, 1.00, 0.032),
    Partner("Volta Parcel Line", "Ghana", 20, 1.15, 0.040),
    Partner("Swift Okada Couriers", "Ghana", 14, 0.95, 0.055),
    Partner("Savanna Freight", "Ghana", 6, 1.60, 0.085),
    Partner("Lekki Runners", "Nigeria", 10, 1.05, 0.045),
    Partner("Lagune Livraison", "Côte d'Ivoire", 10, 1.00, 0.040),
    Partner("Golfe Colis", "Togo", 10, 1.10, 0.045),
    Partner("Sahel Colis", "Burkina Faso", 10, 1.35, 0.070),
    Partner("Rift Riders", "Kenya", 10, 1.00, 0.035),
    Partner("Teranga Poste", "Senegal", 10, 1.10, 0.040),
    Partner("Old Coast Carriers", "Ghana", 0, 1.40, 0.090, is_active=False),
)


def partner_rows(scenario: Scenario) -> Rows:
    """delivery_partners; position i has id i + 1."""
    ids = np.arange(1, len(PARTNERS) + 1)
    joined = scenario.start - (300 - 7 * ids) * DAY
    dial = {country.name: country.dial for country in COUNTRIES}
    return Rows(
        "delivery_partners",
        {
            "delivery_partner_id": bigint(ids),
            "partner_name": text(texts(partner.name for partner in PARTNERS)),
            "country": text(texts(partner.country for partner in PARTNERS)),
            "contact_phone": text(
                texts(f"{dial[partner.country]}30200{n:04}" for n, partner in enumerate(PARTNERS))
            ),
            "is_active": flag(np.array([partner.is_active for partner in PARTNERS])),
            "created_at": instant(joined),
            "updated_at": instant(joined),
        },
    )
