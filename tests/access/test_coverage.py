"""Who sees at least as much as another: by each part of a policy, and never where it cannot be told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import amalimart
from amalimart.access.coverage import covers
from amalimart.access.policies import Policies, Policy, load_policies
from amalimart.access.principal import Principal, Role
from amalimart.access.rules import AllRows, DataClass, OwnIds, OwnRows, RowsThrough, ScanRule

PACKAGED = Path(amalimart.__file__).parent / "marketplace" / "policies"
CLASSES = frozenset({DataClass.PUBLIC, DataClass.INTERNAL})
OWN = OwnRows("vendor_id", OwnIds.VENDOR)
RULES = {
    "order_items": ScanRule("order_items", OWN, frozenset({"order_id", "vendor_id"}), CLASSES),
    "orders": ScanRule("orders", RowsThrough("order_items", "order_id"), None, CLASSES),
}
NARROW = Policy(
    Role.VENDOR, "", CLASSES, dict(RULES), frozenset({"item_gmv"}), frozenset({"product"}), "narrow"
)
SELLER = Principal("seller", Role.VENDOR, vendor_ids=frozenset({"vA"}))
READER = Principal("reader", Role.SUPPORT, vendor_ids=frozenset({"vA", "vB"}))


def is_covered(wide: Policy, *, reader: Principal = READER, narrow: Policy = NARROW) -> bool:
    return covers(Policies([replace(wide, role=Role.SUPPORT), narrow]), reader, SELLER)


def with_rule(name: str, **changes: object) -> Policy:
    return replace(NARROW, rules={**RULES, name: replace(RULES[name], **changes)})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wide",
    [
        NARROW,
        replace(NARROW, metrics=None, dimensions=None, rules=None),
        replace(NARROW, metrics=frozenset({"item_gmv", "gmv"})),
        replace(NARROW, classes=frozenset(DataClass)),
        with_rule("order_items", rows=AllRows(), columns=None),
        with_rule("orders", rows=AllRows()),
    ],
)
def test_who_has_all_of_it_covers(wide: Policy) -> None:
    assert is_covered(wide)


def test_businesses_are_covered_by_the_same_businesses_alone() -> None:
    chain = replace(SELLER, business_ids=frozenset({"b1"}))
    for ids, expected in ((frozenset({"b1", "b2"}), True), (frozenset({"b2"}), False), (frozenset(), False)):
        reader = replace(READER, business_ids=ids)
        policies = Policies([replace(NARROW, role=Role.SUPPORT), NARROW])
        assert covers(policies, reader, chain) is expected


@pytest.mark.parametrize(
    "wide",
    [
        replace(NARROW, metrics=frozenset({"gmv"})),
        replace(NARROW, dimensions=frozenset()),
        replace(NARROW, classes=frozenset({DataClass.PUBLIC})),
        replace(NARROW, rules={"order_items": RULES["order_items"]}),
        with_rule("order_items", columns=frozenset({"order_id"})),
        with_rule("orders", columns=frozenset({"order_id"})),
        with_rule("order_items", rows=OwnRows("owner_id", OwnIds.VENDOR)),
        with_rule("order_items", rows=OwnRows("vendor_id", OwnIds.DELIVERY_PARTNER)),
        with_rule("orders", rows=RowsThrough("order_items", "vendor_id")),
        with_rule("orders", rows=OWN),
    ],
)
def test_who_lacks_a_part_of_it_does_not(wide: Policy) -> None:
    assert not is_covered(wide)


def test_own_rows_are_covered_by_who_has_their_ids_and_by_nobody_else() -> None:
    for ids, expected in (({"vA"}, True), ({"vA", "vB"}, True), ({"vB"}, False), (set(), False)):
        assert is_covered(NARROW, reader=replace(READER, vendor_ids=frozenset(ids))) is expected


def test_all_rows_are_covered_by_nobody_who_sees_their_own() -> None:
    everything = replace(NARROW, rules={**RULES, "orders": replace(RULES["orders"], rows=AllRows())})
    assert not is_covered(NARROW, narrow=everything)
    assert not is_covered(NARROW, narrow=replace(NARROW, rules=None))
    assert not is_covered(NARROW, narrow=replace(NARROW, metrics=None))


def test_without_a_policy_nobody_covers_or_is_covered() -> None:
    assert not covers(Policies([NARROW]), READER, SELLER)
    assert not covers(Policies([replace(NARROW, role=Role.SUPPORT)]), READER, SELLER)


def test_of_the_packaged_roles_only_those_at_the_top_cover_others() -> None:
    policies = load_policies([PACKAGED])
    people = {
        role: Principal(role, role, vendor_ids=frozenset({"v"}), delivery_partner_ids=frozenset({"d"}))
        for role in Role
        if role is not Role.SERVICE
    }
    found = {
        role: {other for other, person in people.items() if covers(policies, reader, person)}
        for role, reader in people.items()
    }
    everybody = set(people)
    assert found[Role.ADMIN] == found[Role.EXECUTIVE] == everybody
    assert found[Role.ANALYST] == everybody - {Role.ADMIN, Role.EXECUTIVE}
    for role in (Role.VENDOR, Role.DELIVERY, Role.SUPPORT):
        assert role in found[role]
        assert not found[role] & {Role.ADMIN, Role.EXECUTIVE, Role.ANALYST}
    assert Role.VENDOR not in found[Role.DELIVERY]
    assert Role.DELIVERY not in found[Role.VENDOR]
