"""Builds a release: bronze views, models, checks and the release row in ONE transaction.

All of it commits or none. Models follow what changed, and checks look at changed rows; the first build
and one of another make do everything anew, one of another project what it defines otherwise. An
error-level check that fails holds the release back: everything is rolled back, the old release keeps
serving, and the reason is recorded outside that transaction.

Only a file without a release commits table by table: nobody reads it before it has one.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

import duckdb

from amalimart.core.clock import Clock
from amalimart.core.errors import WarehouseError
from amalimart.core.names import TableRef, quoted
from amalimart.core.releases import Acceptance
from amalimart.observe import metrics, spans
from amalimart.observe.spans import told, within
from amalimart.observe.work import note_release
from amalimart.warehouse.arrivals import Arrivals, LakeState
from amalimart.warehouse.bronze import refuse_missing
from amalimart.warehouse.building import Building, Built, Fate
from amalimart.warehouse.checking import run_checks
from amalimart.warehouse.file.hot_file import HotFile, work_alone
from amalimart.warehouse.file.reading import Release
from amalimart.warehouse.graph import RUN_CONTEXT, CompiledGraph, Model, bronze_id
from amalimart.warehouse.project.model_log import (
    forget_project,
    record_environment,
    record_reason,
    recorded_environment,
)
from amalimart.warehouse.project.project_changes import ProjectChanges, environment
from amalimart.warehouse.releases.acceptances import Acceptances, Judge, NoAcceptances, StandingOnly, ended
from amalimart.warehouse.releases.blocked_builds import Attempt
from amalimart.warehouse.releases.release_log import (
    CheckResult,
    business_day_built,
    forget_checks_but,
    latest_positions,
    latest_release,
    record_checks,
    record_release,
    set_run_context,
)
from amalimart.warehouse.releases.release_records import ReleaseRecords, keep_checks
from amalimart.warehouse.requested import Requested

log = logging.getLogger(__name__)

Progress = Callable[[int, int, str], None]

KEEP_DAYS = 30
"""How long releases are listed where nobody says."""


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did. Seconds are wall time.

    written  each table that it changed, and how many rows it wrote
    """

    release: Release
    models: int
    rows: int
    checks: tuple[CheckResult, ...]
    seconds: float
    written: tuple[tuple[TableRef, int], ...] = ()

    @property
    def warnings(self) -> tuple[CheckResult, ...]:
        """Checks that rows break without holding the release back."""
        return tuple(result for result in self.checks if result.failing_rows)


