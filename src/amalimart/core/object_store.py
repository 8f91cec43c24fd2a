"""One prefix of an S3 bucket: listing, reading, writing, and what went wrong in one word.

Owns the client. Knows nothing of what the objects are for: whoever uses it turns its one exception
into an error for people. The client, which takes half a second to import, is imported on first use.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, cast

import fsspec

PAGE_OBJECTS = 1000
PART_BYTES = 8 * 1024 * 1024
_TRIES = 3
_MD5 = re.compile(r'"?([0-9a-f]{32})"?')
_EXISTS = {"PreconditionFailed", "ConditionalRequestConflict", "412"}


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
class StoredObject:
    """One object as a listing tells it; `key` is below the prefix."""

    key: str
    bytes: int
    modified_at: datetime
    etag: str


class Trouble(StrEnum):
    """Why the store did not do as asked."""

    REFUSED = "refused"  # the credentials do not allow it
    NO_CREDENTIALS = "no credentials"
    GONE = "gone"  # there is no such object, or no such bucket
    CHANGED = "changed"  # the object is no longer the one that was asked for
    UNREACHABLE = "unreachable"  # network, or an answer that is none


class ObjectStoreError(Exception):
    """The store did not do as asked. `said` is its own words, or the network's."""

    def __init__(self, trouble: Trouble, said: str, key: str) -> None:
        super().__init__(f"{key}: {said}")
        self.trouble = trouble
        self.said = said
        self.key = key


class ObjectStore:
    """Objects below `s3://bucket/prefix`. Every method may raise ObjectStoreError.

    Connections are kept between calls until `close`. May be shared by threads.
    """

    def __init__(self, url: str, access: S3Access) -> None:
        bucket, _, prefix = url.removeprefix("s3://").strip("/").partition("/")
        self.bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._access = access

    def beside(self, prefix: str) -> ObjectStore:
        """Another prefix of the same bucket, over the same connections."""
        other = ObjectStore(f"s3://{self.bucket}/{prefix}", self._access)
        other.__dict__["_client"] = self._client
        return other

    def where(self, key: str = "") -> str:
        """The full name of an object, for messages."""
        return f"s3://{self.bucket}/{self._prefix}{key}"

    def objects(self, below: str = "", *, after: str | None = None) -> Iterator[StoredObject]:
        """Objects whose key starts with `below`, sorted, those after a key only; a page at a time."""
        asked: dict[str, Any] = {"Prefix": self._prefix + below, "MaxKeys": PAGE_OBJECTS}
        if after is not None:
            asked["StartAfter"] = self._prefix + after
        while True:
            page = self._call("list_objects_v2", below, **asked)
            for found in page.get("Contents", ()):
                key = found["Key"].removeprefix(self._prefix)
                yield StoredObject(key, found["Size"], found["LastModified"], found["ETag"].strip('"'))
            if not page.get("IsTruncated"):
                return
            asked["ContinuationToken"] = page["NextContinuationToken"]

    def folders(self) -> list[str]:
        """The first parts of the keys that have several."""
        names: list[str] = []
        asked: dict[str, Any] = {"Prefix": self._prefix, "Delimiter": "/"}
        while True:
            page = self._call("list_objects_v2", "", **asked)
            found = (entry["Prefix"] for entry in page.get("CommonPrefixes", ()))
            names += [name.removeprefix(self._prefix).strip("/") for name in found]
            if not page.get("IsTruncated"):
                return names
            asked["ContinuationToken"] = page["NextContinuationToken"]

    def read(self, key: str) -> bytes | None:
        """A small object whole; None where there is none."""
        with self._answers(key):
            try:
                return cast("bytes", self._client.cat_file(self._full(key)))
            except FileNotFoundError:
                return None

    @contextmanager
    def opened(self, key: str, etag: str, block: int) -> Iterator[BinaryIO]:
        """An object to be read in pieces: every request asks for that version of it.

        What it raises while it is read are ObjectStoreErrors as well.
        """
        with self._answers(key):
            remote = self._client.open(self._full(key), "rb", block_size=block, cache_type="readahead")
        with remote:
            if remote.details["ETag"].strip('"') != etag:
                raise ObjectStoreError(Trouble.CHANGED, "it is another object now", self.where(key))
            yield cast("BinaryIO", _Told(self, key, remote))

    def download(self, key: str, path: Path) -> None:
        """Copy an object to a file. Raises OSError where the disk refuses."""
        with path.open("wb") as file:
            with self._answers(key):
                remote = self._client.open(self._full(key), "rb", block_size=PART_BYTES)
            with remote:
                while True:
                    with self._answers(key):
                        piece = remote.read(PART_BYTES)
                    if not piece:
                        return
                    file.write(piece)

    def create(self, key: str, content: bytes) -> bool:
        """Write an object that must not exist yet; False where there is one, which stays as it is.

        Where an answer is lost on its way the request is repeated and finds its own object: compare.
        """
        try:
            self._call("put_object", key, Key=self._prefix + key, Body=content, IfNoneMatch="*")
        except ObjectStoreError as error:
            if _code(error) in _EXISTS:
                return False
            raise
        return True

    def upload(self, path: Path, key: str) -> None:
        """Write an object from a file, in parts where it is large, each held against its checksum.

        Raises OSError where the file cannot be read. An upload that breaks off leaves nothing.
        """
        size = path.stat().st_size
        with path.open("rb") as file:
            if size <= PART_BYTES:
                self._put("put_object", key, file.read(), Key=self._prefix + key)
            else:
                self._upload_parts(key, file)
        found = self._call("head_object", key, Key=self._prefix + key)
        if found["ContentLength"] != size:
            said = f"{found['ContentLength']} bytes arrived of {size}"
            raise ObjectStoreError(Trouble.UNREACHABLE, said, self.where(key))

    def remove(self, keys: Iterable[str]) -> None:
        """Delete objects; those that are not there are no trouble."""
        for key in keys:
            self._call("delete_object", key, Key=self._prefix + key)

    def close(self) -> None:
        """Let go of connections; a later call opens them again."""
        client = self.__dict__.pop("_client", None)
        if client is not None and client._s3 is not None:  # noqa: SLF001 - the client has no other way to ask
            client.close_session(client.loop, client._s3creator)  # noqa: SLF001
            client._s3 = None  # noqa: SLF001

    def _upload_parts(self, key: str, file: BinaryIO) -> None:
        begun = self._call("create_multipart_upload", key, Key=self._prefix + key)
        about = {"Key": self._prefix + key, "UploadId": begun["UploadId"]}
        parts: list[Mapping[str, Any]] = []
        try:
            while piece := file.read(PART_BYTES):
                answer = self._put("upload_part", key, piece, **about, PartNumber=len(parts) + 1)
                parts.append({"PartNumber": len(parts) + 1, "ETag": answer["ETag"]})
            self._call("complete_multipart_upload", key, **about, MultipartUpload={"Parts": parts})
        except BaseException:
            with _in_vain():
                self._call("abort_multipart_upload", key, **about)
            raise

    def _put(self, method: str, key: str, content: bytes, **about: Any) -> Mapping[str, Any]:
        digest = hashlib.md5(content, usedforsecurity=False)
        checksum = base64.b64encode(digest.digest()).decode()
        answer = self._call(method, key, **about, Body=content, ContentMD5=checksum)
        # The store compares as well. Encrypted by a key of its own, its tag is another checksum.
        tag = _MD5.fullmatch(answer.get("ETag") or "")
        is_plain = (
            answer.get("ServerSideEncryption") in {None, "AES256"} and "SSECustomerAlgorithm" not in answer
        )
        if tag and is_plain and tag[1] != digest.hexdigest():
            raise ObjectStoreError(Trouble.UNREACHABLE, "other bytes arrived than were sent", self.where(key))
        return answer

    def _call(self, method: str, key: str, **about: Any) -> Mapping[str, Any]:
        with self._answers(key):
            return cast("Mapping[str, Any]", self._client.call_s3(method, Bucket=self.bucket, **about))

    def _full(self, key: str) -> str:
        return f"{self.bucket}/{self._prefix}{key}"

    @cached_property
    def _client(self) -> Any:
        access = self._access
        given = {
            "key": access.key_id,
            "secret": access.secret_key,
            "token": access.session_token,
            "endpoint_url": access.endpoint_url,
        }
        client = fsspec.filesystem(
            "s3",
            skip_instance_cache=True,
            use_listings_cache=False,
            client_kwargs={"region_name": access.region} if access.region else {},
            config_kwargs={"retries": {"mode": "standard", "total_max_attempts": _TRIES}},
            **{name: value for name, value in given.items() if value is not None},
        )
        # It tries again by itself what its own client has given up, down to a body that breaks off.
        client.retries = _TRIES
        return client

    @contextmanager
    def _answers(self, key: str) -> Iterator[None]:
        """Turns what the client raises into the one exception."""
        try:
            yield
        except ObjectStoreError:
            raise
        except _client_errors() as error:
            said = str(error) or type(error).__name__
            raise ObjectStoreError(_trouble(error), said, self.where(key)) from error


