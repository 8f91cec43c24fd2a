"""A rollup that adds up what came and went equals one that is made anew, whatever changes and is missing."""

from __future__ import annotations

import os
from collections import Counter
from datetime import date
from decimal import Decimal
from itertools import chain
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amalimart.core.calendar import Grain
from amalimart.core.names import TableRef
from amalimart.core.rollups import KEY, RollupTable, Stored, StoredColumn
from amalimart.warehouse.incremental.recipe import affected_of, changes_of
from amalimart.warehouse.rollups.rollup_recipe import rollup_recipe
from amalimart.warehouse.rollups.rollup_sql import rollup_sql

BASE = TableRef("gold", "facts")
_SUMS = (
    StoredColumn("id", Stored.COUNT),
    StoredColumn("amount", Stored.COUNT),
    StoredColumn("amount", Stored.SUM),
    StoredColumn("units", Stored.COUNT),
    StoredColumn("units", Stored.SUM, is_whole=True),
)
ROLLUPS = [
    RollupTable("a", "", "", BASE, ("day", Grain.DAY), ("state", "place"), _SUMS),
    RollupTable("b", "", "", BASE, ("day", Grain.MONTH), (), _SUMS),
    RollupTable("c", "", "", BASE, None, ("place",), (*_SUMS, StoredColumn("day", Stored.MAX))),
    RollupTable(
        "d", "", "", BASE, ("day", Grain.WEEK), ("state",), (*_SUMS, StoredColumn("amount", Stored.MIN))
    ),
]
ROWS = st.tuples(
    st.sampled_from([date(2024, 1, 31), date(2024, 2, 1), date(2024, 2, 29), None]),
    st.sampled_from(["new", "done", "1:x", "", None]),
    st.sampled_from(["-", "1:-", ":", None]),
    st.sampled_from([Decimal("0.01"), Decimal("-5.00"), Decimal("99999999.99"), None]),
    st.sampled_from([0, 1, 3, None]),
)
STATES = st.dictionaries(st.integers(1, 8), ROWS, max_size=8)


@pytest.fixture(scope="module")
def engine() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("create schema gold")
    connection.execute(
        f"create table {BASE.sql} (id integer, day date, state varchar, place varchar,"
        " amount decimal(18, 2), units integer)"
    )
    return connection


def hold(engine: duckdb.DuckDBPyConnection, states: list[dict[int, Any]], rollup: RollupTable) -> None:
    """Go from state to state by the recipe, and compare with the query over all rows each time."""
    recipe = rollup_recipe(rollup)
    engine.execute(f"delete from {BASE.sql}")
    engine.execute(f"create or replace table {rollup.table.sql} as {rollup_sql(rollup, BASE.sql)}")
    before: dict[int, Any] = {}
    for state in states:
        changes = [(key, *row, 1) for key, row in state.items() if before.get(key) != row]
        changes += [(key, *row, -1) for key, row in before.items() if state.get(key) != row]
        engine.execute(
            f"create or replace temp table {changes_of(BASE)} as"
            f" select *, cast(0 as tinyint) as _sign from {BASE.sql} limit 0"
        )
        engine.execute(f"delete from {BASE.sql}")
        for table, rows in (
            (BASE.sql, [(key, *row) for key, row in state.items()]),
            (changes_of(BASE), changes),
        ):
            if rows:
                row = f"({', '.join('?' * len(rows[0]))})"
                values = ", ".join([row] * len(rows))  # each row of its own would take as long to plan
                engine.execute(f"insert into {table} values {values}", list(chain(*rows)))
        (route,) = recipe.routes
        affected = affected_of(rollup.table)
        engine.execute(f"create or replace temp table {affected} as select distinct * from ({route.sql})")
        engine.execute(f"create or replace temp table fresh as {recipe.sql}")
        engine.execute(f"delete from {rollup.table.sql} where {KEY} in (select {KEY} from {affected})")
        engine.execute(f"insert into {rollup.table.sql} select * from fresh")
        expected = engine.execute(f"describe {rollup_sql(rollup, BASE.sql)}").fetchall()
        assert [row[:2] for row in engine.execute("describe fresh").fetchall()] == [
            row[:2] for row in expected
        ]
        kept = engine.execute(f"select * from {rollup.table.sql}").fetchall()
        assert Counter(kept) == Counter(engine.execute(rollup_sql(rollup, BASE.sql)).fetchall())
        before = state


@settings(max_examples=25, deadline=None)
@given(states=st.lists(STATES, min_size=1, max_size=4), rollup=st.sampled_from(ROLLUPS))
def test_adding_up_equals_making_anew(
    engine: duckdb.DuckDBPyConnection, states: list[dict[int, Any]], rollup: RollupTable
) -> None:
    hold(engine, states, rollup)


@pytest.mark.slow
@settings(max_examples=int(os.environ.get("AMALIMART_EXAMPLES", "400")), deadline=None)
@given(states=st.lists(STATES, min_size=1, max_size=6), rollup=st.sampled_from(ROLLUPS))
def test_so_it_does_over_many_histories(
    engine: duckdb.DuckDBPyConnection, states: list[dict[int, Any]], rollup: RollupTable
) -> None:
    hold(engine, states, rollup)


def test_only_extremes_need_the_rows_of_the_base_again() -> None:
    assert [rollup.adds_up for rollup in ROLLUPS] == [True, True, False, False]
    for rollup in ROLLUPS:
        assert (BASE.sql in rollup_recipe(rollup).sql) is not rollup.adds_up
