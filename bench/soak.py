"""make bench-soak: thousands of micro-batches in a shop that keeps its size: what grows then, grows on."""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

from amalimart.config.project import COMPILED_VARIABLE
from amalimart.lake import ChangedRows, CommitKind, Lake, Operation, SourceWriter, Transaction
from amalimart.mapping.source_mapping import load_mapping
from amalimart.warehouse.arrivals import LakeState
from amalimart.warehouse.executor import Executor
from amalimart.warehouse.file.hot_file import HotFile
from amalimart.warehouse.graph import BRONZE, CompiledGraph, model_id
from amalimart.warehouse.lake_view import lake_state, landed_source
from amalimart.warehouse.project.compiler import compile_project
from amalimart.warehouse.project.project_files import ProjectSettings, assemble
from bench.figures import Figure, report
from bench.tall_shop import DRAWN, MAPPING, SOURCE, TODAY, tables

ZONE = "Africa/Accra"
ORDERS = 2_000
CHANGES = 20
MEGA = 1e6
_SEAL_EVERY = 100
_CROWDED = 20
_DAYS = 10
_ORDER_TABLES = ("orders", "lines", "payments", "parcels", "history")

Row = dict[str, Any]
Told = tuple[str, Operation, Row]


class MovingClock:
    """A clock that the run turns on."""

    def __init__(self, instant: datetime) -> None:
        self.instant = instant

    def now(self) -> datetime:
        return self.instant


class SteadyShop:
    """A small shop: for every new order the oldest one goes, with all that belongs to it.

    Lines move between orders, orders and parcels move on, prices and customers change.
    """

    def __init__(self, lake: Lake, orders: int, seed: int = 11) -> None:
        self._dice = random.Random(seed)  # noqa: S311 - dice, not secrets
        self._position = 0
        self._schemas: dict[str, pa.Schema] = {}
        self._rows: dict[str, list[Row]] = {}
        self._next: dict[str, int] = {}
        with duckdb.connect() as engine, lake.begin(SOURCE, CommitKind.SNAPSHOT) as writer:
            engine.execute(DRAWN)
            for table, (count, row) in tables(orders).items():
                landed = engine.execute(f"select {row} from range({count}) as numbers (n)").to_arrow_table()
                writer.write(table, landed.to_batches(), Operation.SNAPSHOT, schema=landed.schema)
                self._schemas[table], self._rows[table] = landed.schema, landed.to_pylist()
                self._next[table] = count
            writer.commit({"at": 0}, TODAY)
        self._orders = deque(self._of_orders())

    def _of_orders(self) -> list[dict[str, list[Row]]]:
        """Each order with what belongs to it, the oldest first."""
        found = {row["id"]: {"orders": [row]} for row in self._rows["orders"]}
        for table in _ORDER_TABLES[1:]:
            for row in self._rows.pop(table):
                if row["order_id"] in found:
                    found[row["order_id"]].setdefault(table, []).append(row)
        return list(found.values())

    def land(self, writer: SourceWriter, changes: int, now: datetime) -> None:
        """Append one batch of at least so many row changes to the journal."""
        told: dict[str, list[tuple[Operation, Row]]] = {}
        count = 0
        while count < changes:
            for table, operation, row in self._one(now):
                told.setdefault(table, []).append((operation, dict(row)))
                count += 1
        self._position += 1
        sequence, batches = 0, []
        for table, rows in told.items():
            batches.append(
                ChangedRows(
                    table,
                    pa.RecordBatch.from_pylist([row for _, row in rows], self._schemas[table]),
                    [operation for operation, _ in rows],
                    range(sequence + 1, sequence + len(rows) + 1),
                    [Transaction(str(self._position), now)] * len(rows),
                    [()] * len(rows),
                )
            )
            sequence += len(rows)
        writer.append(batches, {"at": self._position}, now)

    def _one(self, now: datetime) -> Iterator[Told]:
        kind = self._dice.random()
        if kind < 0.1:
            yield from self._ordered(now)
            yield from self._gone()
        elif kind < 0.4:
            yield self._changed("orders", state=self._dice.choice(("PENDING", "COMPLETED", "CANCELLED")))
        elif kind < 0.65:
            yield self._changed("parcels", state="DELIVERED", delivered=now)
        elif kind < 0.75:
            yield from self._moved()
        elif kind < 0.9:
            yield self._edited("articles", price=self._money(), stock=self._dice.randrange(90))
        else:
            yield self._edited("users", verified=self._dice.random() < 0.5)

    def _ordered(self, now: datetime) -> Iterator[Told]:
        number = self._new("orders")
        order = {
            "id": number, "user_id": self._dice.choice(self._rows["users"])["id"], "at": now,
            "state": "PENDING", "total": self._money(), "discount": Decimal(0), "fee": Decimal("1.50"),
            "channel": "web", "city": "Accra",
        }  # fmt: skip
        paid = {"order_id": number, "method": "CARD", "state": "SUCCESS", "amount": self._money(), "at": now}
        parcel = {
            "order_id": number, "state": "PENDING", "city": "Accra", "fee": Decimal("1.50"),
            "promised": now + timedelta(days=3), "delivered": None,
        }  # fmt: skip
        made: dict[str, list[Row]] = {
            "orders": [order],
            "lines": [self._line(number) for _ in range(self._dice.choice((2, 3)))],
            "payments": [{"id": self._new("payments"), **paid}],
            "parcels": [{"id": self._new("parcels"), **parcel}],
            "history": [{"id": self._new("history"), "order_id": number, "state": "PENDING", "at": now}],
        }
        self._orders.append(made)
        for table, rows in made.items():
            for row in rows:
                yield table, Operation.UPSERT, row

    def _gone(self) -> Iterator[Told]:
        for table, rows in self._orders.popleft().items():
            for row in rows:
                yield table, Operation.DELETE, row

    def _changed(self, table: str, **cells: Any) -> Told:
        row = self._dice.choice(self._orders)[table][0]
        row.update(cells)
        return table, Operation.UPSERT, row

    def _moved(self) -> Iterator[Told]:
        """A line moves to another order."""
        here, there = self._dice.choice(self._orders), self._dice.choice(self._orders)
        if here.get("lines"):
            line = here["lines"].pop()
            line["order_id"] = there["orders"][0]["id"]
            there.setdefault("lines", []).append(line)
            yield "lines", Operation.UPSERT, line

    def _edited(self, table: str, **cells: Any) -> Told:
        row = self._dice.choice(self._rows[table])
        row.update(cells)
        return table, Operation.UPSERT, row

    def _line(self, order: int) -> Row:
        article = self._dice.choice(self._rows["articles"])["id"]
        found = {"id": self._new("lines"), "order_id": order, "article_id": article}
        return found | {"units": 2, "price": self._money()}

    def _money(self) -> Decimal:
        return Decimal(self._dice.randrange(100, 90_000)) / 100

    def _new(self, table: str) -> int:
        self._next[table] += 1
        return self._next[table] - 1


