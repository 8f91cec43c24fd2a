"""The port through which other rooms read: one transaction sees one release."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import pyarrow as pa

from amalimart.core.names import TableRef


@dataclass(frozen=True, slots=True)
class Release:
    """One published state of the warehouse.

    release_id    counts from 1
    published_at  when it was committed, UTC
    fresh_as_of   the source's own time of the last change in it, UTC; None if unknown
    project_hash  which compiled project built it
    """

    release_id: int
    published_at: datetime
    fresh_as_of: datetime | None
    project_hash: str


@dataclass(frozen=True, slots=True)
class Published:
    """A release, and for each table by its name with schema the release that last changed it."""

    release: Release
    changed_by: Mapping[str, int]

    def versions(self, tables: Iterable[str]) -> tuple[tuple[str, int], ...]:
        """The versions of some tables; one that nothing is known of changes with every release."""
        unknown = self.release.release_id
        return tuple((name, self.changed_by.get(name, unknown)) for name in sorted(tables))


@dataclass(frozen=True, slots=True)
class Rows:
    """A result: column names and rows of Python values (Decimal, date, datetime, str, int, bool)."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


class ReadTransaction(Protocol):
    """A view of one release that does not change while it is open."""

    @property
    def release(self) -> Release: ...

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> Rows:
        """Run one SELECT with bound `?` parameters. Raises QueryTooLarge at the time-out or row cap."""
        ...

    def batches(self, sql: str, parameters: Sequence[Any], most_rows: int) -> Iterator[pa.RecordBatch]:
        """Run one SELECT and give its rows a few thousand at a time, in the engine's own types.

        The first batch is empty and tells the types; only one is held at once. Raises QueryTooLarge at
        the time-out or beyond `most_rows`.
        """
        ...

    def only_code(self, table: TableRef, column: str) -> str | None:
        """The one short code that a column holds beside nulls; None where that is not certain."""
        ...


class Reader(Protocol):
    """Opens read transactions. Raises NothingPublished where there is no release yet."""

    def read(self) -> AbstractContextManager[ReadTransaction]: ...


class PublishedTables(Protocol):
    """Knows what is published without waiting for a turn to read."""

    def published(self) -> Published:
        """What a read transaction that begins now would see, or a later one. Raises NothingPublished."""
        ...
