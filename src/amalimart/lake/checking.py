"""Holding files on disk against what their commits say of them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from amalimart.core.errors import DamagedLake
from amalimart.lake.commit import DataFile


def check_file(path: Path, table: str, file: DataFile, *, where: str | None = None) -> None:
    """Read a whole file and compare size and SHA-256. Raises DamagedLake, which names `where`, if given."""
    next_step = f"restore the file from a backup, or take a new snapshot of the table {table!r}"
    digest = hashlib.sha256()
    size = 0
    try:
        with path.open("rb") as opened:
            while piece := opened.read(1 << 20):
                digest.update(piece)
                size += len(piece)
    except OSError as error:
        raise DamagedLake(
            f"a committed file cannot be read: {error.strerror}",
            where=where or str(path),
            next_step=next_step,
        ) from error
    if (size, digest.hexdigest()) != (file.bytes, file.sha256):
        raise DamagedLake(
            "a committed file is not what was committed",
            where=where or str(path),
            expected=f"{file.bytes} bytes with SHA-256 {file.sha256}",
            next_step=next_step,
        )


class SeenFiles:
    """Which files this process has found as they were committed: a file is read whole once, not each time.

    One that was written to since is read again. May be shared by threads.
    """

    def __init__(self) -> None:
        self._seen: dict[Path, tuple[int, int, int]] = {}

    def checked(self, path: Path, table: str, file: DataFile) -> Path:
        """The path of a sound file. Raises DamagedLake."""
        if path not in self._seen or self._seen[path] != _look(path):
            before = _look(path)
            check_file(path, table, file)
            self._seen[path] = before
        return path


def _look(path: Path) -> tuple[int, int, int]:
    """What changes when a file is written to or replaced; of one that is not there, nothing."""
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return found.st_ino, found.st_size, found.st_mtime_ns
