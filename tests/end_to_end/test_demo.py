"""The demo as a person runs it: one command, real processes, numbers held against the shop itself."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser

from tests.end_to_end.running_demo import RunningDemo, amalimart, running_demo

ORDERS = 20_000
LARGEST_PICTURE = 300_000  # bytes: the README's pictures load at once
PICTURES = [("admin-light", 1440, 1000, 1), ("admin-dark", 1440, 1000, 1), ("admin-phone", 390, 844, 2)]


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A folder outside pytest's own: as root the embedded server runs as another user, who must reach it."""
    with tempfile.TemporaryDirectory(prefix="amalimart-demo-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "home"


@pytest.fixture(scope="module")
def demo(home: Path) -> Iterator[RunningDemo]:
    with running_demo(home, "--live-rate", "0.15", orders=ORDERS) as running:
        running.wait_until_open()
        yield running


def ask(demo: RunningDemo, *arguments: str) -> dict[str, Any]:
    ended = subprocess.run(
        amalimart(*arguments, "--home", str(demo.home), "--json"), capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return dict(json.loads(ended.stdout))


def shop_value(demo: RunningDemo, sql: str) -> Any:
    with psycopg.connect(demo.shop) as shop:
        row = shop.execute(sql).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.browser
@pytest.mark.parametrize(("name", "width", "height", "scale"), PICTURES)
def test_the_first_screen_for_the_readme(
    demo: RunningDemo, browser: Browser, pictures: Path, name: str, width: int, height: int, scale: int
) -> None:
    page = browser.new_page(
        viewport={"width": width, "height": height},
        color_scheme="dark" if name.endswith("dark") else "light",
        device_scale_factor=scale,
    )
    page.goto(f"{demo.address}/sign-in")
    page.click('button[value^="admin@"]')
    page.wait_for_selector('#tiles[aria-busy="false"]:not([data-waiting])')
    page.wait_for_function(
        """() => [...document.querySelectorAll('[data-type="trend"][data-status="ok"] .chart')]
            .every((chart) => chart.dataset.drawn)"""
    )
    picture = page.screenshot(path=pictures / f"{name}.png")
    assert 20_000 < len(picture) < LARGEST_PICTURE
    page.close()


def test_numbers_equal_the_shop_to_the_cent(demo: RunningDemo) -> None:
    """Asked for days that live orders no longer touch, against SQL on the source database."""
    last_day = shop_value(demo, "select (max(order_date) - interval '5 days')::date::text from orders")
    answer = ask(demo, "query", "gmv", "order_count", "--total", "--from", "2000-01-01", "--to", last_day)
    gmv, orders = answer["rows"][0]
    day = "(order_date at time zone 'Africa/Accra')::date"
    where = f"where not coalesce(is_test, false) and {day} <= '{last_day}'"
    assert Decimal(gmv) == shop_value(demo, f"select sum(total_amount) from orders {where}")
    assert orders == shop_value(demo, f"select count(*) from orders {where}")


def test_a_live_order_reaches_the_numbers(demo: RunningDemo) -> None:
    before = ask(demo, "query", "order_count", "--total")
    started = time.monotonic()
    while (now := ask(demo, "query", "order_count", "--total"))["rows"][0][0] <= before["rows"][0][0]:
        assert time.monotonic() - started < 60
        time.sleep(0.5)
    assert now["receipt"]["release_id"] > before["receipt"]["release_id"]


@pytest.mark.browser
def test_the_page_shows_the_shops_figures_and_follows_it_without_reload(
    demo: RunningDemo, browser: Browser
) -> None:
    """Signed in by one click; held against SQL on the shop; then left alone while live orders arrive."""
    page = browser.new_page(viewport={"width": 1440, "height": 1000}, color_scheme="light")
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.goto(f"{demo.address}/sign-in")
    page.click('button[value^="admin@"]')
    page.wait_for_url("**/dashboards/admin**")
    day = "(order_date at time zone 'Africa/Accra')::date"
    last = shop_value(demo, f"select (max({day}) - 5)::text from orders")
    first = shop_value(demo, f"select (max({day}) - 34)::text from orders")
    page.goto(f"{demo.address}/dashboards/admin?range=custom&from={first}&to={last}")
    card = page.locator('[data-tile="orders"] .value')
    card.wait_for()
    placed = shop_value(
        demo,
        f"select count(*) from orders where is_test is not true and {day} between '{first}' and '{last}'",
    )
    assert card.inner_text().replace(",", "") == str(placed)

    page.goto(f"{demo.address}/dashboards/admin?range=last_7_days")
    page.wait_for_selector('#tiles[aria-busy="false"]:not([data-waiting])')
    page.evaluate("window.neverReloaded = true")
    before = card.inner_text()
    page.wait_for_function(
        """(before) => document.querySelector('[data-tile="orders"] .value').innerText !== before""",
        arg=before,
        timeout=60_000,
    )
    assert page.evaluate("window.neverReloaded") is True
    assert complaints == []
    page.close()


@pytest.mark.slow
def test_status_and_doctor_say_that_all_is_well(demo: RunningDemo) -> None:
    status = ask(demo, "status")
    assert status["engine"] == demo.address
    assert [(source["state"], source["error"]) for source in status["sources"]] == [("following", None)]
    assert (status["phase"], status["release_id"] > 0) == ("live", True)
    findings = ask_list(demo, "doctor")
    assert {finding["verdict"] for finding in findings} <= {"ok", "note"}


def ask_list(demo: RunningDemo, *arguments: str) -> list[dict[str, Any]]:
    ended = subprocess.run(
        amalimart(*arguments, "--home", str(demo.home), "--json"), capture_output=True, text=True, check=False
    )
    return list(json.loads(ended.stdout))


def test_a_second_start_on_the_same_folder_is_refused_and_says_where_it_runs(demo: RunningDemo) -> None:
    ended = subprocess.run(
        amalimart("demo", "--home", str(demo.home), "--orders", str(ORDERS)),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 8
    assert "running already" in ended.stderr
    assert demo.address in ended.stderr


def test_a_vendor_sees_only_its_own_rows(demo: RunningDemo) -> None:
    everyone = ask(demo, "query", "item_gmv", "--by", "vendor")
    mine = ask(demo, "query", "item_gmv", "--by", "vendor", "--as", "vendor.small@amalimart.example")
    assert len(mine["rows"]) == 1 < len(everyone["rows"])
    denied = subprocess.run(
        amalimart("query", "gmv", "--home", str(demo.home), "--as", "vendor.small@amalimart.example"),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert denied.returncode == 7


def test_no_secret_of_the_shop_is_in_any_file_but_the_shops_own(demo: RunningDemo) -> None:
    with psycopg.connect(demo.shop) as shop:
        secrets = [row[0] for row in shop.execute("select password_hash from users limit 50").fetchall()]
        secrets += [
            row[0] for row in shop.execute("select account_number from vendor_payout_accounts").fetchall()
        ]
    needles = [secret.encode() for secret in secrets if secret and len(secret) >= 8]
    assert len(needles) > 20
    for path in demo.home.rglob("*"):
        if path.is_file() and (demo.home / "shop") not in path.parents:
            content = path.read_bytes()
            assert not [needle for needle in needles if needle in content], path


@pytest.mark.slow
def test_ctrl_c_stops_everything_and_the_next_start_reuses_what_is_there(
    home: Path, demo: RunningDemo
) -> None:
    orders = ask(demo, "query", "order_count", "--total")["rows"][0][0]
    assert demo.interrupt() == 0
    deadline = time.monotonic() + 10
    while demo.processes() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert demo.processes() == []
    with running_demo(home, "--live-rate", "0", orders=ORDERS) as again:
        again.wait_until_open()
        assert ask(again, "query", "order_count", "--total")["rows"][0][0] >= orders
        assert "snapshot of shop" not in again.printed
    ended = subprocess.run(
        amalimart("demo", "--home", str(home), "--reset"), capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert not home.exists()
