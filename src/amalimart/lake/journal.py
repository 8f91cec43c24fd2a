"""The journal: small batches one after the other in a local file, durable at once, until they are sealed.

A segment is named after the version of its first batch and holds versions without gaps. One record
is one batch, appended by one write and made durable before anything is acknowledged. What a crash
leaves half written can only be the last record; it was acknowledged to nobody, and the next writer
cuts it off. A record that fails its checksum with another one behind it is damage.

A reader makes what it has read durable itself before it believes it: a batch that a power cut
could still take away must not reach a release.

    segment = magic, then records
    record  = length of the body (8 bytes), BLAKE2b of the body (16 bytes), body
    body    = length of the head (4 bytes), head (JSON), the tables' rows as Arrow streams
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from amalimart.core.errors import DamagedLake
from amalimart.lake.commit import Column, plain_position
from amalimart.lake.durable import make_folder, sync_folder

_MAGIC = b"amalimart journal 1\n"
_PREFIX = struct.Struct(">Q16s")
_HEAD = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class JournalPart:
    """Rows of one table in one batch: a piece of a segment."""

    segment: Path
    offset: int
    length: int
    rows: int
    version: int
    columns: tuple[Column, ...]

    def read(self) -> pa.Table:
        """The rows. Raises DamagedLake where the segment is not what it was."""
        try:
            with self.segment.open("rb") as file:
                file.seek(self.offset)
                content = file.read(self.length)
            with pa.ipc.open_stream(content) as stream:
                return stream.read_all()
        except (OSError, pa.ArrowException) as error:
            raise DamagedLake(
                f"rows of the journal cannot be read: {error}",
                where=f"{self.segment}, byte {self.offset}",
                next_step="restore the file from a backup, or take a new snapshot of the source",
            ) from error


@dataclass(frozen=True, slots=True)
class JournalRecord:
    """One batch.

    position  what of the source's position is new
    end       where the next record starts
    """

    version: int
    position: Mapping[str, Any]
    fresh_as_of: datetime | None
    committed_at: datetime
    parts: Mapping[str, tuple[JournalPart, ...]]
    end: int


def segment_path(folder: Path, first: int) -> Path:
    """Where the segment that starts with a version lies."""
    return folder / "journal" / f"{first:020d}.journal"


class Segment:
    """The open end of the journal, for the one writer that holds the source's lease."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.first = int(path.stem)
        make_folder(path.parent)
        is_new = not path.exists()
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            if is_new or os.fstat(self._file).st_size < len(_MAGIC):
                os.ftruncate(self._file, 0)
                _write_all(self._file, _MAGIC, 0)
                os.fsync(self._file)
                sync_folder(path.parent)
            self.bytes = len(_MAGIC)
            for record in read_records(path):
                self.bytes = record.end
            os.ftruncate(self._file, self.bytes)
            os.fsync(self._file)
        except BaseException:
            os.close(self._file)
            raise

    def append(self, body: bytes) -> None:
        """Add one record, durable when this returns. Raises OSError; the segment is then as it was."""
        record = _PREFIX.pack(len(body), _digest(body)) + body
        try:
            _write_all(self._file, record, self.bytes)
            os.fdatasync(self._file)
        except OSError:
            os.ftruncate(self._file, self.bytes)
            raise
        self.bytes += len(record)

    def close(self) -> None:
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def encode_body(
    version: int,
    position: Mapping[str, Any],
    fresh_as_of: datetime | None,
    committed_at: datetime,
    tables: Sequence[tuple[str, pa.RecordBatch]],
) -> bytes:
    """One batch as the body of a record. Raises LakeError where the position is not plain JSON."""
    streams = [_stream(batch) for _, batch in tables]
    head = {
        "version": version,
        "position": plain_position(position),
        "fresh_as_of": fresh_as_of.isoformat() if fresh_as_of else None,
        "committed_at": committed_at.isoformat(),
        "tables": [
            [table, batch.num_rows, len(stream)]
            for (table, batch), stream in zip(tables, streams, strict=True)
        ],
    }
    encoded = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
    return b"".join([_HEAD.pack(len(encoded)), encoded, *streams])


def read_records(path: Path, start: int = 0) -> Iterator[JournalRecord]:
    """The whole records from a byte offset on, durable before the first is told.

    Ends before a record that is not whole yet. Raises DamagedLake, and OSError where the file is gone.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size <= max(start, len(_MAGIC)):
            return
        os.fdatasync(file.fileno())
        if file.read(len(_MAGIC)) != _MAGIC:
            raise _damaged(path, 0, "it does not start as a journal does")
        offset = max(start, len(_MAGIC))
        while offset + _PREFIX.size <= size:
            file.seek(offset)
            length, digest = _PREFIX.unpack(file.read(_PREFIX.size))
            end = offset + _PREFIX.size + length
            if end > size:
                return
            body = file.read(length)
            if _digest(body) != digest:
                if end == size or not length:
                    return
                raise _damaged(path, offset, "a record is not what was written")
            yield _decoded(path, offset + _PREFIX.size, end, body)
            offset = end


def _decoded(path: Path, offset: int, end: int, body: bytes) -> JournalRecord:
    try:
        (head_length,) = _HEAD.unpack_from(body)
        head = json.loads(body[_HEAD.size : _HEAD.size + head_length])
        version = int(head["version"])
        place = _HEAD.size + head_length
        parts: dict[str, tuple[JournalPart, ...]] = {}
        for table, rows, length in head["tables"]:
            columns = _columns(body[place : place + length])
            part = JournalPart(path, offset + place, length, rows, version, columns)
            parts[table] = (*parts.get(table, ()), part)
            place += length
        return JournalRecord(
            version=version,
            position=dict(head["position"]),
            fresh_as_of=datetime.fromisoformat(head["fresh_as_of"]) if head["fresh_as_of"] else None,
            committed_at=datetime.fromisoformat(head["committed_at"]),
            parts=parts,
            end=end,
        )
    except (ValueError, KeyError, TypeError, struct.error, pa.ArrowException) as error:
        raise _damaged(path, offset, f"a record cannot be read: {error!r}") from error


def _columns(stream: bytes) -> tuple[Column, ...]:
    with pa.ipc.open_stream(stream) as opened:
        return tuple(Column(entry.name, str(entry.type)) for entry in opened.schema)


def _stream(batch: pa.RecordBatch) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    return bytes(sink.getvalue())


def _digest(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=16).digest()


def _write_all(file: int, content: bytes, offset: int) -> None:
    rest = memoryview(content)
    while rest:
        written = os.pwrite(file, rest, offset)
        rest, offset = rest[written:], offset + written


def _damaged(path: Path, offset: int, what: str) -> DamagedLake:
    return DamagedLake(
        f"the journal is damaged: {what}",
        where=f"{path}, byte {offset}",
        next_step="restore the file from a backup, or take a new snapshot of the source",
    )
