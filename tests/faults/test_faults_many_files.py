"""Large transactions one after the other: each brings files of its own, and yet they do not pile up."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.ingest_process import IngestProcess, make_project, no_defect
from tests.faults.lake_oracle import SOURCE, opened
from tests.faults.load import mark
from tests.faults.postgres_shop import PostgresShop
from tests.faults.shop import BULK, mapping_yaml
from tests.faults.verdict import Figures, same_rows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

TRANSACTIONS = 30
ROWS = 21_000
"""More than a batch in memory."""


def test_files_of_large_transactions_are_merged(
    shop: PostgresShop, home: Path, started: Callable[..., IngestProcess], figures: Figures
) -> None:
    began = time.monotonic()
    shop.make()
    make_project(home, "postgres", shop.url(), mapping_yaml())
    process = started(home)
    process.wait("the stream", lambda: process.report().get("state") == "following")
    for number in range(TRANSACTIONS):
        shop.run(
            f"insert into {BULK.name} select {number}, n, concat('line {number} ', n), 1.5, 0"
            f" from {shop.numbered(ROWS)}"
        )
        mark(shop, number)
        process.wait_for_entry(number)
    process.stop()
    files = len(opened(home).live_files(SOURCE)[BULK.name].files)
    rows = same_rows(home, shop, [BULK])
    no_defect(home)
    figures(
        f"{TRANSACTIONS} large transactions: {files} files, {rows:,} rows; {time.monotonic() - began:.0f} s"
    )
    assert files <= 25
