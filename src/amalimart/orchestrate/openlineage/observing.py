"""Tells of every build as OpenLineage events: to a file, and to an endpoint where the project names one.

A build only puts plain values into a queue. Events are made and written by the queue's thread, after the
commit; each run that has begun is remembered until its end is written, so that the next start can tell it.
The models of a new project are told later, by another thread that leaves the work to another process:
answering people comes first.
"""

from __future__ import annotations

import json
import logging
import threading
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from amalimart.catalog.openlineage.values import BuildRun, BuiltRelease
from amalimart.core.clock import Clock
from amalimart.orchestrate.engine import Engine
from amalimart.orchestrate.lineage.apart import TracingStopped
from amalimart.orchestrate.lineage.tracing import model_lineage
from amalimart.orchestrate.openlineage.describing import built_release, described_models, told_of
from amalimart.orchestrate.openlineage.endpoint import endpoint_of
from amalimart.orchestrate.openlineage.event_file import EventFile
from amalimart.orchestrate.openlineage.open_runs import OpenRuns
from amalimart.orchestrate.openlineage.outbox import Outbox
from amalimart.orchestrate.openlineage.source_names import BronzeNames, namespace_of
from amalimart.warehouse.executor import BuildReport
from amalimart.warehouse.file.reading import Release
from amalimart.warehouse.graph import CompiledGraph
from amalimart.warehouse.project.published import published_project

if TYPE_CHECKING:
    from openlineage.client.generated.base import RunEvent

    from amalimart.catalog.openlineage.events import Events

_WAITING_BUILDS = 256
_CLOSE_SECONDS = 5.0
_LAST_SENDING_SECONDS = 2.0
_BEFORE_DESCRIBING_SECONDS = 10.0
_INTERRUPTED = "the process ended while it built the release; everything was rolled back"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Begun:
    run: BuildRun


@dataclass(frozen=True, slots=True)
class _Published:
    run: BuildRun
    graph: CompiledGraph
    report: BuildReport


@dataclass(frozen=True, slots=True)
class _Failed:
    run: BuildRun
    at: datetime
    message: str | None


@dataclass(frozen=True, slots=True)
class _New:
    run: BuildRun
    release: BuiltRelease
    graph: CompiledGraph


@dataclass(frozen=True, slots=True)
class _LeftOpen:
    runs: tuple[BuildRun, ...]
    serving: Release | None
    at: datetime


def observe(engine: Engine, clock: Clock, *, describes: bool) -> None:
    """Have an engine's builds told of, if its project wants that. What was left open before is ended.

    `describes`: whether the models of a new project are told of column by column, which takes a while.
    """
    if engine.project.settings.lineage.enabled:
        engine.observer = LineageObserver(engine, clock, describes=describes)