class Executor:
    """Publishes releases into one hot file."""

    def __init__(
        self,
        hot_file: HotFile,
        clock: Clock,
        business_zone: ZoneInfo,
        acceptances: Acceptances | None = None,
        keep_days: int = KEEP_DAYS,
    ) -> None:
        self._hot_file = hot_file
        self._acceptances = acceptances or NoAcceptances()
        self._records = ReleaseRecords(keep_days)
        self._clock = clock
        self._zone = business_zone
        self._is_of_this_make = False

    def beside(self, hot_file: HotFile) -> Executor:
        """An executor of the same project for another file; what it builds ends no acceptance."""
        return Executor(hot_file, self._clock, self._zone, StandingOnly(self._acceptances))

    def publish(
        self,
        graph: CompiledGraph,
        lake: LakeState,
        progress: Progress = lambda _done, _total, _what: None,
        requested: Requested | None = None,
    ) -> BuildReport | None:
        """Build and publish a release from a lake state; None where nothing has changed or is requested.

        Raises ModelFailed or CheckFailed; the published release is then still the old one.
        """
        standing = self._standing()
        attempt = Attempt(graph.project_hash, lake.positions)
        try:
            with self._hot_file.write() as cursor:
                report = self._build(cursor, graph, lake, progress, standing, attempt, requested)
                built_ns = time.time_ns()
            self._is_of_this_make = True
            if report is not None:
                told(spans.COMMIT, built_ns, release_id=report.release.release_id)
                metrics.BUILD_SECONDS.observe(report.seconds)
                metrics.BUILD_ROWS.observe(report.rows)
            if standing and report is not None:
                self._standing()  # tells of those that have just lapsed; after a crash the next build does
            return report  # noqa: TRY300 - it is committed, which the block may still refuse
        except WarehouseError as error:
            with self._hot_file.write() as cursor:
                attempt.record(cursor, self._clock.now(), error)
            raise

    def note_refused(self, error: WarehouseError) -> None:
        """Remember a project that could not even be compiled: it holds publication as any failing build."""
        with self._hot_file.write() as cursor:
            Attempt(None, {}).record(cursor, self._clock.now(), error)

    def _standing(self) -> list[Acceptance]:
        """What may fail by somebody's word. A release that ended one has the last word on it."""
        standing = self._acceptances.standing()
        if not standing:
            return []
        with self._hot_file.records() as cursor:
            lapsed = ended(cursor, standing)
        if lapsed:
            self._acceptances.lapse(lapsed)
        return [each for each in standing if each.acceptance_id not in lapsed]

    def _build(
        self,
        cursor: duckdb.DuckDBPyConnection,
        graph: CompiledGraph,
        lake: LakeState,
        progress: Progress,
        standing: Sequence[Acceptance],
        attempt: Attempt,
        requested: Requested | None,
    ) -> BuildReport | None:
        started, looked_ns = time.monotonic(), time.time_ns()
        business_now = self._clock.now().astimezone(self._zone).replace(tzinfo=None)
        previous = latest_release(cursor)
        refuse_missing(lake.tables, graph.bronze)
        news = Arrivals(cursor, lake)
        changes = self._changes(cursor, graph, previous)
        fates = news.fates(latest_positions(cursor))
        if business_day_built(cursor) != business_now.date():
            fates[RUN_CONTEXT] = Fate.REBUILT
        if changes is not None:
            _clear_for_another_project(cursor, graph, lake)
            for table in lake.tables:
                news.read_whole(bronze_id(table.view))
        elif not fates and requested is None:
            return None
        elif requested is None:
            work_alone(cursor)
        told(spans.READ_BRONZE, looked_ns)
        release_id = previous.release_id + 1 if previous else 1
        note_release(release_id)
        set_run_context(cursor, business_now)
        if previous is None:
            _commit_so_far(cursor)
        building = Building(cursor, graph, fates, news.read_whole)
        built = {}
        is_batch = changes is None and requested is None
        with within(spans.MODELS), nullcontext() if is_batch or previous is None else _pointing_beside():
            for number, model in enumerate(graph.ordered):
                progress(number, len(graph.models), str(model.table))
                bring = partial(_bring, building, model, changes, requested)
                built[model.unique_id] = bring() if previous else _kept_at_once(cursor, building, bring)
        progress(len(graph.models), len(graph.models), "checks")
        judge = Judge(cursor, graph, standing)
        anew = judge.whole | (changes.checks if changes else frozenset())
        with within(spans.CHECKS) as checking:
            results = run_checks(cursor, building, graph.checks, anew)
            checking.set(failing=_count_failing(results))
        verdict = judge.verdict(results, attempt)
        release = Release(
            release_id=release_id,
            published_at=self._clock.now(),
            fresh_as_of=lake.fresh_as_of,
            project_hash=graph.project_hash,
        )
        record_checks(cursor, release.release_id, results)
        keep_checks(
            cursor, release, judge.failing, verdict.accepted, verdict.lapsed, graph if changes else None
        )
        self._records.keep_models(
            cursor, release, previous, ((model, built[model.unique_id]) for model in graph.ordered)
        )
        self._records.trim(cursor, release, business_now.date())
        models = sum(each.fate is not Fate.SAME for each in built.values())
        rows = sum(each.rows for each in built.values())
        record_release(cursor, release, lake.positions, models, rows)
        if changes is not None:
            changes.record(release.release_id)
        if requested is not None:
            record_reason(cursor, release.release_id, requested.reason)
        written = tuple(
            (model.table, built[model.unique_id].rows)
            for model in graph.ordered
            if not model.is_view and built[model.unique_id].fate is not Fate.SAME
        )
        return BuildReport(release, models, rows, tuple(results), time.monotonic() - started, written)

    def _changes(
        self, cursor: duckdb.DuckDBPyConnection, graph: CompiledGraph, previous: Release | None
    ) -> ProjectChanges | None:
        """What the project defines otherwise than the published release; None where it is the same."""
        is_of_this_make = self._is_of_this_make or recorded_environment(cursor) == environment(self._zone)
        if previous is not None and is_of_this_make and previous.project_hash == graph.project_hash:
            return None
        if previous is None or not is_of_this_make:
            forget_project(cursor)
            record_environment(cursor, environment(self._zone))
        return ProjectChanges(cursor, graph)


