"""The lake's front door: what sources write through and what the warehouse reads through."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from amalimart.core.clock import Clock
from amalimart.core.errors import LakeError
from amalimart.core.names import is_identifier
from amalimart.lake.checking import check_file
from amalimart.lake.commit import Commit, CommitKind
from amalimart.lake.compaction import merge, mergeable_runs
from amalimart.lake.durable import guarded, make_folder
from amalimart.lake.lease import Lease
from amalimart.lake.live import TableFiles
from amalimart.lake.log import CommitLog
from amalimart.lake.sweeping import Swept, sweep
from amalimart.lake.writer import BatchWriter

DEFAULT_GRACE = timedelta(hours=1)
SMALL_FILE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification read: files, their rows and bytes."""

    files: int
    rows: int
    bytes: int


class Lake:
    """The commit logs of all sources under one root folder.

    Any number of processes may read; for each source one writes at a time. A reader keeps no lock:
    files stay on disk for `grace` after a commit removed them. One instance may be shared by threads.
    """

    def __init__(self, root: Path, clock: Clock, *, grace: timedelta = DEFAULT_GRACE) -> None:
        self.root = root.absolute()
        self._clock = clock
        self._grace = grace
        self._logs: dict[str, CommitLog] = {}
        self._recovered: set[str] = set()
        self._lock = threading.Lock()

    def sources(self) -> tuple[str, ...]:
        """Sources with at least one commit, sorted."""
        names = [path.name for path in self.root.glob("*/") if is_identifier(path.name)]
        return tuple(sorted(name for name in names if self.latest(name) is not None))

    def latest(self, source: str) -> Commit | None:
        """The source's last commit, of any kind; its position is where to read on from."""
        with self._log(source).state() as state:
            return state.latest

    def commits(self, source: str, after: int = 0) -> Iterator[Commit]:
        """Commits with a greater version, oldest first, up to the latest at the time of the call.

        The files of an old commit may since have been compacted away: to read rows use `live_files`.
        """
        log = self._log(source)
        with log.state() as state:
            last = state.version
        return log.between(after, last)

    def live_files(self, source: str) -> Mapping[str, TableFiles]:
        """Table -> the files that together hold its rows, all as of one commit.

        A second call reads only what was committed in between.
        """
        log = self._log(source)
        with log.state() as state:
            return state.tables(log.folder)

    def begin(self, source: str, kind: CommitKind) -> BatchWriter:
        """Start a batch; use it in a `with` block.

        The first batch of an instance also removes what a dead writer left. Raises CommitConflict
        where another writer has the source open, LakeError, DiskFull.
        """
        lease = self._lease(source)
        try:
            log = self._log(source)
            if source not in self._recovered:
                self._sweep(log)
                self._recovered.add(source)
            return BatchWriter(log, kind, self._clock, lease)
        except BaseException:
            lease.release()
            raise

    def recover(self, source: str) -> Swept:
        """Delete what dead writers left and what was removed longer ago than the grace period.

        Raises CommitConflict where a writer has the source open.
        """
        with self._lease(source):
            return self._sweep(self._log(source))

    def compact(
        self, source: str, *tables: str, small_below: int = SMALL_FILE_BYTES, at_least: int = 2
    ) -> Commit | None:
        """Merge small files of the given tables (all, if none is given) by one commit.

        Each run of at least `at_least` neighbouring files under `small_below` bytes becomes one file;
        None where there is nothing to merge. The files replaced leave the live list at once and the
        disk after the grace period. The rows stay as they are, versions and sequence included; the
        source's position does not move. Raises CommitConflict while a batch is open, DamagedLake, DiskFull.
        """
        with self.begin(source, CommitKind.COMPACTION) as writer:
            log = self._log(source)
            self._sweep(log)
            with log.state() as state:
                latest, live = state.latest, state.tables(log.folder)
            unknown = sorted(set(tables) - set(live))
            if unknown:
                raise LakeError(
                    f"the source {source!r} has no table {unknown[0]!r} in the lake",
                    expected=", ".join(live) or "a source with commits",
                )
            for table in tables or live:
                for run in mergeable_runs(live[table].files, small_below=small_below, at_least=at_least):
                    with guarded(f"compacting the table {table!r}", log.folder, writer.kept):
                        merged = merge(log.folder, table, run, writer.version)
                        writer.adopt(table, merged, [file.path for file in run])
            if latest is None or not writer.has_files:
                return None
            return writer.commit(latest.position, latest.fresh_as_of)

    def verify(self, source: str) -> Verified:
        """Read every live file and compare size and checksum with the commit that added it.

        Raises DamagedLake at the first that is missing or differs, or for a gap in the log.
        """
        log = CommitLog(self._log(source).folder)
        with log.state() as state:
            live = state.tables(log.folder)
        files = rows = size = 0
        for table in live.values():
            for file in table.files:
                check_file(log.folder, table.table, file)
                files, rows, size = files + 1, rows + file.rows, size + file.bytes
        return Verified(files, rows, size)

    def _sweep(self, log: CommitLog) -> Swept:
        with log.state() as state:
            return sweep(log.folder, state, now=self._clock.now(), grace=self._grace)

    def _lease(self, source: str) -> Lease:
        folder = self._log(source).folder
        with guarded(f"opening the source {source!r} for writing", folder, lambda: "nothing was changed"):
            make_folder(folder)
            return Lease(folder)

    def _log(self, source: str) -> CommitLog:
        if not is_identifier(source):
            raise LakeError(
                f"{source!r} is not a source name",
                expected="lower-case letters, digits and underscores, not starting with a digit",
            )
        with self._lock:
            if source not in self._logs:
                self._logs[source] = CommitLog(self.root / source)
            return self._logs[source]
