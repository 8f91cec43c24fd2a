"""The disk is full at each place where the ingest writes; space comes back, and it goes on."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.ingest_process import HURRIED, IngestProcess, make_project, no_defect
from tests.faults.load import Load, Plan, fill, mark
from tests.faults.postgres_shop import PostgresShop
from tests.faults.shop import mapping_yaml
from tests.faults.small_disk import small_disk
from tests.faults.verdict import Figures, every_transaction_once, lake_is_whole, same_rows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

Started = Callable[..., IngestProcess]
PLAN = Plan(per_second=12, bulk_every=2.0, bulk_rows=(1_500, 4_000))


def is_full(process: IngestProcess) -> bool:
    return bool((process.report().get("error") or {}).get("code") == "disk_full")


def is_following(process: IngestProcess) -> bool:
    return process.report().get("state") == "following"


def verdict(home: Path, shop: PostgresShop, process: IngestProcess) -> str:
    """Catch up, stop and compare."""
    mark(shop, 1)
    process.wait_for_entry(1, 120)
    process.stop()
    rows = same_rows(home, shop)
    count = every_transaction_once(home, shop)
    lake_is_whole(home)
    no_defect(home)
    return f"{count:,} transactions, {rows:,} rows equal"


@pytest.mark.parametrize("place", ["journal", "data", "commits", "checkpoints"])
def test_a_full_disk_under_each_writer(
    place: str, shop: PostgresShop, home: Path, started: Started, figures: Figures, seed: int
) -> None:
    began = time.monotonic()
    shop.make()
    fill(shop, orders=2_000, products=500)
    make_project(home, "postgres", shop.url(), mapping_yaml())
    with small_disk(home / "data" / "lake" / "shop" / place, 32 if place == "data" else 4) as disk:
        process = started(home, HURRIED)
        with Load(shop, PLAN, seed) as load:
            process.wait("the stream", lambda: is_following(process))
            time.sleep(2)
            for _ in range(2):
                disk.fill()
                process.wait("the full disk", lambda: is_full(process))
                time.sleep(1)
                disk.free()
                process.wait("the stream", lambda: is_following(process))
                time.sleep(1)
            load.check()
        said = verdict(home, shop, process)
    figures(f"disk full under {place}, twice: {said}; {time.monotonic() - began:.0f} s")


def test_a_disk_too_small_for_the_snapshot(
    shop: PostgresShop, home: Path, started: Started, figures: Figures
) -> None:
    began = time.monotonic()
    shop.make()
    fill(shop, orders=40_000, products=5_000)
    make_project(home, "postgres", shop.url(), mapping_yaml())
    with small_disk(home / "data" / "lake", 32) as disk:
        disk.fill(leave=500_000)
        process = started(home)
        process.wait("the full disk", lambda: is_full(process))
        left = list((home / "data" / "lake").rglob("*.parquet"))
        assert not left, "what was half written takes no space while it waits"
        assert not shop.slots(), "no slot holds the shop's log while nobody follows"
        disk.free()
        process.wait("the stream", lambda: is_following(process))
        said = verdict(home, shop, process)
    figures(f"disk full in the snapshot: {said}; {time.monotonic() - began:.0f} s")


def test_a_disk_that_is_full_for_everything(
    shop: PostgresShop, home: Path, started: Started, figures: Figures, seed: int
) -> None:
    """Reports and logs have no space either: the process may say nothing, but goes on once it can."""
    began = time.monotonic()
    shop.make()
    fill(shop, orders=2_000, products=500)
    with small_disk(home, 64) as disk:
        make_project(home, "postgres", shop.url(), mapping_yaml())
        process = started(home, HURRIED)
        with Load(shop, PLAN, seed) as load:
            process.wait("the stream", lambda: is_following(process))
            time.sleep(2)
            disk.fill()
            time.sleep(6)
            assert process.ended is None, process.printed[-3000:]
            disk.free()
            time.sleep(3)
            load.check()
        mark(shop, 1)
        process.wait_for_entry(1, 120)
        process.stop()
        rows = same_rows(home, shop)
        count = every_transaction_once(home, shop)
        lake_is_whole(home)
    figures(
        f"disk full for everything: {count:,} transactions, {rows:,} rows equal;"
        f" {time.monotonic() - began:.0f} s"
    )


def test_files_that_may_not_grow(
    shop: PostgresShop, home: Path, started: Started, figures: Figures, seed: int
) -> None:
    """A limit on the size of files, as a quota without root: no disk has to be mounted for this one."""
    began = time.monotonic()
    shop.make()
    fill(shop, orders=500, products=100)
    make_project(home, "postgres", shop.url(), mapping_yaml())
    process = started(home, HURRIED)
    process.wait("the stream", lambda: is_following(process))
    with Load(shop, PLAN, seed) as load:
        time.sleep(1)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (30_000, resource.RLIM_INFINITY))
        process.wait("the limit", lambda: is_full(process))
        with suppress(ProcessLookupError):
            resource.prlimit(
                process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
            )
        process.wait("the stream", lambda: is_following(process))
        time.sleep(2)
        load.check()
    said = verdict(home, shop, process)
    figures(f"files limited to 30 kB: {said}; {time.monotonic() - began:.0f} s")
