"""One batch on its way into the lake: files first, then the commit that makes them visible."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from amalimart.core.clock import Clock
from amalimart.core.errors import LakeError
from amalimart.lake.commit import Commit, CommitKind, DataFile, TableChange
from amalimart.lake.durable import guarded, make_folder, sync_folder
from amalimart.lake.layout import new_file
from amalimart.lake.lease import Lease
from amalimart.lake.log import CommitLog
from amalimart.lake.parquet import ParquetSink

BATCH_COLUMNS = ("_op", "_batch", "_sequence", "_position", "_committed_at", "_unchanged")
_COMMITTED_AT = pa.timestamp("us", tz="UTC")
_BATCH_FIELDS = (
    pa.field("_op", pa.string(), nullable=False),
    pa.field("_batch", pa.int64(), nullable=False),
    pa.field("_sequence", pa.int64(), nullable=False),
    pa.field("_position", pa.string()),
    pa.field("_committed_at", _COMMITTED_AT),
    pa.field("_unchanged", pa.list_(pa.string())),
)


class Operation(StrEnum):
    """What a row says about its key: it is so (snapshot, upsert), or it is gone (delete).

    A truncate says of every earlier row of its table that it is gone; it has no key itself.
    """

    SNAPSHOT = "snapshot"
    UPSERT = "upsert"
    DELETE = "delete"
    TRUNCATE = "truncate"


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction of a source, or the moment of a snapshot.

    position      as the source's own tools write it: an LSN, a GTID
    committed_at  by the source's clock, UTC
    """

    position: str
    committed_at: datetime


