"""Looking at pages as somebody else: for admins, as long as both may, and audited under both names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from amalimart.access.audit_record import VIEWED_BY
from amalimart.access.principal import Role
from amalimart.control.audit.decisions import entries
from amalimart.control.audit.reading import AuditFilter, list_records
from amalimart.control.store import ControlStore
from amalimart.core.errors import Denied, NotFound, NotSignedIn, UserInvalid
from tests.control.audit_trail import Trail, asked

PASSWORD = "correct-horse-battery"


@pytest.fixture
def token(store: ControlStore) -> str:
    """A session of an admin beside whom there are a vendor and an analyst."""
    for email, role, vendors in (
        ("efua@x.test", Role.ADMIN, []),
        ("kofi@x.test", Role.VENDOR, ["17"]),
        ("abena@x.test", Role.ANALYST, []),
    ):
        store.users.add(email, display_name=email, role=role, password=PASSWORD, vendor_ids=vendors)
    return store.sessions.open(store.users.get("efua@x.test")).token


def test_the_session_asks_as_the_other_until_it_ends(store: ControlStore, token: str) -> None:
    store.viewing.begin_as_user(token, " KOFI@x.test ")
    seen = store.sessions.principal(token)
    assert seen == store.users.get("kofi@x.test").principal
    assert seen is not None
    assert seen.viewed_by == "efua@x.test"
    assert store.sessions.resolve(token) == store.users.get("efua@x.test")
    store.viewing.end(token)
    assert store.sessions.principal(token) == store.users.get("efua@x.test").principal
    store.viewing.end(token)
    told = [(each.action, each.subject, dict(each.details)) for each in entries(store.engine)]
    kofi = store.users.get("kofi@x.test").user_id
    assert told == [
        ("viewing.begun", "efua@x.test", {"user_id": kofi}),
        ("viewing.ended", "efua@x.test", {"user_id": kofi}),
    ]


def test_a_vendor_without_an_account_can_be_looked_as(store: ControlStore, token: str) -> None:
    store.viewing.begin_as_vendors(token, ["99"])
    seen = store.sessions.principal(token)
    assert seen is not None
    assert (seen.role, seen.vendor_ids, seen.viewed_by) == (Role.VENDOR, frozenset({"99"}), "efua@x.test")


def test_nobody_but_an_admin_may_and_not_as_oneself_or_two_at_once(store: ControlStore, token: str) -> None:
    for email in ("kofi@x.test", "abena@x.test"):
        other = store.sessions.open(store.users.get(email)).token
        with pytest.raises(Denied):
            store.viewing.begin_as_user(other, "efua@x.test")
        with pytest.raises(Denied):
            store.viewing.begin_as_vendors(other, ["17"])
    with pytest.raises(NotSignedIn):
        store.viewing.begin_as_user("no-session", "kofi@x.test")
    with pytest.raises(NotFound):
        store.viewing.begin_as_user(token, "nobody@x.test")
    with pytest.raises(UserInvalid):
        store.viewing.begin_as_user(token, "efua@x.test")
    store.viewing.begin_as_user(token, "abena@x.test")
    with pytest.raises(Denied):
        store.viewing.begin_as_user(token, "kofi@x.test")


@pytest.mark.parametrize("change", ["viewed is disabled", "admin loses the role", "admin is disabled"])
def test_where_either_may_no_more_the_session_ends(store: ControlStore, token: str, change: str) -> None:
    store.users.add("second@x.test", display_name="S", role=Role.ADMIN, password=PASSWORD)
    store.viewing.begin_as_user(token, "kofi@x.test")
    match change:
        case "viewed is disabled":
            store.users.update("kofi@x.test", enabled=False)
        case "admin loses the role":
            store.users.update("efua@x.test", role=Role.ANALYST)
        case _:
            store.users.update("efua@x.test", enabled=False)
    assert store.sessions.principal(token) is None
    assert store.sessions.resolve(token) is None


def test_a_record_is_found_by_both_names_and_the_chain_holds(tmp_path: Path) -> None:
    trail = Trail(tmp_path)
    trail.log.record(replace(asked("gmv", "kofi@x.test"), viewed_by="Efua@x.test"))
    trail.log.record(asked("gmv", "kofi@x.test"))
    trail.log.record(asked("gmv", "efua@x.test"))

    def found(subject: str) -> list[int]:
        records = list_records(trail.engine, trail.keys, AuditFilter(subject=subject), 10)
        return [each.record.sequence for each in records]

    assert found("kofi@x.test") == [2, 1]
    assert found("efua@x.test") == [3, 1]
    shape = list_records(trail.engine, trail.keys, AuditFilter(), 10)[-1].shape
    assert shape is not None
    assert shape[VIEWED_BY] == trail.keys.subject("efua@x.test")
    assert "efua" not in str(shape)
    assert trail.verify().is_whole
    trail.close()
