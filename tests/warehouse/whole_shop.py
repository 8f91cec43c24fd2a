"""A shop with a table for every canonical entity, all of it text and some of it bad: every model has rows.

Orders, lines, payments and parcels live: they come, change, move to another parent, go, and are told late,
twice or together in one batch. What must come of them is computed apart, by SQL over the lake's own files.
"""

from __future__ import annotations

import fcntl
import os
import random
import shutil
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import yaml

from amalimart.core.clock import FixedClock
from amalimart.lake import ChangedRows, CommitKind, Lake, Operation, Transaction
from amalimart.mapping.entities import ColumnType, EntityColumn, load_entities
from amalimart.mapping.source_mapping import SourceMapping, load_mapping
from amalimart.warehouse.executor import BuildReport, Executor
from amalimart.warehouse.file.hot_file import HotFile
from amalimart.warehouse.graph import CompiledGraph
from amalimart.warehouse.lake_view import lake_state, landed_source
from amalimart.warehouse.project.compiler import compile_project
from amalimart.warehouse.project.project_files import ProjectSettings, assemble
from tests.warehouse.relations import Contents, contents
from tests.warehouse.rendered_project import rendered_graph
from tests.warehouse.some_rollups import all_rollups

SOURCE = "whole"
ZONE = "Europe/Paris"
_SETTINGS = ProjectSettings(business_zone=ZONE)
OPENED = datetime(2026, 3, 28, 21, 40, tzinfo=UTC)  # the evening before clocks go forward there
LIVING = ("orders", "order_items", "payments", "shipments")
_FEW = 12
_GOOD: dict[ColumnType, tuple[str, ...]] = {
    ColumnType.INTEGER: ("1", "2", "5"),
    ColumnType.DECIMAL: ("0.1", "10"),
    ColumnType.MONEY: ("0.01", "3.33", "25.50", "1200", "10.005"),
    ColumnType.BOOLEAN: ("true", "false", "false", "false"),
    ColumnType.DATE: ("2026-03-01", "2026-12-31"),
    ColumnType.TEXT: ("a", "b"),
    ColumnType.TIMESTAMP: (
        "2026-03-27 22:59:59", "2026-03-28 23:30:00", "2026-03-29 01:30:00", "2026-03-29 02:30:00",
        "2026-02-10 10:00:00", "2025-10-26T00:30:00Z", "2025-10-26T01:30:00Z", "2025-10-26 02:30:00",
    ),
}  # fmt: skip
_BAD = {
    ColumnType.MONEY: "ten",
    ColumnType.TIMESTAMP: "soon",
    ColumnType.INTEGER: "2.5",
    ColumnType.ENUM: "?",
}
_CITIES = ("Accra", " accra", "Kumasi")

Row = dict[str, str | None]
Told = tuple[Operation, Row]


def mapping_yaml() -> str:
    """The mapping: each entity is a table of its name, each column a column."""
    entities = load_entities()
    return yaml.safe_dump(
        {
            "mapping": SOURCE,
            "description": "A shop that has everything.",
            "time_zone": ZONE,
            "tables": {name: {"key": list(entity.key)} for name, entity in entities.items()},
            "entities": {
                name: {"table": name, "columns": {column: column for column in entity.columns}}
                for name, entity in entities.items()
            },
        },
        sort_keys=False,
    )


