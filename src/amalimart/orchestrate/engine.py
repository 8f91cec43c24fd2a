"""The engine's use case: keep the published release up with the lake, and answer from it.

One Engine owns the hot file. It assembles and compiles the dbt project for what has landed, again
only when the landed columns or the project's own files change, and publishes a release whenever the
lake holds something the last release does not.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from amalimart.config.limits import LimitSettings
from amalimart.config.project import Project
from amalimart.core.clock import Clock
from amalimart.core.errors import (
    ApprovalMissing,
    CompileFailed,
    OperationUnderWay,
    UnsupportedFeature,
    WarehouseError,
)
from amalimart.core.models import ModelRebuild
from amalimart.lake.durable import guarded
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.observe.spans import COMPILE, RELEASE_BUILD, within
from amalimart.orchestrate.privacy.under_way import ErasureUnderWay
from amalimart.orchestrate.project.lake_opening import open_lake
from amalimart.orchestrate.project.mapping_files import load_mappings
from amalimart.orchestrate.project.own_files import in_own_files
from amalimart.orchestrate.releases.acceptance_ledger import AcceptanceLedger
from amalimart.orchestrate.releases.approval_gate import ApprovalGate
from amalimart.orchestrate.releases.build_observing import BuildObserver, Unobserved, observed
from amalimart.semantic.loading import PACKAGED, load_model
from amalimart.semantic.rollups.declared import load_rollups
from amalimart.semantic.rollups.rollup import Rollup
from amalimart.warehouse.arrivals import LakeState
from amalimart.warehouse.executor import BuildReport, Executor, Progress
from amalimart.warehouse.file.hot_file import HotFile
from amalimart.warehouse.file.reading import Release
from amalimart.warehouse.file.transaction import ReadLimits
from amalimart.warehouse.graph import CompiledGraph
from amalimart.warehouse.lake_view import lake_state, landed_source
from amalimart.warehouse.project.compiler import compile_project
from amalimart.warehouse.project.project_files import LandedSource, ProjectSettings, assemble
from amalimart.warehouse.project.published import published_columns
from amalimart.warehouse.requested import find_model, requested

_TRY_AGAIN_SECONDS = 300.0


def _silent(_done: int, _total: int, _what: str) -> None:
    """Progress nobody watches."""


def declared_rollups(project: Project) -> tuple[Rollup, ...]:
    """The rollups that the project and the product declare. Raises ConfigError."""
    folders = [PACKAGED, project.overlay("metrics")]
    return load_rollups(folders, load_model(folders))


def read_limits(limits: LimitSettings) -> ReadLimits:
    """What one read may take, by the project's settings."""
    return ReadLimits(
        seconds=limits.question_seconds,
        export_seconds=limits.export_seconds,
        at_once=limits.questions_at_once,
        waiting=limits.questions_waiting,
    )


def model_settings(project: Project) -> ProjectSettings:
    """What the project's settings decide for its models."""
    settings = project.settings
    return ProjectSettings(
        business_zone=settings.time_zone,
        sla_days_express=settings.sla_days.express,
        sla_days_standard=settings.sla_days.standard,
        fiscal_year_start_month=settings.fiscal_year_start_month,
        week_starts_on=settings.week_starts_on,
    )


@dataclass(frozen=True, slots=True)
class _Refused:
    """A project that did not compile, and when (monotonic seconds)."""

    signature: object
    error: WarehouseError
    at: float

    def still_holds(self, signature: object) -> bool:
        return self.signature == signature and time.monotonic() - self.at < _TRY_AGAIN_SECONDS


