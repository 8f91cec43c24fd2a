"""Staged tables of other rows than those of the release, built whole in a file of their own."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import duckdb

from amalimart.warehouse.arrivals import LakeState
from amalimart.warehouse.bronze import create_bronze
from amalimart.warehouse.file.hot_file import HotFile
from amalimart.warehouse.file.reading import Release
from amalimart.warehouse.graph import BRONZE, CompiledGraph, bronze_id
from amalimart.warehouse.releases.release_log import record_release, set_run_context


def needed_for(graph: CompiledGraph, tables: Collection[str]) -> frozenset[str]:
    """Unique ids of these tables (schema.name) and of all they are made of, bronze views included."""
    by_id = {model.unique_id: model for model in graph.models}
    found: set[str] = set()
    left = [model.unique_id for model in graph.models if str(model.table) in tables]
    while left:
        unique_id = left.pop()
        if unique_id not in found:
            found.add(unique_id)
            left += by_id[unique_id].parents if unique_id in by_id else ()
    return frozenset(found)


def bronze_needed_for(graph: CompiledGraph, tables: Collection[str]) -> frozenset[str]:
    """Names of the bronze views that these tables are made of."""
    return frozenset(
        each.removeprefix(BRONZE) for each in needed_for(graph, tables) if each.startswith(BRONZE)
    )


def stage_beside(
    hot_file: HotFile,
    graph: CompiledGraph,
    tables: Collection[str],
    states: Collection[LakeState],
    at: datetime,
    business_now: datetime,
) -> None:
    """Build these tables of what the lakes hold, as a release that only its reader knows of.

    Raises WarehouseError where what a lake holds is not what the project was compiled for.
    """
    needed = needed_for(graph, tables)
    with hot_file.write() as cursor:
        for state in states:
            for table in state.tables:
                if bronze_id(table.view) in needed:
                    create_bronze(cursor, table)
        set_run_context(cursor, business_now)
        for model in graph.ordered:
            if model.unique_id in needed:
                _create(cursor, model.table.sql, model.sql, is_view=model.is_view)
        fresh = min((state.fresh_as_of for state in states if state.fresh_as_of), default=None)
        record_release(cursor, Release(1, at, fresh, graph.project_hash), {}, len(needed), 0)


def _create(cursor: duckdb.DuckDBPyConnection, place: str, sql: str, *, is_view: bool) -> None:
    cursor.execute(f"create or replace {'view' if is_view else 'table'} {place} as (\n{sql}\n)")
