"""An index is made where the bounds of row groups narrow no lookup; it is used, and changes no answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings

from amalimart.core.names import TableRef
from amalimart.warehouse.file import indexing
from amalimart.warehouse.file.hot_file import ROW_GROUP, HotFile
from amalimart.warehouse.incremental.recipe import lookup, only
from tests.warehouse.test_selective_rebuild import EVERYTHING, STEPS, Row, hold

ROWS = 250_000
ORDERS = TableRef("gold", "orders")


@pytest.fixture
def cursor(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    hot_file = HotFile(tmp_path / "warehouse.duckdb", readable_folders=[])
    with hot_file.write() as cursor:
        cursor.execute(
            "create table gold.orders as select range as id, cast(hash(range) % 40000 as bigint) as customer,"
            f" hash(range + 1) % 3 as shop, range % 7 as note from range({ROWS})"
        )
        cursor.execute(f"create table gold.few as select * from gold.orders limit {ROW_GROUP}")
    with hot_file.write() as cursor:
        yield cursor
    hot_file.close()


def indexes(cursor: duckdb.DuckDBPyConnection) -> set[str]:
    return {name for (name,) in cursor.execute("select index_name from duckdb_indexes()").fetchall()}


def test_only_scattered_keys_of_large_tables_are_indexed(cursor: duckdb.DuckDBPyConnection) -> None:
    asked = [
        lookup(ORDERS, ["id"]),
        lookup(ORDERS, ["shop"]),
        lookup(ORDERS, ["customer", "shop"]),
        lookup(ORDERS, ["id", "customer"]),
        lookup(TableRef("gold", "few"), ["customer"]),
        lookup(TableRef("gold", "gone"), ["id"]),
    ]
    assert indexing.index_lookups(cursor, asked) == 1
    assert indexes(cursor) == {"orders by customer"}
    assert indexing.index_lookups(cursor, asked) == 0, "what is there is not made again"


def test_a_lookup_reads_few_rows_through_the_index(cursor: duckdb.DuckDBPyConnection) -> None:
    query = only(ORDERS, {"customer": "key"}, "select range * 131 as key from range(20)", "r.id, r.note")
    before = cursor.execute(query).fetchall()
    scanned = rows_scanned(cursor, query)
    indexing.index_lookups(cursor, [lookup(ORDERS, ["customer"])])
    assert sorted(cursor.execute(query).fetchall()) == sorted(before)
    assert len(before) <= rows_scanned(cursor, query) < scanned / 10


def rows_scanned(cursor: duckdb.DuckDBPyConnection, query: str) -> int:
    """Rows that left the scan of the table, as the engine tells it."""
    told: Any = cursor.execute(f"explain analyze {query}").fetchall()[0][1]
    found = [int(each.replace(",", "")) for each in re.findall(r"([\d,]+) rows", told)]
    return max(found)


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bazaar")


@pytest.mark.slow
@pytest.mark.timeout(900)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(everything=EVERYTHING, steps=STEPS)
def test_following_with_indexes_equals_at_once(
    compiled: Path, everything: dict[str, list[Row]], steps: list[tuple[str, Any]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(indexing, "_FEWEST_ROWS", 0)
        patch.setattr(indexing, "_MOST_GROUPS", -1.0)
        hold(everything, steps, compiled)