class LineageObserver:
    """Tells of the builds of one engine. Close it before the engine's file."""

    def __init__(self, engine: Engine, clock: Clock, *, describes: bool) -> None:
        project = engine.project
        self._engine = engine
        self._clock = clock
        self._describes = describes
        self._namespace = namespace_of(project)
        self._file = EventFile(project.logs / "openlineage", project.settings.lineage.keep_mb * 1024**2)
        self._open = OpenRuns(project.run / "openlineage")
        self._described = project.run / "openlineage" / "described"
        self._endpoint = endpoint_of(project)
        self._outbox = Outbox("lineage", self._deliver, capacity=_WAITING_BUILDS)
        self._to_describe = Outbox("lineage of models", self._describe, capacity=_WAITING_BUILDS)
        self._writing = threading.Lock()
        self._closing = threading.Event()
        self._run: BuildRun | None = None
        self._told_begun: set[str] = set()
        self._names: tuple[object, BronzeNames] | None = None
        latest = engine.hot_file.latest_release()
        self._serving = latest.release_id if latest else None
        if left := self._open.all():
            self._outbox.offer(_LeftOpen(tuple(left), latest, clock.now()))

    @property
    def dropped(self) -> int:
        """How often something could not be told."""
        sent = self._endpoint.dropped if self._endpoint is not None else 0
        return self._outbox.dropped + self._to_describe.dropped + sent

    def begun(self, graph: CompiledGraph) -> None:
        """There is something to build from this project."""
        run = BuildRun(str(uuid.uuid4()), self._clock.now(), self._serving, graph.project_hash)
        try:
            self._open.remember(run)
            if self._outbox.offer(_Begun(run)):
                self._run = run
            else:
                self._open.forget(run)
        except OSError as error:
            log.warning("lineage run not remembered", extra={"reason": error.strerror})

    def published(self, graph: CompiledGraph, report: BuildReport) -> None:
        """The build that began was committed."""
        self._serving = report.release.release_id
        if (run := self._ended()) is not None:
            self._outbox.offer(_Published(run, graph, report))

    def failed(self, error: BaseException) -> None:
        """The build that began was rolled back."""
        if (run := self._ended()) is not None:
            message = told_of(error) if isinstance(error, Exception) else None
            self._outbox.offer(_Failed(run, self._clock.now(), message))

    def close(self) -> None:
        """Wait a little for what is not yet told. What is not told then, the next start tells."""
        self._closing.set()
        self._outbox.close(_CLOSE_SECONDS)
        self._to_describe.close(_CLOSE_SECONDS)
        if self._endpoint is not None:
            self._endpoint.close(_LAST_SENDING_SECONDS)

    def _ended(self) -> BuildRun | None:
        run, self._run = self._run, None
        return run

    def _deliver(self, told: _Begun | _Published | _Failed | _LeftOpen) -> None:
        events = self._events()
        match told:
            case _Begun(run):
                self._write([events.started(run)])
                self._told_begun.add(run.run_id)
            case _Failed(run, at, message):
                ended = events.aborted(run, at) if message is None else events.failed(run, at, message)
                self._end(events, run, [ended])
            case _Published(run, graph, report):
                release = built_release(self._namespace, graph, report)
                self._end(events, run, [events.completed(run, release), *events.checks(run, release)])
                if self._describes:
                    self._to_describe.offer(_New(run, release, graph))
            case _LeftOpen(runs, serving, at):
                for run in runs:
                    self._end_left_open(events, run, runs, serving, at)

    def _end(self, events: Events, run: BuildRun, ended: Sequence[RunEvent]) -> None:
        """Tell the end of a run, after its beginning where that could not be written when it was time."""
        begun = [] if run.run_id in self._told_begun else [events.started(run)]
        self._write([*begun, *ended])
        self._told_begun.discard(run.run_id)
        self._open.forget(run)

    def _events(self) -> Events:
        from amalimart.catalog.openlineage.events import Events  # noqa: PLC0415 - no start waits for it

        return Events(self._namespace, self._bronze())

    def _bronze(self) -> BronzeNames:
        mappings = self._engine.landed_mappings()
        if self._names is None or self._names[0] is not mappings:
            self._names = (mappings, BronzeNames(self._engine.project, mappings))
        return self._names[1]

    def _write(self, events: Sequence[RunEvent]) -> None:
        from openlineage.client.serde import Serde  # noqa: PLC0415

        lines = [Serde.to_json(event) for event in events]
        with self._writing:
            self._file.append(lines)
            if self._endpoint is not None:
                self._endpoint.offer(events)

    def _end_left_open(
        self,
        events: Events,
        run: BuildRun,
        runs: Sequence[BuildRun],
        serving: Release | None,
        at: datetime,
    ) -> None:
        """Tell what is missing of a run whose process died: its end, and its beginning if need be.

        Whether it was published the warehouse knows: then the release after the one that served is there.
        """
        told = set(_types_told(self._file.lines_about(run.run_id), run.run_id))
        missing = [] if "START" in told else [events.started(run)]
        if not told & {"COMPLETE", "FAIL", "ABORT"}:
            number = (run.serving or 0) + 1
            is_last_try = run == [each for each in runs if each.serving == run.serving][-1]
            if serving is not None and serving.release_id >= number and is_last_try:
                published = serving.published_at if serving.release_id == number else at
                missing.append(events.completed(run, BuiltRelease(number, published, None, run.project_hash)))
            else:
                missing.append(events.failed(run, at, _INTERRUPTED))
        self._write(missing)
        self._open.forget(run)

    def _describe(self, new: _New) -> None:
        """Tell of the models of a project that was not told of before, if it is still the published one."""
        told = f"{self._namespace} {new.graph.project_hash}"
        if self._described.exists() and self._described.read_text() == told:
            return
        if self._closing.wait(_BEFORE_DESCRIBING_SECONDS):
            return
        published = published_project(self._engine.hot_file)
        if published.project_hash != new.graph.project_hash:
            return
        project, mappings = self._engine.project, self._engine.landed_mappings()
        try:
            lineage = model_lineage(project, self._clock, published, mappings, self._closing)
        except TracingStopped:
            return  # the next start tells of them
        models = described_models(self._namespace, new.graph, published, lineage, self._bronze())
        self._write(self._events().models(new.run, new.release, models))
        self._described.write_text(told)


def _types_told(lines: Iterable[str], run_id: str) -> Iterator[str]:
    """The types of the events of one run among these lines, of which one may be torn."""
    for line in lines:
        with suppress(ValueError):
            event = json.loads(line)
            if event["run"]["runId"] == run_id:
                yield event["eventType"]
