"""One read transaction over one release, with limits of time and rows."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from amalimart.core.errors import QueryTooLarge
from amalimart.warehouse.file.engine_words import engine_error
from amalimart.warehouse.file.reading import Release, Rows
from amalimart.warehouse.releases.release_log import latest_release


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """What one read may take: seconds, rows, how many run at once, and how long one waits for its turn."""

    seconds: float = 30.0
    rows: int = 100_000
    at_once: int = 4
    wait_seconds: float = 3.0


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
        if self._moved_on:
            raise QueryTooLarge(
                "an earlier question of this page failed, and a newer release was published meanwhile",
                next_step="ask again",
            )
        timer = threading.Timer(self._limits.seconds, self._cursor.interrupt)
        timer.daemon = True
        timer.start()
        try:
            self._cursor.execute(sql, list(parameters))
            found = self._cursor.fetchmany(self._limits.rows + 1)
        except duckdb.InterruptException as error:
            self._start_over()
            raise QueryTooLarge(
                f"the question took longer than {self._limits.seconds:g} s",
                next_step="ask for fewer days or fewer groups",
            ) from error
        except duckdb.Error as error:
            self._start_over()
            raise engine_error(error, "a question") from error
        finally:
            timer.cancel()
        if len(found) > self._limits.rows:
            raise QueryTooLarge(
                f"the answer has more than {self._limits.rows:,} rows",
                next_step="group by less, add a filter or a limit",
            )
        names = tuple(column[0] for column in self._cursor.description or ())
        return Rows(names, tuple(found))

    def _start_over(self) -> None:
        """A failed statement ends the engine's transaction: take up the same release again, if it serves.

        The next question of the same page must not see another release than the ones before it.
        """
        self._cursor.execute("rollback")
        self._cursor.execute("begin transaction read only")
        self._moved_on = latest_release(self._cursor) != self._release
