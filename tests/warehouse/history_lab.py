"""A small lake and the models of history over it, compiled without dbt: changes in, versions out."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import yaml

from amalimart.lake import ChangedRows, CommitKind, Lake, Operation, Transaction
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.warehouse.executor import Executor
from amalimart.warehouse.file.hot_file import HotFile
from amalimart.warehouse.graph import CompiledGraph
from amalimart.warehouse.incremental.following import add_following
from amalimart.warehouse.lake_view import lake_state, landed_source
from amalimart.warehouse.project import compiler
from amalimart.warehouse.project.project_files import PACKAGED_PROJECT, ProjectSettings, assemble
from amalimart.warehouse.staging.macros import rendered
from tests.warehouse.staging_lab import mapping_of

ZONE = "Africa/Lagos"  # one hour before UTC all the year
START = datetime(2026, 3, 1, tzinfo=UTC)
HISTORIES = ("dim_customers_history", "dim_products_history", "dim_vendors_history")
_REF = re.compile(r"\{\{ ref\('(\w+)'\) \}\}")
_SOURCE = re.compile(r"\{\{ source\('(\w+)', '([^']+)'\) \}\}")
_CONFIG = re.compile(r"\{\{ config\(([^)]*)\) \}\}")

_GRAPHS: dict[str, CompiledGraph] = {}  # by the content of the project: labs share what was compiled


@dataclass(frozen=True)
class Told:
    """One change of one row."""

    table: str
    operation: str
    values: Mapping[str, Any] = field(default_factory=dict)
    unchanged: tuple[str, ...] = ()


@dataclass
class SourceClock:
    """Our clock, which shows what the source's did at its last commit."""

    instant: datetime

    def now(self) -> datetime:
        return self.instant


class HistoryLab:
    """One source named `shop`, and the hot file that follows it."""

    def __init__(self, folder: Path, mapping: str, schemas: Mapping[str, pa.Schema]) -> None:
        self._folder, self._schemas = folder, dict(schemas)
        self.mapping: SourceMapping = mapping_of(folder, mapping)
        self.clock = SourceClock(START)
        self.lake = Lake(folder / "lake", self.clock, grace=timedelta(0))
        self._packaged = folder / "packaged"
        shutil.copytree(PACKAGED_PROJECT / "macros", self._packaged / "macros")
        (self._packaged / "models" / "gold").mkdir(parents=True)
        for name in HISTORIES:
            for suffix in ("sql", "yml"):
                kept = PACKAGED_PROJECT / "models" / "gold" / f"{name}.{suffix}"
                shutil.copy(kept, self._packaged / "models" / "gold")
        self._compiled_for: Mapping[str, Any] = {}
        self._graph: CompiledGraph | None = None
        self.hot_file = self.fresh_file("warehouse")

    def fresh_file(self, name: str) -> HotFile:
        return HotFile(self._folder / name / "warehouse.duckdb", readable_folders=[self.lake.root])

    def retype(self, table: str, schema: pa.Schema) -> None:
        """What lands of a table from now on has other columns."""
        self._schemas[table] = schema

    def close(self) -> None:
        self.hot_file.close()

    def snapshot(self, tables: Mapping[str, Sequence[Mapping[str, Any]]], at: datetime) -> None:
        """Read some tables anew, in one batch."""
        self.clock.instant = at
        with self.lake.begin("shop", CommitKind.SNAPSHOT) as writer:
            for table, rows in tables.items():
                schema = self._schemas[table]
                batch = pa.RecordBatch.from_pylist([dict(row) for row in rows], schema)
                moment = Transaction(f"snap {at:%d %H:%M}", at)
                writer.write(table, [batch], Operation.SNAPSHOT, schema=schema, transaction=moment)
            writer.commit({}, at)

    def land(self, changes: Sequence[Told], at: datetime, *, in_journal: bool = True) -> None:
        """One batch of changes, in their order, all of one transaction of the source."""
        self.clock.instant = at
        told = [self._changed(changes, table, at) for table in sorted({each.table for each in changes})]
        if in_journal:
            with self.lake.writer("shop") as journal:
                journal.append(told, {}, at)
            return
        with self.lake.begin("shop", CommitKind.CHANGES) as writer:
            for each in told:
                writer.add(each)
            writer.commit({}, at)

    def _changed(self, changes: Sequence[Told], table: str, at: datetime) -> ChangedRows:
        own = [(number, each) for number, each in enumerate(changes, 1) if each.table == table]
        schema = self._schemas[table]
        rows = [{name: each.values.get(name) for name in schema.names} for _, each in own]
        return ChangedRows(
            table,
            pa.RecordBatch.from_pylist(rows, schema),
            operations=[Operation(each.operation) for _, each in own],
            sequences=[number for number, _ in own],
            transactions=[Transaction(f"tx {at:%d %H:%M}", at)] * len(own),
            unchanged=[each.unchanged for _, each in own],
        )

    def graph(self) -> CompiledGraph:
        settings = ProjectSettings(business_zone=ZONE)
        folder = self._folder / "dbt"
        landed = [landed_source(self.lake, "shop", self.mapping)]
        if landed[0].tables != self._compiled_for:
            project_hash = assemble(folder, landed, settings, packaged=self._packaged)
            self._compiled_for = landed[0].tables
            if project_hash not in _GRAPHS:
                _GRAPHS[project_hash] = compiled_without_dbt(folder, project_hash)
            self._graph = _GRAPHS[project_hash]
        assert self._graph is not None
        return self._graph

    def publish(self, hot_file: HotFile | None = None) -> None:
        executor = Executor(hot_file or self.hot_file, self.clock, ZoneInfo(ZONE))
        executor.publish(self.graph(), lake_state(self.lake, {"shop": self.mapping}))

    def rows(self, question: str, hot_file: HotFile | None = None) -> list[tuple[Any, ...]]:
        with (hot_file or self.hot_file).read() as transaction:
            return list(transaction.rows(question).rows)

    def contents(self, hot_file: HotFile | None = None) -> dict[str, Counter[tuple[Any, ...]]]:
        """The versions of rows and of dimensions, each as a multiset."""
        names = self.rows(
            "select table_schema || '.' || table_name from information_schema.tables"
            " where table_name like '%versions_%' or table_name like '%_history' order by 1",
            hot_file,
        )
        return {name: Counter(self.rows(f"select * from {name}", hot_file)) for (name,) in names}

    @contextmanager
    def built_at_once(self) -> Iterator[HotFile]:
        """Another hot file, built from what the lake holds now."""
        fresh = self.fresh_file("fresh")
        try:
            self.publish(fresh)
            yield fresh
        finally:
            fresh.close()
            shutil.rmtree(self._folder / "fresh")