class WholeShop:
    """A lake that lives and the hot file that follows it, both in one folder that may be opened again."""

    def __init__(self, folder: Path, *, has_hot_file: bool = True) -> None:
        self.folder = folder
        self.clock = FixedClock(OPENED)
        self.lake = Lake(folder / "lake", self.clock, grace=timedelta(0))
        folder.mkdir(parents=True, exist_ok=True)
        mapping_file = folder / f"{SOURCE}.yml"
        if not mapping_file.exists():
            mapping_file.write_text(mapping_yaml())
        self.mapping: SourceMapping = load_mapping(mapping_file)
        if has_hot_file:
            self.hot_file = HotFile(folder / "warehouse.duckdb", readable_folders=[self.lake.root])
        latest = self.lake.latest(SOURCE)
        self._rng = random.Random(latest.version if latest else 0)  # noqa: S311 - repeatable on purpose

    @property
    def version(self) -> int:
        latest = self.lake.latest(SOURCE)
        return latest.version if latest else 0

    def open_for_business(self, orders: int = 60) -> None:
        """The first snapshot: some rows of everything."""
        with self.lake.begin(SOURCE, CommitKind.SNAPSHOT) as writer:
            for entity, spec in load_entities().items():
                count = orders if entity in LIVING else _FEW
                keys = sorted({self._key(entity, number) for number in range(1, count + 1)})
                batch = self._batch(
                    entity, [self._row(entity, dict(zip(spec.key, k, strict=True))) for k in keys]
                )
                writer.write(entity, [batch], Operation.SNAPSHOT, schema=batch.schema)
            writer.commit({}, self.clock.now())

    def trade(self, orders: int = 60) -> None:
        """One batch of changes over the living tables and one other, some of a row more than once."""
        changed: list[ChangedRows] = []
        sequence = 0
        others = [name for name in load_entities() if name not in LIVING]
        for entity in (*LIVING, self._rng.choice(others)):
            told = [self._change(entity, orders) for _ in range(self._rng.choice((0, 1, 2, 6)))]
            if told and self._rng.random() < 0.3:
                told.append(told[0])  # delivered again, after what came later
            if not told:
                continue
            numbers = list(range(sequence + 1, sequence + len(told) + 1))
            sequence += len(told)
            if self._rng.random() < 0.3:
                self._rng.shuffle(
                    numbers
                )  # the order in which they lie is not the one in which they happened
            transaction = Transaction(f"0/{self.version + 1}", self.clock.now())
            changed.append(
                ChangedRows(
                    entity,
                    self._batch(entity, [row for _, row in told]),
                    [operation for operation, _ in told],
                    numbers,
                    [transaction] * len(told),
                    [()] * len(told),
                )
            )
        with self.lake.writer(SOURCE) as writer:
            writer.append(changed, {"lsn": f"0/{self.version + 1}"}, self.clock.now())
            if self._rng.random() < 0.1:
                writer.seal()
            elif self._rng.random() < 0.05:
                writer.compact()

    def sell_a_little(self, orders: int = 60) -> None:
        """One batch of a change or two of one living table."""
        entity = self._rng.choice(LIVING)
        told = [self._change(entity, orders) for _ in range(self._rng.choice((1, 2)))]
        transaction = Transaction(f"0/{self.version + 1}", self.clock.now())
        changed = ChangedRows(
            entity,
            self._batch(entity, [row for _, row in told]),
            [operation for operation, _ in told],
            range(1, len(told) + 1),
            [transaction] * len(told),
            [()] * len(told),
        )
        with self.lake.writer(SOURCE) as writer:
            writer.append([changed], {"lsn": f"0/{self.version + 1}"}, self.clock.now())

    def graph(self) -> CompiledGraph:
        """The packaged models over this shop."""
        return rendered_graph(self.folder / "dbt", self._assembled(), _SETTINGS)

    def compiled_by_dbt(self, cache: Path) -> CompiledGraph:
        """The same, with the names that dbt gives its own tests."""
        return compile_project(self.folder / "dbt", self._assembled(), cache, _SETTINGS)

    def _assembled(self) -> str:
        landed = [landed_source(self.lake, SOURCE, self.mapping)]
        return assemble(self.folder / "dbt", landed, _SETTINGS, rollups=all_rollups())

    def publish(self, graph: CompiledGraph, hot_file: HotFile | None = None) -> BuildReport | None:
        executor = Executor(hot_file or self.hot_file, self.clock, ZoneInfo(ZONE))
        return executor.publish(graph, lake_state(self.lake, {SOURCE: self.mapping}))

    def built_at_once(self, graph: CompiledGraph) -> Contents:
        hot_file = HotFile(self.folder / "fresh" / "warehouse.duckdb", readable_folders=[self.lake.root])
        try:
            self.publish(graph, hot_file)
            return contents(hot_file)
        finally:
            hot_file.close()
            hot_file.path.unlink()

    def _change(self, entity: str, orders: int) -> Told:
        count = orders + self.version // 4 if entity in LIVING else _FEW
        spec = load_entities()[entity]
        key: Row = dict(zip(spec.key, self._key(entity, self._rng.randint(1, count)), strict=True))
        if self._rng.random() < 0.15:
            return Operation.DELETE, dict.fromkeys(spec.columns) | key
        return Operation.UPSERT, self._row(entity, key)

    def _key(self, entity: str, number: int) -> tuple[str, ...]:
        if len(load_entities()[entity].key) == 1:
            return (str(number),)
        return str(number), str(number % 3 + 1)

    def _row(self, entity: str, key: Row) -> Row:
        columns = load_entities()[entity].columns
        return {name: self._cell(entity, name, spec) for name, spec in columns.items()} | key

    def _cell(self, entity: str, name: str, spec: EntityColumn) -> str | None:
        dice = self._rng.random()
        if dice < 0.02 and entity in LIVING:
            return _BAD.get(spec.type)
        if dice < 0.15 and not spec.required:
            return None
        if spec.type is ColumnType.ID:
            of_living = (spec.references or "").partition(".")[0] in LIVING
            return str(self._rng.randint(1, 70 if of_living else _FEW + 2))
        if name in {"city", "shipping_city", "city_name"}:
            return self._rng.choice(_CITIES)
        if name == "currency":
            return self._rng.choice(("GHS", "GHS", "USD"))
        return self._rng.choice(spec.values or _GOOD[spec.type])

    @staticmethod
    def _batch(entity: str, rows: Iterable[Row]) -> pa.RecordBatch:
        schema = pa.schema([(name, pa.string()) for name in load_entities()[entity].columns])
        return pa.RecordBatch.from_pylist(list(rows), schema)


def opened_in(folder: Path) -> None:
    """Put a shop with its first release into a folder: a copy of the one that all tests of a run share."""
    shared = Path(os.environ["AMALIMART_COMPILED"]) / SOURCE
    shared.mkdir(parents=True, exist_ok=True)
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "is_made").exists():
            shop = WholeShop(shared / "shop")
            shop.open_for_business()
            shop.publish(shop.graph())
            shop.hot_file.close()
            (shared / "is_made").touch()
    shutil.copytree(shared / "shop", folder, dirs_exist_ok=True)


def differing(
    found: Contents, right: Contents
) -> dict[str, tuple[Counter[tuple[object, ...]], Counter[tuple[object, ...]]]]:
    """Relation -> rows too few and rows too many."""
    assert found.keys() == right.keys()
    return {
        name: (right[name] - found[name], found[name] - right[name])
        for name in right
        if right[name] != found[name]
    }
