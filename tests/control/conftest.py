from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from amalimart.control.passwords import Passwords
from amalimart.control.store import ControlStore, open_control_store


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


@pytest.fixture
def store(tmp_path: Path, clock: HandClock, cheap_passwords: Passwords) -> Iterator[ControlStore]:
    opened = open_control_store(tmp_path / "control.db", clock, passwords=cheap_passwords)
    yield opened
    opened.close()
