"""The files of scheduled questions, in a folder of the project. Who may read which is not known here.

A file appears whole and durable under its name, and is recorded before anybody else looks at the folder;
what no run names is what a kill or a removal has left, and is swept away.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection
from pathlib import Path
from typing import IO, TypeVar

from amalimart.core.errors import DiskFull, OperationUnderWay
from amalimart.lake.durable import make_folder, sync_folder

T = TypeVar("T")


class QuestionFiles:
    """Those of one project; for many threads. `is_erasing` says whether a person is being erased."""

    def __init__(self, folder: Path, is_erasing: Callable[[], bool]) -> None:
        self.folder = folder
        self._is_erasing = is_erasing
        self._lock = threading.Lock()
        self._forgotten = 0

    @property
    def is_held(self) -> bool:
        """Whether nothing is written at the moment: somebody is being erased."""
        return self._is_erasing()

    def keep(self, name: str, write: Callable[[IO[bytes]], T], record: Callable[[T, int], bool]) -> None:
        """Write a file, in the place of one of the same name, and have it recorded with its size in bytes.

        What `record` does not take is not kept. Raises what writing raises, DiskFull, and OperationUnderWay
        where somebody is being erased: the answer may be from before.
        """
        forgotten = self._forgotten  # looked at before the question whether somebody is erased
        if self._is_erasing():
            raise _erasing()
        partial = self.folder / f".{name}.part"
        try:
            make_folder(self.folder)
            with os.fdopen(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w+b") as target:
                written = write(target)
                target.flush()
                os.fsync(target.fileno())
                size = os.fstat(target.fileno()).st_size
            with self._lock:
                if self._forgotten != forgotten:
                    raise _erasing()
                partial.replace(self.folder / name)
                sync_folder(self.folder)
                if not record(written, size):
                    self._unlink(name)
        except OSError as error:
            raise DiskFull(
                f"the file could not be kept: {error.strerror}",
                where=str(self.folder),
                next_step="free some space; it is tried again",
            ) from error
        finally:
            partial.unlink(missing_ok=True)

    def open(self, name: str) -> IO[bytes] | None:
        """One of them; None where it is not there."""
        try:
            return (self.folder / name).open("rb")
        except FileNotFoundError:
            return None

    def remove(self, names: Collection[str]) -> None:
        """Delete some; those that are gone already are no trouble."""
        with self._lock:
            for name in names:
                self._unlink(name)

    def forget(self, forgetting: Callable[[], Collection[str]], named: Callable[[], Collection[str]]) -> int:
        """Delete those that `forgetting` finds and records, and what no run names; returns how many.

        What is being written meanwhile is not kept.
        """
        with self._lock:
            self._forgotten += 1
            names = {*forgetting(), *(self._names() - set(named()))}
            for name in names:
                self._unlink(name)
            return len(names)

    def stray(self, named: Callable[[], Collection[str]]) -> frozenset[str]:
        """Names in the folder that no run names."""
        with self._lock:
            found = self._names()
            return frozenset(found - set(named())) if found else frozenset()

    def _names(self) -> set[str]:
        return {path.name for path in self.folder.iterdir()} if self.folder.is_dir() else set()

    def _unlink(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)


def _erasing() -> OperationUnderWay:
    return OperationUnderWay(
        "a person is being erased, and nothing is written before that is done",
        next_step="it is tried again",
    )
