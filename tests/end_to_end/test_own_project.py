"""Life beyond the demo: a project of one's own on a database, run by `up`, outliving its processes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from amalimart.demo import ensure_source, stop_source
from amalimart.orchestrate.project.runtime_files import read_report
from tests.end_to_end.running_demo import amalimart, free_port

WAIT_SECONDS = 60.0

pytestmark = pytest.mark.slow


@dataclass
class OwnProject:
    """A project folder, the shop's database behind it, and the running `up`."""

    home: Path
    shop: str
    address: str
    process: subprocess.Popen[bytes]
    password: str

    def ask(self, *arguments: str) -> dict[str, Any]:
        ended = run(*arguments, "--home", str(self.home), "--json")
        assert ended.returncode == 0, ended.stderr
        return dict(json.loads(ended.stdout))

    def pid(self, process: str) -> int:
        report = read_report(self.home / "run", process)
        return report.pid if report else 0


def run(*arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(amalimart(*arguments), input=given, capture_output=True, text=True, check=False)


def wait_for(what: str, holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def project() -> Iterator[OwnProject]:
    with tempfile.TemporaryDirectory(prefix="amalimart-own-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        home, database = folder / "home", folder / "shop"
        dsn = ensure_source(database, 300, 7, date(2026, 3, 1))
        port = free_port()
        try:
            assert run("init", str(home), "--name", "Own shop", "--port", str(port)).returncode == 0
            add = ("source", "add", "shop", "--kind", "postgres", "--mapping", "demo", "--url-from-stdin")
            added = run(*add, "--home", str(home), given=dsn)
            assert added.returncode == 0, added.stderr
            user = run("user", "add", "ama@shop.example", "--role", "admin", "--home", str(home), "--json")
            process = subprocess.Popen(
                amalimart("up", "--home", str(home)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            password = str(json.loads(user.stdout)["password"])
            own = OwnProject(home, dsn, f"http://127.0.0.1:{port}", process, password)
            wait_for("the first release", lambda: own.pid("engine") > 0 and phase(own) == "live")
            yield own
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0
        finally:
            stop_source(database)


def phase(own: OwnProject) -> str:
    ended = run("status", "--home", str(own.home), "--json")
    return str(json.loads(ended.stdout)["phase"]) if ended.returncode == 0 else "unreachable"


def insert_order(own: OwnProject) -> None:
    with psycopg.connect(own.shop) as shop:
        shop.execute(
            "insert into orders (customer_id, order_date, status, total_amount, currency)"
            " select user_id, now(), 'PENDING', 12.34, 'GHS' from users limit 1"
        )


def orders(own: OwnProject) -> int:
    return int(own.ask("query", "order_count", "--total")["rows"][0][0])


def test_a_person_signs_in_with_the_password_that_was_shown_once(project: OwnProject) -> None:
    own_site = {"Origin": project.address}
    with httpx.Client(base_url=project.address, headers=own_site, follow_redirects=True) as browser:
        assert browser.get("/api/v1/metrics").status_code == 401
        form = {"email": "ama@shop.example", "password": project.password}
        page = browser.post("/sign-in", data=form)
        assert page.status_code == 200
        assert "Own shop" in page.text
        answer = browser.post("/api/v1/query", json={"metrics": ["gmv"], "by": []})
        with psycopg.connect(project.shop) as shop:
            row = shop.execute(
                "select sum(total_amount) from orders where not coalesce(is_test, false)"
            ).fetchone()
        assert row is not None
        assert answer.json()["rows"] == [[str(row[0])]]
        assert browser.get("/").status_code == 200


def test_no_one_click_sign_in_outside_the_demo(project: OwnProject) -> None:
    page = httpx.get(f"{project.address}/sign-in")
    assert "demo on a simulated marketplace" not in page.text


def test_a_row_of_the_shop_reaches_the_answer(project: OwnProject) -> None:
    before = orders(project)
    insert_order(project)
    wait_for("the new order", lambda: orders(project) == before + 1)


def test_a_killed_ingest_process_is_started_again_and_loses_nothing(project: OwnProject) -> None:
    before, killed = orders(project), project.pid("ingest-shop")
    os.kill(killed, signal.SIGKILL)
    insert_order(project)
    wait_for("the new order", lambda: orders(project) == before + 1)
    assert project.pid("ingest-shop") not in {0, killed}


def test_a_killed_engine_is_started_again_with_its_release(project: OwnProject) -> None:
    before, killed = project.ask("status")["release_id"], project.pid("engine")
    os.kill(killed, signal.SIGKILL)
    wait_for("the engine", lambda: project.pid("engine") not in {0, killed} and phase(project) == "live")
    assert project.ask("status")["release_id"] >= before


def test_a_source_that_goes_away_is_reported_while_the_last_release_serves(project: OwnProject) -> None:
    serving = orders(project)
    stop_source(project.home.parent / "shop")
    wait_for("the trouble", lambda: project.ask("status")["sources"][0]["state"] == "failing")
    assert orders(project) == serving
    assert project.ask("status")["sources"][0]["error"]
    ensure_source(project.home.parent / "shop", 300, 7, date(2026, 3, 1))
    wait_for("the source", lambda: project.ask("status")["sources"][0]["state"] == "following")


def figures(own: OwnProject) -> str:
    ended = run("telemetry", "--home", str(own.home))
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_what_all_processes_have_counted_is_read_at_one_place_with_a_token(project: OwnProject) -> None:
    wait_for("the ingest's figures", lambda: "amalimart_ingest_rows_total" in figures(project))
    text = figures(project)
    for line in (
        'amalimart_process_up{process="engine"} 1.0',
        'amalimart_process_up{process="ingest-shop"} 1.0',
        'amalimart_process_start_time_seconds{process="ingest-shop"}',
        'amalimart_source_lag_seconds{source="shop"}',
        'amalimart_quarantine_ratio{source="shop"}',
        'amalimart_query_seconds_count{door="socket",outcome="answered"}',
        "amalimart_open_sessions",
    ):
        assert line in text
    assert re.search(r"^amalimart_release_id [1-9]", text, re.MULTILINE)
    token = dict(line.split("=", 1) for line in (project.home / "secrets.env").read_text().splitlines())[
        "METRICS_TOKEN"
    ]
    assert httpx.get(f"{project.address}/metrics").status_code == 401
    opened = httpx.get(f"{project.address}/metrics", headers={"Authorization": f"Bearer {token}"})
    assert opened.status_code == 200
    assert "amalimart_ingest_rows_total" in opened.text


def test_nobody_of_the_shop_and_no_secret_is_in_a_log_or_a_figure(project: OwnProject) -> None:
    with psycopg.connect(project.shop) as shop:
        people = shop.execute(
            "select email, phone, full_name, password_hash, reset_token from users"
        ).fetchall()
    secrets = [line.split("=", 1)[1] for line in (project.home / "secrets.env").read_text().splitlines()]
    logs = (path for path in (project.home / "logs").rglob("*") if path.is_file())
    seen = figures(project) + "".join(path.read_text() for path in logs)
    assert "ingest failed" in seen
    assert "release published" in seen
    told = {str(value) for person in people for value in person if value} | {project.password, *secrets}
    assert len(told) > 100
    assert [value for value in told if value in seen] == []
