"""A small shop full of canaries: values that may be in the lake and in answers, but in no log or figure.

It is ingested by the ingest loop, built by the refresh loop, breaks a model with them, and is asked by a
browser, all in this process.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from logging.handlers import RotatingFileHandler
from pathlib import Path

import pytest

from amalimart.access.principal import Role
from amalimart.api.ports.site import Figures
from amalimart.config.project import Project, open_project
from amalimart.config.source_settings import SourceSettings
from amalimart.control.store import open_control_store
from amalimart.core.clock import SystemClock
from amalimart.observe.exposition import KeptExposition
from amalimart.observe.instruments import Owner
from amalimart.observe.logs import log_to_file
from amalimart.orchestrate.engine import Engine
from amalimart.orchestrate.project.init import add_source, init_project
from amalimart.orchestrate.project.runtime_files import figures_file
from amalimart.orchestrate.releases.refresh_loop import RefreshLoop
from amalimart.processes.figures import ProjectFigures, exposition
from amalimart.processes.ingest import IngestLoop
from amalimart.processes.services import build_services
from amalimart.warehouse.releases.blocked_builds import blocked_builds
from amalimart.web.site import create_site
from tests.observe.recorded import recorded
from tests.web.asgi_client import TestClient

MAPPING = """\
mapping: shop
description: One table.
time_zone: Africa/Accra
tables: {orders: {}}
entities:
  orders:
    table: orders
    columns:
      order_id: id
      customer_id: buyer
      order_date: placed
      total_amount: total
      status: state
      currency: {constant: GHS}
