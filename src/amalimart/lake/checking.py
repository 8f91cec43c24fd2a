"""Holding one file on disk against what its commit says of it."""

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
