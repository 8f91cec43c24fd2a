"""How long a change takes from its commit until a reader of the lake has it, and how many a second can."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from amalimart.lake import Lake
from bench.big_shop import MAPPING, TABLE, make_table
from bench.figures import Figure
from bench.flood import flood
from tests.faults.ingest_process import IngestProcess, make_project
from tests.faults.lake_oracle import SOURCE, opened, pieces
from tests.faults.mariadb_shop import MariaShop
from tests.faults.postgres_shop import PostgresShop

_SETTLING_SECONDS = 3.0
_LAST = 0
"""Key of the row that ends a backlog."""


@dataclass(frozen=True)
class Wanted:
    """What to measure: rows of history, changes a second, for how long, and how large a backlog."""

    history: int
    rate: float
    seconds: float
    backlog: int


def measure_stream(shop: PostgresShop | MariaShop, wanted: Wanted) -> list[Figure]:
    """Follow the shop under a steady load, then let it work off a backlog."""
    name = "PostgreSQL" if isinstance(shop, PostgresShop) else "MariaDB"
    print(f"{name}: filling {TABLE}: {wanted.history:,} rows", flush=True)
    make_table(shop, wanted.history)
    folder = Path(tempfile.mkdtemp(prefix="amalimart-bench-"))
    home = folder / "home"
    make_project(home, shop.kind, shop.url(), MAPPING)
    ingest = IngestProcess(home)
    try:
        ingest.start()
        ingest.wait("the stream", lambda: ingest.report().get("state") == "following", 600)
        time.sleep(_SETTLING_SECONDS)
        steady = _steady(shop, home, ingest, wanted, name)
        backlog = _backlog(shop, home, ingest, wanted, name)
        ingest.stop()
        return steady + backlog
    finally:
        ingest.give_up()
        shutil.rmtree(folder)


def _steady(
    shop: PostgresShop | MariaShop, home: Path, ingest: IngestProcess, wanted: Wanted, name: str
) -> list[Figure]:
    stamped = isinstance(shop, MariaShop)
    watcher = _started(
        "bench.lag_watcher",
        *("--lake", str(home / "data" / "lake"), "--source", SOURCE, *(["--stamped"] if stamped else [])),
    )
    assert watcher.stdin is not None
    assert watcher.stdout is not None
    assert watcher.stdout.readline() == "ready\n"
    process = psutil.Process(ingest.pid)
    before, began = _cpu(process), time.monotonic()
    url = shop.url() if isinstance(shop, PostgresShop) else shop.owner_url()
    load = _started(
        "bench.change_load",
        *("--url", url, "--history", str(wanted.history)),
        *("--rate", str(wanted.rate), "--seconds", str(wanted.seconds)),
    )
    sent = json.loads(load.communicate()[0])
    average = os.getloadavg()[0]
    share = (_cpu(process) - before) / (time.monotonic() - began)
    time.sleep(_SETTLING_SECONDS)
    age = json.loads(watcher.communicate("end\n")[0])
    files = len(opened(home).live_files(SOURCE)[TABLE].files)
    rate = sent["changes"] / sent["seconds"]
    print(
        f"{name}: {rate:,.0f} changes/s for {sent['seconds']:.0f} s; commit to durable in the lake"
        f" p50 {age['p50']:.3f} s, p95 {age['p95']:.3f} s, p99 {age['p99']:.3f} s, max {age['max']:.3f} s"
        f" ({age['rows']:,} rows seen); ingest {share * 100:.0f} % of a core; {files} live files;"
        f" load {average:.1f}",
        flush=True,
    )
    return [
        Figure(f"{name}: changes a second", rate, "changes/s", wanted.rate * 0.95, at_most=False),
        Figure(f"{name}: commit to durable in the lake, p95", age["p95"], "s", 0.5),
        Figure(f"{name}: CPU of the ingest under that load", share * 100, "% of a core", 100),
        Figure(f"{name}: live files of the table", files, "files", 1000),
    ]


def _backlog(
    shop: PostgresShop | MariaShop, home: Path, ingest: IngestProcess, wanted: Wanted, name: str
) -> list[Figure]:
    """Hold the ingest while the shop changes much, then see how fast it catches up."""
    floor = _Floor(shop) if isinstance(shop, PostgresShop) else None
    lake = opened(home)
    os.kill(ingest.pid, signal.SIGSTOP)
    changes = flood(shop, wanted.history, wanted.backlog)
    with closing(shop.connect()) as connection:
        connection.cursor().execute(f"insert into {TABLE} (order_id) values ({_LAST})")
        connection.commit()
    process = psutil.Process(ingest.pid)
    least = floor.seconds() if floor is not None else None
    before, began = _cpu(process), time.monotonic()
    os.kill(ingest.pid, signal.SIGCONT)
    seen = lake.live_files(SOURCE)[TABLE].last_batch
    while not _holds_last(lake, seen):
        assert ingest.ended is None, ingest.printed
        assert time.monotonic() - began < 600, "the backlog is not worked off"
        time.sleep(0.05)
    seconds = time.monotonic() - began
    cpu = _cpu(process) - before
    peak = _highest_memory(ingest.pid)
    print(
        f"{name}: backlog of {changes:,} changes worked off in {seconds:.1f} s ({cpu:.1f} s CPU,"
        f" highest memory {peak:.0f} MB)"
        + (f"; the server's own client takes {least:.1f} s" if least is not None else "")
        + f"; load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    figures = [Figure(f"{name}: backlog", changes / seconds, "changes/s", 10 * wanted.rate, at_most=False)]
    if least is not None:
        figures.append(Figure(f"{name}: backlog against pg_recvlogical to null", seconds / least, "x", 10))
    return figures


class _Floor:
    """The same changes through the same plugin, received by the server's own client and dropped."""

    def __init__(self, shop: PostgresShop) -> None:
        self._shop = shop
        self._publication = shop.scalar("select pubname from pg_publication")
        shop.scalar("select slot_name from pg_create_logical_replication_slot('floor', 'pgoutput')")

    def seconds(self) -> float:
        end = self._shop.scalar("select pg_current_wal_lsn()::text")
        program = str(self._shop.server.programs / "pg_recvlogical")
        started = time.monotonic()
        subprocess.run(
            [
                *(program, "-d", self._shop.url(), "-S", "floor", "--start", "-f", "/dev/null"),
                *("-o", "proto_version=1", "-o", f"publication_names={self._publication}"),
                *("--endpos", end, "--no-loop"),
            ],
            check=True,
            stderr=subprocess.DEVNULL,
        )
        seconds = time.monotonic() - started
        self._shop.scalar("select pg_drop_replication_slot('floor')::text")
        return seconds


def _holds_last(lake: Lake, after: int) -> bool:
    fresh = lake.live_files(SOURCE)[TABLE].after(after)
    if fresh.journal:
        return _LAST in fresh.journal[-1].read().column("order_id").to_pylist()
    return any(_LAST in piece.column("order_id").to_pylist()[-1:] for piece in pieces(fresh))


def _started(module: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _cpu(process: psutil.Process) -> float:
    times: Any = process.cpu_times()
    return float(times.user + times.system)


def _highest_memory(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024
