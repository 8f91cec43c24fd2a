"""Writing so that a power cut or a full disk loses nothing that was committed. Knows no commit format."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from amalimart.core.errors import CommitConflict, DiskFull, LakeError

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Create a folder and make its name durable, and the same for parents that are missing."""
    missing = [folder]
    while not missing[-1].parent.exists():
        missing.append(missing[-1].parent)
    for path in reversed(missing):
        if not path.exists():
            path.mkdir(exist_ok=True)
            sync_folder(path.parent)


def publish(path: Path, content: bytes) -> None:
    """Let a file appear under its name whole and durable, or not at all.

    The bytes are synced under a temporary name first; the hard link that gives them their name fails
    where the name is taken. Raises CommitConflict then, and OSError for what the disk refuses.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)
    except FileExistsError as error:
        raise CommitConflict(
            f"version {int(path.stem)} of the commit log is taken",
            where=str(path),
            expected="one writer at a time for a source",
            next_step="read the log again and repeat the batch",
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


@contextmanager
def guarded(doing: str, folder: Path, kept: Callable[[], str]) -> Iterator[None]:
    """Turn what the operating system says into DiskFull or LakeError.

    `doing` completes "the disk is full while ..."; `kept` says what stays committed.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise DiskFull(
                f"the disk is full while {doing}; {kept()}",
                where=str(folder),
                expected="free space for the batch",
                next_step="free space or move the lake to a larger disk, then run the command again",
            ) from error
        raise LakeError(
            f"{error.strerror or error} while {doing}; {kept()}",
            where=str(error.filename or folder),
            expected="a folder that can be written to",
            next_step="correct the folder or its rights, then run the command again",
        ) from error
