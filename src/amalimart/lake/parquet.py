"""Streaming record batches into one Parquet file, hashed and synced. Knows nothing of commits."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from amalimart.lake.commit import Column, DataFile

ROW_GROUP_ROWS = 65_536
ROW_GROUP_BYTES = 32 * 1024 * 1024
_SAMPLED = 8_192
_REPEATED = 4


class _HashedFile:
    """A write-only file that hashes what passes; after `drop` it swallows the rest."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("xb", buffering=0)
        self.sha256 = hashlib.sha256()
        self.bytes = 0
        self._dropped = False
        self.closed = False

    def write(self, content: bytes) -> int:
        if not self._dropped:
            rest = memoryview(content)
            while rest:
                rest = rest[self._file.write(rest) :]
            self.sha256.update(content)
            self.bytes += len(content)
        return len(content)

    def tell(self) -> int:
        return self.bytes

    def flush(self) -> None:
        """Nothing: `finish` syncs once."""

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def close(self) -> None:
        """Called by Arrow; the owner closes by `finish` or `drop`."""

    def finish(self) -> None:
        os.fsync(self._file.fileno())
        self._file.close()
        self.closed = True

    def drop(self) -> None:
        # Arrow writes the footer when it is closed or collected, which would fail again into nowhere.
        self._dropped = True
        self._file.close()
        self.closed = True


class ParquetSink:
    """Writes one file; `finish` makes it durable, leaving the block without it deletes the file.

    Memory holds at most one row group beside the batch given.
    """

    def __init__(self, path: Path, schema: pa.Schema, *, compression: str = "zstd") -> None:
        self.path = path
        self.rows = 0
        self._schema = schema
        self._pending: list[pa.RecordBatch] = []
        self._pending_rows = 0
        self._pending_bytes = 0
        self._finished = False
        self._compression = compression
        self._file = _HashedFile(path)
        self._parquet: pq.ParquetWriter | None = None

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows. Raises OSError where the disk refuses."""
        for start in range(0, batch.num_rows, ROW_GROUP_ROWS):
            part = batch.slice(start, ROW_GROUP_ROWS)
            self._pending.append(part)
            self._pending_rows += part.num_rows
            self._pending_bytes += part.nbytes
            if self._pending_rows >= ROW_GROUP_ROWS or self._pending_bytes >= ROW_GROUP_BYTES:
                self.flush()

    def finish(self, relative: str, first_batch: int, last_batch: int) -> DataFile:
        """Close and sync the file, and describe it. Raises OSError where the disk refuses."""
        self.flush()
        self._writer(pa.Table.from_batches([], schema=self._schema)).close()
        self._file.finish()
        self._finished = True
        columns = tuple(Column(entry.name, str(entry.type)) for entry in self._schema)
        digest = self._file.sha256.hexdigest()
        return DataFile(relative, self.rows, self._file.bytes, digest, first_batch, last_batch, columns)

    def flush(self) -> None:
        """Write what is held as a row group of its own. Raises OSError where the disk refuses."""
        if self._pending:
            table = pa.Table.from_batches(self._pending, schema=self._schema)
            self._writer(table).write_table(table, row_group_size=2 * ROW_GROUP_ROWS)
            self.rows += self._pending_rows
            self._pending, self._pending_rows, self._pending_bytes = [], 0, 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.drop()

    def drop(self) -> None:
        """Delete an unfinished file; after `finish`, do nothing."""
        if not self._finished:
            self._finished = True
            self._discard()
            if self._parquet is not None:
                self._parquet.close()

    def _writer(self, first_rows: pa.Table) -> pq.ParquetWriter:
        """The Parquet writer, made when the first rows show which columns repeat themselves."""
        if self._parquet is None:
            self._parquet = pq.ParquetWriter(
                self._file,
                self._schema,
                compression=self._compression,
                version="2.6",
                use_dictionary=_repetitive(first_rows),
            )
        return self._parquet

    def _discard(self) -> None:
        self._file.drop()
        self.path.unlink(missing_ok=True)


def _repetitive(rows: pa.Table) -> list[str]:
    """The columns worth a dictionary: of the others it takes time to find out that it grows too large."""
    return [
        entry.name
        for entry, values in zip(rows.schema, rows.columns, strict=True)
        if not pa.types.is_nested(entry.type)
        and len(values.slice(0, _SAMPLED).unique()) * _REPEATED <= min(_SAMPLED, len(values))
    ]
