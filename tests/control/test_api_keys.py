from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from amalimart.access.principal import Role
from amalimart.control.audit.decisions import entries
from amalimart.control.store import ControlStore
from amalimart.control.users.api_keys import ApiKeys
from amalimart.core.errors import ConfigError, NotFound

if TYPE_CHECKING:
    from tests.control.conftest import HandClock

PASSWORD = "long-enough-password"


@pytest.fixture
def keys(store: ControlStore) -> ApiKeys:
    return store.api_keys


def test_a_key_acts_in_its_role_and_with_its_ids(keys: ApiKeys) -> None:
    added, whole = keys.add("shop-17", by="op", role=Role.VENDOR, vendor_ids=["17"])
    holder = keys.resolve(whole)
    assert holder is not None
    assert (holder.principal.subject, holder.principal.role) == ("key:shop-17", Role.VENDOR)
    assert holder.principal.vendor_ids == {"17"}
    assert holder.key.key_id == added.key_id


def test_a_key_may_be_bound_to_businesses(keys: ApiKeys) -> None:
    _, whole = keys.add("shops", by="op", role=Role.VENDOR, business_ids=["b1"])
    holder = keys.resolve(whole)
    assert holder is not None
    assert ([*holder.principal.vendor_ids], [*holder.principal.business_ids]) == ([], ["b1"])


def test_the_file_never_holds_a_key(keys: ApiKeys, tmp_path: Path) -> None:
    _, whole = keys.add("bi", by="op", role=Role.ANALYST)
    assert keys.resolve(whole)
    secret = whole.split("_", 2)[2].encode()
    for file in tmp_path.glob("control.db*"):
        assert secret not in file.read_bytes()


def test_a_revoked_or_expired_key_opens_nothing_at_once(keys: ApiKeys, clock: HandClock) -> None:
    _, revoked = keys.add("one", by="op", role=Role.ANALYST)
    _, short = keys.add("two", by="op", role=Role.ANALYST, expires_after=timedelta(days=1))
    assert keys.resolve(revoked)
    keys.revoke("one", by="op")
    assert keys.resolve(revoked) is None
    clock.forward(timedelta(days=1) - timedelta(seconds=1))
    assert keys.resolve(short)
    clock.forward(timedelta(seconds=1))
    assert keys.resolve(short) is None


def test_a_key_of_a_user_follows_the_user(store: ControlStore) -> None:
    store.users.add("kofi@b.test", display_name="Kofi", role=Role.VENDOR, password=PASSWORD, vendor_ids=["1"])
    _, whole = store.api_keys.add("kofi", by="op", user="Kofi@B.test")
    store.users.update("kofi@b.test", vendor_ids=["2"])
    holder = store.api_keys.resolve(whole)
    assert holder is not None
    assert (holder.principal.subject, sorted(holder.principal.vendor_ids)) == ("kofi@b.test", ["2"])
    store.users.update("kofi@b.test", enabled=False)
    assert store.api_keys.resolve(whole) is None


def test_use_is_noted_once_a_minute(keys: ApiKeys, clock: HandClock) -> None:
    _, whole = keys.add("bi", by="op", role=Role.ANALYST)
    seen = []
    for _ in range(3):
        keys.resolve(whole)
        seen.append(keys.list()[0].last_used_at)
        clock.forward(timedelta(seconds=40))
    start = clock.instant - timedelta(seconds=120)
    assert seen == [start, start, start + timedelta(seconds=80)]


def test_a_name_is_free_again_after_revoking_and_both_are_audited(store: ControlStore) -> None:
    _, first = store.api_keys.add("bi", by="op", role=Role.ANALYST)
    with pytest.raises(ConfigError, match="already"):
        store.api_keys.add("bi", by="op", role=Role.ANALYST)
    store.api_keys.revoke("bi", by="op")
    _, second = store.api_keys.add("bi", by="op", role=Role.ANALYST)
    assert (store.api_keys.resolve(first), store.api_keys.resolve(second) is not None) == (None, True)
    assert [entry.action for entry in entries(store.engine)] == ["key.added", "key.revoked", "key.added"]
    assert first.split("_", 2)[2] not in str([entry.details for entry in entries(store.engine)])


def test_what_is_no_key_is_refused(keys: ApiKeys) -> None:
    with pytest.raises(ConfigError):
        keys.add("Bad Name", by="op", role=Role.ADMIN)
    with pytest.raises(ConfigError):
        keys.add("both", by="op", role=Role.ADMIN, user="a@b.test")
    with pytest.raises(ConfigError):
        keys.add("nobody", by="op")
    with pytest.raises(ConfigError):
        keys.add("blind", by="op", role=Role.VENDOR, delivery_partner_ids=["d1"])
    with pytest.raises(NotFound):
        keys.add("ghost", by="op", user="ghost@b.test")
    keys.add("portal", by="op", role=Role.SERVICE)
    with pytest.raises(NotFound) as caught:
        keys.revoke("portl", by="op")
    assert caught.value.nearest == "portal"
