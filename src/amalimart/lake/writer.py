"""One batch on its way into the lake: files first, then the commit that makes them visible."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from amalimart.core.clock import Clock
from amalimart.core.errors import LakeError
from amalimart.lake.commit import Commit, CommitKind, DataFile, TableChange
from amalimart.lake.durable import guarded, make_folder, sync_folder
from amalimart.lake.layout import new_file
from amalimart.lake.log import CommitLog
from amalimart.lake.parquet import ParquetSink
from amalimart.lake.rows import ChangedRows, Operation, Transaction, check_columns, kept_schema, stamped
from amalimart.lake.screening import UNSCREENED, RowScreen

BATCH_COLUMNS = ("_op", "_batch", "_sequence", "_position", "_committed_at", "_unchanged")


class BatchWriter:
    """Writes one batch of one source into files of its own.

    Leaving the `with` block without `commit` abandons: nothing is visible and the files are deleted.
    Not to be shared between threads.
    """

    def __init__(
        self,
        log: CommitLog,
        kind: CommitKind,
        clock: Clock,
        on_close: Callable[[], None] = lambda: None,
        screen: RowScreen = UNSCREENED,
    ) -> None:
        self._log = log
        self._screen = screen
        self._kind = kind
        self._clock = clock
        self._on_close = on_close
        with log.state() as state:
            self.version = state.version + 1
        self._sequence = 0
        self._added: dict[str, list[DataFile]] = {}
        self._removed: dict[str, list[str]] = {}
        self._rewritten: dict[str, list[tuple[str, DataFile]]] = {}
        self._erased: tuple[str, ...] = ()
        self._sinks: dict[tuple[str, pa.Schema], tuple[str, ParquetSink]] = {}
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
        of the `transaction` are added after the source's columns. A snapshot without rows still gets a
        file, which carries the schema; changes without rows get none. `progress` is called with the rows
        of each batch.

        Raises LakeError for a column name the lake uses itself or for rows that do not fit `schema`,
        and DiskFull; after any error only leaving the block is possible.
        """
        self._require_open()
        check_columns(table, schema)
        before = self._sequence
        stream = iter(batches)
        first = next(stream, None)
        while first is not None and first.num_rows == 0:
            first = next(stream, None)
        if first is None and self._kind is not CommitKind.SNAPSHOT:
            return 0
        full_schema = kept_schema(schema)
        relative, path = new_file(self._log.folder, table, self.version)
        writing = f"writing the table {table!r}"
        # Only our own writing is guarded: an OSError of the stream is the source's.
        with ExitStack() as open_file:
            with guarded(writing, self._log.folder, self.kept):
                make_folder(path.parent)
                sink = open_file.enter_context(ParquetSink(path, full_schema))
            batch = first
            while batch is not None:
                numbered = stamped(
                    table,
                    self._screen.screened(table, batch),
                    full_schema,
                    operation,
                    self.version,
                    self._sequence + 1,
                    transaction,
                )
                self._sequence += batch.num_rows
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

    def add(self, change: ChangedRows) -> None:
        """Add rows that carry their own numbers: a piece of a transaction too large for the journal.

        Raises LakeError for rows that cannot be kept, DiskFull; after that only leaving is possible.
        """
        self._require_open()
        batch = change.screened(self._screen).in_batch(self.version)
        with guarded(f"writing the table {change.table!r}", self._log.folder, self.kept):
            key = (change.table, batch.schema)
            if key not in self._sinks:
                relative, path = new_file(self._log.folder, change.table, self.version)
                make_folder(path.parent)
                self._sinks[key] = (relative, ParquetSink(path, batch.schema))
            sink = self._sinks[key][1]
            sink.write(batch)
            sink.flush()
        self._sequence = max(self._sequence, *change.sequences)

    def discard_history(self, table: str) -> None:
        """Let every earlier file of the table go with this commit, history included.

        They leave the live list at once and the disk after the grace period. For a column that must
        not have been landed.
        """
        self._require_open()
        with self._log.state() as state:
            paths = {*state.live.get(table, {}), *state.retained.get(table, {})}
        self._removed[table] = sorted(paths)

    def commit(self, position: Mapping[str, Any], fresh_as_of: datetime | None) -> Commit:
        """Make the batch visible and durable; when this returns, a power cut cannot take it away.

        Raises CommitConflict where the version is taken, DiskFull, LakeError for a position that is
        not plain JSON or a time without zone.
        """
        self._require_open()
        if fresh_as_of is not None and fresh_as_of.tzinfo is None:
            raise LakeError("the source's time has no time zone", expected="an aware UTC time")
        self._finish_sinks()
        tables = {
            table: TableChange(
                tuple(self._added.get(table, ())),
                tuple(self._removed.get(table, ())),
                rewritten=tuple(self._rewritten.get(table, ())),
            )
            for table in sorted({*self._added, *self._removed, *self._rewritten})
        }
        commit = Commit(
            self.version,
            self._kind,
            dict(position),
            fresh_as_of,
            self._clock.now(),
            tables,
            erased=self._erased,
        )
        with guarded("writing the commit", self._log.folder, self.kept):
            self._log.append(commit)
        self._open = False
        self._on_close()
        return commit

    def adopt(self, table: str, file: DataFile, replaced: Iterable[str]) -> None:
        """Take in a file that was written elsewhere and remove those it replaces (compaction)."""
        self._require_open()
        sync_folder((self._log.folder / file.path).parent)
        self._added.setdefault(table, []).append(file)
        self.remove(table, replaced)

    def rewrite(self, table: str, path: str, file: DataFile) -> None:
        """Let a file that was written elsewhere take the place of another (erasure)."""
        self._require_open()
        sync_folder((self._log.folder / file.path).parent)
        self._rewritten.setdefault(table, []).append((path, file))

    def say_erased(self, stamps: Iterable[str]) -> None:
        """Name what is in no file any more once this batch is committed."""
        self._erased = tuple(sorted(stamps))

    def remove(self, table: str, paths: Iterable[str]) -> None:
        """Let files go with this commit; they leave the disk after the grace period."""
        self._require_open()
        self._removed.setdefault(table, []).extend(paths)

    def abandon(self) -> None:
        """Delete what was written; after a commit, do nothing."""
        if not self._open:
            return
        self._open = False
        try:
            for _, sink in self._sinks.values():
                sink.drop()
            written = [file for files in self._added.values() for file in files]
            written += [file for pairs in self._rewritten.values() for _, file in pairs]
            for file in written:
                (self._log.folder / file.path).unlink(missing_ok=True)
        finally:
            self._on_close()

    def _finish_sinks(self) -> None:
        for (table, _), (relative, sink) in self._sinks.items():
            with guarded(f"writing the table {table!r}", self._log.folder, self.kept):
                self._added.setdefault(table, []).append(sink.finish(relative, self.version, self.version))
                sync_folder(sink.path.parent)
        self._sinks = {}

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
