"""How fast a large table becomes durable Parquet, against the server's own fastest way out of it."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.big_shop import COLUMNS, MAPPING, TABLE, make_table
from bench.figures import Figure
from tests.faults.ingest_process import make_project
from tests.faults.lake_oracle import SOURCE
from tests.faults.postgres_server import PostgresServer
from tests.faults.postgres_shop import PostgresShop

_RUNS = 3


@dataclass(frozen=True)
class _Snapshot:
    """What one run of the child told."""

    rows: int
    seconds: float
    megabytes: float
    cpu: float


def measure_snapshot(server: PostgresServer, rows: int) -> list[Figure]:
    """Copy to nowhere and snapshot into a lake, in turn."""
    server.create_database("snapshot_speed")
    shop = PostgresShop(server, "snapshot_speed")
    print(f"filling {TABLE}: {rows:,} rows, {COLUMNS} columns", flush=True)
    make_table(shop, rows)
    shop.run(f"vacuum (analyze) {TABLE}")
    size = shop.scalar(f"select pg_table_size('{TABLE}')") / 1024**2
    floors, snapshots = [], []
    for run in range(1, _RUNS + 1):
        floors.append(_copy_to_nowhere(shop))
        snapshots.append(_snapshot(shop, rows))
        print(
            f"run {run}: copy binary to null {floors[-1]:.1f} s, snapshot {snapshots[-1].seconds:.1f} s"
            f" ({snapshots[-1].cpu:.1f} s CPU, {snapshots[-1].megabytes:.0f} MB),"
            f" load {os.getloadavg()[0]:.1f}",
            flush=True,
        )
    server.drop_database(shop.database)
    seconds = statistics.median(one.seconds for one in snapshots)
    # Neighbouring runs met the same load, so it is their ratios whose median counts.
    ratio = statistics.median(one.seconds / floor for one, floor in zip(snapshots, floors, strict=True))
    print(
        f"table of {size:,.0f} MB; median: copy {statistics.median(floors):.2f} s, snapshot {seconds:.2f} s",
        flush=True,
    )
    return [
        Figure(f"snapshot of {rows:,} rows against copy binary to null", ratio, "x", 2),
        Figure("snapshot, highest memory", max(one.megabytes for one in snapshots), "MB", 400),
        Figure("snapshot", rows / seconds, "rows/s", 100_000, at_most=False),
    ]


def _copy_to_nowhere(shop: PostgresShop) -> float:
    statement = f"copy {TABLE} to stdout (format binary)"
    started = time.monotonic()
    subprocess.run(
        [str(shop.server.programs / "psql"), "-X", "-q", "-c", statement, shop.url()],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.monotonic() - started


def _snapshot(shop: PostgresShop, rows: int) -> _Snapshot:
    folder = Path(tempfile.mkdtemp(prefix="amalimart-bench-"))
    try:
        make_project(folder / "home", "postgres", shop.url(), MAPPING)
        ended = subprocess.run(
            [
                sys.executable,
                "-m",
                "bench.snapshot_child",
                "--home",
                str(folder / "home"),
                "--source",
                SOURCE,
            ],
            check=True,
            stdout=subprocess.PIPE,
        )
    finally:
        shutil.rmtree(folder)
        for slot, _ in shop.slots():
            shop.scalar(f"select pg_drop_replication_slot('{slot}')::text")
    found = _Snapshot(**json.loads(ended.stdout))
    assert found.rows == rows, f"{found.rows} of {rows} rows arrived"
    return found
