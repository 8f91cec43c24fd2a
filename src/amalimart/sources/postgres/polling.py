"""A PostgreSQL database as a source without a replication right: snapshots, and polls of what is new."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

import pyarrow as pa

from amalimart.core.errors import SourceMismatch
from amalimart.core.names import quoted
from amalimart.lake import BatchWriter, Operation
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.sources.landed_rows import LandedRows
from amalimart.sources.port import Catalog, Position, Progress, Reading, Stopwatch, silent
from amalimart.sources.postgres.comparing import gone_keys
from amalimart.sources.postgres.connection import Address
from amalimart.sources.postgres.position import PostgresPosition, TablePlace
from amalimart.sources.postgres.reading import Moment
from amalimart.sources.postgres.relations import Relation
from amalimart.sources.postgres.selecting import landed_schema, selected
from amalimart.sources.postgres.session import Session
from amalimart.sources.postgres.snapshotting import Asked, copy_tables
from amalimart.sources.postgres.visibility import (
    Snapshot,
    floor,
    floor_condition,
    horizon,
    horizon_condition,
)


class PostgresPollingSource:
    """Reads one database with the rights of the user in its address; writes nothing there.

    Polling finds inserted and updated rows of tables and materialised views, and misses no commit (the
    argument is in visibility.py). It finds a deleted row by comparing keys, with what is landed, every
    `deletes_every` seconds; without the two it finds none. Views and foreign tables carry no row
    versions and are refused. Connections are kept between calls: `close`, or use a `with` block. Not
    to be shared between threads.
    """

    def __init__(
        self, address: str, *, deletes_every: float | None = None, landed: LandedRows | None = None
    ) -> None:
        """Raises ConfigError where the address cannot be read; connects on first use."""
        self._session = Session(Address.parse(address))
        self._deletes_every = timedelta(seconds=deletes_every) if deletes_every is not None else None
        self._landed = landed
        self._compared: datetime | None = None

    def catalog(self) -> Catalog:
        """Table -> column -> type. Raises SourceUnreachable, SourceRefused."""
        return self._session.catalog()

    def stale_tables(self, mapping: SourceMapping, position: Position | None) -> Collection[str]:
        """All mapped tables without a usable position, else those the position does not name."""
        known = PostgresPosition.of(position) if position is not None else None
        if known is None or known.cluster != self._session.identity():
            return set(mapping.landed)
        return set(mapping.landed) - set(known.tables)

    def snapshot(
        self,
        mapping: SourceMapping,
        writer: BatchWriter,
        progress: Progress,
        *,
        tables: Collection[str],
        since: Position | None,
    ) -> Reading:
        """Write the given tables whole, as of one exported snapshot.

        Raises SourceUnreachable, SourceRefused, SourceMismatch, and SourceError for a value that no
        column type of the lake holds.
        """
        relations, landed = self._session.landed(mapping)
        known = PostgresPosition.of(since) if since is not None else None
        identity = self._session.identity()
        places = dict(known.tables) if known and known.cluster == identity else {}
        activity = self._session.activity()
        with self._session.moment() as now:
            place = TablePlace(now.remembered, horizon(activity, None))
            asked = [
                Asked(table, relations[table], columns)
                for table, columns in landed.items()
                if table in tables
            ]
            replaced = copy_tables(now, asked, writer, Operation.SNAPSHOT, progress)
        compared = activity.time if set(landed) <= set(tables) else known.compared if known else None
        places |= {one.table: place for one in asked}
        return Reading(PostgresPosition(identity, places, compared).as_json(replaced), activity.time)

    def poll(
        self, mapping: SourceMapping, writer: BatchWriter, progress: Progress, *, since: Position
    ) -> Reading | None:
        """Write the rows that transactions have committed since the position; None if there are none.

        Where it is time, keys are compared as of the same moment, and deletes written for those gone.

        Raises as `snapshot` does.
        """
        known = PostgresPosition.of(since)
        identity = self._session.identity()
        if known is None or known.cluster != identity:
            raise SourceMismatch(
                "the position in the lake belongs to another database",
                where=self._session.address.shown,
                next_step="take a snapshot: run the ingest again",
            )
        relations, landed = self._session.landed(mapping)
        activity = self._session.activity()
        with self._session.moment() as now:
            asked = [
                Asked(
                    table,
                    relations[table],
                    columns,
                    _condition(mapping, table, relations[table], known.tables[table], now.seen),
                )
                for table, columns in landed.items()
                if table in known.tables and floor(known.tables[table].snapshot, now.seen) < now.seen.xmax
            ]
            replaced = copy_tables(now, asked, writer, Operation.UPSERT, progress)
            compared = known.compared
            if self._landed is not None and self._is_due(compared, activity.time):
                for table in sorted(set(landed) & set(known.tables)):
                    if key := mapping.key_columns(table):
                        self._write_gone(now, relations[table], landed[table], key, self._landed, writer)
                self._compared = compared = activity.time
        if not writer.has_files:
            return None
        places = dict(known.tables) | {
            one.table: TablePlace(now.remembered, horizon(activity, known.tables[one.table].horizon))
            for one in asked
        }
        return Reading(PostgresPosition(identity, places, compared).as_json(replaced), activity.time)

    def _is_due(self, compared: datetime | None, now: datetime) -> bool:
        """A comparison that found nothing is in no commit: it is remembered here only."""
        last = max((time for time in (compared, self._compared) if time is not None), default=None)
        return self._deletes_every is not None and (last is None or now - last >= self._deletes_every)

    @staticmethod
    def _write_gone(
        now: Moment,
        relation: Relation,
        columns: Sequence[str],
        key: Sequence[str],
        landed: LandedRows,
        writer: BatchWriter,
    ) -> None:
        asked = [selected(relation.columns[column]) for column in key]
        quiet = Stopwatch(silent, relation.name, number=1, of=1, estimate=None)
        with closing(now.rows(relation.sql, asked, None, quiet)) as present:
            gone = gone_keys(landed.versions(relation.name, key), present, key)
        schema = landed_schema([selected(relation.columns[column]) for column in columns])
        deletes = (_deletes(batch, schema, relation.name) for batch in gone.to_batches())
        writer.write(relation.name, deletes, Operation.DELETE, schema=schema)

    def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _deletes(gone: pa.RecordBatch, schema: pa.Schema, table: str) -> pa.RecordBatch:
    """Rows of which only the key is told."""
    told = set(gone.schema.names)
    try:
        arrays = [
            gone.column(entry.name).cast(entry.type)
            if entry.name in told
            else pa.nulls(len(gone), entry.type)
            for entry in schema
        ]
    except pa.ArrowInvalid as error:
        raise SourceMismatch(
            f"a deleted row of {table!r} has a key that its column can no longer hold: {error}",
            where=table,
            expected="a key of the type it has always had",
            next_step=f"amalimart source resnapshot NAME --table {table}",
        ) from error
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _condition(
    mapping: SourceMapping, table: str, relation: Relation, before: TablePlace, seen: Snapshot
) -> str | None:
    """Which rows may be new; None for all."""
    new = floor_condition(floor(before.snapshot, seen), seen)
    if new is None:
        return None
    cursor = mapping.cursor(table)
    if cursor is None or before.horizon is None or cursor.column not in relation.indexed:
        return new
    column = relation.columns[cursor.column]
    base = column.base if column.built_in else ""
    recent = horizon_condition(quoted(column.name), base, before.horizon, str(mapping.time_zone))
    return f"{new} and {recent}" if recent else new
