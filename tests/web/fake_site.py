"""A site on the fake marketplace: control database, demo users and a server on a free port."""

from __future__ import annotations

import contextlib
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import uvicorn
from argon2 import PasswordHasher
from fastapi import FastAPI

from amalimart.access.principal import Role
from amalimart.api.dashboards.library import DashboardLibrary, load_dashboards
from amalimart.api.ports.coming_in import DemoAccount
from amalimart.api.ports.site import SiteSettings
from amalimart.api.scorecards.library import ScorecardLibrary, load_scorecards
from amalimart.api.services import AppServices
from amalimart.control.store import ControlStore, open_control_store
from amalimart.control.users.passwords import Passwords
from amalimart.core.clock import FixedClock
from tests.web.fake_marketplace import NOON, FakeMarketplace

PASSWORD = "correct-horse-battery"
ACCOUNTS = (
    ("admin@demo.test", "Efua Mensah", Role.ADMIN, "The whole marketplace"),
    ("executive@demo.test", "Yaw Boateng", Role.EXECUTIVE, "The day in a minute"),
    ("vendor@demo.test", "Ama Serwaa", Role.VENDOR, "Own products, sales and returns"),
    ("support@demo.test", "Kojo Antwi", Role.SUPPORT, "Requests, late and failed orders"),
    ("delivery@demo.test", "Swift Riders", Role.DELIVERY, "Own parcels, punctuality and fees"),
    ("analyst@demo.test", "Abena Owusu", Role.ANALYST, "Customers, cohorts and fulfilment"),
)


@cache
def _users_file() -> bytes:
    """A control database with the demo users, made once: migrations and hashes take their time."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "control.db"
        control = open_control_store(path, FixedClock(NOON), passwords=_passwords())
        for email, name, role, _ in ACCOUNTS:
            control.users.add(email, display_name=name, role=role, password=PASSWORD)
        control.close()
        return path.read_bytes()


@cache
def _dashboards() -> DashboardLibrary:
    return load_dashboards()


@cache
def _scorecards() -> ScorecardLibrary:
    return load_scorecards()


@cache
def _passwords() -> Passwords:
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def make_control(folder: Path) -> ControlStore:
    """A control database with the demo users and one password, hashed cheaply."""
    path = folder / "control.db"
    path.write_bytes(_users_file())
    return open_control_store(path, FixedClock(NOON), passwords=_passwords())


def make_services(
    folder: Path, marketplace: FakeMarketplace, *, is_demo: bool = True, cache: Path | None = None
) -> AppServices:
    """Services on a fake marketplace. Close `services.control` when done."""
    offered = tuple(DemoAccount(email, sees) for email, _, _, sees in ACCOUNTS)
    return AppServices(
        semantic=marketplace,
        control=make_control(folder),
        clock=FixedClock(NOON),
        settings=SiteSettings(
            marketplace_name="Amalimart",
            zone=ZoneInfo("Africa/Accra"),
            currency="GHS",
            cache_folder=cache or folder / "cache",
            poll_seconds=1,
        ),
        dashboards=_dashboards(),
        scorecards=_scorecards(),
        releases=marketplace,
        status=marketplace.status,
        demo_accounts=offered if is_demo else (),
    )


@dataclass(frozen=True, slots=True)
class RunningSite:
    """A served site."""

    url: str
    services: AppServices


@contextlib.contextmanager
def serving(app: FastAPI, port: int = 0) -> Iterator[str]:
    """The address of the application while the block runs."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="warning", lifespan="on", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


def with_settings(services: AppServices, **changes: object) -> AppServices:
    """The services with some settings changed."""
    return replace(services, settings=replace(services.settings, **changes))  # type: ignore[arg-type]
