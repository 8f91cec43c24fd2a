"""Approvals and sign-offs: each is kept with its reason, and in the audit; a sign-in is remembered."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from amalimart.access.principal import Role
from amalimart.control.audit.decisions import entries
from amalimart.control.deciding import Decider
from amalimart.control.store import ControlStore
from amalimart.core.errors import RequestError

if TYPE_CHECKING:
    from tests.control.conftest import HandClock

AMA = Decider("Ama", "local operator")


def test_approvals_and_sign_offs_are_kept_in_their_order_with_the_audit(
    store: ControlStore, clock: HandClock
) -> None:
    first = store.governance.approve("model", "mine", "abc", "0.1.0", AMA, " agreed ")
    clock.forward(timedelta(minutes=1))
    second = store.governance.approve("metric", "gmv", "def", "0.1.0", AMA, "agreed too")
    signed = store.governance.sign_off("hash", 3, AMA, "third quarter")
    assert store.governance.approvals() == (first, second)
    assert (first.reason, first.approved_at) == ("agreed", clock.instant - timedelta(minutes=1))
    assert store.governance.sign_offs() == (signed,)
    assert [(entry.action, entry.details["by"]) for entry in entries(store.engine)] == [
        ("definition.approved", "Ama"),
        ("definition.approved", "Ama"),
        ("access_review.signed_off", "Ama"),
    ]


@pytest.mark.parametrize(
    ("name", "reason"), [("", "why"), ("Ama", "  "), ("A" * 201, "why"), ("Ama", "w" * 2001)]
)
def test_a_word_without_a_name_or_a_reason_is_refused_and_leaves_nothing(
    store: ControlStore, name: str, reason: str
) -> None:
    with pytest.raises(RequestError):
        store.governance.approve("model", "mine", "abc", "0.1.0", Decider(name, "x"), reason)
    with pytest.raises(RequestError):
        store.governance.sign_off("hash", 1, Decider(name, "x"), reason)
    assert store.governance.approvals() == ()
    assert entries(store.engine) == []


def test_when_somebody_last_signed_in_and_what_is_open_is_known(
    store: ControlStore, clock: HandClock
) -> None:
    ama = store.users.add("ama@b.test", display_name="Ama", role=Role.ADMIN, password="long-enough-password")
    store.users.add("kofi@b.test", display_name="Kofi", role=Role.ADMIN, password="long-enough-password")
    store.sessions.open(ama)
    clock.forward(timedelta(hours=1))
    store.sessions.open(ama)
    told = {use.user.email: (use.last_signed_in_at, use.sessions) for use in store.users.uses()}
    assert told == {"ama@b.test": (clock.instant, 2), "kofi@b.test": (None, 0)}
    store.sessions.close_all(ama)
    clock.forward(timedelta(days=1))
    (ama_now, _) = store.users.uses()
    assert (ama_now.last_signed_in_at, ama_now.sessions) == (clock.instant - timedelta(days=1), 0)
