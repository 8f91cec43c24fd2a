"""A prefix of an S3 bucket as the place where files are dropped.

Listed a page at a time. A file is fetched once, to a nameless file on disk, and hashed on the way:
memory stays small, a network that breaks off shows before anything is taken over, and Parquet may
seek. The client, which takes half a second to import, is imported on first use.
"""

from __future__ import annotations

import hashlib
import io
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, cast

import fsspec

from amalimart.core.errors import SourceError, SourceRefused, SourceUnreachable
from amalimart.lake.durable import guarded
from amalimart.sources.files.local import changed
from amalimart.sources.files.stored import StoredFile

PAGE_FILES = 1000
_BLOCK = 8 * 1024 * 1024
_LOOK = 256 * 1024
_RIGHTS = "credentials that may s3:ListBucket and s3:GetObject there"


@dataclass(frozen=True, slots=True)
class S3Access:
    """How to reach an object store. What is None is looked up as every AWS program does.

    Environment variables, shared configuration files, the role of the machine.
    """

    key_id: str | None = None
    secret_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    endpoint_url: str | None = None
    region: str | None = None


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
        bucket, _, prefix = url.removeprefix("s3://").strip("/").partition("/")
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._access = access
        self._scratch = scratch

    def where(self, path: str = "") -> str:
        return f"s3://{self._bucket}/{self._prefix}{path}"

    def files(self) -> Iterator[StoredFile]:
        asked = {"Bucket": self._bucket, "Prefix": self._prefix, "MaxKeys": PAGE_FILES}
        while True:
            with self._answers(""):
                page: Mapping[str, Any] = self._client.call_s3("list_objects_v2", **asked)
            for found in page.get("Contents", ()):
                path = found["Key"].removeprefix(self._prefix)
                if path and not path.endswith("/"):
                    yield StoredFile(path, found["Size"], found["LastModified"], found["ETag"].strip('"'))
            if not page.get("IsTruncated"):
                return
            asked["ContinuationToken"] = page["NextContinuationToken"]

    @contextmanager
    def opened(self, file: StoredFile) -> Iterator[BinaryIO]:
        with self._remote(file, _LOOK) as remote:
            answers = partial(self._answers, file.path)
            yield cast("BinaryIO", io.BufferedReader(_Translated(remote, answers), 64 * 1024))

    @contextmanager
    def fetched(self, file: StoredFile) -> Iterator[_Downloaded]:
        where = self.where(file.path)
        digest = hashlib.sha256()
        with self._copy() as copy:
            with self._remote(file, _BLOCK) as remote:
                while piece := self._piece(file, remote):
                    digest.update(piece)
                    with self._writing(where):
                        copy.write(piece)
            with self._writing(where):
                copy.flush()
            copy.seek(0)
            yield _Downloaded(copy, digest.hexdigest())

    def close(self) -> None:
        client = self.__dict__.pop("_client", None)
        if client is not None and client._s3 is not None:  # noqa: SLF001 - the client has no other way to ask
            client.close_session(client.loop, client._s3)  # noqa: SLF001
            client._s3 = None  # noqa: SLF001

    @cached_property
    def _client(self) -> Any:
        access = self._access
        given = {
            "key": access.key_id,
            "secret": access.secret_key,
            "token": access.session_token,
            "endpoint_url": access.endpoint_url,
        }
        return fsspec.filesystem(
            "s3",
            skip_instance_cache=True,
            use_listings_cache=False,
            client_kwargs={"region_name": access.region} if access.region else {},
            **{name: value for name, value in given.items() if value is not None},
        )

    @contextmanager
    def _remote(self, file: StoredFile, block: int) -> Iterator[Any]:
        """The object as it was listed: every further request asks for that version of it."""
        with self._answers(file.path):
            remote = self._client.open(self.where(file.path), "rb", block_size=block, cache_type="readahead")
        with remote:
            if remote.details["ETag"].strip('"') != file.stamp:
                raise changed(self.where(file.path))
            yield remote

    def _piece(self, file: StoredFile, remote: Any) -> bytes:
        with self._answers(file.path):
            return cast("bytes", remote.read(_BLOCK))

    def _copy(self) -> BinaryIO:
        with self._writing(str(self._scratch)):
            self._scratch.mkdir(parents=True, exist_ok=True)
            return cast("BinaryIO", tempfile.TemporaryFile(dir=self._scratch))

    def _writing(self, where: str) -> AbstractContextManager[None]:
        return guarded(f"downloading {where}", self._scratch, lambda: "nothing of it was taken over")

    @contextmanager
    def _answers(self, path: str) -> Iterator[None]:
        """Turns what the client raises into our errors."""
        try:
            yield
        except SourceError:
            raise
        except _client_errors() as error:
            raise self._told(error, path) from error

    def _told(self, error: BaseException, path: str) -> SourceError:
        where = self.where(path)
        said = str(error) or type(error).__name__
        if type(error).__name__ == "FileExpired":
            return changed(where)
        if isinstance(error, PermissionError):
            return SourceRefused(
                f"the object store refuses: {said}",
                where=where,
                expected=_RIGHTS,
                next_step="correct the credentials, or the policy of the bucket",
            )
        if "Credentials" in type(error).__name__:
            return SourceRefused(
                f"the object store cannot be asked: {said}",
                where=where,
                expected=_RIGHTS,
                next_step="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or `credentials` of the source",
            )
        if isinstance(error, FileNotFoundError):
            return SourceUnreachable(
                "the file is no longer there" if path else f"there is no bucket {self._bucket!r}",
                where=where,
                next_step="drop the file again"
                if path
                else "correct the URL, or the endpoint it is asked at",
            )
        return SourceUnreachable(
            f"the object store does not answer as it should: {said}",
            where=where,
            next_step="check the network and the endpoint; what was not read is read later",
        )


class _Translated(io.RawIOBase):
    """A remote file whose errors are ours, whoever reads it."""

    def __init__(self, remote: Any, answers: Callable[[], AbstractContextManager[None]]) -> None:
        self._remote = remote
        self._answers = answers

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with self._answers():
            return cast("int", self._remote.readinto(buffer))

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        return cast("int", self._remote.seek(place, whence))

    def tell(self) -> int:
        return cast("int", self._remote.tell())


def _client_errors() -> tuple[type[BaseException], ...]:
    """What the client raises; asked for once something was raised, when it has been imported anyhow."""
    client = import_module("botocore.exceptions")
    network = import_module("aiohttp")
    return (OSError, TimeoutError, client.BotoCoreError, client.ClientError, network.ClientError)
