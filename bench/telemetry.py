"""make bench-telemetry: processor time of micro-batches and of questions, counted and traced against not."""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from amalimart.access.policies import load_policies
from amalimart.access.principal import Principal, Role
from amalimart.config.project import COMPILED_VARIABLE
from amalimart.core.calendar import Grain
from amalimart.lake import Lake
from amalimart.mapping.source_mapping import load_mapping
from amalimart.observe.instruments import Owner
from amalimart.observe.recording import record_with
from amalimart.observe.sdk.starting import Telemetry, TelemetryOptions
from amalimart.observe.spans import RELEASE_BUILD, REQUEST
from amalimart.observe.work import working
from amalimart.orchestrate.project.mapping_files import MappedAvailability
from amalimart.semantic.loading import PACKAGED, load_model
from amalimart.semantic.question import Question
from amalimart.semantic.service import SemanticService
from amalimart.warehouse.executor import Executor
from amalimart.warehouse.file.hot_file import HotFile
from amalimart.warehouse.lake_view import lake_state, landed_source
from amalimart.warehouse.project.compiler import compile_project
from amalimart.warehouse.project.project_files import ProjectSettings, assemble
from bench.figures import Figure, report
from bench.soak import ZONE, MovingClock, SteadyShop
from bench.tall_shop import MAPPING, SOURCE, TODAY

CHANGES = 20
QUESTIONS = 20
AWAY = "http://127.0.0.1:9"  # nobody listens: what is sent there is tried, and dropped


class Measured:
    """A small shop that is followed and asked, with telemetry of one kind or another."""

    def __init__(self, folder: Path, orders: int) -> None:
        self.clock = MovingClock(TODAY)
        self.lake = Lake(folder / "lake", self.clock)
        self.shop = SteadyShop(self.lake, orders)
        (folder / "tall.yml").write_text(MAPPING)
        self.mapping = load_mapping(folder / "tall.yml")
        settings = ProjectSettings(business_zone=ZONE)
        made = assemble(folder / "dbt", [landed_source(self.lake, SOURCE, self.mapping)], settings)
        compiled = Path(os.environ.get(COMPILED_VARIABLE, folder / "compiled"))
        self.graph = compile_project(folder / "dbt", made, compiled, settings)
        self.hot_file = HotFile(folder / "warehouse.duckdb", readable_folders=[self.lake.root])
        self.executor = Executor(self.hot_file, self.clock, ZoneInfo(ZONE))
        self.publish()
        policies = load_policies([PACKAGED.parent / "policies"])
        mapped = MappedAvailability(lambda: {SOURCE: self.mapping})
        self.semantic = SemanticService(load_model([PACKAGED]), policies, self.hot_file, mapped)

    def publish(self) -> None:
        with working(RELEASE_BUILD):
            self.executor.publish(self.graph, lake_state(self.lake, {SOURCE: self.mapping}))

    def batch(self) -> float:
        """Processor seconds of landing and publishing one micro-batch."""
        self.clock.instant += timedelta(minutes=1)
        with self.lake.writer(SOURCE) as writer:
            began = time.process_time()
            self.shop.land(writer, CHANGES, self.clock.instant)
        self.publish()
        return time.process_time() - began

    def questions(self) -> float:
        """Processor seconds of one question, of some asked one after the other."""
        question = Question(("gmv",), self.clock.instant.date(), grain=Grain.MONTH)
        began = time.process_time()
        for _ in range(QUESTIONS):
            with working(REQUEST, "api"):
                self.semantic.ask(question, Principal("bench", Role.ADMIN))
        return (time.process_time() - began) / QUESTIONS


def ratios(measured: Callable[[], float], rounds: int, endpoint: str | None) -> tuple[float, float]:
    """Median with telemetry over median without, measured in turns; and the latter in milliseconds."""
    without: list[float] = []
    counted: list[float] = []
    options = TelemetryOptions("engine", Owner.ENGINE, endpoint)
    measured()
    with Telemetry(options) as telemetry:
        for number in range(2 * rounds):
            record_with(telemetry if number % 2 else None)
            (counted if number % 2 else without).append(measured())
    return statistics.median(counted) / statistics.median(without), statistics.median(without) * 1000


def main() -> int:
    """Run the command; the result is its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=40)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        shop = Measured(Path(folder), arguments.orders)
        figures = []
        for what, measured in (("micro-batch", shop.batch), ("question", shop.questions)):
            ratio, alone = ratios(measured, arguments.rounds, None)
            away, _ = ratios(measured, arguments.rounds, AWAY)
            figures += [
                Figure(f"processor time of a {what} alone", alone, "ms", 5_000),
                Figure(f"{what} counted, over one that is not", ratio, "x", 1.05),
                Figure(f"{what} traced to a receiver that is away, over one that is not", away, "x", 1.15),
            ]
        return report(figures)


if __name__ == "__main__":
    sys.exit(main())
