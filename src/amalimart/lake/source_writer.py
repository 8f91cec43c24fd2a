"""The right to write to one source, held from `open` to `close`: journal batches, file batches, sealing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self

from amalimart.core.clock import Clock
from amalimart.core.errors import CommitConflict, LakeError
from amalimart.lake.checkpoint import checkpoint_due, write_checkpoint
from amalimart.lake.commit import Commit, CommitKind, DataFile, TableChange
from amalimart.lake.compaction import merge, mergeable_runs
from amalimart.lake.durable import guarded
from amalimart.lake.erasing import rewritten_file
from amalimart.lake.journal import Segment, encode_body, segment_path
from amalimart.lake.lease import Lease
from amalimart.lake.live import LiveState, TableFiles
from amalimart.lake.log import CommitLog
from amalimart.lake.rows import ChangedRows
from amalimart.lake.screening import UNSCREENED, RowScreen
from amalimart.lake.sealing import seal_tables
from amalimart.lake.sweeping import Swept, outlived_history, sweep
from amalimart.lake.writer import BatchWriter
from amalimart.observe.instruments import Histogram
from amalimart.observe.metrics import JOURNAL_SECONDS, SEAL_SECONDS
from amalimart.observe.spans import JOURNAL, SEAL, Span, told

SEAL_AFTER = timedelta(seconds=60)
SEAL_BYTES = 64 * 1024 * 1024
_NOTHING_YET = "nothing was committed before"
SMALL_FILE_BYTES = 64 * 1024 * 1024


class SourceWriter:
    """Writes one source's batches, small ones to the journal and large ones to files.

    Use it in a `with` block; leaving it gives the lease back. Batches of the journal are durable and
    visible at once, and are sealed into files now and then. Not to be shared between threads.
    """

    def __init__(
        self,
        log: CommitLog,
        clock: Clock,
        lease: Lease,
        grace: timedelta,
        screen: RowScreen = UNSCREENED,
    ) -> None:
        self._log = log
        self._screen = screen
        self._clock = clock
        self._lease = lease
        self._grace = grace
        self._segment: Segment | None = None
        self._due_since: datetime | None = None
        with log.state() as state:
            first = state.segment
            due = bool(state.journal) or not self.acknowledge_at_once
        if first is not None:
            with guarded("opening the journal", log.folder, self._kept):
                self._segment = Segment(segment_path(log.folder, first))
            self._due_since = clock.now() if due else None

    @property
    def acknowledge_at_once(self) -> bool:
        """Whether a batch in the journal is as safe as a sealed one, so that the source may forget it.

        Where the lake outlives this machine, the journal does not: then only a seal is.
        """
        return not self._log.storage.outlives_this_machine

    @property
    def latest(self) -> Commit | None:
        """The source's last commit."""
        with self._log.state() as state:
            return state.latest

    def live_files(self) -> Mapping[str, TableFiles]:
        """Table -> what holds its rows, all as of one commit."""
        with self._log.state() as state:
            return state.tables(self._log.storage)

    def append(
        self,
        changes: Sequence[ChangedRows],
        position: Mapping[str, Any],
        fresh_as_of: datetime | None,
    ) -> Commit:
        """Commit one batch to the journal; when this returns, a power cut cannot take it away.

        `position` is laid over the last commit's, key by key. Without rows only the position moves.
        Raises LakeError for rows or a position that cannot be kept, DiskFull; the lake is then as it was.
        """
        with self._log.state() as state:
            self._require_own(state)
            version = state.version + 1
        now = self._clock.now()
        tables = [(change.table, change.screened(self._screen).in_batch(version)) for change in changes]
        body = encode_body(version, position, _zoned(fresh_as_of), now, tables)
        with (
            self._measured(JOURNAL, JOURNAL_SECONDS),
            guarded("writing the journal", self._log.folder, self._kept),
        ):
            if self._segment is None:
                self._segment = Segment(segment_path(self._log.folder, version))
            self._segment.append(body)
        # Where only a seal is acknowledged, a position that moved alone has to be sealed as well.
        if self._due_since is None and (tables or not self.acknowledge_at_once):
            self._due_since = now
        with self._log.state() as state:
            assert state.latest is not None  # noqa: S101 - just written
            return state.latest

    @property
    def seal_due(self) -> bool:
        """Whether the journal holds what is to be sealed for long enough, or enough of it."""
        if self._segment is None or self._due_since is None:
            return self._segment is not None and self._segment.bytes >= SEAL_BYTES
        return self._segment.bytes >= SEAL_BYTES or self._clock.now() - self._due_since >= SEAL_AFTER

    def seal(self) -> Commit | None:
        """Give the batches in the journal their files; None where there are none.

        Raises DiskFull, LakeError; the batches are then where they were.
        """
        with self._log.state() as state:
            self._require_own(state)
            latest, first = state.latest, state.segment
            journal = {table: tuple(parts) for table, parts in state.journal.items()}
        if self._segment is None:
            return None
        if latest is None or first is None or latest.version < first:
            self._drop_empty_segment()
            return None
        version = latest.version + 1
        written: list[tuple[str, DataFile]] = []
        try:
            with (
                self._measured(SEAL, SEAL_SECONDS),
                guarded("sealing the journal", self._log.folder, self._kept),
            ):
                for table, file in seal_tables(self._log.folder, journal, version):
                    written.append((table, file))
                commit = Commit(
                    version=version,
                    kind=CommitKind.SEAL,
                    position=latest.position,
                    fresh_as_of=latest.fresh_as_of,
                    committed_at=self._clock.now(),
                    tables={
                        table: TableChange(tuple(file for of, file in written if of == table))
                        for table in journal
                    },
                    seals=first,
                )
                self._log.append(commit)
        except BaseException:
            for _, file in written:
                (self._log.folder / file.path).unlink(missing_ok=True)
            raise
        self._segment.close()
        self._segment = self._due_since = None
        self._checkpoint()
        return commit

    def begin(self, kind: CommitKind, on_close: Callable[[], None] = lambda: None) -> BatchWriter:
        """Start a batch with files of its own; use it in a `with` block. Seals the journal first.

        Raises LakeError, DiskFull.
        """
        self.seal()
        return BatchWriter(self._log, kind, self._clock, on_close, self._screen)

    def crowded_table(self, at_least: int) -> str | None:
        """The table with the most small files that can be merged into one, if it has that many."""
        longest = {
            table: max(map(len, runs))
            for table, files in self.live_files().items()
            if (runs := mergeable_runs(files.files, small_below=SMALL_FILE_BYTES, at_least=at_least))
        }
        return max(longest, key=lambda table: longest[table], default=None)

    def compact(self, *tables: str, small_below: int = SMALL_FILE_BYTES, at_least: int = 2) -> Commit | None:
        """Merge small files of the given tables (all, if none is given) by one commit.

        Each run of at least `at_least` neighbouring files under `small_below` bytes becomes one file;
        None where there is nothing to merge. The files replaced leave the live list at once and the
        disk after the grace period. The rows stay as they are, versions and sequence included.
        Raises LakeError for an unknown table, DamagedLake, DiskFull.
        """
        with self.begin(CommitKind.COMPACTION) as writer:
            with self._log.state() as state:
                live = state.tables(self._log.storage)
                latest = state.latest
            unknown = sorted(set(tables) - set(live))
            if unknown:
                raise LakeError(
                    f"the source {self._log.folder.name!r} has no table {unknown[0]!r}",
                    expected=", ".join(live) or "a source with commits",
                )
            for table in tables or live:
                for run in mergeable_runs(live[table].files, small_below=small_below, at_least=at_least):
                    with guarded(f"compacting the table {table!r}", self._log.folder, writer.kept):
                        merged = merge(self._log.storage, table, run, writer.version)
                        writer.adopt(table, merged, [file.path for file in run])
            if latest is None or not writer.has_files:
                return None
            return writer.commit(latest.position, latest.fresh_as_of)

    @property
    def erasure_due(self) -> bool:
        """Whether files may hold what the screen by now takes out of every row."""
        with self._log.state() as state:
            return state.latest is not None and not self._screen.stamps <= state.erased

    def erase(self) -> Commit | None:
        """Rewrite the files that hold what the screen takes out, history too, by one commit.

        None where that was done before. Files without such a row stay as they are; the others leave the
        disk after the grace period, or by `Lake.purge`. Raises DamagedLake, DiskFull.
        """
        if not self.erasure_due:
            return None
        with self.begin(CommitKind.ERASURE) as writer:
            stamps = self._screen.stamps
            with self._log.state() as state:
                live, latest = state.tables(self._log.storage), state.latest
                unread = {
                    table: [path for path, replaced in paths.items() if replaced.file is None]
                    for table, paths in state.retained.items()
                }
            assert latest is not None  # noqa: S101 - an erasure is not due before
            for table, paths in unread.items():
                if paths:  # kept by a name alone since an earlier version: nobody can tell what is in it
                    writer.remove(table, paths)
            for table, files in live.items():
                past = [replaced.file for replaced in files.history if replaced.file is not None]
                for file in (*files.files, *past):
                    with guarded(f"erasing in the table {table!r}", self._log.folder, writer.kept):
                        anew = rewritten_file(self._log.storage, table, file, self._screen, writer.version)
                        if anew is not None:
                            writer.rewrite(table, file.path, anew)
            writer.say_erased(stamps)
            return writer.commit(latest.position, latest.fresh_as_of)

    def forget_history(self, older_than: timedelta) -> int:
        """Let go of files that snapshots replaced longer ago than that; returns how many.

        They leave the disk after the grace period. Raises LakeError, DiskFull.
        """
        with self.begin(CommitKind.COMPACTION) as writer:
            with self._log.state() as state:
                latest = state.latest
                old = outlived_history(state, before=self._clock.now() - older_than)
            if latest is None or not old:
                return 0
            for table, paths in old.items():
                writer.remove(table, paths)
            writer.commit(latest.position, latest.fresh_as_of)
            return sum(map(len, old.values()))

    def sweep(self) -> Swept:
        """Delete what dead writers left and what went out of use longer ago than the grace period.

        Not while a batch of files is open. Raises LakeError.
        """
        with (
            self._log.state() as state,
            guarded("clearing away old files", self._log.folder, self._kept_quietly),
        ):
            return sweep(self._log.storage, state, now=self._clock.now(), grace=self._grace)

    def close(self) -> None:
        """Give the right back; batches in the journal stay there, committed."""
        if self._segment is not None:
            self._segment.close()
            self._segment = None
        self._lease.release()

    @contextmanager
    def _measured(self, span: Span, seconds: Histogram) -> Iterator[None]:
        """Count how long the block took, where it comes to its end."""
        source = self._log.folder.name
        began, began_ns = time.perf_counter(), time.time_ns()
        yield
        seconds.observe(time.perf_counter() - began, source=source)
        told(span, began_ns, source=source)

    def _checkpoint(self) -> None:
        with self._log.state() as state:
            if checkpoint_due(self._log.folder, state):
                # The state is held: what stays committed cannot be looked up in it a second time.
                with guarded("writing a checkpoint", self._log.folder, self._kept_quietly):
                    write_checkpoint(self._log.storage, state, now=self._clock.now(), grace=self._grace)

    def _require_own(self, state: LiveState) -> None:
        """Raises CommitConflict where another machine's commit has taken the place of our open segment."""
        if self._segment is not None and self._segment.first < state.next_file:
            raise CommitConflict(
                "another machine has committed to the source meanwhile",
                where=str(self._log.folder),
                expected="one writer at a time for a source, on whatever machine",
                next_step="stop the other writer; what the journal held here is read from the source again",
            )

    def _drop_empty_segment(self) -> None:
        assert self._segment is not None  # noqa: S101 - checked by the caller
        self._segment.close()
        self._segment.path.unlink(missing_ok=True)
        self._segment = None

    def _kept(self) -> str:
        latest = self.latest
        return f"everything up to version {latest.version} stays committed" if latest else _NOTHING_YET

    @staticmethod
    def _kept_quietly() -> str:
        return "what is committed stays committed"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _zoned(instant: datetime | None) -> datetime | None:
    if instant is not None and instant.tzinfo is None:
        raise LakeError("the source's time has no time zone", expected="an aware UTC time")
    return instant