def compiled_without_dbt(project: Path, project_hash: str) -> CompiledGraph:
    """The graph of a project of plain models: references, sources, macros and descriptions, no tests."""
    files = {path.stem: path for path in sorted((project / "models").rglob("*.sql"))}
    described = {
        model["name"]: model.get("config", {}).get("meta")
        for path in sorted((project / "models").rglob("*.yml"))
        for model in yaml.load(path.read_text(), yaml.CSafeLoader)["models"]
    }
    texts = {name: rendered(path.read_text()) for name, path in files.items()}
    schemas = {name: _schema(path.parent.name, texts[name]) for name, path in files.items()}
    nodes = {
        f"model.marketplace.{name}": _node(name, texts[name], schemas, described.get(name))
        for name in _behind(HISTORIES, texts)
    }
    for unique_id, kept in add_following(nodes, compiler._generated_recipes(project)).items():
        nodes[unique_id] |= kept
    sources = {parent for node in nodes.values() for parent in node["depends_on"]["nodes"]}
    return compiler.read_manifest(
        {"nodes": nodes, "sources": sorted(each for each in sources if each.startswith("source."))},
        project_hash,
    )


def _behind(wanted: Iterable[str], texts: Mapping[str, str]) -> set[str]:
    """The wanted models and everything that they read."""
    found: set[str] = set()
    waiting = list(wanted)
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting += [parent for parent in _REF.findall(texts[name]) if parent not in found]
    return found


def _schema(folder: str, text: str) -> str:
    found = re.search(r"schema='(\w+)'", " ".join(_CONFIG.findall(text)))
    return found[1] if found else folder


def _node(name: str, text: str, schemas: Mapping[str, str], meta: Mapping[str, Any] | None) -> dict[str, Any]:
    sql = _REF.sub(lambda found: f'"warehouse"."{schemas[found[1]]}"."{found[1]}"', _CONFIG.sub("", text))
    sql = _SOURCE.sub(r'"warehouse"."\1"."\2"', sql)
    parents = [f"model.marketplace.{parent}" for parent in _REF.findall(text)]
    parents += [f"source.marketplace.{schema}.{table}" for schema, table in _SOURCE.findall(text)]
    is_view = "materialized='view'" in " ".join(_CONFIG.findall(text))
    config: dict[str, Any] = dict.fromkeys(compiler._KEPT_OF_A_CONFIG)
    return {
        **dict.fromkeys(compiler._KEPT_OF_A_NODE),
        "resource_type": "model",
        "database": "warehouse",
        "schema": schemas[name],
        "name": name,
        "compiled_code": sql.strip(),
        "depends_on": {"nodes": sorted(set(parents))},
        "language": "sql",
        "config": config | {"materialized": "view" if is_view else "table", "meta": dict(meta or {})},
    }
