from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import timedelta
from itertools import pairwise
from threading import Event, Lock
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError

from amalimart.access.principal import Role
from amalimart.control.store import ControlStore
from amalimart.control.users import sign_in
from amalimart.control.users.passwords import Passwords
from amalimart.control.users.sign_in import LockOutRule
from amalimart.core.errors import NotSignedIn

if TYPE_CHECKING:
    from tests.control.conftest import HandClock

PASSWORD = "correct-horse-battery"
EMAIL = "ama@example.test"


@pytest.fixture(autouse=True)
def _user(store: ControlStore) -> None:
    store.users.add(EMAIL, display_name="Ama", role=Role.ADMIN, password=PASSWORD)


def _refusal(store: ControlStore, email: str, password: str) -> str:
    with pytest.raises(NotSignedIn) as caught:
        store.sign_in.verify(email, password)
    return str(caught.value)


def test_the_right_password_signs_in_whatever_the_case_of_the_address(store: ControlStore) -> None:
    assert store.sign_in.verify("AMA@example.test ", PASSWORD).email == EMAIL


def test_unknown_wrong_and_disabled_are_refused_in_the_same_words(store: ControlStore) -> None:
    store.users.add("off@example.test", display_name="Off", role=Role.ADMIN, password=PASSWORD)
    store.users.update("off@example.test", enabled=False)
    refusals = {
        _refusal(store, EMAIL, "wrong-password-x"),
        _refusal(store, "nobody@example.test", PASSWORD),
        _refusal(store, "off@example.test", PASSWORD),
        _refusal(store, "", ""),
        _refusal(store, EMAIL, "x" * 100_000),
        _refusal(store, "\ud800@example.test", "\ud800"),
    }
    assert len(refusals) == 1


def test_an_unknown_user_costs_a_whole_hash(store: ControlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str | None] = []
    matches = Passwords.matches

    def counting(self: Passwords, stored: str | None, password: str) -> bool:
        checked.append(stored)
        return matches(self, stored, password)

    verified: list[str] = []
    hasher = store.sign_in._passwords._hasher
    verify = type(hasher).verify
    monkeypatch.setattr(Passwords, "matches", counting)

    def noting(self: PasswordHasher, stored: str, octets: bytes) -> bool:
        verified.append(stored)
        return bool(verify(self, stored, octets))

    monkeypatch.setattr(type(hasher), "verify", noting)
    _refusal(store, "nobody@example.test", PASSWORD)
    assert checked == [None]
    assert len(verified) == 1
    assert verified[0].startswith("$argon2id$")


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.test"])
def test_the_account_is_locked_known_or_not_and_opens_again(
    store: ControlStore, clock: HandClock, email: str
) -> None:
    for _ in range(5):
        assert "not right" in _refusal(store, email, "wrong-password-x")
    assert "Too many attempts" in _refusal(store, email, PASSWORD)
    assert "try again in 10 seconds" in _refusal(store, email, PASSWORD)
    clock.forward(timedelta(seconds=10))
    if email == EMAIL:
        assert store.sign_in.verify(email, PASSWORD).email == email
    else:
        assert "not right" in _refusal(store, email, PASSWORD)


def test_another_account_is_not_locked_with_it(store: ControlStore) -> None:
    for _ in range(6):
        _refusal(store, "nobody@example.test", "wrong-password-x")
    assert store.sign_in.verify(EMAIL, PASSWORD).email == EMAIL


def test_success_forgets_the_failures(store: ControlStore) -> None:
    for _ in range(3):
        for _ in range(4):
            _refusal(store, EMAIL, "wrong-password-x")
        store.sign_in.verify(EMAIL, PASSWORD)


def test_the_wait_doubles_to_its_limit() -> None:
    rule = LockOutRule()
    waits = [rule.wait(attempts) for attempts in range(1, 60)]
    assert waits[:4] == [timedelta()] * 4
    assert waits[4:7] == [timedelta(seconds=10), timedelta(seconds=20), timedelta(seconds=40)]
    assert all(earlier <= later for earlier, later in pairwise(waits))
    assert waits[-1] == timedelta(minutes=15)


def test_guesses_sent_at_once_do_not_slip_by_the_lock(store: ControlStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        refusals = list(pool.map(lambda n: _refusal(store, EMAIL, f"wrong-password-{n}"), range(24)))
    assert sum("not right" in refusal for refusal in refusals) == 5


def test_only_a_few_passwords_are_checked_at_once_and_a_full_queue_counts_for_nobody(
    store: ControlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "_LONGEST_QUEUE_SECONDS", 0.05)
    inside, together, open_door = Lock(), [0, 0], Event()

    def slow(_self: Passwords, _stored: str | None, _password: str) -> bool:
        with inside:
            together[0] += 1
            together[1] = max(together)
        open_door.wait(10)
        with inside:
            together[0] -= 1
        return False

    monkeypatch.setattr(Passwords, "matches", slow)
    with ThreadPoolExecutor(12) as pool:
        guesses = [pool.submit(_refusal, store, f"u{n}@example.test", PASSWORD) for n in range(12)]
        first = next(as_completed(guesses, timeout=10))
        assert "at this moment" in first.result()
        open_door.set()
    assert together[1] == sign_in.CHECKED_AT_ONCE
    assert "at this moment" not in _refusal(store, "u0@example.test", PASSWORD)
    monkeypatch.undo()
    assert store.sign_in.verify(EMAIL, PASSWORD).email == EMAIL


def test_for_nobody_the_whole_work_of_checking_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the time that an answer takes would tell which addresses have an account."""
    hasher = PasswordHasher(time_cost=2, memory_cost=64, parallelism=1)
    checked = []

    def verify(stored: str, password: bytes) -> bool:
        with pytest.raises(VerifyMismatchError):  # and not: this is no hash
            hasher.verify(stored, password)
        checked.append(stored)
        raise VerifyMismatchError

    passwords = Passwords(hasher)
    monkeypatch.setattr(passwords, "_hasher", SimpleNamespace(verify=verify))
    assert not passwords.matches(None, "whatever it is")
    (drawn,) = checked
    assert extract_parameters(drawn) == extract_parameters(hasher.hash("another password"))
