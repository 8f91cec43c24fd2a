"""One read transaction over one release, with limits of time and rows."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from amalimart.core.abandoning import while_wanted
from amalimart.core.errors import Abandoned, QueryTooLarge, WarehouseError
from amalimart.core.names import TableRef
from amalimart.warehouse.file.engine_words import engine_error
from amalimart.warehouse.file.only_values import only_code, statistics_sql
from amalimart.warehouse.file.reading import Release, Rows
from amalimart.warehouse.releases.release_log import latest_release


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """What one read may take: seconds, rows, how many run at once, how many wait for a turn and how long.

    `export_seconds` is for an answer that is written to a file as it comes.
    """

    seconds: float = 30.0
    export_seconds: float = 120.0
    rows: int = 100_000
    at_once: int = 4
    waiting: int = 16
    wait_seconds: float = 3.0


_BATCH_ROWS = 8_192
_INTERRUPTED = "INTERRUPT Error"


class Transaction:
    """Answers SQL from the release that was published when it began."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, release: Release, limits: ReadLimits) -> None:
        self._cursor = cursor
        self._release = release
        self._limits = limits
        self._moved_on = False

    @property
    def release(self) -> Release:
        return self._release

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> Rows:
        with self._bounded(self._limits.seconds):
            self._cursor.execute(sql, list(parameters))
            found = self._cursor.fetchmany(self._limits.rows + 1)
        if len(found) > self._limits.rows:
            raise _too_many(self._limits.rows)
        names = tuple(column[0] for column in self._cursor.description or ())
        return Rows(names, tuple(found))

    def batches(self, sql: str, parameters: Sequence[Any], most_rows: int) -> Iterator[pa.RecordBatch]:
        given = 0
        with self._bounded(self._limits.export_seconds):
            self._cursor.execute(sql, list(parameters))
            found = self._cursor.to_arrow_reader(_BATCH_ROWS)
            yield pa.RecordBatch.from_pylist([], schema=found.schema)
            for batch in found:
                given += batch.num_rows
                if given > most_rows:
                    raise _too_many(most_rows)
                yield batch

    def only_code(self, table: TableRef, column: str) -> str | None:
        told = self.rows(statistics_sql(table, column)).rows
        return only_code(str(told[0][0])) if told else None

    @contextmanager
    def _bounded(self, seconds: float) -> Iterator[None]:
        """Let the engine work for so long, and tell what it says in words of ours."""
        if self._moved_on:
            raise QueryTooLarge(
                "an earlier question of this page failed, and a newer release was published meanwhile",
                next_step="ask again",
            )
        timer = threading.Timer(seconds, self._cursor.interrupt)
        timer.daemon = True
        timer.start()
        try:
            with while_wanted(self._cursor.interrupt):
                yield
        except Abandoned:
            self._start_over()
            raise
        except (duckdb.Error, OSError) as error:  # a stream of batches gives the engine's errors as OSError
            self._start_over()
            if isinstance(error, duckdb.InterruptException) or _INTERRUPTED in str(error):
                raise QueryTooLarge(
                    f"the question took longer than {seconds:g} s",
                    next_step="ask for fewer days or fewer groups",
                ) from error
            if isinstance(error, duckdb.OutOfMemoryException):
                raise QueryTooLarge(
                    "the question takes more memory than the engine may",
                    next_step="ask for fewer days or fewer groups",
                ) from error
            if isinstance(error, duckdb.Error):
                raise engine_error(error, "a question") from error
            raise WarehouseError("the engine stopped while it gave an answer", where="a question") from error
        finally:
            timer.cancel()

    def _start_over(self) -> None:
        """A failed statement ends the engine's transaction: take up the same release again, if it serves.

        The next question of the same page must not see another release than the ones before it.
        """
        self._cursor.execute("rollback")
        self._cursor.execute("begin transaction read only")
        self._moved_on = latest_release(self._cursor) != self._release


def _too_many(most: int) -> QueryTooLarge:
    return QueryTooLarge(
        f"the answer has more than {most:,} rows", next_step="group by less, add a filter or a limit"
    )
