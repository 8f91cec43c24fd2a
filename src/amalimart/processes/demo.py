"""The demo: the product's own path, with a simulated shop as its source.

Makes a project, starts and fills the shop, registers the demo's accounts, and runs the project with
one more process that keeps the shop selling. Everything lives in one folder and is reused next time.
"""

from __future__ import annotations

import json
import shutil
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from amalimart.access.principal import Role
from amalimart.config.project import SETTINGS_FILE, Project, open_project
from amalimart.config.secrets import write_secret
from amalimart.config.source_settings import SourceSettings
from amalimart.control.store import open_control_store
from amalimart.control.users.passwords import new_password
from amalimart.core.clock import SystemClock, business_day
from amalimart.core.errors import ConfigError, EngineUnavailable, NotFound
from amalimart.demo.accounts import DemoAccount as ShopAccount
from amalimart.demo.accounts import demo_accounts
from amalimart.demo.source import ensure_source, stop_source
from amalimart.observe.progress import step
from amalimart.orchestrate.project.init import add_source, init_project
from amalimart.orchestrate.project.runtime_files import read_report
from amalimart.processes.client import EngineClient
from amalimart.processes.engine import DEMO_ACCOUNTS_FILE
from amalimart.processes.supervisor import ProcessSpec
from amalimart.processes.up import check_before_start, run_project

SOURCE = "shop"
_SECRET = "SHOP_URL"  # noqa: S105 - the name of a secret
_SEED = 20_240_817
_SEES = {
    Role.ADMIN: "the whole marketplace: sales, payments, vendors, deliveries",
    Role.EXECUTIVE: "the day in a few figures",
    Role.VENDOR: "only its own products, sales and returns",
    Role.SUPPORT: "delayed and failed orders, requests by category",
    Role.DELIVERY: "only this partner's own shipments",
    Role.ANALYST: "everything but personal data",
}


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What may be chosen: where it lives, how many past orders, which port, live orders a second."""

    home: Path
    orders: int
    port: int
    live_rate: float


def run_demo(options: DemoOptions) -> None:
    """Run the demo until Ctrl-C. Raises a typed error where it cannot start."""
    project = _project(options)
    if read_report(project.run, "engine") is None:
        shop = options.home / "shop"
        try:
            dsn = _prepare(project, options, shop)
            check_before_start(project)
            threading.Thread(target=_announce, args=(project,), daemon=True).start()
            run_project(project, _live_orders(dsn, options.live_rate))
        finally:
            stop_source(shop)
    else:
        check_before_start(project)  # says that it runs already, and where


def reset_demo(home: Path) -> bool:
    """Remove the demo's folder; True where there was one. Raises EngineUnavailable while it runs."""
    if not home.exists():
        return False
    if not (home / SETTINGS_FILE).is_file() or not (home / "shop").exists():
        raise ConfigError(
            "this folder was not made by the demo, so it stays",
            where=str(home),
            next_step="remove it by hand if you are sure",
        )
    if read_report(home / "run", "engine") is not None:
        raise EngineUnavailable("the demo is running", where=str(home), next_step="stop it with Ctrl-C first")
    stop_source(home / "shop")
    shutil.rmtree(home)
    return True


def _project(options: DemoOptions) -> Project:
    if not (options.home / SETTINGS_FILE).is_file():
        (options.home / "shop").mkdir(parents=True, exist_ok=True)
        project = init_project(options.home, name="Amalimart demo", country="GH", port=options.port)
        settings = SourceSettings(kind="postgres", mapping="demo", url=f"secret:{_SECRET}", poll_seconds=1.0)
        return add_source(project, SOURCE, settings)
    project = open_project(options.home)
    if project.settings.serve.port != options.port:
        text = project.settings_file.read_text().replace(
            f"port: {project.settings.serve.port}", f"port: {options.port}"
        )
        project.settings_file.write_text(text)
        project = open_project(options.home)
    return project


def _prepare(project: Project, options: DemoOptions, shop: Path) -> str:
    clock = SystemClock()
    today = business_day(clock, project.zone)
    with step("simulated shop in an embedded PostgreSQL") as shown:
        dsn = ensure_source(shop, options.orders, _SEED, today, shown)
        shown.summary = f"{options.orders:,} orders"
    write_secret(project.home, _SECRET, dsn)
    _register(project, demo_accounts(dsn), clock)
    return dsn


def _register(project: Project, accounts: list[ShopAccount], clock: SystemClock) -> None:
    """Make the demo's accounts, once; their passwords are random and known to nobody.

    The sign-in page of a demo opens them by one click, which is why the engine offers that only
    while this list is in the run folder, and only a demo writes it.
    """
    control = open_control_store(project.control_database, clock)
    try:
        for account in accounts:
            try:
                control.users.get(account.email)
            except NotFound:
                control.users.add(
                    account.email,
                    display_name=account.display_name,
                    role=Role(account.role),
                    password=new_password(),
                    vendor_ids=account.vendor_ids,
                    delivery_partner_ids=account.delivery_partner_ids,
                )
    finally:
        control.close()
    offered = [{"email": account.email, "sees": _SEES[Role(account.role)]} for account in accounts]
    project.run.mkdir(parents=True, exist_ok=True)
    (project.run / DEMO_ACCOUNTS_FILE).write_text(json.dumps(offered))


def _live_orders(dsn: str, rate: float) -> list[ProcessSpec]:
    if rate == 0:
        return []
    return [ProcessSpec("live orders", "amalimart.demo.live", ("--dsn", dsn, "--rate", str(rate)))]


def _announce(project: Project) -> None:
    """Say that the first page is there, as soon as it is."""
    with step("first release and first page") as shown:
        while not _is_live(project):
            time.sleep(0.2)
            shown(0, 0, "waiting for the engine")
    serve = project.settings.serve
    sys.stderr.write(f"\n  Open http://{serve.host}:{serve.port} · Ctrl-C stops everything\n\n")


def _is_live(project: Project) -> bool:
    if read_report(project.run, "engine") is None:
        return False
    try:
        with EngineClient(project) as client:
            return bool(client.get("/status")["phase"] == "live")
    except EngineUnavailable:
        return False
