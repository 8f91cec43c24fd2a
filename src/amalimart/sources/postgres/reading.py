"""One moment of a PostgreSQL database, seen through two drivers: facts by psycopg, rows by ADBC."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import psycopg
import pyarrow as pa

from amalimart.core.errors import SourceError
from amalimart.sources.port import Stopwatch
from amalimart.sources.postgres.connection import Address
from amalimart.sources.postgres.selecting import Selected, landed_batch, select_statement
from amalimart.sources.postgres.visibility import Activity, Snapshot
from amalimart.sources.read_ahead import read_ahead

_IDENTITY = """
select
    (select system_identifier from pg_control_system())::text
    || '/' || (select timeline_id from pg_control_checkpoint())::text
    || '/' || (select oid from pg_database where datname = current_database())::text
"""

# A session of another role hides its start unless pg_read_all_stats is granted; one with
# track_activities off shows none.
_OPEN = """
select
    min(xact_start) filter (where pid <> pg_backend_pid()),
    coalesce(
        bool_and(query is distinct from '<insufficient privilege>' and state is distinct from 'disabled'),
        true
    ),
    exists (select from pg_prepared_xacts where database = current_database())
from pg_stat_activity
where datname = current_database()
"""


def read_identity(connection: psycopg.Connection[tuple[Any, ...]]) -> str:
    """Cluster, timeline and database: where these differ, transaction numbers cannot be compared."""
    row = connection.execute(_IDENTITY).fetchone()
    assert row is not None  # noqa: S101 - one row by construction
    return str(row[0])


def read_activity(connection: psycopg.Connection[tuple[Any, ...]]) -> Activity:
    """What is open; to be read before the snapshot it goes with, the time before all."""
    first = connection.execute("select clock_timestamp(), pg_is_in_recovery()").fetchone()
    opened = connection.execute(_OPEN).fetchone()
    assert first is not None  # noqa: S101 - one row by construction
    assert opened is not None  # noqa: S101 - one row by construction
    return Activity(first[0], opened[0], known=opened[1] and not first[1], prepared=opened[2])


class Moment:
    """A transaction that sees the database as of one snapshot, shared by both connections.

    seen        the snapshot as the server tells it
    remembered  the same in the form that is safe to compare later ones with
    """

    def __init__(self, address: Address, seen: Snapshot, remembered: Snapshot, arrow: Any) -> None:
        self.seen = seen
        self.remembered = remembered
        self._address = address
        self._arrow = arrow

    def rows(
        self, relation_sql: str, columns: Sequence[Selected], condition: str | None, stopwatch: Stopwatch
    ) -> Generator[pa.RecordBatch, None, None]:
        """The landed columns of a relation's rows, streamed; memory holds two batches.

        The next one is fetched while the caller writes: reading and writing take about as long.
        """
        statement = select_statement(relation_sql, columns, condition)
        with self._address.errors(), self._arrow.cursor() as cursor:
            cursor.execute(statement)
            reader = cursor.fetch_record_batch()
            with closing(read_ahead(lambda: self._next(reader))) as batches:
                for batch in batches:
                    yield self._exact(relation_sql, batch, columns, stopwatch)

    @staticmethod
    def _next(reader: pa.RecordBatchReader) -> pa.RecordBatch | None:
        try:
            return reader.read_next_batch()
        except StopIteration:
            return None

    @staticmethod
    def _exact(
        relation_sql: str, batch: pa.RecordBatch, columns: Sequence[Selected], stopwatch: Stopwatch
    ) -> pa.RecordBatch:
        try:
            return landed_batch(batch, columns, stopwatch)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
            raise SourceError(
                f"a value has no exact form in the lake: {error}",
                where=relation_sql,
                expected=", ".join(f"{column.name} {column.type}" for column in columns),
                next_step="leave the column out of the mapping, or correct the value in the source",
            ) from error


@contextmanager
def moment(
    address: Address,
    connection: psycopg.Connection[tuple[Any, ...]],
    arrow: Any,
    exported: str | None = None,
) -> Iterator[Moment]:
    """Hold one snapshot open over both connections for as long as the block lasts.

    It is the present one, or one that another session has exported and still holds. After an error
    both connections are in an unknown state and are to be closed.
    """
    with address.errors():
        connection.execute("begin isolation level repeatable read read only")
        if exported is not None:
            connection.execute(f"set transaction snapshot '{exported}'")
        row = connection.execute(
            "select pg_export_snapshot(), pg_current_snapshot()::text, pg_is_in_recovery()"
        ).fetchone()
        assert row is not None  # noqa: S101 - one row by construction
        shared, seen, standby = row
        snapshot = Snapshot.parse(seen)
        _run(arrow, "begin isolation level repeatable read read only")
        _run(arrow, f"set transaction snapshot '{shared}'")
    yield Moment(address, snapshot, snapshot.of_standby() if standby else snapshot, arrow)
    with address.errors():
        _run(arrow, "rollback")
        connection.execute("rollback")


def _run(arrow: Any, statement: str) -> None:
    with arrow.cursor() as cursor:
        cursor.execute(statement)
