"""Starting, reusing, refusing, rebuilding and stopping the shop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import warnings
from datetime import date
from pathlib import Path

import psycopg
import pytest

from amalimart.core.errors import ConfigError, RuntimeTrouble, SourceUnreachable
from amalimart.demo import demo_accounts, ensure_source, load_report, stop_source
from amalimart.demo.embedded_postgres import running_process, start_server

TODAY = date(2025, 6, 16)


def _orders(dsn: str) -> int:
    with psycopg.connect(dsn) as shop:
        row = shop.execute("select count(*) from orders").fetchone()
    assert row is not None
    return int(row[0])


def test_a_second_run_reuses_the_loaded_shop_and_a_stop_ends_the_process(folder: Path) -> None:
    seen: list[tuple[int, int, str]] = []
    dsn = ensure_source(folder, 60, 1, TODAY, lambda *step: seen.append(step))
    assert running_process(folder) is not None
    assert seen[0][0] == 0
    assert seen[-1][0] == seen[-1][1] == sum(load_report(dsn).rows.values())
    assert all(done <= total for done, total, _ in seen)

    with psycopg.connect(dsn) as shop:
        shop.execute("update orders set customer_note = 'ours' where order_id = 1")
    assert stop_source(folder) is True
    assert stop_source(folder) is False
    assert running_process(folder) is None
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(dsn)

    seen.clear()
    again = ensure_source(folder, 60, 1, date(2025, 6, 20), lambda *step: seen.append(step))
    assert (again, seen) == (dsn, [])
    with psycopg.connect(dsn) as shop:
        assert shop.execute("select customer_note from orders where order_id = 1").fetchone() == ("ours",)


def test_another_marketplace_in_the_same_folder_is_refused(folder: Path) -> None:
    dsn = ensure_source(folder, 60, 1, TODAY)
    for orders, seed in ((61, 1), (60, 2)):
        with pytest.raises(ConfigError) as caught:
            ensure_source(folder, orders, seed, TODAY)
        assert "60 orders of seed 1" in caught.value.what
        assert "demo-reset" in (caught.value.next_step or "")
    assert _orders(dsn) == 60


def test_an_interrupted_load_is_built_anew(folder: Path) -> None:
    def breaks(_done: int, _total: int, what: str) -> None:
        if what == "payments":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ensure_source(folder, 60, 1, TODAY, breaks)
    dsn = ensure_source(folder, 60, 1, TODAY)
    assert _orders(dsn) == 60
    with psycopg.connect(dsn, autocommit=True) as shop:
        shop.execute("comment on database shop is null")
        shop.execute("delete from web_visits")
    assert load_report(ensure_source(folder, 60, 1, TODAY)).rows["web_visits"] == 720


def test_too_few_orders_are_one_clear_error_and_start_nothing(folder: Path) -> None:
    with pytest.raises(ConfigError, match="at least 50"):
        ensure_source(folder, 10, 1, TODAY)
    assert not folder.exists()


def test_a_folder_that_cannot_be_one_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(RuntimeTrouble) as caught:
        start_server(tmp_path / "file")
    assert str(tmp_path / "file") in (caught.value.where or "")


def test_a_shop_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreachable):
        demo_accounts(f"postgresql://postgres@/shop?host={tmp_path}")


def test_importing_the_library_says_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = subprocess.run(
            [
                sys.executable,
                "-W",
                "error",
                "-c",
                "from amalimart.demo.embedded_postgres import _library; _library()",
            ],
            env={name: value for name, value in os.environ.items() if name != "XDG_RUNTIME_DIR"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


def test_demo_accounts_cover_the_roles_with_ids_that_exist(live_dsn: str) -> None:
    accounts = demo_accounts(live_dsn)
    assert sorted({account.role for account in accounts}) == [
        "admin",
        "analyst",
        "delivery",
        "executive",
        "support",
        "vendor",
    ]
    large, small = (account for account in accounts if account.role == "vendor")
    (rider,) = (account for account in accounts if account.role == "delivery")
    with psycopg.connect(live_dsn) as shop:

        def sold(vendor_id: str) -> int:
            row = shop.execute(
                "select sum(line_total) from order_items where vendor_id = %s", (int(vendor_id),)
            ).fetchone()
            assert row is not None
            return int(row[0])

        assert sold(large.vendor_ids[0]) > 2 * sold(small.vendor_ids[0]) > 0
        assert shop.execute(
            "select count(*) > 0 from shipments where delivery_partner_id = %s",
            (int(rider.delivery_partner_ids[0]),),
        ).fetchone() == (True,)
    assert len({account.email for account in accounts}) == len(accounts) == 7


@pytest.mark.slow
def test_a_server_that_was_killed_is_recovered_with_what_it_had(folder: Path) -> None:
    dsn = ensure_source(folder, 60, 1, TODAY)
    with psycopg.connect(dsn, autocommit=True) as shop:
        shop.execute("update orders set customer_note = 'ours' where order_id = 1")
        shop.execute("checkpoint")
    process_id = running_process(folder)
    assert process_id is not None
    os.kill(process_id, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while running_process(folder) is not None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert (folder / "postmaster.pid").exists(), "the crash left its note, as after a power cut"
    assert stop_source(folder) is False
    again = ensure_source(folder, 60, 1, TODAY)
    with psycopg.connect(again) as shop:
        assert shop.execute("select customer_note from orders where order_id = 1").fetchone() == ("ours",)
