"""One writer at a time for each source, across processes; the kernel frees a dead writer's lease.

The exclusive commit file already keeps two writers from both committing a version. The lease tells
the second one before it has copied millions of rows, and it lets clean-up know that no file on disk
belongs to a batch in flight.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from amalimart.core.errors import CommitConflict
from amalimart.lake.durable import make_folder


class Lease:
    """The right to write to one source's folder, held until `release`.

    Raises CommitConflict where somebody holds it.
    """

    def __init__(self, folder: Path) -> None:
        make_folder(folder)
        self._descriptor: int | None = os.open(
            folder / "writer.lease", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644
        )
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(self._descriptor, 32).decode(errors="replace").strip()
            self.release()
            raise CommitConflict(
                f"another writer (process {holder or 'unknown'}) has the source {folder.name!r} open",
                where=str(folder),
                expected="one writer at a time for a source",
                next_step="wait until it has finished, or stop that process",
            ) from error
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Give the right back; a second call does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
