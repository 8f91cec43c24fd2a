"""make bench-semantic: how fast a question is planned, and what its answer costs beside SQL written by hand.

Both sides run over the same gold tables of one shop, in turns, on one thread; the ratio is of medians of
processor time. The hand-written SQL is an oracle too: answers that differ end the run.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from amalimart.access.policies import load_policies
from amalimart.access.principal import Principal, Role
from amalimart.config.project import COMPILED_VARIABLE
from amalimart.core.calendar import DayRange, Grain
from amalimart.core.clock import FixedClock
from amalimart.core.errors import QueryError
from amalimart.lake import Lake
from amalimart.mapping.source_mapping import load_mapping
from amalimart.orchestrate.project.mapping_files import MappedAvailability
from amalimart.semantic.loading import PACKAGED, load_model
from amalimart.semantic.parameters import bind
from amalimart.semantic.question import Question
from amalimart.semantic.rollups.declared import load_rollups
from amalimart.semantic.service import SemanticService
from amalimart.warehouse.executor import Executor
from amalimart.warehouse.file.hot_file import HotFile
from amalimart.warehouse.lake_view import lake_state, landed_source
from amalimart.warehouse.project.compiler import compile_project
from amalimart.warehouse.project.project_files import ProjectSettings, assemble
from bench.figures import Figure, report
from bench.semantic_questions import TODAY, VENDOR, Asked, asked_questions
from bench.tall_shop import MAPPING, SOURCE, fill
from bench.tall_shop import TODAY as NOW

ZONE = "Africa/Accra"
ADMIN = Principal("bench", Role.ADMIN)
MOST_OF_HAND, MOST_OF_HAND_WITH_ROLLUPS = 1.3, 0.7
MOST_PLANNING_MS = 2.0


class AskedShop:
    """A published shop, asked with rollups and without. A folder that holds one already is used as it is."""

    def __init__(self, folder: Path, orders: int) -> None:
        clock = FixedClock(NOW)
        (folder / "tall.yml").write_text(MAPPING)
        mapping = load_mapping(folder / "tall.yml")
        is_new = not (folder / "lake").exists()
        lake = Lake(folder / "lake", clock)
        if is_new:
            fill(lake, orders)
        model = load_model([PACKAGED])
        rollups = load_rollups([PACKAGED], model)
        settings = ProjectSettings(business_zone=ZONE)
        landed = [landed_source(lake, SOURCE, mapping)]
        made = assemble(folder / "dbt", landed, settings, rollups=[rollup.made for rollup in rollups])
        compiled = Path(os.environ.get(COMPILED_VARIABLE, folder / "compiled"))
        graph = compile_project(folder / "dbt", made, compiled, settings)
        self.hot_file = HotFile(folder / "warehouse.duckdb", readable_folders=[lake.root])
        Executor(self.hot_file, clock, ZoneInfo(ZONE)).publish(graph, lake_state(lake, {SOURCE: mapping}))
        policies = load_policies([PACKAGED.parent / "policies"])
        mapped = MappedAvailability(lambda: {SOURCE: mapping})
        self.raw = SemanticService(model, policies, self.hot_file, mapped)
        self.rolled = SemanticService(model, policies, self.hot_file, mapped, None, rollups, lambda _: True)
        gc.freeze()  # as the engine does
        with self.hot_file.records() as cursor:
            cursor.execute("set threads = 1")


@dataclass(frozen=True, slots=True)
class Cost:
    """Median processor seconds of one question, three ways; None where no rollup serves it."""

    asked: Asked
    hand: float
    ours: float
    rolled: float | None


def cost_of(shop: AskedShop, asked: Asked, rounds: int) -> Cost:
    """Ask one question in turns, and hold every answer against that of the hand-written SQL."""
    principal = Principal("bench", Role.VENDOR, vendor_ids=frozenset({VENDOR})) if asked.is_vendors else ADMIN
    spent: dict[str, list[float]] = {"hand": [], "ours": [], "rolled": []}
    with shop.hot_file.read() as transaction:
        ways: dict[str, tuple[str, Sequence[Any]]] = {"hand": (asked.sql, ())}
        for name, service in (("ours", shop.raw), ("rolled", shop.rolled)):
            plan = service.plan(asked.question, principal, transaction)
            if name == "rolled" and not plan.rollups:
                continue
            ways[name] = (plan.sql, bind(plan.slots, asked.question, principal, service.model.calendar))
        width = asked.width
        for number in range(rounds + 1):
            answers = {}
            for name, (sql, bound) in ways.items():
                began = time.process_time()
                rows = transaction.rows(sql, bound).rows
                spent[name].append(time.process_time() - began)
                answers[name] = [
                    tuple(map(_plain, row[-width:] if name == "hand" else asked.cut(row))) for row in rows
                ]
            if number == 0:
                spent = {name: [] for name in spent}
            for name, answer in answers.items():
                if sorted(answer, key=repr) != sorted(answers["hand"], key=repr):
                    sys.exit(
                        f"{asked.name}: {name} answers {answer[:3]}, by hand it is {answers['hand'][:3]}"
                    )
    medians = {name: statistics.median(each) for name, each in spent.items() if each}
    return Cost(asked, medians["hand"], medians["ours"], medians.get("rolled"))


def _plain(value: object) -> object:
    """A value to be compared: a quotient to nine digits, since two ways to divide may differ in the last."""
    if isinstance(value, float):
        return f"{value:.9g}"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value


def first_questions(shop: AskedShop) -> Iterator[Question]:
    """What people ask for the first time: every metric, in each of its usual forms."""
    days = DayRange(TODAY.replace(year=TODAY.year - 1), TODAY)
    model = shop.raw.model
    for metric, grain, compare in product(model.metrics.values(), (None, Grain.MONTH), (False, True)):
        if grain is None or metric.has_time:
            yield Question((metric.name,), TODAY, grain=grain, days=days, compare=compare)
    for metric in model.metrics.values():
        for dimension in model.reachable(metric)[:4]:
            yield Question((metric.name,), TODAY, (dimension.name,), days=days, limit=10)


def planning_ms(shop: AskedShop) -> tuple[list[float], list[float]]:
    """Processor milliseconds from question to checked SQL: for the first time, and when it is asked again."""
    service = shop.rolled
    first: list[float] = []
    again: list[float] = []
    with shop.hot_file.read() as transaction:
        for asked in asked_questions():  # so that it is known what the release holds
            service.plan(asked.question, ADMIN, transaction)
        for question in first_questions(shop):
            for taken in (first, again):
                began = time.process_time()
                try:
                    service.plan(question, ADMIN, transaction)
                except QueryError:
                    break
                taken.append((time.process_time() - began) * 1000)
    return first, again


def p95(values: Sequence[float]) -> float:
    """The 95th percentile."""
    return statistics.quantiles(values, n=20)[-1]


def main() -> int:
    """Run the command; the result is its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--keep", type=Path, help="a folder for the shop, to be used again")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="asked-") as scratch:
        folder = arguments.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        shop = AskedShop(folder, arguments.orders)
        first, again = planning_ms(shop)
        for what, taken in (("for the first time", first), ("again", again)):
            middle = statistics.median(taken)
            print(
                f"{len(taken)} questions {what}: median {middle:.3f} ms, p95 {p95(taken):.3f} ms", flush=True
            )
        figures = [
            Figure("planning a question, p95", p95(first), "ms", MOST_PLANNING_MS),
            Figure("planning it again, p95", p95(again), "ms", MOST_PLANNING_MS),
        ]
        for asked in asked_questions():
            cost = cost_of(shop, asked, arguments.rounds)
            times = [f"hand {cost.hand * 1000:.1f} ms", f"ours {cost.ours * 1000:.1f} ms"]
            times += [f"with rollups {cost.rolled * 1000:.1f} ms"] if cost.rolled is not None else []
            print(f"{asked.name}: {', '.join(times)}", flush=True)
            figures.append(Figure(f"{asked.name}, over hand SQL", cost.ours / cost.hand, "x", MOST_OF_HAND))
            if cost.rolled is not None:
                most = MOST_OF_HAND_WITH_ROLLUPS if asked.is_to_gain else MOST_OF_HAND
                figures.append(Figure(f"{asked.name}, with rollups", cost.rolled / cost.hand, "x", most))
            elif asked.is_to_gain:
                sys.exit(f"{asked.name}: no rollup serves it")
        shop.hot_file.close()
        return report(figures)


if __name__ == "__main__":
    sys.exit(main())
