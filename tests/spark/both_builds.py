"""A shop's models built twice from one lake: by the executor in DuckDB, and by Spark as dbt compiles them."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from amalimart.core.clock import FixedClock
from amalimart.core.names import quoted
from amalimart.warehouse.executor import Executor
from amalimart.warehouse.file.hot_file import HotFile
from amalimart.warehouse.graph import BRONZE, CompiledGraph
from amalimart.warehouse.lake_view import lake_state, landed_source
from amalimart.warehouse.project.compiler import dbt_command
from amalimart.warehouse.project.project_files import ProjectSettings, assemble
from tests.spark.session import Spark
from tests.spark.shops import NOW, Shop
from tests.warehouse.rendered_project import rendered_graph

ZONE = "Europe/London"
SETTINGS = ProjectSettings(business_zone=ZONE)
PORTABLE = ("staging", "silver")
PARSED = "partial_parse.msgpack"
Rows = Counter[tuple[Any, ...]]


@dataclass(frozen=True)
class SparkModel:
    """A model as dbt compiled it for Spark."""

    place: str
    is_view: bool
    sql: str


class BothBuilds:
    """Publishes the shop in DuckDB, hands the same bronze to Spark, and builds there what the shop fills."""

    def __init__(self, folder: Path, shop: Shop, schemas: Sequence[str] = PORTABLE) -> None:
        self._folder, self.shop = folder, shop
        project = folder / "dbt"
        project_hash = assemble(project, [landed_source(shop.lake, shop.name, shop.mapping)], SETTINGS)
        graph = rendered_graph(project, project_hash, SETTINGS)
        self._hot_file = HotFile(folder / "warehouse.duckdb", readable_folders=[shop.lake.root])
        report = Executor(self._hot_file, FixedClock(NOW), ZoneInfo(ZONE)).publish(
            graph, lake_state(shop.lake, {shop.name: shop.mapping})
        )
        assert report is not None
        self.names = sorted(filled_by_the_shop(graph, schemas))
        compiled = compiled_for_spark(project, folder / "spark-work", folder.parent / PARSED)
        self.models = [model for model in compiled if model.place in self.names]

    def close(self) -> None:
        self._hot_file.close()

    def build_on_spark(self, spark: Spark) -> None:
        for schema in ("bronze", "meta", *PORTABLE):
            spark.run(f"drop database if exists {schema} cascade")
            spark.run(f"create database {schema}")
        for name in self._handed_over():
            path = self._folder / f"{name}.parquet"
            spark.run(f"create table {name} using parquet location '{path}'")
        for model in self.models:
            kind = "view" if model.is_view else "table"
            stored = "" if model.is_view else " using parquet"
            spark.run(f"create {kind} {model.place}{stored} as {model.sql}")

    def in_duckdb(self, name: str) -> Rows:
        with self._hot_file.read() as transaction:
            return self.counted(list(transaction.rows(f"select * from {name}").rows))

    @staticmethod
    def counted(rows: list[tuple[Any, ...]]) -> Rows:
        return Counter(tuple(map(comparable, row)) for row in rows)

    def columns_in_duckdb(self, name: str) -> list[str]:
        with self._hot_file.read() as transaction:
            return [row[0] for row in transaction.rows(f"describe {name}").rows]

    def _handed_over(self) -> Iterator[str]:
        """Bronze and the run context, each written to a Parquet file."""
        with self._hot_file.write() as cursor:
            found = cursor.execute(
                "select table_schema, table_name from information_schema.tables where"
                " table_schema = 'bronze' and not ends_with(table_name, '__journal')"
                " or table_schema = 'meta' and table_name = 'run_context'"
            ).fetchall()
            tables = {f"{schema}.{name}": f"{quoted(schema)}.{quoted(name)}" for schema, name in found}
            arrows = {
                name: cursor.execute(f"select * from {sql}").to_arrow_table() for name, sql in tables.items()
            }
        for name, rows in arrows.items():
            live = arrows.get(name.replace("bronze.history__", "bronze."), rows)
            pq.write_table(_typed_as(rows, live.schema), self._folder / f"{name}.parquet")
            yield name


def filled_by_the_shop(graph: CompiledGraph, schemas: Sequence[str]) -> set[str]:
    """The models of some layers that hold rows of the shop, and what they read beside.

    The others are of entities that the shop lacks: empty, and the same in every shop that lacks them.
    """
    filled: set[str] = set()
    found = set()
    for model in graph.ordered:
        if model.parents & filled or any(parent.startswith(BRONZE) for parent in model.parents):
            filled.add(model.unique_id)
    for model in reversed(graph.ordered):
        if model.unique_id in filled and model.table.schema in schemas:
            found.add(str(model.table))
            filled |= model.parents
    return found


def _typed_as(rows: pa.Table, live: pa.Schema) -> pa.Table:
    """Rows of history whose columns without any value have the types of the table that they belong to."""
    for place, column in enumerate(rows.column_names):
        if rows[column].null_count == len(rows) and column in live.names:
            kind = live.field(column).type
            rows = rows.set_column(place, column, pa.nulls(len(rows), kind))
    return rows


def compiled_for_spark(project: Path, work: Path, parsed: Path) -> list[SparkModel]:
    """Every staging and silver model, compiled by dbt with its Spark adapter, parents first.

    dbt parses only what differs from the project before, which left its parsed form there.
    """
    work.mkdir()
    if parsed.exists():
        shutil.copyfile(parsed, work / PARSED)
    command = dbt_command(
        project, "compile", SETTINGS, work, "--target", "spark", "--no-introspect", "--no-populate-cache",
        "--select", *(f"path:models/{folder}" for folder in PORTABLE), "--log-path", str(work),
    )  # fmt: skip
    completed = subprocess.run(
        command, env={**os.environ, "DO_NOT_TRACK": "1"}, capture_output=True, text=True, check=False
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    shutil.copyfile(work / PARSED, parsed)
    nodes: Mapping[str, Any] = json.loads((work / "manifest.json").read_text())["nodes"]
    models = {
        key: node
        for key, node in nodes.items()
        if node["resource_type"] == "model" and node["schema"] in PORTABLE
    }
    parents = {key: [p for p in node["depends_on"]["nodes"] if p in models] for key, node in models.items()}
    return [
        SparkModel(
            f"{models[key]['schema']}.{models[key]['name']}",
            models[key]["config"]["materialized"] == "view",
            models[key]["compiled_code"],
        )
        for key in TopologicalSorter(parents).static_order()
    ]


def comparable(value: Any) -> Any:
    """A value as both engines give it: not a number equals itself, lists can be counted."""
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, float) and math.isnan(value):
        return "nan"
    if isinstance(value, Decimal):
        scale = value.as_tuple().exponent
        return (value, scale) if scale else int(value)  # a whole number of 38 digits is a decimal to Spark
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(ZoneInfo("UTC")).replace(tzinfo=None)
    return value
