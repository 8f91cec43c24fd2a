"""How fast a release is built: whole against the bare SQL, and in micro-batches at two sizes of the shop."""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path
from zoneinfo import ZoneInfo

from amalimart.core.clock import FixedClock
from amalimart.lake import Lake
from amalimart.mapping.source_mapping import load_mapping
from amalimart.warehouse.compiler import compile_project
from amalimart.warehouse.executor import Executor
from amalimart.warehouse.hot_file import HotFile
from amalimart.warehouse.lake_view import lake_state, landed_source
from amalimart.warehouse.project_files import ProjectSettings, assemble
from bench.tall_shop import MAPPING, SOURCE, TODAY, Changes, fill

ZONE = "Africa/Accra"


class Shop:
    def __init__(self, folder: Path, orders: int) -> None:
        self.orders, self.folder = orders, folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "tall.yml").write_text(MAPPING)
        self.mapping = load_mapping(folder / "tall.yml")
        self.clock = FixedClock(TODAY)
        self.lake = Lake(folder / "lake", self.clock)
        self.hot_file = HotFile(folder / "warehouse.duckdb", readable_folders=[self.lake.root])
        self.executor = Executor(self.hot_file, self.clock, ZoneInfo(ZONE))

    def compile(self) -> None:
        settings = ProjectSettings(business_zone=ZONE)
        project = self.folder / "dbt"
        found = assemble(project, [landed_source(self.lake, SOURCE, self.mapping)], settings)
        self.graph = compile_project(project, found, self.folder / "compiled", settings)

    def publish(self):
        return self.executor.publish(self.graph, lake_state(self.lake, {SOURCE: self.mapping}))


def main() -> None:
    p = argparse.ArgumentParser()
    p.add_argument("--orders", type=int, default=1_000_000)
    p.add_argument("--batches", type=int, default=30)
    p.add_argument("--changes", type=int, default=1000)
    p.add_argument("--home", type=Path)
    a = p.parse_args()
    folder = a.home or Path(tempfile.mkdtemp(prefix="tall-"))
    shop = Shop(folder, a.orders)
    s = time.monotonic()
    if shop.lake.latest(SOURCE) is None:
        rows = fill(shop.lake, a.orders)
        print(f"landed {rows:,} rows in {time.monotonic() - s:.1f} s", flush=True)
    shop.compile()
    s = time.monotonic()
    report = shop.publish()
    if report:
        print(
            f"whole build: {time.monotonic() - s:.1f} s, {report.models} models, {report.rows:,} rows, file {os.path.getsize(folder / 'warehouse.duckdb') >> 20} MB",
            flush=True,
        )
    changes = Changes(shop.lake, a.orders)
    took = []
    for number in range(a.batches):
        changes.land(a.changes)
        s = time.monotonic()
        report = shop.publish()
        took.append(time.monotonic() - s)
    print(
        f"micro-batch of {a.changes}: median {statistics.median(took) * 1000:.0f} ms, p95 {sorted(took)[int(len(took) * 0.95)] * 1000:.0f} ms, models {report.models} rows {report.rows}"
    )


if __name__ == "__main__":
    main()
