"""The hot file: one DuckDB file owned by the engine process; every door to it is here.

How a file is opened, and what the engine may then touch, is `opening`'s business. Readers get one transaction
each, so what they see never changes under them and never blocks a build. Another file can take over while it
serves: reads under way end on the one they began with.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb

from amalimart.core.admission import Admission
from amalimart.core.errors import EngineUnavailable, NothingPublished, WarehouseError
from amalimart.warehouse.file.engine_words import engine_error, in_words
from amalimart.warehouse.file.generations import Generations
from amalimart.warehouse.file.opening import (
    CATALOG,
    EngineSettings,
    OtherStorageError,
    attaching,
    most_memory_bytes,
    opened_file,
)
from amalimart.warehouse.file.reading import Published, ReadTransaction, Release
from amalimart.warehouse.file.table_versions import TableVersions
from amalimart.warehouse.file.transaction import ReadLimits, Transaction
from amalimart.warehouse.releases.release_log import latest_release

log = logging.getLogger(__name__)

# The engine does so by itself only after 16 MB of log: thousands of small batches, whose deleted rows stay in
# memory and in the way of every scan until then.
_WRITES_TO_A_CHECKPOINT = 100
NEXT = "next"
"""The name of the fresh file beside the one that is served."""


@dataclass(slots=True)
class _Opened:
    """A generation of the file, its connection, and how many cursors of it are in use."""

    file: Path
    connection: duckdb.DuckDBPyConnection
    users: int = 0
    is_retired: bool = False


class HotFile:
    """An open hot file. Raises EngineUnavailable where another process holds it."""

    def __init__(
        self,
        path: Path,
        *,
        readable_folders: Sequence[Path],
        limits: ReadLimits | None = None,
        memory_bytes: int | None = None,
    ) -> None:
        self.path = path
        self._limits = limits or ReadLimits()
        self.memory_bytes = memory_bytes or most_memory_bytes()
        self._admission = Admission(
            "questions",
            at_once=self._limits.at_once,
            waiting=self._limits.waiting,
            wait_seconds=self._limits.wait_seconds,
        )
        self._generations = Generations(path)
        self._readable_folders = tuple(readable_folders)
        self._writing = threading.Lock()
        self._writes = 0
        self._versions = TableVersions()
        self._looking = threading.Lock()
        self._published: tuple[tuple[int, Path], Published] | None = None
        self._reopening = threading.Lock()
        try:
            self._served = self._opened(self._generations.current)
        except OtherStorageError as error:
            log.warning("the warehouse cannot be read and is built again", extra={"said": str(error)})
            self._served = self._opened(self._generations.set_aside())
        self._generations.clear()

    @property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        return self._served.connection

    def _opened(self, file: Path) -> _Opened:
        folders = (*self._readable_folders, self._generations.folder)
        settings = EngineSettings(self._generations.spill_of(file), folders, self.memory_bytes // 1024**2)
        return _Opened(file, opened_file(file, settings))

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor of a database that still answers.

        After a fatal error, such as a disk that ran full under a checkpoint, the engine refuses
        everything until the file is opened again; what was committed is in it.
        """
        with self._reopening:
            cursor = self._connection.cursor()
            try:
                cursor.execute(f"use {CATALOG}")
            except duckdb.FatalException:
                cursor.close()
                self._connection.close()
                self._served = self._opened(self._served.file)
                cursor = self._connection.cursor()
                cursor.execute(f"use {CATALOG}")
            opened = self._served
            opened.users += 1
        try:
            yield cursor
        finally:
            cursor.close()
            with self._reopening:
                opened.users -= 1
                self._let_go(opened)

    def _let_go(self, opened: _Opened) -> None:
        """Close a generation that another has replaced, once nobody reads it, and delete it."""
        if opened.is_retired and not opened.users:
            opened.connection.close()
            self._generations.remove(opened.file)

    @property
    def read_seconds(self) -> float:
        """For how long, all in all, somebody has been reading."""
        return self._admission.held_seconds

    @property
    def bytes(self) -> int:
        """Size of the file that is served, without what is not yet in it."""
        return self._served.file.stat().st_size

    def used_bytes(self) -> int:
        """How much of the file is in use; the rest was freed, and is not given back by itself."""
        with self._cursor() as cursor:
            found = cursor.execute(
                "select used_blocks * block_size from pragma_database_size() where database_name = ?",
                [CATALOG],
            ).fetchone()
        return int(found[0]) if found else 0

    def fresh_file(self) -> Path:
        """The name of a file that does not exist yet, to be made and then to take over."""
        return self._generations.fresh()

    def discard(self, file: Path) -> None:
        """Delete a file that was not to take over after all."""
        self._generations.remove(file)

    @contextmanager
    def beside(self, file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor that sees one of the fresh files, too, under the name `next`. Closed and whole after."""
        with self._cursor() as cursor:
            try:
                cursor.execute(attaching(file, NEXT))
                try:
                    yield cursor
                finally:
                    with suppress(duckdb.TransactionException, duckdb.FatalException):
                        cursor.execute("rollback")
                    cursor.execute(f"use {CATALOG}")
                    cursor.execute(f"detach {NEXT}")
            except duckdb.Error as error:
                raise engine_error(error, str(file)) from error

    def take_over(self, file: Path) -> None:
        """Serve a fresh file from now on. A write under way is waited for, reads under way are not.

        Whatever dies meanwhile leaves the one file or the other. Raises WarehouseError, DiskFull; the
        old one then still serves.
        """
        with self._writing, self._reopening:
            fresh = self._opened(file)
            try:
                self._generations.take_over(file)
            except BaseException as error:
                fresh.connection.close()
                if isinstance(error, OSError):
                    raise WarehouseError(
                        f"the fresh file cannot take over: {error.strerror}", where=str(self.path)
                    ) from error
                raise
            retired, self._served = self._served, fresh
            retired.is_retired = True
            self._let_go(retired)

    def forget_aside(self) -> None:
        """Delete a file that could not be read and was set aside."""
        self._generations.forget_aside()

    @property
    def serves_alone(self) -> bool:
        """Whether no file that another has replaced is read or on the disk any more."""
        return not self._generations.others()

    def close(self) -> None:
        """Close the file; what was committed is on disk."""
        self._connection.close()

    @contextmanager
    def write(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """One write transaction: commits at the end of the block, rolls back on any error."""
        with self._writing, self._cursor() as cursor:
            try:
                cursor.execute("begin transaction")
                try:
                    yield cursor
                except BaseException:
                    # The engine may have ended it itself, or given up altogether.
                    with suppress(duckdb.TransactionException, duckdb.FatalException):
                        cursor.execute("rollback")
                    raise
                cursor.execute("commit")
            except duckdb.Error as error:
                raise engine_error(error, str(self.path)) from error
            finally:
                with suppress(duckdb.Error):  # of a database that gave up; the next one has its own threads
                    cursor.execute("reset threads")
            self._writes += 1
            if self._writes % _WRITES_TO_A_CHECKPOINT == 0:
                self._checkpoint(cursor)

    def _checkpoint(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Write what has been committed into the file itself. The commits stand whether or not that works."""
        try:
            cursor.execute("checkpoint")
        except duckdb.Error as error:
            said = in_words(error)
            log.warning("the warehouse's log is not written into the file yet", extra={"said": said})

    def latest_release(self) -> Release | None:
        """The published release, or None."""
        with self._cursor() as cursor:
            return latest_release(cursor)

    def published(self) -> Published:
        """The published release and the versions of its tables; read anew only after a write."""
        with self._looking:
            state = (self._writes, self._served.file)
            if self._published is None or self._published[0] != state:
                with self._cursor() as cursor:
                    cursor.execute("begin transaction read only")
                    release = latest_release(cursor)
                    if release is None:
                        raise _nothing_published()
                    self._published = (state, self._versions.at(cursor, release))
                    cursor.execute("rollback")
            return self._published[1]

    @contextmanager
    def records(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A read transaction over what the file remembers of itself, whether or not there is a release."""
        with self._cursor() as cursor:
            try:
                cursor.execute("begin transaction read only")
                yield cursor
                cursor.execute("rollback")
            except duckdb.Error as error:
                raise engine_error(error, str(self.path)) from error

    def read(self) -> AbstractContextManager[ReadTransaction]:
        """One read transaction over the published release. Raises NothingPublished, EngineUnavailable."""
        return self._read()

    @contextmanager
    def _read(self) -> Iterator[ReadTransaction]:
        with self._admission.turn(), _while_open(), self._cursor() as cursor:
            cursor.execute("begin transaction read only")
            release = latest_release(cursor)
            if release is None:
                raise _nothing_published()
            yield Transaction(cursor, release, self._limits)
            cursor.execute("rollback")


@contextmanager
def _while_open() -> Iterator[None]:
    """Who still reads when the process closes the file is told so: the engine ends their connections."""
    try:
        yield
    except duckdb.ConnectionException as error:
        raise EngineUnavailable(
            "the warehouse was closed while it was read", next_step="amalimart status, then amalimart up"
        ) from error


def _nothing_published() -> NothingPublished:
    return NothingPublished(
        "no release has been published yet",
        next_step="load a source: amalimart up, or amalimart ingest csv FOLDER",
    )


def work_alone(cursor: duckdb.DuckDBPyConnection) -> None:
    """Let no other thread help until the write ends: with small statements it costs more than it saves."""
    cursor.execute("set threads = 1")