class BatchWriter:
    """Writes one batch of one source and holds its lease until it is committed or abandoned.

    Leaving the `with` block without `commit` abandons: nothing is visible and the files are deleted.
    Not to be shared between threads.
    """

    def __init__(self, log: CommitLog, kind: CommitKind, clock: Clock, lease: Lease) -> None:
        self._log = log
        self._kind = kind
        self._clock = clock
        self._lease = lease
        with log.state() as state:
            self.version = state.version + 1
        self._sequence = 0
        self._added: dict[str, list[DataFile]] = {}
        self._removed: dict[str, list[str]] = {}
        self._open = True

    @property
    def rows(self) -> int:
        """Rows written so far."""
        return self._sequence

    @property
    def has_files(self) -> bool:
        """Whether a commit would change anything."""
        return bool(self._added or self._removed)

    def write(
        self,
        table: str,
        batches: Iterable[pa.RecordBatch],
        operation: Operation,
        *,
        schema: pa.Schema,
        progress: Callable[[int], None] | None = None,
        transaction: Transaction | None = None,
    ) -> int:
        """Stream rows of one table into a new file, and say how many they were.

        `_op`, `_batch` (this version), `_sequence` (row number inside the batch, from 1) and what is known
        of the `transaction` are added after the source's columns. A snapshot without rows still gets a file, which carries the
        schema; changes without rows get none. `progress` is called with the rows of each batch.

        Raises LakeError for a column name the lake uses itself or for rows that do not fit `schema`,
        and DiskFull; after any error only leaving the block is possible.
        """
        self._require_open()
        self._check_schema(table, schema)
        before = self._sequence
        stream = iter(batches)
        first = next(stream, None)
        while first is not None and first.num_rows == 0:
            first = next(stream, None)
        if first is None and self._kind is not CommitKind.SNAPSHOT:
            return 0
        full_schema = pa.schema([*schema, *_BATCH_FIELDS])
        relative, path = new_file(self._log.folder, table, self.version)
        writing = f"writing the table {table!r}"
        # Only our own writing is guarded: an OSError of the stream is the source's.
        with ExitStack() as open_file:
            with guarded(writing, self._log.folder, self.kept):
                make_folder(path.parent)
                sink = open_file.enter_context(ParquetSink(path, full_schema))
            batch = first
            while batch is not None:
                numbered = self._numbered(table, batch, operation, full_schema, transaction)
                with guarded(writing, self._log.folder, self.kept):
                    sink.write(numbered)
                if progress is not None:
                    progress(batch.num_rows)
                batch = next(stream, None)
            with guarded(writing, self._log.folder, self.kept):
                file = sink.finish(relative, self.version, self.version)
                sync_folder(path.parent)
        self._added.setdefault(table, []).append(file)
        return self._sequence - before

    def discard_history(self, table: str) -> None:
        """Let every earlier file of the table go with this commit, history included.

        They leave the live list at once and the disk after the grace period. For a column that must
        not have been landed.
        """
        self._require_open()
        with self._log.state() as state:
            paths = {*state.live.get(table, {}), *state.retained.get(table, set())}
        self._removed[table] = sorted(paths)

    def commit(self, position: Mapping[str, Any], fresh_as_of: datetime | None) -> Commit:
        """Make the batch visible and durable; when this returns, a power cut cannot take it away.

        Raises CommitConflict where the version is taken, DiskFull, LakeError for a position that is
        not plain JSON or a time without zone.
        """
        self._require_open()
        if fresh_as_of is not None and fresh_as_of.tzinfo is None:
            raise LakeError("the source's time has no time zone", expected="an aware UTC time")
        tables = {
            table: TableChange(tuple(self._added.get(table, ())), tuple(self._removed.get(table, ())))
            for table in sorted({*self._added, *self._removed})
        }
        commit = Commit(self.version, self._kind, dict(position), fresh_as_of, self._clock.now(), tables)
        with guarded("writing the commit", self._log.folder, self.kept):
            self._log.append(commit)
        self._open = False
        self._lease.release()
        return commit

    def adopt(self, table: str, file: DataFile, replaced: Iterable[str]) -> None:
        """Take in a file that was written elsewhere and remove those it replaces (compaction)."""
        self._require_open()
        sync_folder((self._log.folder / file.path).parent)
        self._added.setdefault(table, []).append(file)
        self._removed.setdefault(table, []).extend(replaced)

    def abandon(self) -> None:
        """Delete what was written; after a commit, do nothing."""
        if not self._open:
            return
        self._open = False
        try:
            for files in self._added.values():
                for file in files:
                    (self._log.folder / file.path).unlink(missing_ok=True)
        finally:
            self._lease.release()

    def _numbered(
        self,
        table: str,
        batch: pa.RecordBatch,
        operation: Operation,
        schema: pa.Schema,
        transaction: Transaction | None,
    ) -> pa.RecordBatch:
        count = batch.num_rows
        first = self._sequence + 1
        self._sequence += count
        added = [
            pa.repeat(pa.scalar(operation.value, pa.string()), count),
            pa.repeat(pa.scalar(self.version, pa.int64()), count),
            pa.array(range(first, first + count), pa.int64()),
            pa.repeat(pa.scalar(transaction.position if transaction else None, pa.string()), count),
            pa.repeat(pa.scalar(transaction.committed_at if transaction else None, _COMMITTED_AT), count),
            pa.nulls(count, pa.list_(pa.string())),
        ]
        try:
            numbered = pa.RecordBatch.from_arrays([*batch.columns, *added], schema=schema)
            numbered.validate(full=True)  # also that texts are UTF-8, which no engine may have to doubt
        except (pa.ArrowInvalid, pa.ArrowTypeError, ValueError, TypeError) as error:
            raise LakeError(
                f"rows of the table {table!r} do not fit the schema they came with: {error}",
                expected=", ".join(f"{entry.name} {entry.type}" for entry in schema),
            ) from error
        return numbered

    def _check_schema(self, table: str, schema: pa.Schema) -> None:
        names = list(schema.names)
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise LakeError(
                f"the table {table!r} has the column {doubled[0]!r} twice", expected="each column once"
            )
        taken = sorted(set(names) & set(BATCH_COLUMNS))
        if taken:
            raise LakeError(
                f"the table {table!r} has a column {taken[0]!r}, a name the lake uses itself",
                expected=f"any name but {', '.join(BATCH_COLUMNS)}",
                next_step="leave the column out of the mapping",
            )

    def kept(self) -> str:
        """What stays in the lake whatever happens to this batch, for error messages."""
        if self.version == 1:
            return "nothing was committed before"
        return f"everything up to version {self.version - 1} stays committed"

    def _require_open(self) -> None:
        if not self._open:
            raise LakeError(
                "the batch is already committed or abandoned", expected="a new writer for each batch"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abandon()
        self._lease.release()
