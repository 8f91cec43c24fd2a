"""The commit log of one source: reading what is new, appending the next version."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from amalimart.core.errors import DamagedLake
from amalimart.lake.commit import Commit, decode_commit, encode_commit
from amalimart.lake.durable import make_folder, publish
from amalimart.lake.live import LiveState


class CommitLog:
    """Commits 1..n of one source, and their fold.

    Versions have no gaps, so what is new is found by asking for the next name: the cost of a look
    does not grow with the log. Safe to use from several threads.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._commits = folder / "commits"
        self._state = LiveState()
        self._lock = threading.Lock()
        self._check_dense()

    @contextmanager
    def state(self) -> Iterator[LiveState]:
        """The fold of every commit there is now, not to be kept or changed. Raises DamagedLake."""
        with self._lock:
            while (commit := self._read(self._state.version + 1)) is not None:
                self._state.apply(commit)
            yield self._state

    def between(self, after: int, last: int) -> Iterator[Commit]:
        """Commits after one version up to another, in order. Raises DamagedLake where one is missing."""
        for version in range(after + 1, last + 1):
            commit = self._read(version)
            if commit is None:
                raise self._gap(version)
            yield commit

    def append(self, commit: Commit) -> None:
        """Make a commit durable and visible. Raises CommitConflict, LakeError or OSError."""
        content = encode_commit(commit)
        make_folder(self._commits)
        publish(self._path(commit.version), content)

    def _path(self, version: int) -> Path:
        return self._commits / f"{version:020d}.json"

    def _read(self, version: int) -> Commit | None:
        path = self._path(version)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise DamagedLake(f"the commit cannot be read: {error.strerror}", where=str(path)) from error
        return decode_commit(content, version=version, where=str(path))

    def _check_dense(self) -> None:
        if not self._commits.is_dir():
            return
        versions = {int(path.stem) for path in self._commits.glob("[0-9]*.json") if path.stem.isdecimal()}
        missing = sorted(set(range(1, max(versions, default=0) + 1)) - versions)
        if missing:
            raise self._gap(missing[0])

    def _gap(self, version: int) -> DamagedLake:
        return DamagedLake(
            f"version {version} of the commit log is missing",
            where=str(self._path(version)),
            expected="every version from 1 to the latest",
            next_step="restore the file from a backup, or remove the source's folder and ingest it again",
        )
