"""A prefix of an S3 bucket as the place where files are dropped.

A file is fetched once, to a nameless file on disk, and hashed on the way: memory stays small, a network
that breaks off shows before anything is taken over, and Parquet may seek.
"""

from __future__ import annotations

import hashlib
import io
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from amalimart.core.errors import SourceError, SourceRefused, SourceUnreachable
from amalimart.core.object_store import ObjectStore, ObjectStoreError, S3Access, Trouble
from amalimart.lake.durable import guarded
from amalimart.sources.files.local import changed
from amalimart.sources.files.stored import StoredFile

__all__ = ["S3Access", "S3Prefix"]

_BLOCK = 8 * 1024 * 1024
_LOOK = 256 * 1024
_RIGHTS = "credentials that may s3:ListBucket and s3:GetObject there"


@dataclass(frozen=True, slots=True)
class _Downloaded:
    content: BinaryIO
    sha256: str

    def check(self) -> None:
        """Nobody else can write to the copy."""


class S3Prefix:
    """Objects below `s3://bucket/prefix`, downloaded into `scratch` one at a time."""

    arrives_whole = True

    def __init__(self, url: str, access: S3Access, scratch: Path) -> None:
        self._store = ObjectStore(url, access)
        self._scratch = scratch

    def where(self, path: str = "") -> str:
        return self._store.where(path)

    def files(self) -> Iterator[StoredFile]:
        with self._answers(""):
            for found in self._store.objects():
                if found.key and not found.key.endswith("/"):
                    yield StoredFile(found.key, found.bytes, found.modified_at, found.etag)

    @contextmanager
    def opened(self, file: StoredFile) -> Iterator[BinaryIO]:
        with self._answers(file.path), self._store.opened(file.path, file.stamp, _LOOK) as remote:
            yield cast("BinaryIO", io.BufferedReader(_Raw(remote), 64 * 1024))

    @contextmanager
    def fetched(self, file: StoredFile) -> Iterator[_Downloaded]:
        where = self.where(file.path)
        digest = hashlib.sha256()
        with self._copy() as copy:
            with self._answers(file.path), self._store.opened(file.path, file.stamp, _BLOCK) as remote:
                while piece := remote.read(_BLOCK):
                    digest.update(piece)
                    with self._writing(where):
                        copy.write(piece)
            with self._writing(where):
                copy.flush()
            copy.seek(0)
            yield _Downloaded(copy, digest.hexdigest())

    def close(self) -> None:
        self._store.close()

    def _copy(self) -> BinaryIO:
        with self._writing(str(self._scratch)):
            self._scratch.mkdir(parents=True, exist_ok=True)
            return cast("BinaryIO", tempfile.TemporaryFile(dir=self._scratch))

    def _writing(self, where: str) -> AbstractContextManager[None]:
        return guarded(f"downloading {where}", self._scratch, lambda: "nothing of it was taken over")

    @contextmanager
    def _answers(self, path: str) -> Iterator[None]:
        """Turns what the store says into our errors."""
        try:
            yield
        except ObjectStoreError as error:
            raise self._told(error, path) from error

    def _told(self, error: ObjectStoreError, path: str) -> SourceError:
        where = self.where(path)
        match error.trouble:
            case Trouble.CHANGED:
                return changed(where)
            case Trouble.REFUSED:
                return SourceRefused(
                    f"the object store refuses: {error.said}",
                    where=where,
                    expected=_RIGHTS,
                    next_step="correct the credentials, or the policy of the bucket",
                )
            case Trouble.NO_CREDENTIALS:
                return SourceRefused(
                    f"the object store cannot be asked: {error.said}",
                    where=where,
                    expected=_RIGHTS,
                    next_step="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or `credentials` there",
                )
            case Trouble.GONE:
                return SourceUnreachable(
                    "the file is no longer there" if path else f"there is no bucket {self._store.bucket!r}",
                    where=where,
                    next_step="drop the file again"
                    if path
                    else "correct the URL, or the endpoint it is asked at",
                )
            case Trouble.UNREACHABLE:
                return SourceUnreachable(
                    f"the object store does not answer as it should: {error.said}",
                    where=where,
                    next_step="check the network and the endpoint; what was not read is read later",
                )


class _Raw(io.RawIOBase):
    """What a buffered reader needs of a remote file."""

    def __init__(self, remote: BinaryIO) -> None:
        self._remote = remote

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._remote.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        return self._remote.seek(place, whence)

    def tell(self) -> int:
        return self._remote.tell()
