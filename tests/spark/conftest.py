"""Spark, started once."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from tests.spark.session import BothEngines, Spark, need_spark, started


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spark]:
    need_spark()
    with started(tmp_path_factory.mktemp("spark")) as session:
        yield session


@pytest.fixture(scope="session")
def engines(spark: Spark, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BothEngines]:
    with duckdb.connect() as duck:
        duck.execute("set timezone = 'UTC'")
        yield BothEngines(duck, spark, tmp_path_factory.mktemp("cells"))