class Engine:
    """Owns a project's hot file. Raises EngineUnavailable where another process has it open."""

    def __init__(self, project: Project, clock: Clock) -> None:
        self.project = project
        self.mappings = load_mappings(project)
        self.lake = open_lake(project, clock)
        limits = project.settings.serve.limits
        self.hot_file = HotFile(
            project.hot_file,
            readable_folders=[project.lake],
            limits=read_limits(limits),
            memory_bytes=limits.engine_memory_mb and limits.engine_memory_mb * 1024**2,
        )
        self.acceptances = AcceptanceLedger(project.control_database, clock)
        self._executor = Executor(
            self.hot_file, clock, project.zone, self.acceptances, project.settings.releases.keep_days
        )
        self._approvals = ApprovalGate(project, clock)
        self._graph: CompiledGraph | None = None
        self._assembled: set[str] = set()
        self._compiled_for: object = None
        self._refused: _Refused | None = None
        self._building = threading.Lock()
        self.observer: BuildObserver = Unobserved()
        self._landed_mappings = self._fitted(self._landed())

    def close(self) -> None:
        """Release the hot file."""
        self.observer.close()
        self.hot_file.close()
        self.acceptances.close()

    @property
    def has_news(self) -> bool:
        """Whether a source has committed anything at all."""
        return any(self.lake.latest(source) is not None for source in self.mappings)

    def landed_mappings(self) -> Mapping[str, SourceMapping]:
        """Source name -> mapping, as far as the source has what the mapping speaks of."""
        return self._landed_mappings

    def _landed(self) -> tuple[LandedSource, ...]:
        return tuple(
            landed_source(self.lake, source, mapping)
            for source, mapping in self.mappings.items()
            if self.lake.latest(source) is not None
        )

    def _fitted(self, landed: tuple[LandedSource, ...]) -> Mapping[str, SourceMapping]:
        tables = {source.name: source.tables for source in landed}
        return {name: mapping.fitted(tables.get(name, {})) for name, mapping in self.mappings.items()}

    def compiled(self) -> CompiledGraph:
        """The compiled project for what has landed so far.

        Raises CompileFailed, UnsupportedFeature, ApprovalMissing, ConfigError. What was refused is not
        compiled again before its files change or a while has passed: dbt would take a processor for nothing.
        """
        landed = self._landed()
        signature = (_signature(landed), _newest_change(self.project.overlay("models")))
        if self._graph is None or signature != self._compiled_for:
            if self._refused is not None and self._refused.still_holds(signature):
                raise self._refused.error
            try:
                self._approvals.refuse_unapproved()
            except ApprovalMissing as error:
                self._executor.note_refused(error)
                raise
            try:
                with in_own_files(self.project.overlay("models")), within(COMPILE):
                    self._graph = self._compile(landed)
            except (CompileFailed, UnsupportedFeature) as error:
                self._refused = _Refused(signature, error, time.monotonic())
                self._executor.note_refused(error)
                raise
            self._compiled_for, self._refused = signature, None
            self._landed_mappings = self._fitted(landed)
        return self._graph

    def _compile(self, landed: tuple[LandedSource, ...]) -> CompiledGraph:
        settings = model_settings(self.project)
        folder = self.project.build / "dbt"
        with guarded("assembling the models", folder, lambda: "the published release is untouched"):
            made = tuple(rollup.made for rollup in self.rollups)
            overlays = (self.project.overlay("models"),)
            project_hash = assemble(folder, landed, settings, overlays, rollups=made)
            graph = compile_project(folder, project_hash, self.project.compiled, settings)
            self._assembled.add(project_hash)
            return graph

    @cached_property
    def rollups(self) -> tuple[Rollup, ...]:
        """The rollups that the project declared when they were first asked for. Raises ConfigError."""
        return declared_rollups(self.project)

    def holds_rollups(self, release: Release) -> bool:
        """Whether a release was built from models with exactly these rollups."""
        return release.project_hash in self._assembled

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nothing is published while the block lasts but by `publish`."""
        with self._building:
            yield

    def executor_beside(self, hot_file: HotFile) -> Executor:
        """What publishes this project into another file."""
        return self._executor.beside(hot_file)

    def lake_state(self) -> LakeState:
        """What the lake holds at this moment."""
        return lake_state(self.lake, self.mappings)

    def publish(self, graph: CompiledGraph, state: LakeState) -> BuildReport | None:
        """Publish what the lake held, while the engine is held. Raises WarehouseError, as `refresh` does."""
        self._refuse_while_erasing()
        return observed(
            self.observer,
            graph,
            _silent,
            lambda told: self._executor.publish(graph, state, told),
        )

    def tell_of(self, report: BuildReport) -> None:
        """Tell who observes of a release that was built beside and took over: begun and ended at once."""
        with self._building:
            graph = self.compiled()
            self.observer.begun(graph)
            self.observer.published(graph, report)

    def rebuild(self, wish: ModelRebuild, by: str, progress: Progress = _silent) -> tuple[BuildReport, str]:
        """Publish a release in which what is asked for is built anew; with it the reason that it states.

        Raises UnknownName, NotAvailable, InvalidFilter for the request; WarehouseError as `refresh` does.
        """
        with self._building, within(RELEASE_BUILD):
            self._refuse_while_erasing()
            graph = self.compiled()
            model = find_model(graph.models, wish.name)
            asked = requested(graph, wish, published_columns(self.hot_file, model.unique_id), by)
            with in_own_files(self.project.overlay("models")):
                report = observed(
                    self.observer,
                    graph,
                    progress,
                    lambda told: self._executor.publish(graph, self.lake_state(), told, asked),
                )
            if report is None:
                raise AssertionError("what is requested is always published")
            return report, asked.reason

    def refresh(self, progress: Progress = _silent) -> BuildReport | None:
        """Publish a release if the lake, the project or the business day moved on; else None.

        Nothing is while a person is being erased: half of it would show. Raises WarehouseError; the release
        that was published before then still serves.
        """
        with self._building:
            if not self.has_news or ErasureUnderWay(self.project.home).is_there:
                return None
            graph = self.compiled()
            with in_own_files(self.project.overlay("models")):
                return observed(
                    self.observer,
                    graph,
                    progress,
                    lambda told: self._executor.publish(graph, self.lake_state(), told),
                )

    def _refuse_while_erasing(self) -> None:
        if ErasureUnderWay(self.project.home).is_there:
            raise OperationUnderWay(
                "a person is being erased, and nothing is published before that is done",
                where=str(self.project.home),
                next_step="wait for it; amalimart up takes up one that was cut off",
            )


def _signature(landed: tuple[LandedSource, ...]) -> tuple[object, ...]:
    return tuple(
        (source.name, table, tuple(columns.items()))
        for source in landed
        for table, columns in sorted(source.tables.items())
    )


def _newest_change(folder: Path) -> tuple[tuple[str, int], ...]:
    found = []
    for path in sorted(folder.rglob("*")):
        with suppress(FileNotFoundError):  # an editor's own file, gone between the look and the question
            if path.is_file():
                found.append((str(path), path.stat().st_mtime_ns))
    return tuple(found)
