"""A folder of this machine as the place where files are dropped."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from amalimart.core.errors import BrokenFile, SourceError, SourceRefused, SourceUnreachable
from amalimart.sources.files.stored import StoredFile, digest_of

_DEEPEST = 8  # folders below a table's own: deeper ones are another program's affair
_OF_THE_FILE_SYSTEM = "lost+found"  # nobody but root may look into it


@dataclass(frozen=True, slots=True)
class _Whole:
    content: BinaryIO
    sha256: str
    where: str

    def check(self) -> None:
        if digest_of(self.content) != self.sha256:
            raise changed(self.where)


class LocalFolder:
    """Files are read where they lie, through one descriptor each: a rename under way does not matter."""

    arrives_whole = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def close(self) -> None:
        """Nothing is held open between calls."""

    def where(self, path: str = "") -> str:
        return str(self._folder / path)

    def files(self) -> Iterator[StoredFile]:
        try:
            yield from self._below(self._folder, "", depth=0)
        except OSError as error:
            raise SourceUnreachable(
                f"the folder cannot be read: {error.strerror}",
                where=str(error.filename or self._folder),
                expected="a folder with .csv or .parquet files",
                next_step="correct the path or its rights",
            ) from error

    @contextmanager
    def opened(self, file: StoredFile) -> Iterator[BinaryIO]:
        with self._open(file) as content:
            yield content

    @contextmanager
    def fetched(self, file: StoredFile) -> Iterator[_Whole]:
        with self._open(file) as content:
            where = self.where(file.path)
            with _reading(where):
                digest = digest_of(content)
            yield _Whole(content, digest, where)

    def _open(self, file: StoredFile) -> BinaryIO:
        with _reading(self.where(file.path)):
            return (self._folder / file.path).open("rb")

    def _below(self, folder: Path, prefix: str, *, depth: int) -> Iterator[StoredFile]:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith(".") or entry.name == _OF_THE_FILE_SYSTEM:
                    continue
                try:
                    status = entry.stat()
                    # A link to a table's folder is meant; one below it may lead back up.
                    is_folder = entry.is_dir(follow_symlinks=depth == 0)
                except OSError as error:
                    if error.errno in {errno.ENOENT, errno.ELOOP}:  # gone since the look, or a dangling link
                        continue
                    raise
                if is_folder and depth <= _DEEPEST:
                    yield from self._below(Path(entry), f"{prefix}{entry.name}/", depth=depth + 1)
                elif entry.is_file():
                    yield StoredFile(
                        path=prefix + entry.name,
                        bytes=status.st_size,
                        modified_at=datetime.fromtimestamp(status.st_mtime, UTC),
                        stamp=f"{status.st_ino}-{status.st_size}-{status.st_mtime_ns}",
                    )


def changed(where: str) -> BrokenFile:
    """The error for content that does not hold still."""
    return BrokenFile(
        "the file changed while it was read",
        where=where,
        expected="whole files: write under another name, then rename",
        next_step="it is read again; where that goes on, let its writer rename it when it is whole",
    )


@contextmanager
def _reading(where: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        kind: type[SourceError] = (
            SourceRefused if error.errno in {errno.EACCES, errno.EPERM} else SourceUnreachable
        )
        raise kind(
            f"the file cannot be read: {error.strerror}",
            where=where,
            next_step="correct the file's rights, then run the command again",
        ) from error
