"""The figures of a project that are looked at when somebody asks: lag, releases, sessions, processes.

The engine tells those of the sources, too: an ingest cannot say how far behind it is once it has died.
"""

from __future__ import annotations

from collections.abc import Iterator

from amalimart.config.project import Project
from amalimart.control.store import ControlStore
from amalimart.core.clock import Clock
from amalimart.observe import metrics
from amalimart.observe.exposition import kept_exposition, merged
from amalimart.observe.instruments import Reading, reading
from amalimart.observe.sdk.starting import Telemetry
from amalimart.orchestrate.engine import Engine
from amalimart.orchestrate.project.runtime_files import figures_file, ingest_process, read_report
from amalimart.orchestrate.quality.reconciled_rows import ReconciledRows, reconciled_rows
from amalimart.orchestrate.releases.refresh_loop import RefreshLoop
from amalimart.sources import stopped_reasons
from amalimart.warehouse.file.reading import Release


class ProjectFigures:
    """What the engine knows of its project at this moment."""

    def __init__(
        self, project: Project, engine: Engine, loop: RefreshLoop, control: ControlStore, clock: Clock
    ) -> None:
        self._project = project
        self._engine = engine
        self._loop = loop
        self._control = control
        self._clock = clock
        self._rows: tuple[int, tuple[ReconciledRows, ...]] = (0, ())

    def watch(self) -> None:
        """Have them asked for whenever somebody reads the figures."""
        metrics.PROCESS_UP.watch(self._processes)
        metrics.SOURCE_LAG.watch(self._lag)
        metrics.SOURCE_STOPPED_TABLES.watch(self._stopped)
        metrics.RELEASE_ID.watch(lambda: (reading(each.release_id) for each in self._release()))
        metrics.RELEASE_PUBLISHED.watch(
            lambda: (reading(each.published_at.timestamp()) for each in self._release())
        )
        metrics.PUBLICATION_HELD.watch(lambda: [reading(self._loop.last_error is not None)])
        metrics.QUARANTINE_ROWS.watch(
            lambda: (reading(each.quarantined, source=each.source) for each in self._reconciled())
        )
        metrics.QUARANTINE_RATIO.watch(
            lambda: (reading(each.quarantined_share, source=each.source) for each in self._reconciled())
        )
        metrics.OPEN_SESSIONS.watch(lambda: [reading(self._control.sessions.count_open())])

    def _processes(self) -> Iterator[Reading]:
        yield reading(1, process="engine")
        for name in self._project.settings.sources:
            process = ingest_process(name)
            yield reading(read_report(self._project.run, process) is not None, process=process)

    def _lag(self) -> Iterator[Reading]:
        for name in self._project.settings.sources:
            latest = self._engine.lake.latest(name)
            if latest is not None and latest.fresh_as_of is not None:
                yield reading((self._clock.now() - latest.fresh_as_of).total_seconds(), source=name)

    def _stopped(self) -> Iterator[Reading]:
        for name in self._project.settings.sources:
            latest = self._engine.lake.latest(name)
            yield reading(len(stopped_reasons(latest.position if latest else None)), source=name)

    def _release(self) -> tuple[Release, ...]:
        report = self._loop.last_report
        release = report.release if report else self._engine.hot_file.latest_release()
        return (release,) if release else ()

    def _reconciled(self) -> tuple[ReconciledRows, ...]:
        """As of the release, read once for each."""
        for release in self._release():
            if self._rows[0] != release.release_id:
                self._rows = release.release_id, reconciled_rows(self._engine.hot_file)
        return self._rows[1]


def exposition(project: Project, telemetry: Telemetry) -> str:
    """The figures of all of a project's processes that run, as text for Prometheus."""
    ingests = (ingest_process(name) for name in project.settings.sources)
    left = [
        kept_exposition(figures_file(project.run, process))
        for process in ingests
        if read_report(project.run, process) is not None
    ]
    return merged([telemetry.exposition(), *left])
