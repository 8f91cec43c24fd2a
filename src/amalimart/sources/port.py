"""What every kind of source can do, and the shapes it answers in."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

import pyarrow as pa

from amalimart.core.errors import SourceError
from amalimart.lake import BatchWriter, Operation, Transaction
from amalimart.mapping.source_mapping import SourceMapping

Catalog = Mapping[str, Mapping[str, str]]
"""Table -> column -> the source's own name of its type."""

Position = Mapping[str, Any]
"""Where to read on from: a JSON object that only the source which made it understands."""


@dataclass(frozen=True, slots=True)
class TableProgress:
    """How far one table has come.

    number, of   this table's place among those being read, from 1
    rows         copied so far
    estimate     rows the table is believed to have; None if unknown
    left         rows the tables after it are believed to have together; None if unknown
    seconds      since its first row was asked for
    done         whether the table is finished
    replaced     column -> values without an exact form in bronze (NaN, infinity, a year after 9999)
                 that became null so far
    """

    table: str
    number: int
    of: int
    rows: int
    estimate: int | None
    left: int | None
    seconds: float
    done: bool
    replaced: Mapping[str, int] = field(default_factory=dict)

    @property
    def rows_per_second(self) -> float:
        """0 until time has passed."""
        return self.rows / self.seconds if self.seconds > 0 else 0.0


Progress = Callable[[TableProgress], None]


def silent(_progress: TableProgress) -> None:
    """A progress that nobody watches."""


def rows_left(estimates: Sequence[int | None]) -> Iterator[int | None]:
    """For each of several tables: the rows of those after it; None where one of them is unknown."""
    for place in range(1, len(estimates) + 1):
        later = estimates[place:]
        yield None if None in later else sum(rows for rows in later if rows is not None)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a snapshot or poll has read.

    position     for the commit
    fresh_as_of  the source's own time up to which everything is in it, UTC
    """

    position: Position
    fresh_as_of: datetime | None


class Source(Protocol):
    """A place a marketplace keeps its data.

    Every method may raise SourceUnreachable (try again), SourceRefused, SourceMismatch or BrokenFile;
    none commits: the caller does, once, with the Reading.
    """

    def catalog(self) -> Catalog:
        """Every table and column there is."""
        ...

    def stale_tables(self, mapping: SourceMapping, position: Position | None) -> Collection[str]:
        """Mapped tables that can only be brought up to date by a snapshot.

        All of them without a position, or where the position belongs to another database.
        """
        ...

    def snapshot(
        self,
        mapping: SourceMapping,
        writer: BatchWriter,
        progress: Progress,
        *,
        tables: Collection[str],
        since: Position | None,
    ) -> Reading:
        """Write the given tables whole, all as of one moment; keep the others' place in `since`."""
        ...

    def poll(
        self, mapping: SourceMapping, writer: BatchWriter, progress: Progress, *, since: Position
    ) -> Reading | None:
        """Write what changed after `since`, all tables as of one moment; None where nothing did."""
        ...

    def close(self) -> None:
        """Let go of connections; a later call opens them again."""
        ...


@runtime_checkable
class SetsAside(Protocol):
    """A source that can do without one of its tables for a while."""

    def set_aside(self) -> Mapping[str, SourceError]:
        """Tables that wait until something is corrected, and why, as of the last round; the others go on."""
        ...


@runtime_checkable
class AddsColumns(Protocol):
    """A source with tables that are only ever added to, new columns included."""

    def adding_columns(self) -> Mapping[str, Collection[str]]:
        """Such table -> its columns, those of waiting rows too, as of the last round.

        Rows that landed before lack a new column; they are read anew only if they have it as well,
        which `stale_tables` tells.
        """
        ...


def aside_reasons(source: SetsAside, mapping: SourceMapping) -> dict[str, str]:
    """Mapped table -> why it is set aside, in one line that names the place."""
    return {
        table: f"{error.what} ({error.where})" if error.where else error.what
        for table, error in source.set_aside().items()
        if table in mapping.landed
    }


@dataclass(frozen=True, eq=False)
class TableShape:
    """How the changes of one table arrive for as long as its columns stay as they are.

    schema   the landed columns, the same types a snapshot lands
    landed   raw values, one sequence a column, as exact arrays of `schema`, with the count by column of
             values without an exact form that became null; raises pa.ArrowInvalid where a value fits no type
    """

    table: str
    schema: pa.Schema
    landed: Callable[[Sequence[Sequence[Any]]], tuple[pa.RecordBatch, Mapping[str, int]]]


@dataclass(frozen=True, slots=True)
class RowChange:
    """What a transaction did to one row.

    values     raw, one for each column of the shape; of a deleted row only the key is told, of a
               truncated table nothing
    unchanged  columns whose value the source did not repeat; `values` holds None for them
    """

    transaction: Transaction
    shape: TableShape
    operation: Operation
    values: Sequence[Any]
    unchanged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settled:
    """Every change so far is whole: a batch may end here.

    position     what of the source's position is new; the rest stays as the last commit has it
    fresh_as_of  the source's own time up to which nothing is missing, UTC
    """

    position: Position
    fresh_as_of: datetime | None


class ChangeStream(Protocol):
    """The changes of one source in the order of their commits. Every method may raise SourceError."""

    def events(self, wait: float) -> Iterator[RowChange | Settled]:
        """What has arrived; ends where nothing more comes within `wait` seconds.

        May be left at any event and asked again: none is told twice or left out.
        """
        ...

    def confirm(self, position: Position) -> None:
        """Tell the source that the lake holds everything up to a settled position, durably."""
        ...

    def close(self) -> None:
        """Leave; the source keeps what was not confirmed."""
        ...


@runtime_checkable
class StreamingSource(Source, Protocol):
    """A source that tells its changes itself."""

    def follow(self, mapping: SourceMapping, since: Position) -> ChangeStream:
        """Go on from a committed position. Raises SourceError, where it has to be snapshotted anew, too."""
        ...


class Stopwatch:
    """Counts one table's rows and reports them."""

    def __init__(
        self,
        progress: Progress,
        table: str,
        *,
        number: int,
        of: int,
        estimate: int | None,
        left: int | None = None,
    ) -> None:
        self._left = left
        self._progress = progress
        self._about = (table, number, of)
        self._estimate = estimate
        self._started = time.monotonic()
        self.rows = 0
        self.replaced: dict[str, int] = {}

    def add(self, rows: int) -> None:
        """Report that many more rows."""
        self.rows += rows
        self._report(done=False)

    def replace(self, column: str, count: int) -> None:
        """Note values that became null; reported with the next rows."""
        if count:
            self.replaced[column] = self.replaced.get(column, 0) + count

    def finish(self) -> None:
        """Report the table as done."""
        self._report(done=True)

    def _report(self, *, done: bool) -> None:
        table, number, of = self._about
        seconds = time.monotonic() - self._started
        self._progress(
            TableProgress(
                table,
                number,
                of,
                rows=self.rows,
                estimate=self._estimate,
                left=self._left,
                seconds=seconds,
                done=done,
                replaced=dict(self.replaced),
            )
        )
