from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from amalimart.control.store import ControlStore, open_control_store
from amalimart.control.users.passwords import Passwords


class HandClock:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.instant = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.instant

    def forward(self, by: timedelta) -> None:
        self.instant += by


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(scope="session")
def cheap_passwords() -> Passwords:
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory, cheap_passwords: Passwords) -> bytes:
    """A migrated file, made once: migrations take their time."""
    path = tmp_path_factory.mktemp("control") / "control.db"
    open_control_store(path, HandClock(), passwords=cheap_passwords).close()
    return path.read_bytes()


@pytest.fixture
def store(
    tmp_path: Path, clock: HandClock, cheap_passwords: Passwords, empty_database: bytes
) -> Iterator[ControlStore]:
    (tmp_path / "control.db").write_bytes(empty_database)
    opened = open_control_store(tmp_path / "control.db", clock, passwords=cheap_passwords)
    yield opened
    opened.close()
