"""What the running engine and its sources are doing, for whoever runs the house.

Looked at no more often than every few seconds, however many pages are open.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable

from amalimart.config.source_settings import SourceSettings
from amalimart.core.operating import (
    Batch,
    BuiltRelease,
    OperatingState,
    SnapshotProgress,
    SourceState,
    SpaceUsed,
)
from amalimart.core.releases import BlockedBuild
from amalimart.orchestrate.engine import Engine
from amalimart.orchestrate.releases.operations import Operations
from amalimart.orchestrate.releases.refresh_loop import RefreshLoop
from amalimart.orchestrate.releases.release_book import ReleaseBook
from amalimart.orchestrate.watching.status import reported
from amalimart.sources import stopped_reasons

_BATCHES = 6
_RELEASES = 12
_LOOK_SECONDS = 3.0


class OperatingStates:
    """The state of one project, as its engine sees it."""

    def __init__(
        self,
        engine: Engine,
        loop: RefreshLoop,
        book: ReleaseBook,
        operations: Operations | None,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._loop = loop
        self._book = book
        self._operations = operations
        self._elapsed = elapsed
        self._lock = threading.Lock()
        self._kept: tuple[float, OperatingState] | None = None

    def now(self) -> OperatingState:
        """How it is, or was a moment ago. Raises DamagedLake, WarehouseError."""
        with self._lock:
            if self._kept is None or self._elapsed() - self._kept[0] >= _LOOK_SECONDS:
                self._kept = (self._elapsed(), self._looked())
            return self._kept[1]

    def _looked(self) -> OperatingState:
        settings = self._engine.project.settings.sources
        sources = tuple(self._source(name, each) for name, each in settings.items())
        hot_file = self._engine.hot_file
        return OperatingState(
            sources=sources,
            releases=tuple(
                BuiltRelease(
                    each.release_id,
                    each.published_at,
                    each.fresh_as_of,
                    each.models_built,
                    each.rows_built,
                    self._loop.seconds.get(each.release_id),
                )
                for each in self._book.releases(_RELEASES)
            ),
            blocked=self._blocked(),
            operation=self._operations.latest if self._operations else None,
            space=SpaceUsed(
                lake=sum(source.bytes for source in sources),
                hot_file=hot_file.bytes,
                hot_file_used=hot_file.used_bytes(),
                free=shutil.disk_usage(self._engine.project.home).free,
            ),
        )

    def _blocked(self) -> BlockedBuild | None:
        """The build that holds publication back now; one that was overtaken since does not."""
        if self._loop.last_error is None:
            return None
        newest = next(iter(self._book.blocked(1)), None)
        release = self._engine.hot_file.latest_release()
        serving = release.release_id if release else None
        return newest if newest is not None and newest.serving == serving else None

    def _source(self, name: str, settings: SourceSettings) -> SourceState:
        lake, told = self._engine.lake, reported(self._engine.project, name)
        latest = lake.latest(name)
        version = latest.version if latest else 0
        commits = list(lake.commits(name, max(0, version - _BATCHES)))[-_BATCHES:] if latest else []
        tables = lake.live_files(name).values() if latest else ()
        return SourceState(
            name=name,
            kind=settings.kind,
            capture="files" if settings.kind == "files" else settings.capture,
            state=told.state,
            error=str(told.error["what"]) if told.error else None,
            next_step=told.error["next_step"] if told.error else None,
            fresh_as_of=latest.fresh_as_of if latest else None,
            version=version,
            rows=sum(table.rows for table in tables),
            bytes=sum(
                sum(file.bytes for file in table.files)
                + sum(old.file.bytes for old in table.history if old.file is not None)
                for table in tables
            ),
            stopped=stopped_reasons(latest.position if latest else None),
            batches=tuple(
                Batch(each.version, each.kind.value, each.rows, len(each.tables), each.committed_at)
                for each in reversed(commits)
            ),
            reading=SnapshotProgress(**told.reading) if told.reading else None,
        )
