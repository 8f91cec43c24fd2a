"""Two ingest processes of one source: the lease lets one in, and the other takes over when it dies."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.attacked import Attacked
from tests.faults.ingest_process import IngestProcess, make_project, no_defect
from tests.faults.load import Load, Plan, fill, mark
from tests.faults.shop import mapping_yaml
from tests.faults.verdict import Figures, every_transaction_once, lake_is_whole, same_rows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def errors_told(home: Path) -> set[str]:
    """Codes of all errors in the log, which both processes write."""
    lines = (home / "logs" / "ingest-shop.log").read_text().splitlines()
    return {said["error"]["code"] for said in map(json.loads, lines) if "error" in said}


def test_one_holds_the_lease_and_the_other_takes_over(
    attacked: Attacked,
    home: Path,
    started: Callable[..., IngestProcess],
    figures: Figures,
    seed: int,
) -> None:
    began = time.monotonic()
    attacked.shop.make()
    fill(attacked.shop, orders=3_000, products=500)
    make_project(home, attacked.kind, attacked.shop.url(), mapping_yaml())
    holder = started(home)
    holder.wait("the stream", lambda: holder.report().get("state") == "following")
    takeovers = []
    with Load(attacked.shop, Plan(per_second=15), seed) as load:
        for _ in range(2):
            other = started(home)
            other.wait("its trouble", lambda other=other: "another writer" in other.printed)  # type: ignore[misc]
            assert f"process {holder.pid}" in other.printed
            assert errors_told(home) == {"commit_conflict"}
            holder.wait("a word of the holder", lambda: holder.report().get("state") == "following")  # noqa: B023
            holder.kill()
            takeovers.append(
                other.wait("the takeover", lambda: "is back" in other.printed)  # noqa: B023
            )
            holder = other
        load.check()
    mark(attacked.shop, 1)
    holder.wait_for_entry(1)
    holder.stop()
    rows = same_rows(home, attacked.shop)
    count = every_transaction_once(home, attacked.shop, overlap=attacked.overlap)
    lake_is_whole(home)
    no_defect(home)
    figures(
        f"{attacked.name}, two processes: taken over {takeovers[0]:.1f} s and {takeovers[1]:.1f} s"
        f" after a kill; {count:,} transactions, {rows:,} rows equal; {time.monotonic() - began:.0f} s"
    )
