from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from amalimart.access.principal import Role
from amalimart.control.store import ControlStore
from amalimart.control.users.sessions import SessionRule
from amalimart.control.users.user import User

if TYPE_CHECKING:
    from tests.control.conftest import HandClock

RULE = SessionRule()


@pytest.fixture
def user(store: ControlStore) -> User:
    return store.users.add(
        "ama@example.test", display_name="Ama", role=Role.ADMIN, password="correct-horse-battery"
    )


def test_a_token_opens_its_session_and_no_other_does(store: ControlStore, user: User) -> None:
    opened = store.sessions.open(user)
    assert store.sessions.resolve(opened.token) == user
    for token in ("", "x", opened.token[:-1], opened.token + "=", opened.token.swapcase(), "\ud800"):
        assert store.sessions.resolve(token) is None


def test_an_idle_session_ends(store: ControlStore, user: User, clock: HandClock) -> None:
    token = store.sessions.open(user).token
    clock.forward(RULE.idle - timedelta(seconds=1))
    assert store.sessions.resolve(token) == user
    clock.forward(RULE.idle - timedelta(seconds=1))
    assert store.sessions.resolve(token) == user
    clock.forward(RULE.idle)
    assert store.sessions.resolve(token) is None


def test_a_busy_session_ends_at_its_absolute_end(store: ControlStore, user: User, clock: HandClock) -> None:
    opened = store.sessions.open(user)
    while clock.now() + timedelta(hours=7) < opened.expires_at:
        clock.forward(timedelta(hours=7))
        assert store.sessions.resolve(opened.token) == user
    clock.instant = opened.expires_at
    assert store.sessions.resolve(opened.token) is None


def test_a_role_taken_away_holds_from_the_next_request(store: ControlStore, user: User) -> None:
    token = store.sessions.open(user).token
    store.users.update(user.email, role=Role.SUPPORT)
    resolved = store.sessions.resolve(token)
    assert resolved is not None
    assert resolved.role is Role.SUPPORT


@pytest.mark.parametrize("how", ["disabled", "new password", "closed", "all closed"])
def test_a_session_can_be_ended(store: ControlStore, user: User, how: str) -> None:
    token = store.sessions.open(user).token
    if how == "disabled":
        store.users.update(user.email, enabled=False)
    elif how == "new password":
        store.users.update(user.email, password="another-long-password")
    elif how == "closed":
        store.sessions.close(token)
    else:
        store.sessions.close_all(user)
    assert store.sessions.resolve(token) is None


def test_the_file_never_holds_a_token(store: ControlStore, user: User, tmp_path: Path) -> None:
    token = store.sessions.open(user).token
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert token.encode() not in held


def test_a_live_page_does_not_write_at_every_poll(store: ControlStore, user: User, clock: HandClock) -> None:
    token = store.sessions.open(user).token
    seen: list[str] = []
    for _ in range(30):
        clock.forward(timedelta(seconds=10))
        store.sessions.resolve(token)
        with store.engine.connect() as connection:
            seen.append(connection.exec_driver_sql("select last_seen_at from sessions").scalar_one())
    assert len(set(seen)) == 6


def test_ended_sessions_are_cleared_by_the_next_sign_in(
    store: ControlStore, user: User, clock: HandClock
) -> None:
    for _ in range(3):
        store.sessions.open(user)
    clock.forward(RULE.idle)
    store.sessions.open(user)
    with store.engine.connect() as connection:
        assert connection.exec_driver_sql("select count(*) from sessions").scalar_one() == 1
