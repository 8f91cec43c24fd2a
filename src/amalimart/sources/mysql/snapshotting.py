"""A consistent snapshot of some tables without locking any, and the places in the log around it."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
from pymysql.connections import Connection  # type: ignore[import-untyped]

from amalimart.core.errors import SourceError
from amalimart.sources.mysql.connection import Address, quoted, run
from amalimart.sources.mysql.relations import Relation
from amalimart.sources.mysql.result_rows import read_rows
from amalimart.sources.mysql.server import Server, logged_gtids, server_time, snapshot_gtids
from amalimart.sources.mysql.text_values import landed_batch
from amalimart.sources.mysql.types import SourceType, landed_schema, select_expression
from amalimart.sources.port import Stopwatch

_SAVEPOINT = "amalimart"


@dataclass(frozen=True, slots=True)
class Asked:
    """One table to be read."""

    relation: Relation
    columns: tuple[tuple[str, SourceType], ...]

    @property
    def schema(self) -> pa.Schema:
        return landed_schema(self.columns)

    @property
    def statement(self) -> str:
        """The query for the landed columns, in order."""
        asked = ", ".join(select_expression(name, kind) for name, kind in self.columns)
        return f"select {asked} from {self.relation.sql}"


@dataclass(frozen=True, slots=True)
class Moment:
    """What a snapshot is sure to see.

    gtids  transactions that are in it
    time   by the server's clock, before it began
    """

    gtids: str
    time: datetime


@contextmanager
def moment(connection: Connection, server: Server) -> Iterator[Moment]:
    """Hold one snapshot open for as long as the block lasts. Raises pymysql errors."""
    time = server_time(connection)
    before = logged_gtids(connection, server)
    run(connection, "set session transaction isolation level repeatable read")
    run(connection, "start transaction with consistent snapshot")
    yield Moment(snapshot_gtids(connection, server, before), time)
    run(connection, "rollback")


def table_rows(
    address: Address, connection: Connection, asked: Asked, stopwatch: Stopwatch
) -> Generator[pa.RecordBatch, None, None]:
    """The landed columns of one table's rows, streamed; memory holds one block of them.

    The table's definition is free to change as soon as its rows are read: what the statement holds of
    it until the transaction ends is given back. Raises SourceError.
    """
    with address.errors():
        run(connection, f"savepoint {quoted(_SAVEPOINT)}")
        with closing(read_rows(connection, asked.statement, len(asked.columns))) as blocks:
            for block in blocks:
                yield _exact(block, asked, stopwatch)
        run(connection, f"rollback to savepoint {quoted(_SAVEPOINT)}")


def _exact(block: Sequence[pa.Array], asked: Asked, stopwatch: Stopwatch) -> pa.RecordBatch:
    try:
        batch, replaced = landed_batch(block, asked.columns, asked.schema)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise SourceError(
            f"a value has no exact form in the lake: {error}",
            where=asked.relation.name,
            expected=", ".join(f"{name} {kind}" for name, kind in asked.columns),
            next_step="leave the column out of the mapping, or correct the value in the source",
        ) from error
    for column, count in replaced.items():
        stopwatch.replace(column, count)
    return batch
