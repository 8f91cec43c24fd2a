"""Taking the rows of dropped files into an open batch of the lake.

A file goes in whole or not at all: its rows are handed on once all of it was read and is known to be
what its digest says; a large one becomes a file of the lake of its own, which is dropped where
reading it fails. Decides nothing about which files are to be taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

import pyarrow as pa

from amalimart.lake import BatchWriter, ChangedRows, Operation, Transaction
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.sources.files.columns import NO_TYPE, check_present, plain_type, widened
from amalimart.sources.files.drops import DroppedFile
from amalimart.sources.files.formats import CSV_TYPE
from amalimart.sources.files.kept_rows import KeptRows
from amalimart.sources.files.ledger import TakenFile, taken
from amalimart.sources.files.stored import Fetched
from amalimart.sources.port import Stopwatch

LARGE_BYTES = 16 * 1024 * 1024
_FLUSH_ROWS = 65_536


@dataclass
class GrowingTable:
    """A table of many files while some of them are taken.

    columns   column -> type name, over all files so far
    entries   what the ledger is to say of the files taken now
    replaced  column -> values that became null because they have no exact form
    """

    table: str
    mapping: SourceMapping
    columns: dict[str, str]
    stopwatch: Stopwatch
    entries: list[TakenFile] = field(default_factory=list)
    replaced: dict[str, int] = field(default_factory=dict)

    @property
    def landed(self) -> tuple[str, ...]:
        """Every column the mapping asks for: one that a file lacks is null in its rows."""
        return self.mapping.landed[self.table]

    def needed(self) -> list[str]:
        """The landed columns that may not go missing again."""
        return [column for column in self.landed if (self.table, column) not in self.mapping.optional]

    def schema(self) -> pa.Schema:
        """The landed columns in the types they have so far."""
        return pa.schema([(name, plain_type(self.columns.get(name, NO_TYPE))) for name in self.landed])


class Taker:
    """Hands rows to one open batch; `finish` before it is committed."""

    def __init__(self, writer: BatchWriter) -> None:
        self._writer = writer
        self._held: list[tuple[pa.RecordBatch, Transaction]] = []
        self._held_rows = 0
        self._held_for: tuple[str, pa.Schema] | None = None

    def take(self, file: DroppedFile, fetched: Fetched, where: str, table: GrowingTable) -> None:
        """Take one file. Raises BrokenFile, SourceMismatch; nothing of the file is then taken."""
        content = fetched.content
        present = file.format.columns(content, where)
        check_present(present, table.columns, table.needed(), where)
        file.format.schema(content, where, table.landed)  # refuses what no column of the lake can hold
        columns = widened(
            table.columns,
            present,
            table.landed,
            where,
            lambda column: file.format.is_whole(content, where, column),
        )
        kinds = {
            name: CSV_TYPE if present.get(name) == CSV_TYPE else columns.get(name, NO_TYPE)
            for name in table.landed
        }
        schema = pa.schema([(name, plain_type(kind)) for name, kind in kinds.items()])
        replaced: dict[str, int] = {}

        def count(column: str, more: int) -> None:
            replaced[column] = replaced.get(column, 0) + more

        def rows() -> Iterator[pa.RecordBatch]:
            yield from file.format.batches(content, where, schema, count)
            fetched.check()

        entry = taken(file, fetched.sha256, 0)
        moment = Transaction(entry.position, entry.modified_at)
        landed = self._hand_on(table, rows(), schema, moment)
        table.columns = columns
        table.entries.append(taken(file, fetched.sha256, landed))
        for column, number in replaced.items():
            if number:
                table.replaced[column] = table.replaced.get(column, 0) + number
            table.stopwatch.replace(column, number)

    def copy(self, entry: TakenFile, kept: KeptRows, table: GrowingTable) -> None:
        """Take the rows of a file that is gone from where the lake has them. Raises DamagedLake."""
        rows = kept.of(entry.position, table.schema())
        first = next(rows, None)
        if first is not None:
            moment = Transaction(entry.position, entry.modified_at)
            self._hand_on(table, chain([first], rows), first.schema, moment)
        table.entries.append(entry)

    def finish(self) -> None:
        """Hand on what is held back. Raises LakeError, DiskFull."""
        if self._held_for is None:
            return
        table, schema = self._held_for
        joined = pa.Table.from_batches([rows for rows, _ in self._held], schema).combine_chunks()
        moments = [moment for rows, moment in self._held for _ in range(rows.num_rows)]
        done = 0
        for rows in joined.to_batches():
            count = rows.num_rows
            first = self._writer.rows + 1
            self._writer.add(
                ChangedRows(
                    table=table,
                    rows=rows,
                    operations=[Operation.UPSERT] * count,
                    sequences=range(first, first + count),
                    transactions=moments[done : done + count],
                    unchanged=[()] * count,
                )
            )
            done += count
        self._held, self._held_rows, self._held_for = [], 0, None

    def _hand_on(
        self, table: GrowingTable, rows: Iterator[pa.RecordBatch], schema: pa.Schema, moment: Transaction
    ) -> int:
        """Returns how many rows there were. An error of the rows leaves the batch without any of them."""
        read: list[pa.RecordBatch] = []
        size = 0
        for batch in rows:
            read.append(batch)
            size += batch.nbytes
            if size > LARGE_BYTES:
                self.finish()
                return self._writer.write(
                    table.table,
                    chain(read, rows),
                    Operation.UPSERT,
                    schema=schema,
                    progress=table.stopwatch.add,
                    transaction=moment,
                )
        self._hold(table.table, schema, [(batch, moment) for batch in read if batch.num_rows])
        number = int(sum(batch.num_rows for batch in read))
        table.stopwatch.add(number)
        return number

    def _hold(self, table: str, schema: pa.Schema, read: list[tuple[pa.RecordBatch, Transaction]]) -> None:
        if not read:
            return
        if self._held_for not in {None, (table, schema)}:
            self.finish()
        self._held_for = (table, schema)
        self._held += read
        self._held_rows += sum(batch.num_rows for batch, _ in read)
        if self._held_rows >= _FLUSH_ROWS:
            self.finish()
