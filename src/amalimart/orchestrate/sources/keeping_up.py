"""Keeping the lake up with one source for as long as nothing goes wrong: snapshot, then stream or poll.

Holds the source's lease all the while, so that a second process is told at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta

from amalimart.config.project import Project
from amalimart.lake import Commit, CommitKind, SourceWriter
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.observe import metrics
from amalimart.observe.progress import step
from amalimart.observe.spans import INGEST_BATCH
from amalimart.observe.work import Work, working
from amalimart.orchestrate.sources.opening import RowsRead, rows_in
from amalimart.orchestrate.sources.resnapshots import pending_resnapshot, resnapshot_done
from amalimart.sources import Follower, Source, StreamingSource, poll, snapshot_stale

_STEP_SECONDS = 0.5
_CROWDED = 20
_CLEAR_EVERY = 50

Note = Callable[[Commit | None, Follower | None], None]
"""Called after every look, with what it committed and what follows the source."""


class SourceKeeper:
    """Follows one source until told to stop. Raises what goes wrong; what was committed stays."""

    def __init__(
        self,
        project: Project,
        name: str,
        mapping: SourceMapping,
        writer: SourceWriter,
        source: Source,
        stop: threading.Event,
        note: Note,
        reading: RowsRead,
    ) -> None:
        self._project = project
        self._name = name
        self._settings = project.settings.sources[name]
        self._mapping = mapping
        self._writer = writer
        self._source = source
        self._stop = stop
        self._note = note
        self._reading = reading
        self._new_files = 0

    def run(self) -> None:
        """Return when the stop event is set. Raises SourceError, LakeError, ConfigError."""
        while not self._stop.is_set():
            self._writer.erase()
            with working(INGEST_BATCH) as work:
                began = time.monotonic()
                commit = self._snapshot()
                self._tell(work, commit, CommitKind.SNAPSHOT, time.monotonic() - began)
                self._note(commit, None)
            if isinstance(self._source, StreamingSource):
                self._follow(self._source)
            else:
                self._poll()
                self._rest()

    def _rest(self) -> None:
        """Wait for the next look at the source; who is erased meanwhile is not kept waiting."""
        until = time.monotonic() + self._settings.poll_seconds
        while (left := until - time.monotonic()) > 0 and not self._writer.erasure_due:
            if self._stop.wait(min(left, _STEP_SECONDS)):
                return

    def _poll(self) -> None:
        with working(INGEST_BATCH) as work:
            began = time.monotonic()
            commit = poll(self._writer, self._source, self._mapping)
            self._tell(work, commit, CommitKind.CHANGES, time.monotonic() - began)
            self._tidy(commit)
            self._note(commit, None)

    def _tell(self, work: Work, commit: Commit | None, kind: CommitKind, seconds: float) -> None:
        """Count a batch; a look at the source that found no rows leaves nothing."""
        if commit is None or not commit.rows:
            work.forget()
            return
        source = self._name
        metrics.INGEST_BATCHES.add(source=source, kind=kind.value)
        metrics.INGEST_ROWS.add(commit.rows, source=source)
        metrics.BATCH_ROWS.observe(commit.rows, source=source, kind=kind.value)
        metrics.BATCH_SECONDS.observe(seconds, source=source, kind=kind.value)
        work.set(source=source, kind=kind.value, rows=commit.rows, version=commit.version)

    def _snapshot(self) -> Commit | None:
        """Snapshot what has to be, with its progress where that may take a while."""
        request = pending_resnapshot(self._project, self._name)
        first = self._writer.latest is None
        again = request.tables if request else ()
        anew = request is not None and not request.tables
        if not (first or request):
            return snapshot_stale(self._writer, self._source, self._mapping)
        with step(f"snapshot of {self._name}, rows") as shown:
            commit = snapshot_stale(
                self._writer,
                self._source,
                self._mapping,
                rows_in(shown, self._reading),
                again=again,
                anew=anew,
            )
            shown.summary = f"{commit.rows:,} rows" if commit else "nothing to land"
        if request is not None:
            resnapshot_done(self._project, self._name)
        return commit

    def _follow(self, source: StreamingSource) -> None:
        """Follow the stream until it is time to stop or to snapshot a table."""
        latest = self._writer.latest
        if latest is None:
            self._stop.wait(self._settings.poll_seconds)
            return
        with (
            closing(source.follow(self._mapping.renamed(source.catalog()), latest.position)) as stream,
            closing(
                Follower(self._writer, stream, acknowledge_at_once=self._writer.acknowledge_at_once)
            ) as follower,
        ):
            while not self._stop.is_set():
                with working(INGEST_BATCH) as work:
                    commit = follower.step(_STEP_SECONDS)
                    self._tell(work, commit, CommitKind.CHANGES, follower.batch_seconds_taken)
                    if follower.at_rest:
                        sealed = self._tidy(commit)
                        if sealed is not None and not self._writer.acknowledge_at_once:
                            follower.acknowledge(sealed)
                    self._note(commit, follower)
                if commit is not None and commit.position.get("stale"):
                    return
                if follower.at_rest and pending_resnapshot(self._project, self._name) is not None:
                    return
                if follower.at_rest and self._writer.erasure_due:
                    return

    def _tidy(self, commit: Commit | None) -> Commit | None:
        """Seal the journal when it is time, and return the seal; merge small files, clear away old ones.

        One table at a time, and right after new files came, by a seal or with a batch of their own, so
        that a stream is never kept waiting for long.
        """
        sealed = self._writer.seal() if self._writer.seal_due else None
        has_files = commit is not None and any(change.added for change in commit.tables.values())
        if sealed is None and not has_files:
            return None
        self._new_files += 1
        crowded = self._writer.crowded_table(_CROWDED)
        if crowded is not None:
            self._writer.compact(crowded)
        if self._new_files >= _CLEAR_EVERY:
            self._new_files = 0
            days = self._project.settings.history_days
            if days is not None:
                self._writer.forget_history(timedelta(days=days))
            self._writer.sweep()
        return sealed
