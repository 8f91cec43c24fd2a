"""The commit log of one source: reading what is new, appending the next version."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from amalimart.core.errors import DamagedLake, LakeUnreachable
from amalimart.lake.checkpoint import newest_checkpoint
from amalimart.lake.commit import Commit, decode_commit, encode_commit
from amalimart.lake.durable import guarded, sync_folder
from amalimart.lake.journal import read_records, segment_path
from amalimart.lake.live import LiveState
from amalimart.lake.storage import Storage, commit_path, versions_in

_LOADS = 5

log = logging.getLogger(__name__)


class _Outdated(Exception):
    """What this reader stood on was cleared away; it must load anew. Never leaves this module."""


class CommitLog:
    """Versions 1..n of one source, and their fold.

    A version is a commit file, or a record of a journal segment until a commit seals it. Versions have
    no gaps, so what is new is found by asking for the next one: the cost of a look does not grow with
    the log. A fresh reader starts from the newest checkpoint. Safe to use from several threads.
    """

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.folder = storage.folder
        self._commits = storage.folder / "commits"
        self._state = LiveState()
        self._loaded = False
        self._lock = threading.Lock()

    @contextmanager
    def state(self) -> Iterator[LiveState]:
        """The fold of every commit there is now, not to be kept or changed. Raises DamagedLake."""
        with self._lock:
            self._catch_up()
            yield self._state

    def commits(self, after: int) -> Iterator[Commit]:
        """The commits after a version that can still be told apart, in order. Raises DamagedLake.

        Sealed batches are told by the commit that sealed them; what lies before a checkpoint may be gone.
        """
        with self.state() as state:
            last, segment = state.version, state.segment
        for version in self._versions(after):
            if version <= last and (commit := self._read(version)) is not None:
                yield commit
        if segment is not None:
            replayed = LiveState()
            for record in read_records(segment_path(self.folder, segment)):
                replayed.apply_record(record)
                if after < record.version <= last and replayed.latest is not None:
                    yield replayed.latest

    def append(self, commit: Commit) -> None:
        """Make a commit durable and visible. Raises CommitConflict, LakeError or OSError."""
        content = encode_commit(commit)
        written = [
            [*change.added, *(file for _, file in change.rewritten)] for change in commit.tables.values()
        ]
        self.storage.keep([file for files in written for file in files])
        first = commit.version if commit.seals is None else commit.seals
        self.storage.publish_commit(first, commit.version, content)

    def refresh(self) -> None:
        """Look at once for what other machines have committed. Raises LakeError, DamagedLake."""
        with self._lock:
            self._catch_up(at_once=True)

    def _catch_up(self, *, at_once: bool = False) -> None:
        for _ in range(_LOADS):
            try:
                if not self._loaded:
                    self._load()
                while self._step():
                    pass
                if self._pulled(self._state.next_file, at_once=at_once):
                    at_once = False
                    raise _Outdated
            except _Outdated:
                self._loaded = False
            else:
                return
        raise self._gap(self._state.version + 1)

    def _pulled(self, first: int, *, at_once: bool) -> bool:
        """Whether other machines have committed meanwhile."""
        try:
            with guarded("copying the commit log", self.folder, lambda: "what is committed stays committed"):
                return self.storage.pull(first, at_once=at_once)
        except LakeUnreachable as error:
            if at_once or self._state.latest is None:
                raise
            # What is known here stands; a reader that was refused it would see less, not more.
            log.warning("the object store is not reached", extra={"error": error.as_dict()})
            return False

    def _load(self) -> None:
        """Start from the newest checkpoint and every commit file after it."""
        self._state = newest_checkpoint(self.folder) or LiveState()
        for version in self._versions(self._state.version):
            commit = self._read(version)
            if commit is None:
                raise _Outdated
            expected = self._state.version + 1
            if expected not in {version, commit.seals}:
                if self._pulled(expected, at_once=True):
                    raise _Outdated  # somebody has cleared the copy of the log away
                raise self._gap(expected)
            self._state.apply(commit)
        self._loaded = True

    def _step(self) -> bool:
        """Go one look further; whether there was something."""
        state = self._state
        if state.segment is not None and self._read_segment(state, state.segment):
            return True
        expected = state.version + 1
        commit = self._read(expected)
        if commit is not None:
            # Its bytes are durable; its name is only once the folder is.
            sync_folder(self._commits)
            state.apply(commit)
            return True
        if state.segment is None and segment_path(self.folder, expected).exists():
            state.segment = expected
            return True
        return False

    def _read_segment(self, state: LiveState, segment: int) -> bool:
        before = state.version
        try:
            for record in read_records(segment_path(self.folder, segment), state.segment_end):
                if record.version != state.version + 1:
                    raise self._gap(state.version + 1)
                state.apply_record(record)
        except FileNotFoundError as error:
            if state.version >= segment:
                raise _Outdated from error
            state.segment = None  # an empty segment was given up for a commit with a file
        return state.version > before

    def _versions(self, after: int) -> list[int]:
        return [version for version in versions_in(self._commits) if version > after]

    def _read(self, version: int) -> Commit | None:
        path = commit_path(self.folder, version)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise DamagedLake(f"the commit cannot be read: {error.strerror}", where=str(path)) from error
        return decode_commit(content, version=version, where=str(path))

    def _gap(self, version: int) -> DamagedLake:
        return DamagedLake(
            f"version {version} of the commit log is missing",
            where=str(commit_path(self.folder, version)),
            expected="every version from 1 to the latest",
            next_step="restore the file from a backup, or remove the source's folder and ingest it again",
        )