@dataclass(frozen=True, slots=True)
class Soaked:
    """What a run left: seconds of each cycle, resident bytes after it, and the file against a fresh one."""

    seconds: tuple[float, ...]
    resident: tuple[int, ...]
    file_bytes: int
    fresh_bytes: int
    largest_bytes: int

    @property
    def file_growth(self) -> float:
        """How many times as large as a fresh build the file is."""
        return self.file_bytes / self.fresh_bytes

    @property
    def p95_growth(self) -> float:
        """95th percentile of the last tenth of the cycles over that of the first."""
        first, last = _tenths(self.seconds)
        return _p95(last) / _p95(first)

    @property
    def memory_growth(self) -> float:
        """Most resident memory of the second half over that of the first.

        It rises and falls with what no checkpoint has written yet, so a tenth may end on a rise.
        """
        half = len(self.resident) // 2
        return max(self.resident[half:]) / max(self.resident[:half])


def _tenths(values: Sequence[float]) -> tuple[Sequence[float], Sequence[float]]:
    tenth = max(len(values) // 10, 1)
    return values[:tenth], values[-tenth:]


def _p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def only(graph: CompiledGraph, names: Collection[str]) -> CompiledGraph:
    """The part of a project that some models need, with the checks over it."""
    by_id = {model.unique_id: model for model in graph.models}
    kept, read, waiting = set(), set(), [model_id(name) for name in names]
    while waiting:
        found = waiting.pop()
        read.add(found)
        if found in by_id and found not in kept:
            kept.add(found)
            waiting += by_id[found].parents
    return replace(
        graph,
        bronze=frozenset(name.removeprefix(BRONZE) for name in read if name.startswith(BRONZE)),
        models=tuple(model for model in graph.models if model.unique_id in kept),
        checks=tuple(check for check in graph.checks if check.parents & by_id.keys() <= kept),
    )


def soak(
    folder: Path,
    batches: int,
    *,
    orders: int = ORDERS,
    changes: int = CHANGES,
    models: Collection[str] = (),
    tell: int = 0,
    minutes: float = float("inf"),
) -> Soaked:
    """Publish so many micro-batches one after the other, and measure.

    models  those to follow with what they need; every one where none is named
    tell    after how many batches to print where it stands
    minutes  stop earlier where it takes longer
    """
    clock = MovingClock(TODAY)
    lake = Lake(folder / "lake", clock)
    shop = SteadyShop(lake, orders)
    (folder / "tall.yml").write_text(MAPPING)
    mapping = load_mapping(folder / "tall.yml")
    settings = ProjectSettings(business_zone=ZONE)
    project_hash = assemble(folder / "dbt", [landed_source(lake, SOURCE, mapping)], settings)
    compiled = Path(os.environ.get(COMPILED_VARIABLE, folder / "compiled"))
    graph = compile_project(folder / "dbt", project_hash, compiled, settings)
    if models:
        graph = only(graph, models)
    path = folder / "warehouse.duckdb"
    hot_file = HotFile(path, readable_folders=[lake.root])
    executor = Executor(hot_file, clock, ZoneInfo(ZONE))

    def landed() -> LakeState:
        state = lake_state(lake, {SOURCE: mapping})
        return replace(state, tables=tuple(t for t in state.tables if t.view in graph.bronze))

    executor.publish(graph, landed())
    seconds, resident, largest = [], [], 0
    step, end = timedelta(days=_DAYS) / batches, time.monotonic() + minutes * 60
    for number in range(1, batches + 1):
        if time.monotonic() > end:
            break
        clock.instant += step
        with lake.writer(SOURCE) as writer:
            shop.land(writer, changes, clock.instant)
            if number % _SEAL_EVERY == 0:
                writer.seal()
                crowded = writer.crowded_table(_CROWDED)
                if crowded is not None:
                    writer.compact(crowded)
                writer.sweep()
        started = time.monotonic()
        executor.publish(graph, landed())
        seconds.append(time.monotonic() - started)
        with hot_file.read() as transaction:
            assert transaction.rows("select count(*) from meta.releases").rows[0][0]
        resident.append(_resident_bytes())
        largest = max(largest, path.stat().st_size)
        if tell and number % tell == 0:
            sizes = f"{resident[-1] / MEGA:,.0f} MB resident, file {path.stat().st_size / MEGA:,.1f} MB"
            print(f"{number:,} batches, p95 of these {_p95(seconds[-tell:]):.3f} s, {sizes}", flush=True)
    hot_file.close()
    size = path.stat().st_size
    fresh = HotFile(folder / "fresh.duckdb", readable_folders=[lake.root])
    Executor(fresh, clock, ZoneInfo(ZONE)).publish(graph, landed())
    fresh.close()
    fresh_size = (folder / "fresh.duckdb").stat().st_size
    return Soaked(tuple(seconds), tuple(resident), size, fresh_size, largest)


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Entry of `python bench/soak.py`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--batches", type=int, default=20_000)
    parser.add_argument("--orders", type=int, default=ORDERS)
    parser.add_argument("--changes", type=int, default=CHANGES, help="changed rows of a batch")
    parser.add_argument("--models", nargs="*", default=[], help="follow only these and what they need")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop earlier, and tell how far")
    parser.add_argument("--tell", type=int, default=500, help="print where it stands after so many batches")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        soaked = soak(
            Path(folder), arguments.batches, orders=arguments.orders, changes=arguments.changes,
            models=arguments.models, tell=arguments.tell, minutes=arguments.minutes,
        )  # fmt: skip
    print(
        f"{len(soaked.seconds):,} batches of {arguments.changes} changes:"
        f" file {soaked.file_bytes / MEGA:,.1f} MB, largest {soaked.largest_bytes / MEGA:,.1f} MB,"
        f" built anew {soaked.fresh_bytes / MEGA:,.1f} MB;"
        f" median {statistics.median(soaked.seconds):.3f} s"
    )
    sys.exit(
        report(
            [
                Figure("the file over a fresh one", soaked.file_growth, "x", 2.0),
                Figure("p95 of the last tenth over the first", soaked.p95_growth, "x", 1.15),
                Figure("memory of the second half over the first", soaked.memory_growth, "x", 1.15),
            ]
        )
    )


if __name__ == "__main__":
    main()