def _bring(
    building: Building, model: Model, changes: ProjectChanges | None, requested: Requested | None
) -> Built:
    """Bring a model up to date: as is requested, as another project defines it, or after what changed."""
    began_ns = time.time_ns()
    if requested is not None and requested.is_about(model):
        built = requested.bring(building, model, is_another_project=changes is not None)
    else:
        built = changes.bring(building, model) if changes else building.follow(model)
    if built.fate is not Fate.SAME:
        told(spans.MODEL, began_ns, model=str(model.table), fate=built.fate.value, rows=built.rows)
    return built


def _kept_at_once(cursor: duckdb.DuckDBPyConnection, building: Building, bring: Callable[[], Built]) -> Built:
    """Make a table of a file without a release; where memory is short, once more by what takes less of it.

    Whatever else belongs to the build has been committed before, so nothing but that table is lost.
    """
    try:
        built = bring()
    except duckdb.OutOfMemoryException:
        if building.sorts_apart:
            raise
        log.info("memory is short: tables are made first and sorted then from here on")
        cursor.execute("rollback")
        cursor.execute("begin transaction")
        building.sorts_apart = True
        built = bring()
    _commit_so_far(cursor)
    return built


@contextmanager
def _pointing_beside() -> Iterator[None]:
    """Where memory is short to make tables anew over a release, say what takes less: a first build beside.

    It commits each table; of those that its own transaction made the engine does not know how many rows they
    have, and plans their joins without.
    """
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise WarehouseError(
            "the engine needs more memory than it may take to make tables anew over the published release",
            next_step="amalimart warehouse rebuild, which takes less; or let the engine take more"
            " (serve.limits.engine_memory_mb), on a machine that has it; the published release is untouched",
        ) from error


def _commit_so_far(cursor: duckdb.DuckDBPyConnection) -> None:
    """Keep a table for the next ones to read: the engine reads those it has not committed on one thread."""
    cursor.execute("commit")
    cursor.execute("begin transaction")


def _count_failing(results: Sequence[CheckResult]) -> int:
    """How many checks some row breaks; they are counted by how bad that is."""
    failing = [result for result in results if result.failing_rows]
    for result in failing:
        metrics.CHECK_FAILURES.add(severity="error" if result.is_error else "warning")
    return len(failing)


def _clear_for_another_project(
    cursor: duckdb.DuckDBPyConnection, graph: CompiledGraph, lake: LakeState
) -> None:
    """Drop what the project no longer holds: nobody may read a table that no release rebuilds any more.

    A model that became a view, or is no longer one, is dropped too: the engine does not replace one
    kind by the other.
    """
    kept = {(model.table.schema, model.table.name): model.is_view for model in graph.models}
    kept |= {("bronze", table.view): True for table in lake.tables}
    kept |= {("bronze", table.journal_table): False for table in lake.tables}
    found = cursor.execute(
        "select table_schema, table_name, table_type = 'VIEW' from information_schema.tables "
        "where table_catalog = current_database() and table_schema in ('bronze', 'staging', 'silver', 'gold')"
    ).fetchall()
    for schema, name, is_view in found:
        if kept.get((schema, name)) is not is_view:
            cursor.execute(f"drop {'view' if is_view else 'table'} {quoted(schema)}.{quoted(name)}")
    forget_checks_but(cursor, [check.name for check in graph.checks])
