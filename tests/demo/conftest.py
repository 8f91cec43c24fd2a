"""One small shop, loaded once for the tests that only read it, and an empty one to break."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from amalimart.demo import LoadReport, ensure_source, load_report, stop_source

ORDERS = 3_000
SEED = 11
TODAY = date(2025, 6, 16)


@contextmanager
def server_folder() -> Iterator[Path]:
    """A folder for a server, stopped and removed afterwards.

    Not pytest's own: as root the server runs as another user, and every pytest session that starts
    shuts others out of the folder that all sessions share.
    """
    with tempfile.TemporaryDirectory(prefix="amalimart-") as parent:
        folder = Path(parent) / "a shop"
        try:
            yield folder
        finally:
            stop_source(folder)


@dataclass(frozen=True)
class Shop:
    """A running, loaded shop."""

    folder: Path
    dsn: str
    report: LoadReport

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn) as connection:
            return connection.execute(query.encode()).fetchall()

    def value(self, query: str) -> Any:
        return self.rows(query)[0][0]


@pytest.fixture(scope="session")
def shop() -> Iterator[Shop]:
    """The loaded history; tests must not write to it."""
    with server_folder() as folder:
        dsn = ensure_source(folder, ORDERS, SEED, TODAY)
        yield Shop(folder, dsn, load_report(dsn))


@pytest.fixture(scope="session")
def live_dsn() -> Iterator[str]:
    """A second, smaller shop that the live loop may change."""
    with server_folder() as folder:
        yield ensure_source(folder, 1_200, SEED, TODAY)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where a test may put a server of its own; the blank in its name is on purpose."""
    with server_folder() as own:
        yield own
