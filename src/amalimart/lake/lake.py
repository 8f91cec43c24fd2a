"""The lake's front door: what sources write through and what the warehouse reads through."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from amalimart.core.clock import Clock
from amalimart.core.errors import LakeError
from amalimart.core.names import is_identifier
from amalimart.core.object_store import ObjectStore
from amalimart.lake.commit import Commit, CommitKind
from amalimart.lake.cutting import Cut, cut_of
from amalimart.lake.durable import guarded, make_folder
from amalimart.lake.lease import Lease
from amalimart.lake.live import TableFiles
from amalimart.lake.log import CommitLog
from amalimart.lake.object_files import CACHE_BYTES
from amalimart.lake.object_storage import ObjectStorage, sources_in
from amalimart.lake.screening import UNSCREENED, RowScreen
from amalimart.lake.source_writer import SMALL_FILE_BYTES, SourceWriter
from amalimart.lake.storage import FolderStorage, Storage
from amalimart.lake.sweeping import Swept, purge
from amalimart.lake.tombstones import Tombstones
from amalimart.lake.writer import BatchWriter

DEFAULT_GRACE = timedelta(hours=1)


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

    def __init__(
        self,
        root: Path,
        clock: Clock,
        *,
        grace: timedelta = DEFAULT_GRACE,
        kept_in: ObjectStore | None = None,
        cache_bytes: int = CACHE_BYTES,
        screens: Callable[[str], RowScreen] | None = None,
    ) -> None:
        """The lake in a folder, or, where it is kept in an object store, its copy in one.

        `screens` gives what every row of a source passes on its way in.
        """
        self.root = root.absolute()
        self._screens = screens
        self.tombstones = Tombstones(self.root, kept_in)
        self._kept_in = kept_in
        self._cache_bytes = cache_bytes
        self._clock = clock
        self._grace = grace
        self._logs: dict[str, CommitLog] = {}
        self._screen: dict[str, RowScreen] = {}
        self._recovered: set[str] = set()
        self._lock = threading.Lock()

    def sources(self) -> tuple[str, ...]:
        """Sources with at least one commit, sorted."""
        names = {path.name for path in self.root.glob("*/")}
        if self._kept_in is not None:
            names.update(sources_in(self._kept_in))
        found = (name for name in names if is_identifier(name) and self.latest(name) is not None)
        return tuple(sorted(found))

    def latest(self, source: str) -> Commit | None:
        """The source's last commit, of any kind; its position is where to read on from."""
        with self._log(source).state() as state:
            return state.latest

    def commits(self, source: str, after: int = 0) -> Iterator[Commit]:
        """Commits with a greater version, oldest first, up to the latest at the time of the call.

        The files of an old commit may since have been compacted away: to read rows use `live_files`.
        Batches that were sealed are told by the commit that sealed them.
        """
        return self._log(source).commits(after)

    def live_files(self, source: str) -> Mapping[str, TableFiles]:
        """Table -> the files that together hold its rows, all as of one commit.

        A second call reads only what was committed in between.
        """
        log = self._log(source)
        with log.state() as state:
            log.storage.tidy(state.known_paths(), now=self._clock.now())
            return state.tables(log.storage)

    def cut(self, source: str) -> Cut | None:
        """What has to be copied so that a lake made of it stands at the last commit; None before the first.

        The files stay for the grace period; one that is gone by then asks for another cut.
        """
        log = self._log(source)
        with log.state() as state:
            return cut_of(source, log.storage, state)

    def writer(self, source: str) -> SourceWriter:
        """The right to write to a source; use it in a `with` block.

        The first of an instance also removes what a dead writer left. Raises CommitConflict where
        another writer has the source open, LakeError, DiskFull.
        """
        lease = self._lease(source)
        try:
            self.tombstones.pull()
            writer = SourceWriter(self._log(source), self._clock, lease, self._grace, self.screen(source))
            if source not in self._recovered:
                writer.sweep()
                self._recovered.add(source)
        except BaseException:
            lease.release()
            raise
        return writer

    def begin(self, source: str, kind: CommitKind) -> BatchWriter:
        """Start one batch with files of its own, with the right to write for just that long.

        Raises CommitConflict where another writer has the source open, LakeError, DiskFull.
        """
        writer = self.writer(source)
        try:
            return writer.begin(kind, writer.close)
        except BaseException:
            writer.close()
            raise

    def identity(self, source: str) -> str | None:
        """What tells this log from another one under the same name; None before its first writer.

        A lake that was removed and filled again starts a new log, whose versions count from 1 once more.
        """
        return self._log(source).storage.identity()

    def recover(self, source: str) -> Swept:
        """Delete what dead writers left and what was removed longer ago than the grace period.

        Raises CommitConflict where a writer has the source open.
        """
        self._recovered.add(source)
        with self.writer(source) as writer:
            return writer.sweep()

    def compact(self, source: str, *tables: str, small_below: int = SMALL_FILE_BYTES) -> Commit | None:
        """Merge small files by one commit, as `SourceWriter.compact` does.

        Raises CommitConflict where a writer has the source open.
        """
        with self.writer(source) as writer:
            return writer.compact(*tables, small_below=small_below)

    def forget_history(self, source: str, older_than: timedelta) -> int:
        """Let go of files that snapshots replaced longer ago than that; returns how many.

        They leave the disk after the grace period. Raises CommitConflict where a writer has the source
        open.
        """
        with self.writer(source) as writer:
            return writer.forget_history(older_than)

    def screen(self, source: str) -> RowScreen:
        """What every row of a source passes on its way in."""
        with self._lock:
            if source not in self._screen:
                self._screen[source] = self._screens(source) if self._screens is not None else UNSCREENED
            return self._screen[source]

    def erased(self, source: str) -> frozenset[str]:
        """Stamps of what erasures took out of every file of the source."""
        with self._log(source).state() as state:
            return frozenset(state.erased)

    def purge(self, source: str) -> None:
        """Delete what is no longer needed without waiting out the grace period.

        A reader on its way through them fails. May be called while another process writes. Raises LakeError.
        """
        log = self._log(source)
        with (
            log.state() as state,
            guarded("deleting erased files", log.folder, lambda: "what is committed stays committed"),
        ):
            purge(log.storage, state)

    def verify(self, source: str) -> Verified:
        """Read every live file and compare size and checksum with the commit that added it.

        Raises DamagedLake at the first that is missing or differs, or for a gap in the log.
        """
        log = CommitLog(self._log(source).storage)
        log.refresh()
        with log.state() as state:
            live = state.tables(log.storage)
        files = rows = size = 0
        for table in live.values():
            for file in table.files:
                log.storage.check(table.table, file)
                files, rows, size = files + 1, rows + file.rows, size + file.bytes
        return Verified(files, rows, size)

    def _lease(self, source: str) -> Lease:
        folder = self._log(source).folder
        with guarded(f"opening the source {source!r} for writing", folder, lambda: "nothing was changed"):
            make_folder(folder)
            lease = Lease(folder)
            try:
                log = self._log(source)
                log.storage.claim()
                log.refresh()
            except BaseException:
                lease.release()
                raise
            return lease

    def close(self) -> None:
        """Let go of connections; a later call opens them again."""
        if self._kept_in is not None:
            self._kept_in.close()

    def _storage(self, source: str) -> Storage:
        folder = self.root / source
        if self._kept_in is not None:
            return ObjectStorage(folder, self._kept_in, source, cache_bytes=self._cache_bytes)
        return FolderStorage(folder)

    def _log(self, source: str) -> CommitLog:
        if not is_identifier(source):
            raise LakeError(
                f"{source!r} is not a source name",
                expected="lower-case letters, digits and underscores, not starting with a digit",
            )
        with self._lock:
            if source not in self._logs:
                self._logs[source] = CommitLog(self._storage(source))
            return self._logs[source]
