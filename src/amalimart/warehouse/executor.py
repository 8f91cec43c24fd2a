"""Builds a release: bronze views, models, checks and the release row in ONE transaction.

All of it commits or none. Only models downstream of what changed are rebuilt, and only checks over
rebuilt models run. An error-level check that fails holds the release back: everything is rolled
back, the old release keeps serving, and the reason is recorded outside that transaction.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import duckdb

from amalimart.core.clock import Clock
from amalimart.core.errors import CheckFailed, ModelFailed, WarehouseError
from amalimart.core.names import quoted
from amalimart.warehouse.bronze import BronzeTable, create_bronze
from amalimart.warehouse.compiler import RUN_CONTEXT, bronze_id
from amalimart.warehouse.graph import Check, CompiledGraph, Model
from amalimart.warehouse.hot_file import HotFile
from amalimart.warehouse.reading import Release
from amalimart.warehouse.release_log import (
    CheckResult,
    SourcePosition,
    business_day_built,
    forget_checks_but,
    latest_positions,
    latest_release,
    record_blocked,
    record_checks,
    record_release,
    set_run_context,
)

Progress = Callable[[int, int, str], None]
# Disk, memory, a stop, or an engine that gave up: no model is to be blamed, and no file to be corrected.
_NOT_THE_MODELS_FAULT = (
    duckdb.IOException,
    duckdb.OutOfMemoryException,
    duckdb.InterruptException,
    duckdb.FatalException,
)


@dataclass(frozen=True, slots=True)
class LakeState:
    """What the lake holds at one moment: each source's position, the tables, the source's time."""

    positions: Mapping[str, SourcePosition]
    tables: tuple[BronzeTable, ...]
    fresh_as_of: datetime | None


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did. Seconds are wall time."""

    release: Release
    models: int
    rows: int
    checks: tuple[CheckResult, ...]
    seconds: float

    @property
    def warnings(self) -> tuple[CheckResult, ...]:
        """Checks that rows break without holding the release back."""
        return tuple(result for result in self.checks if result.failing_rows)


class Executor:
    """Publishes releases into one hot file."""

    def __init__(self, hot_file: HotFile, clock: Clock, business_zone: ZoneInfo) -> None:
        self._hot_file = hot_file
        self._clock = clock
        self._zone = business_zone

    def publish(
        self, graph: CompiledGraph, lake: LakeState, progress: Progress = lambda _done, _total, _what: None
    ) -> BuildReport | None:
        """Build and publish a release from a lake state; None where nothing has changed.

        Raises ModelFailed or CheckFailed; the published release is then still the old one.
        """
        try:
            with self._hot_file.write() as cursor:
                return self._build(cursor, graph, lake, progress)
        except WarehouseError as error:
            with self._hot_file.write() as cursor:
                record_blocked(cursor, self._clock.now(), error.code, error.what, error.where)
            raise

    def _build(
        self, cursor: duckdb.DuckDBPyConnection, graph: CompiledGraph, lake: LakeState, progress: Progress
    ) -> BuildReport | None:
        started = time.monotonic()
        business_now = self._clock.now().astimezone(self._zone).replace(tzinfo=None)
        previous = latest_release(cursor)
        selected = self._selection(cursor, graph, lake, previous, business_now)
        if not selected:
            return None
        if previous is None or previous.project_hash != graph.project_hash:
            _clear_for_another_project(cursor, graph, lake)
        create_bronze(cursor, lake.tables, graph.bronze)
        set_run_context(cursor, business_now)
        models = [model for model in graph.ordered if model.unique_id in selected]
        rows = 0
        for number, model in enumerate(models):
            progress(number, len(models), str(model.table))
            rows += _build_model(cursor, model)
        progress(len(models), len(models), "checks")
        checks = [check for check in graph.checks if check.parents & selected]
        results = [_run_check(cursor, check) for check in checks]
        _hold_back_if_broken(results)
        release = Release(
            release_id=previous.release_id + 1 if previous else 1,
            published_at=self._clock.now(),
            fresh_as_of=lake.fresh_as_of,
            project_hash=graph.project_hash,
        )
        record_checks(cursor, release.release_id, results)
        record_release(cursor, release, lake.positions, len(models), rows)
        return BuildReport(release, len(models), rows, tuple(results), time.monotonic() - started)

    @staticmethod
    def _selection(
        cursor: duckdb.DuckDBPyConnection,
        graph: CompiledGraph,
        lake: LakeState,
        previous: Release | None,
        business_now: datetime,
    ) -> frozenset[str]:
        """Ids of the models to rebuild: all of them, or those downstream of what changed."""
        if previous is None or previous.project_hash != graph.project_hash:
            return frozenset(model.unique_id for model in graph.models)
        built = latest_positions(cursor)
        changed = {bronze_id(table.view) for table in lake.tables if _has_news(table, built, lake.positions)}
        if business_day_built(cursor) != business_now.date():
            changed.add(RUN_CONTEXT)
        return graph.downstream(changed)


