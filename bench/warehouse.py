"""make bench-warehouse: a whole build against the bare SQL, and micro-batches in shops of two sizes."""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from amalimart.core.clock import FixedClock
from amalimart.lake import Lake
from amalimart.mapping.source_mapping import load_mapping
from amalimart.semantic.loading import PACKAGED, load_model
from amalimart.semantic.rollups.declared import load_rollups
from amalimart.warehouse.bronze import create_bronze
from amalimart.warehouse.executor import BuildReport, Executor
from amalimart.warehouse.file.hot_file import HotFile
from amalimart.warehouse.graph import CompiledGraph
from amalimart.warehouse.lake_view import lake_state, landed_source
from amalimart.warehouse.project.compiler import compile_project
from amalimart.warehouse.project.project_files import ProjectSettings, assemble
from amalimart.warehouse.releases.release_log import create_tables, set_run_context
from bench.figures import Figure, report
from bench.tall_shop import MAPPING, SOURCE, TODAY, Changes, fill

ZONE = "Africa/Accra"
CHANGES = 1_000


class TallShop:
    """A landed shop and the executor that follows it, with the packaged rollups, as the engine builds it."""

    def __init__(self, folder: Path, orders: int, memory: int | None = None) -> None:
        self.orders, self.folder = orders, folder
        (folder / "tall.yml").write_text(MAPPING)
        self._mapping = load_mapping(folder / "tall.yml")
        self._clock = FixedClock(TODAY)
        self.lake = Lake(folder / "lake", self._clock)
        self.rows = fill(self.lake, orders)
        self.rollups = load_rollups([PACKAGED], load_model([PACKAGED]))
        self.graph = self._compiled()
        self.hot_file = HotFile(
            folder / "warehouse.duckdb",
            readable_folders=[self.lake.root],
            memory_bytes=memory and memory * 1024**2,
        )
        self._executor = Executor(self.hot_file, self._clock, ZoneInfo(ZONE))

    def _compiled(self) -> CompiledGraph:
        settings = ProjectSettings(business_zone=ZONE)
        project = self.folder / "dbt"
        landed = [landed_source(self.lake, SOURCE, self._mapping)]
        found = assemble(project, landed, settings, rollups=[rollup.made for rollup in self.rollups])
        return compile_project(project, found, self.folder / "compiled", settings)

    def publish(self) -> BuildReport:
        """The next release; there is always something to publish here."""
        published = self._executor.publish(self.graph, lake_state(self.lake, {SOURCE: self._mapping}))
        assert published is not None
        return published

    def bare_seconds(self) -> float:
        """The floor: the same compiled SQL, model after model, in one session of the engine."""
        with duckdb.connect(str(self.folder / "bare.duckdb")) as engine:
            create_tables(engine)
            engine.execute("set preserve_insertion_order = false; set timezone = 'UTC'")
            engine.execute(f"set memory_limit = '{self.hot_file.memory_bytes // 1024**2}MiB'")
            for table in lake_state(self.lake, {SOURCE: self._mapping}).tables:
                create_bronze(engine, table)
            set_run_context(engine, TODAY.replace(tzinfo=None))
            started = time.monotonic()
            for model in self.graph.ordered:
                sql = model.sql.replace('"warehouse".', '"bare".')
                engine.execute(f"create {'view' if model.is_view else 'table'} {model.table.sql} as ({sql})")
            return time.monotonic() - started


def whole_builds(orders: int, memory: int) -> list[Figure]:
    """The executor's first build, checks and release row included, against the bare SQL."""
    with tempfile.TemporaryDirectory(prefix="tall-") as folder:
        shop = TallShop(Path(folder), orders, memory)
        bare = shop.bare_seconds()
        started = time.monotonic()
        published = shop.publish()
        seconds = time.monotonic() - started
        shop.hot_file.close()
    print(
        f"{orders:,} orders, {shop.rows:,} landed rows: bare SQL {bare:.1f} s; executor {seconds:.1f} s with"
        f" {len(published.checks)} checks, {published.rows:,} rows written",
        flush=True,
    )
    return [Figure("a whole build over the bare SQL", seconds / bare, "x", 1.3)]


def micro_batches(orders: int, batches: int, memory: int) -> tuple[float, float]:
    """Median and 95th percentile of a cycle, in seconds: from landed changes to the published release."""
    with tempfile.TemporaryDirectory(prefix="tall-") as folder:
        shop = TallShop(Path(folder), orders, memory)
        shop.publish()
        changes = Changes(shop.lake, orders)
        taken = []
        for _ in range(batches):
            changes.land(CHANGES)
            started = time.monotonic()
            shop.publish()
            taken.append(time.monotonic() - started)
        shop.hot_file.close()
    median, slow = statistics.median(taken), statistics.quantiles(taken, n=20)[-1]
    told = f"{orders:,} orders: {batches} batches of {CHANGES:,} changes"
    print(f"{told}, median {median:.2f} s, p95 {slow:.2f} s", flush=True)
    return median, slow


def main() -> None:
    """Entry of `python bench/warehouse.py`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--whole", type=int, default=2_000_000, help="orders of the whole build")
    parser.add_argument("--small", type=int, default=1_000_000, help="orders of the smaller shop")
    parser.add_argument("--large", type=int, default=10_000_000, help="orders of the larger shop")
    parser.add_argument("--batches", type=int, default=60)
    parser.add_argument("--memory", type=int, default=2_048, help="MiB that the engine may take")
    arguments = parser.parse_args()
    figures = whole_builds(arguments.whole, arguments.memory)
    small, slow = micro_batches(arguments.small, arguments.batches, arguments.memory)
    large, _ = micro_batches(arguments.large, arguments.batches, arguments.memory)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    sys.exit(
        report(
            [
                *figures,
                Figure(f"cycle of {CHANGES:,} changes, p95", slow, "s", 0.9),
                Figure("growth of the median to the larger shop", large / small, "x", 1.25),
                Figure("peak memory", peak, "GiB", 4.0),
            ]
        )
    )


if __name__ == "__main__":
    main()
