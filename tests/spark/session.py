"""One Spark session for the tests, on this machine, and the same question asked of both engines.

Java 17 or newer and pyspark are needed: without them the tests are skipped, loudly, and fail where CI is set.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from amalimart.warehouse.project.project_files import SPARK_SETTINGS
from amalimart.warehouse.staging.macros import rendered

MISSING = "the tests on Spark need {what}: run `make spark`, or {instead}"
OLDEST_JAVA = 17


def lacking() -> str:
    """What this machine lacks to run Spark; empty where it lacks nothing."""
    if find_spec("pyspark") is None:
        return MISSING.format(what="pyspark", instead="pip install -r requirements/spark.lock")
    home = os.environ.get("JAVA_HOME")
    java = shutil.which(str(Path(home, "bin", "java"))) if home else shutil.which("java")
    told = java and subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', told or "")
    if version is None or int(version[1]) < OLDEST_JAVA:
        return MISSING.format(what=f"Java {OLDEST_JAVA}", instead="install openjdk-17-jre-headless")
    return ""


def need_spark() -> None:
    """Skip, or fail in CI, where Spark cannot be had."""
    if what := lacking():
        if os.environ.get("CI"):
            pytest.fail(what)
        pytest.skip(what)


class Spark:
    """A session with the settings that the product's profile gives dbt."""

    def __init__(self, folder: Path) -> None:
        builder: Any = import_module("pyspark.sql").SparkSession.builder  # only where it is installed
        builder = builder.master("local[2]").appName("models")
        own = {
            "spark.ui.enabled": "false",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.memory": "2g",
            # Plans of hundreds of small queries: compiling them for speed costs more than it saves.
            "spark.driver.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
            "spark.sql.shuffle.partitions": "1",
            "spark.sql.warehouse.dir": str(folder / "warehouse"),
            "spark.sql.catalogImplementation": "in-memory",
            "spark.local.dir": str(folder / "local"),
            "spark.ui.showConsoleProgress": "false",
            # Tables of a few rows: compiling a query would take longer than running it.
            "spark.sql.codegen.wholeStage": "false",
            "spark.sql.codegen.factoryMode": "NO_CODEGEN",
            "spark.sql.adaptive.enabled": "false",
        }
        for name, value in {**own, **SPARK_SETTINGS}.items():
            builder = builder.config(name, value)
        self._session = builder.getOrCreate()
        self._session.sparkContext.setLogLevel("OFF")

    def run(self, sql: str) -> None:
        self._session.sql(sql)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._session.sql(sql).collect()]

    def columns(self, sql: str) -> list[tuple[str, str]]:
        """(name, type) of what a query gives."""
        return [(field.name, field.dataType.simpleString()) for field in self._session.sql(sql).schema]

    def show(self, name: str, parquet: Path) -> None:
        """Give a Parquet file a name."""
        self._session.read.parquet(str(parquet)).createOrReplaceTempView(name)

    def stop(self) -> None:
        self._session.stop()


@contextmanager
def started(folder: Path) -> Iterator[Spark]:
    """A session, which is stopped after the block."""
    spark = Spark(folder)
    try:
        yield spark
    finally:
        spark.stop()


class BothEngines:
    """Asks DuckDB and Spark the same, each in the words that the macros have for it."""

    def __init__(self, duck: duckdb.DuckDBPyConnection, spark: Spark, folder: Path) -> None:
        self.duck, self.spark, self._folder = duck, spark, folder

    def land(self, table: pa.Table, name: str = "landed") -> None:
        path = self._folder / f"{name}.parquet"
        pq.write_table(table, path)
        self.duck.execute(f"create or replace view {name} as select * from read_parquet('{path}')")
        self.spark.show(name, path)

    def ask(self, sql: str) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        """The answers of DuckDB and of Spark."""
        return (
            self.duck.execute(rendered(sql)).fetchall(),
            self.spark.rows(rendered(sql, "spark")),
        )