def _has_news(
    table: BronzeTable, built: Mapping[str, SourcePosition], now: Mapping[str, SourcePosition]
) -> bool:
    before = built.get(table.source)
    return before is None or before.log != now[table.source].log or table.version > before.version


def _clear_for_another_project(
    cursor: duckdb.DuckDBPyConnection, graph: CompiledGraph, lake: LakeState
) -> None:
    """Drop what the project no longer holds: nobody may read a table that no release rebuilds any more.

    A model that became a view, or is no longer one, is dropped too: the engine does not replace one
    kind by the other.
    """
    kept = {(model.table.schema, model.table.name): model.is_view for model in graph.models}
    kept |= {("bronze", table.view): True for table in lake.tables}
    kept |= {("bronze", table.journal_table): False for table in lake.tables if table.journal}
    found = cursor.execute(
        "select table_schema, table_name, table_type = 'VIEW' from information_schema.tables "
        "where table_catalog = current_database() and table_schema in ('bronze', 'staging', 'silver', 'gold')"
    ).fetchall()
    for schema, name, is_view in found:
        if kept.get((schema, name)) is not is_view:
            cursor.execute(f"drop {'view' if is_view else 'table'} {quoted(schema)}.{quoted(name)}")
    forget_checks_but(cursor, [check.name for check in graph.checks])


def _build_model(cursor: duckdb.DuckDBPyConnection, model: Model) -> int:
    """Create one model and return its rows (0 for a view)."""
    kind = "view" if model.is_view else "table"
    try:
        cursor.execute(f"create or replace {kind} {model.table.sql} as (\n{model.sql}\n)")
        counted = None if model.is_view else cursor.fetchone()
    except _NOT_THE_MODELS_FAULT:
        raise  # the hot file names it
    except duckdb.Error as error:
        raise ModelFailed(
            f"the model {model.table} failed: {str(error).splitlines()[0]}",
            where=model.unique_id,
            next_step="correct the model; the published release is untouched",
        ) from error
    return int(counted[0]) if counted else 0


def _run_check(cursor: duckdb.DuckDBPyConnection, check: Check) -> CheckResult:
    try:
        counted = cursor.execute(f"select count(*) from (\n{check.sql}\n) as failing").fetchone()
    except _NOT_THE_MODELS_FAULT:
        raise
    except duckdb.Error as error:
        raise ModelFailed(
            f"the check {check.name} failed to run: {str(error).splitlines()[0]}", where=check.unique_id
        ) from error
    return CheckResult(check.name, check.is_error, int(counted[0]) if counted else 0)


def _hold_back_if_broken(results: list[CheckResult]) -> None:
    broken = [result for result in results if result.is_error and result.failing_rows]
    if broken:
        named = ", ".join(f"{result.name} ({result.failing_rows} rows)" for result in broken)
        raise CheckFailed(
            f"the release is held back: {named}",
            expected="no row that breaks an error-level check",
            next_step="amalimart status shows what serves; correct the data or the model",
        )