"""
BROKEN = {
    "of_text": "select cast(order_id as integer) as number from {{ ref('stg_orders') }}",
    "of_time": "select cast(customer_id as date) as day from {{ ref('stg_orders') }}",
    "of_words": "select error('the buyer is ' || customer_id) as word from {{ ref('stg_orders') }}",
    "of_pattern": "select strptime(min(order_id), '%Y') as day from {{ ref('stg_orders') }}",
}
ADDRESS = "http://127.0.0.1"
ORIGIN = {"Origin": ADDRESS}


@dataclass
class Canaries:
    """What must not be seen, by what it stands for."""

    email: str = "kofi.canary@shop-canary.test"
    phone: str = "+233244123457"
    name: str = 'Kofi O\'Canary "the bird"'
    source_password: str = "pw-canary-8c1f"
    secret: str = "api-canary-77aa"
    filter_value: str = "filter-canary-value"
    typed_password: str = "typed-canary-pass"
    stranger: str = "stranger.canary@elsewhere.test"
    of_the_run: dict[str, str] = field(default_factory=dict)

    def seen_in(self, text: str) -> set[str]:
        """Which of them stand in a text, whole or in a part that tells enough."""
        known = {
            "email": ("kofi.canary", "shop-canary"),
            "phone": ("244123457",),
            "name": ("Canary", "the bird"),
            "source password": (self.source_password,),
            "secret": (self.secret,),
            "filter": (self.filter_value,),
            "typed password": (self.typed_password,),
            "stranger": ("stranger.canary",),
        } | {what: (value,) for what, value in self.of_the_run.items()}
        return {what for what, parts in known.items() if any(part in text for part in parts)}


class CanaryShop:
    """The shop, and everything that its processes would leave behind."""

    def __init__(self, folder: Path) -> None:
        self.canaries = Canaries()
        self.home = folder / "home"
        self.traced: list[str] = []
        init_project(self.home)
        (self.home / "sources" / "shop.yml").write_text(MAPPING)
        self._drop(folder / "drops")
        project = add_source(
            open_project(self.home),
            "shop",
            SourceSettings(kind="files", mapping="shop", folder=folder / "drops", poll_seconds=0.2),
        )
        self.project: Project = add_source(
            project,
            "away",
            SourceSettings(kind="postgres", mapping="shop", url="secret:AWAY_URL"),
            f"postgresql://shop:{self.canaries.source_password}@127.0.0.1:1/shop?application_name=x",
        )

    def _drop(self, folder: Path) -> None:
        folder.mkdir()
        name = '"' + self.canaries.name.replace('"', '""') + '"'
        rows = [
            f"{self.canaries.email},{name},2026-03-01,10.00,PENDING",
            f"{self.canaries.phone},7,2026-03-01,20.00,PENDING",
        ]
        (folder / "orders.csv").write_text("id,buyer,placed,total,state\n" + "\n".join(rows) + "\n")

    @property
    def logs(self) -> str:
        return "".join(path.read_text() for path in sorted((self.home / "logs").iterdir()))

    @property
    def blocked(self) -> str:
        engine = Engine(self.project, SystemClock())
        try:
            with engine.hot_file.records() as cursor:
                return "\n".join(
                    f"{build.code}: {build.what} {build.where}" for build in blocked_builds(cursor, 50)
                )
        finally:
            engine.close()

    def ingest(self) -> None:
        """Both sources, each as its own process would: one lands its rows, the other is not reached."""
        for name, is_done in (("shop", "committed"), ("away", "ingest failed")):
            process = f"ingest-{name}"
            _log_to(self.project.logs, process)
            log = self.project.logs / f"{process}.log"
            stop = threading.Event()
            with recorded(Owner.INGEST, process) as seen:
                with KeptExposition(figures_file(self.project.run, process), seen.telemetry.exposition):
                    loop = threading.Thread(target=IngestLoop(self.project, name, stop).run)
                    loop.start()
                    _wait(partial(_says, log, is_done))
                    stop.set()
                    loop.join()
                self.traced.append(seen.everything())

    def build(
        self, loop: RefreshLoop, engine: Engine, patch: pytest.MonkeyPatch, broken: Sequence[str]
    ) -> None:
        """A release, models that break on the canaries, and a defect that speaks of them."""
        assert loop.refresh_once()
        for name in broken:
            sql = BROKEN[name]
            model = self.home / "models" / f"{name}.sql"
            model.write_text("{{ config(schema='gold') }}\n" + sql + "\n")
            assert not loop.refresh_once()
            model.unlink()

        def defect(*_: object) -> None:
            raise KeyError(self.canaries.name) from ValueError(self.canaries.email)

        with patch.context() as defective:
            defective.setattr(engine, "refresh", defect)
            assert not loop.refresh_once()
        assert loop.refresh_once()

    def browse(self, site: TestClient, patch: pytest.MonkeyPatch, services: object) -> None:
        """A wrong sign-in, a right one, questions with a value to filter by, and a page that breaks."""
        canaries = self.canaries
        wrong = {"email": canaries.stranger, "password": canaries.typed_password}
        assert site.post("/sign-in", data=wrong, headers=ORIGIN).status_code == 401
        right = {"email": canaries.email, "password": canaries.typed_password}
        assert site.post("/sign-in", data=right, headers=ORIGIN).status_code == 303
        canaries.of_the_run["session"] = site.cookies["amalimart_session"]
        asked = {"metrics": ["gmv", canaries.filter_value], "by": []}
        assert site.post("/api/v1/query", json=asked, headers=ORIGIN).status_code == 404
        condition = {"dimension": "payment_method", "values": [canaries.filter_value]}
        filtered = {"metrics": ["gmv"], "by": [], "filters": [condition]}
        site.post("/api/v1/query", json=filtered, headers=ORIGIN)
        site.get(f"/api/v1/dashboards/{canaries.filter_value}", headers={"X-Api-Key": canaries.secret})
        site.get("/api/v1/dimensions/vendor/values", params={"search": canaries.filter_value})
        site.get("/metrics", headers={"Authorization": f"Bearer {canaries.secret}"})

        def defect(*_: object) -> None:
            raise RuntimeError(canaries.name, canaries.of_the_run["session"], canaries.secret)

        with patch.context() as broken:
            broken.setattr(type(services.semantic), "metrics", defect)  # type: ignore[attr-defined]
            assert site.get("/api/v1/metrics").status_code == 500

    def live(self, patch: pytest.MonkeyPatch, broken: Sequence[str]) -> None:
        """All of it, with models that break one after the other."""
        self.ingest()
        clock = SystemClock()
        _log_to(self.project.logs, "engine")
        control = open_control_store(self.project.control_database, clock)
        engine = Engine(self.project, clock)
        loop = RefreshLoop(engine)
        try:
            with recorded() as seen:
                self.build(loop, engine, patch, broken)
                control.users.add(
                    self.canaries.email,
                    display_name=self.canaries.name,
                    role=Role.ADMIN,
                    password=self.canaries.typed_password,
                )
                figures = Figures(lambda: exposition(self.project, seen.telemetry), secrets.token_hex(8))
                services = build_services(self.project, engine, loop, control, clock, figures=figures)
                ProjectFigures(self.project, engine, loop, control, clock).watch()
                site = TestClient(
                    create_site(services),
                    base_url=ADDRESS,
                    follow_redirects=False,
                    raise_server_exceptions=False,
                )
                self.browse(site, patch, services)
                logging.getLogger("amalimart.any").error(
                    "cannot reach %s", f"postgresql://x:{self.canaries.source_password}@db/x"
                )
                self.traced += [figures.exposition(), seen.everything()]
        finally:
            engine.close()
            control.close()

    @property
    def everything(self) -> dict[str, str]:
        return {
            "logs": self.logs,
            "figures and spans": "\n".join(self.traced),
            "blocked builds": self.blocked,
        }


def _log_to(folder: Path, process: str) -> None:
    """As a process of its own would; the log of the one before is closed."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, RotatingFileHandler):
            handler.close()
    log_to_file(folder, process)


def _says(log: Path, event: str) -> bool:
    return event in log.read_text()


def _wait(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
