"""What admins do with users: each change audited, in force at once, and never the last admin's end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from amalimart.access.principal import Role
from amalimart.control.audit.decisions import entries
from amalimart.control.store import ControlStore
from amalimart.core.errors import LastAdmin, NotFound, NotSignedIn, UserInvalid

if TYPE_CHECKING:
    from tests.control.conftest import HandClock

BY = "efua@example.com"


@pytest.fixture
def boss(store: ControlStore) -> int:
    return store.administration.add(BY, by="x", role=Role.ADMIN)[0].user.user_id


@pytest.fixture
def kofi(store: ControlStore, boss: int) -> int:
    del boss
    account, _ = store.administration.add(
        "kofi@example.com", by=BY, role=Role.VENDOR, display_name="Kofi", vendor_ids=["17"]
    )
    return account.user.user_id


def told(store: ControlStore) -> list[tuple[str, str, dict[str, object]]]:
    return [(each.action, each.subject, dict(each.details)) for each in entries(store.engine)]


def test_the_password_of_a_new_user_opens_and_is_kept_nowhere(store: ControlStore) -> None:
    account, password = store.administration.add("Ama@Example.com", by=BY, role=Role.ANALYST)
    assert store.sign_in.verify("ama@example.com", password) == account.user
    assert password not in str(told(store))
    assert told(store) == [
        (
            "user.added",
            BY,
            {
                "user_id": account.user.user_id,
                "role": "analyst",
                "vendor_ids": [],
                "business_ids": [],
                "delivery_partner_ids": [],
            },
        )
    ]


@pytest.mark.parametrize(
    ("role", "vendors", "partners", "said"),
    [
        (Role.VENDOR, [], [], "would see nothing"),
        (Role.DELIVERY, [], [], "would see nothing"),
        (Role.DELIVERY, ["1"], ["2"], "vendor ids do not belong"),
        (Role.ADMIN, ["1"], [], "vendor ids do not belong"),
        (Role.ANALYST, [], ["1"], "delivery partner ids do not belong"),
        (Role.VENDOR, ["x" * 65], [], "cannot be used"),
        (Role.VENDOR, ["a\nb"], [], "cannot be used"),
        (Role.VENDOR, [str(each) for each in range(501)], [], "cannot be used"),
        (Role.SERVICE, [], [], "no person has the role service"),
    ],
)
def test_ids_that_do_not_go_with_the_role_are_refused(
    store: ControlStore, role: Role, vendors: list[str], partners: list[str], said: str
) -> None:
    with pytest.raises(UserInvalid, match=said):
        store.administration.add(
            "a@example.com", by=BY, role=role, vendor_ids=vendors, delivery_partner_ids=partners
        )
    assert store.users.list() == []
    assert told(store) == []


def test_a_vendor_may_be_bound_to_businesses_instead_of_vendors(store: ControlStore) -> None:
    added, _ = store.administration.add("a@example.com", by=BY, role=Role.VENDOR, business_ids=["b2", "b1"])
    assert added.user.principal.business_ids == {"b1", "b2"}
    changed = store.administration.edit(added.user.user_id, by=BY, vendor_ids=["17"], business_ids=["b1"])
    assert [*changed.user.vendor_ids, *changed.user.business_ids] == ["17", "b1"]
    assert told(store)[-1][2]["business_ids"] == {"before": ["b1", "b2"], "after": ["b1"]}
    changed = store.administration.edit(added.user.user_id, by=BY, vendor_ids=[])
    assert ([*changed.user.vendor_ids], [*changed.user.business_ids]) == ([], ["b1"])
    with pytest.raises(UserInvalid, match="vendor ids or business ids would see nothing"):
        store.administration.edit(added.user.user_id, by=BY, business_ids=[])
    with pytest.raises(UserInvalid, match="business ids do not belong to the role analyst"):
        store.administration.edit(added.user.user_id, by=BY, role=Role.ANALYST, business_ids=["b1"])


def test_another_role_drops_the_ids_of_the_former_and_holds_in_open_sessions(
    store: ControlStore, kofi: int
) -> None:
    token = store.sessions.open(store.users.get("kofi@example.com")).token
    with pytest.raises(UserInvalid, match="would see nothing"):
        store.administration.edit(kofi, by=BY, role=Role.DELIVERY)
    changed = store.administration.edit(kofi, by=BY, role=Role.ANALYST, display_name="Kofi M.")
    assert (changed.user.role, changed.user.vendor_ids) == (Role.ANALYST, frozenset())
    seen = store.sessions.principal(token)
    assert seen is not None
    assert (seen.role, seen.vendor_ids) == (Role.ANALYST, frozenset())
    action, subject, details = told(store)[-1]
    assert (action, subject) == ("user.changed", BY)
    assert details == {
        "user_id": kofi,
        "role": {"before": "vendor", "after": "analyst"},
        "vendor_ids": {"before": ["17"], "after": []},
        "display_name": {"changed": True},
    }


def test_the_name_alone_may_change_where_ids_are_missing_of_old(store: ControlStore, boss: int) -> None:
    del boss
    store.users.add("old@example.com", display_name="O", role=Role.VENDOR, password="long-enough-word")
    old = store.administration.named("old@example.com").user.user_id
    assert store.administration.edit(old, by=BY, display_name="").user.display_name == "old@example.com"
    with pytest.raises(UserInvalid):
        store.administration.edit(old, by=BY, vendor_ids=[])


def test_disabling_ends_sessions_and_keys_until_enabled_again(store: ControlStore, kofi: int) -> None:
    token = store.sessions.open(store.users.get("kofi@example.com")).token
    _, key = store.api_keys.add("sheet", by=BY, user="kofi@example.com")
    account = store.administration.get(kofi)
    assert (len(account.sessions), [each.name for each in account.keys]) == (1, ["sheet"])
    account = store.administration.disable(kofi, by=BY)
    assert (account.user.enabled, account.sessions) == (False, ())
    assert store.sessions.resolve(token) is None
    assert store.api_keys.resolve(key) is None
    store.administration.enable(kofi, by=BY)
    assert store.sessions.resolve(token) is None
    assert store.api_keys.resolve(key) is not None
    assert [action for action, _, _ in told(store)][-2:] == ["user.disabled", "user.enabled"]


def test_a_new_password_ends_sessions_and_the_old_password(store: ControlStore, kofi: int) -> None:
    _, first = store.administration.reset_password(kofi, by=BY)
    token = store.sessions.open(store.sign_in.verify("kofi@example.com", first)).token
    _, second = store.administration.reset_password(kofi, by=BY)
    assert store.sessions.resolve(token) is None
    with pytest.raises(NotSignedIn):
        store.sign_in.verify("kofi@example.com", first)
    assert store.sign_in.verify("kofi@example.com", second).user_id == kofi


def test_only_live_sessions_and_keys_are_told(store: ControlStore, kofi: int, clock: HandClock) -> None:
    store.sessions.open(store.users.get("kofi@example.com"))
    store.api_keys.add("short", by=BY, user="kofi@example.com", expires_after=timedelta(hours=1))
    store.api_keys.add("gone", by=BY, user="kofi@example.com")
    store.api_keys.revoke("gone", by=BY)
    assert [each.name for each in store.administration.get(kofi).keys] == ["short"]
    clock.forward(timedelta(hours=8))
    account = store.administration.get(kofi)
    assert (account.sessions, account.keys) == ((), ())
    assert account.last_signed_in_at is not None


@pytest.mark.parametrize(
    "end",
    [
        lambda store, boss: store.administration.disable(boss, by=BY),
        lambda store, boss: store.administration.edit(boss, by=BY, role=Role.ANALYST),
        lambda store, boss: store.administration.edit(boss, by=BY, role=Role.VENDOR, vendor_ids=["1"]),
    ],
)
def test_the_last_admin_who_may_sign_in_stays(
    store: ControlStore, boss: int, kofi: int, end: Callable[[ControlStore, int], object]
) -> None:
    other = store.administration.add("other@example.com", by=BY, role=Role.ADMIN)[0].user.user_id
    store.administration.disable(other, by=BY)
    before = told(store)
    with pytest.raises(LastAdmin):
        end(store, boss)
    assert store.administration.get(boss).user.role is Role.ADMIN
    assert told(store) == before
    store.administration.edit(boss, by=BY, display_name="Still here")
    store.administration.edit(kofi, by=BY, role=Role.ADMIN)
    end(store, boss)


def test_who_is_not_there_is_named_with_the_nearest(store: ControlStore, kofi: int) -> None:
    with pytest.raises(NotFound) as caught:
        store.administration.named("kofy@example.com")
    assert caught.value.nearest == "kofi@example.com"
    with pytest.raises(NotFound):
        store.administration.disable(kofi + 100, by=BY)
