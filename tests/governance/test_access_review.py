"""The access review: everybody with what they may see, by the very policies that are applied."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import amalimart
from amalimart.access.policies import Policies, load_policies
from amalimart.access.principal import Role
from amalimart.control.users.api_keys import ApiKey
from amalimart.control.users.user import User, UserUse
from amalimart.governance.access_review import AccessReview, access_review
from amalimart.semantic.loading import PACKAGED, load_model
from amalimart.semantic.model import SemanticModel

NOW = datetime(2026, 3, 31, tzinfo=UTC)
POLICIES = Path(amalimart.__file__).parent / "marketplace" / "policies"


def use(email: str, role: Role, last: datetime | None, **more: object) -> UserUse:
    given = {"vendor_ids": frozenset(), "delivery_partner_ids": frozenset(), "enabled": True} | more
    return UserUse(User(1, email, email, role, **given), last, 0)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def semantic() -> SemanticModel:
    return load_model([PACKAGED])


def reviewed(semantic: SemanticModel, *users: UserUse, policies: Policies | None = None) -> AccessReview:
    return access_review(users, policies or load_policies([POLICIES]), semantic, NOW)


def test_people_who_do_not_sign_in_and_disabled_ones_are_marked(semantic: SemanticModel) -> None:
    found = reviewed(
        semantic,
        use("a@x.test", Role.ANALYST, NOW - timedelta(days=89)),
        use("b@x.test", Role.ANALYST, NOW - timedelta(days=90)),
        use("c@x.test", Role.ANALYST, None),
        use("d@x.test", Role.ANALYST, None, enabled=False),
        use("e@x.test", Role.ADMIN, NOW),
        use("f@x.test", Role.VENDOR, NOW),
        use("g@x.test", Role.VENDOR, NOW, vendor_ids=frozenset({"7"})),
    )
    assert [user.remarks for user in found.users] == [
        (),
        ("has not signed in for 90 days",),
        ("is not known to have signed in",),
        ("disabled",),
        ("sees personal data",),
        ("sees no row: no ids are given",),
        (),
    ]
    assert [user.unused for user in found.users] == [False, True, True, True, False, False, False]
    assert {role.role: role.users for role in found.roles}["analyst"] == 3


def test_a_role_is_told_with_its_rows_and_masked_columns(semantic: SemanticModel) -> None:
    roles = {role.role: role for role in reviewed(semantic).roles}
    assert set(roles) == set(Role)
    assert roles["admin"].masked == ()
    assert set(roles["admin"].rows.values()) == {"all"}
    assert "customers.full_name" in roles["support"].masked
    assert roles["vendor"].rows["order_items"] == "own: vendor_id among vendor_ids"
    assert "gmv" not in roles["vendor"].metrics


def test_a_role_without_a_policy_sees_nothing_and_it_is_said(semantic: SemanticModel) -> None:
    found = reviewed(semantic, use("a@x.test", Role.ANALYST, NOW), policies=Policies(()))
    assert {(role.has_policy, role.metrics, len(role.rows)) for role in found.roles} == {(False, (), 0)}
    assert found.users[0].remarks == ("the role has no policy",)


def test_the_hash_is_of_what_gives_access_and_of_nothing_else(semantic: SemanticModel) -> None:
    first = reviewed(semantic, use("a@x.test", Role.VENDOR, None))
    assert reviewed(semantic, use("a@x.test", Role.VENDOR, NOW)).report_hash == first.report_hash
    others = [
        reviewed(semantic, use("a@x.test", Role.VENDOR, None, vendor_ids=frozenset({"7"}))),
        reviewed(semantic, use("a@x.test", Role.ADMIN, None)),
        reviewed(semantic, use("a@x.test", Role.VENDOR, None, enabled=False)),
        reviewed(semantic, use("b@x.test", Role.VENDOR, None)),
        reviewed(semantic, use("a@x.test", Role.VENDOR, None), policies=Policies(())),
        reviewed(semantic),
    ]
    assert first.report_hash not in {other.report_hash for other in others}


def test_keys_that_open_something_are_part_of_the_review(semantic: SemanticModel) -> None:
    def key(name: str, role: Role, **more: object) -> ApiKey:
        given = {
            "expires_at": None,
            "revoked_at": None,
            "last_used_at": NOW,
            "vendor_ids": frozenset(),
        } | more
        return ApiKey(
            key_id=name,
            name=name,
            role=role,
            user=None,
            delivery_partner_ids=frozenset(),
            created_at=NOW - timedelta(days=100),
            **given,  # type: ignore[arg-type]
        )

    def review(*keys: ApiKey) -> AccessReview:
        return access_review((), load_policies([POLICIES]), semantic, NOW, keys)

    soon = NOW + timedelta(days=1)
    found = review(
        key("portal", Role.SERVICE),
        key("one", Role.SERVICE, vendor_ids=frozenset({"7"}), expires_at=soon),
        key("sync", Role.ADMIN, expires_at=soon, last_used_at=None),
        key("gone", Role.ADMIN, revoked_at=NOW),
        key("late", Role.ADMIN, expires_at=NOW),
    )
    assert {each.name: each.remarks for each in found.keys} == {
        "portal": ("never expires", "embeds for every vendor"),
        "one": (),
        "sync": ("has not been used for 90 days", "sees personal data"),
    }
    narrower = review(key("portal", Role.SERVICE, vendor_ids=frozenset({"7"})))
    wider = review(key("portal", Role.SERVICE))
    assert len({review().report_hash, narrower.report_hash, wider.report_hash}) == 3
