"""The source goes away: stopped for a while, cut off in the middle of a message, silent."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.attacked import BROKEN_CONNECTIONS, Attacked
from tests.faults.ingest_process import IngestProcess, make_project, no_defect
from tests.faults.load import Load, Plan, fill, mark
from tests.faults.network import Network
from tests.faults.shop import mapping_yaml
from tests.faults.verdict import Figures, every_transaction_once, lake_is_whole, same_rows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

Started = Callable[..., IngestProcess]
PLAN = Plan(per_second=12.0, tolerated=BROKEN_CONNECTIONS, bulk_rows=(500, 3_000))


def state(process: IngestProcess) -> object:
    return process.report().get("state")


def test_a_source_that_is_stopped_is_gone_on_with(
    attacked: Attacked, home: Path, started: Started, figures: Figures, seed: int, *, long: bool
) -> None:
    away = 60.0 if long else 15.0
    began = time.monotonic()
    attacked.shop.make()
    fill(attacked.shop, orders=5_000, products=1_000)
    make_project(home, attacked.kind, attacked.shop.url(), mapping_yaml())
    process = started(home)
    back = []
    with Load(attacked.shop, PLAN, seed) as load:
        process.wait("the stream", lambda: state(process) == "following")
        for how, seconds in (("fast", 1.0), ("immediate", away)):
            time.sleep(2)
            attacked.stop(how)
            time.sleep(seconds)
            if seconds > 5:
                assert state(process) == "failing"
                assert process.report()["error"]["code"] == "source_unreachable"
            attacked.start()
            back.append(process.wait("the source", lambda: state(process) == "following", 2 * away + 20))
        time.sleep(2)
        load.check()
    mark(attacked.shop, 1)
    process.wait_for_entry(1)
    process.stop()
    rows = same_rows(home, attacked.shop)
    count = every_transaction_once(home, attacked.shop, overlap=attacked.overlap)
    lake_is_whole(home)
    no_defect(home)
    figures(
        f"{attacked.name} away for 1 s and {away:.0f} s: followed again {back[0]:.1f} s and"
        f" {back[1]:.1f} s after; {count:,} transactions, {rows:,} rows equal;"
        f" {time.monotonic() - began:.0f} s"
    )


def test_a_network_that_is_cut_in_mid_message(
    attacked: Attacked, home: Path, started: Started, figures: Figures, seed: int, *, long: bool
) -> None:
    dice = random.Random(seed)  # noqa: S311 - places to cut at, not secrets
    cuts = 60 if long else 7
    began = time.monotonic()
    attacked.shop.make()
    fill(attacked.shop, orders=20_000, products=4_000)
    with Network(attacked.port) as network:
        make_project(home, attacked.kind, attacked.shop.url(network.port), mapping_yaml())
        # First in the middle of the snapshot, then of the stream.
        network.cut_after(dice.randint(300_000, 2_000_000))
        process = started(home)
        with Load(attacked.shop, PLAN, seed) as load:
            for _ in range(cuts):
                process.wait("the cut", lambda: network.is_cut, 90)
                process.wait("the stream", lambda: state(process) == "following", 90)
                network.cut_after(dice.choice((dice.randint(1, 300), dice.randint(300, 60_000))))
            load.check()
        process.wait("the cut", lambda: network.is_cut, 90)
        mark(attacked.shop, 1)
        process.wait_for_entry(1, 90)
        process.stop()
    rows = same_rows(home, attacked.shop)
    count = every_transaction_once(home, attacked.shop, overlap=attacked.overlap)
    lake_is_whole(home)
    no_defect(home)
    figures(
        f"{attacked.name} cut off {network.cuts} times in mid-message: {count:,} transactions,"
        f" {rows:,} rows equal; {time.monotonic() - began:.0f} s"
    )


def test_a_network_that_goes_silent(
    attacked: Attacked, home: Path, started: Started, figures: Figures, seed: int, *, long: bool
) -> None:
    silent = 150.0 if long else 12.0
    began = time.monotonic()
    attacked.shop.make()
    fill(attacked.shop, orders=2_000, products=500)
    with Network(attacked.port) as network:
        make_project(home, attacked.kind, attacked.shop.url(network.port), mapping_yaml())
        process = started(home)
        with Load(attacked.shop, PLAN, seed) as load:
            process.wait("the stream", lambda: state(process) == "following")
            time.sleep(2)
            network.silent = True
            time.sleep(silent)
            network.silent = False
            load.check()
        mark(attacked.shop, 1)
        process.wait_for_entry(1, 120)
        process.stop()
    rows = same_rows(home, attacked.shop)
    count = every_transaction_once(home, attacked.shop, overlap=attacked.overlap)
    lake_is_whole(home)
    no_defect(home)
    figures(
        f"{attacked.name} silent for {silent:.0f} s: {count:,} transactions, {rows:,} rows equal;"
        f" {time.monotonic() - began:.0f} s"
    )