class _Told:
    """A remote file whose errors are the store's, whoever reads it."""

    closed = False

    def __init__(self, store: ObjectStore, key: str, remote: Any) -> None:
        self._store = store
        self._key = key
        self._remote = remote

    def read(self, size: int = -1) -> bytes:
        with self._store._answers(self._key):  # noqa: SLF001 - a part of it
            return cast("bytes", self._remote.read(size))

    def seek(self, place: int, whence: int = 0) -> int:
        return cast("int", self._remote.seek(place, whence))

    def tell(self) -> int:
        return cast("int", self._remote.tell())


def _trouble(error: BaseException) -> Trouble:
    kind = type(error).__name__
    if isinstance(error, PermissionError):
        return Trouble.REFUSED
    if "Credentials" in kind:
        return Trouble.NO_CREDENTIALS
    if isinstance(error, FileNotFoundError):
        return Trouble.GONE
    is_condition = (
        isinstance(error, OSError) and error.errno == errno.EINVAL and "pre-conditions" in str(error)
    )
    if kind == "FileExpired" or is_condition:
        return Trouble.CHANGED
    return Trouble.UNREACHABLE


def _code(error: ObjectStoreError) -> str:
    """The store's own code of an error."""
    cause: BaseException | None = error
    while cause is not None:
        answer = getattr(cause, "response", None)
        if isinstance(answer, Mapping):
            return str(answer.get("Error", {}).get("Code", ""))
        cause = cause.__cause__
    return ""


@contextmanager
def _in_vain() -> Iterator[None]:
    """For what is done on the way out of an error, which is the one that counts."""
    try:
        yield
    except ObjectStoreError:
        return


def _client_errors() -> tuple[type[BaseException], ...]:
    """What the client raises; asked for once something was raised, when it has been imported anyhow."""
    client = import_module("botocore.exceptions")
    network = import_module("aiohttp")
    return (OSError, TimeoutError, client.BotoCoreError, client.ClientError, network.ClientError)


__all__: Sequence[str] = ("ObjectStore", "ObjectStoreError", "S3Access", "StoredObject", "Trouble")
