"""The port through which other rooms read: one transaction sees one release."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import pyarrow as pa


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


class Reader(Protocol):
    """Opens read transactions. Raises NothingPublished where there is no release yet."""

    def read(self) -> AbstractContextManager[ReadTransaction]: ...
