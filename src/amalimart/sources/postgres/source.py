"""A PostgreSQL database as a source: snapshots and polls, each as of one moment over all tables."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import adbc_driver_manager
import psycopg

from amalimart.core.errors import SourceError, SourceMismatch
from amalimart.core.names import quoted
from amalimart.lake import BatchWriter, Operation
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.sources.landing import landed_columns
from amalimart.sources.port import Catalog, Position, Progress, Reading, Stopwatch
from amalimart.sources.postgres.connection import Address
from amalimart.sources.postgres.position import PostgresPosition, TablePlace
from amalimart.sources.postgres.reading import Moment, moment, read_activity, read_identity
from amalimart.sources.postgres.relations import Relation, read_relations
from amalimart.sources.postgres.selecting import landed_schema, selected
from amalimart.sources.postgres.visibility import (
    Activity,
    floor,
    floor_condition,
    horizon,
    horizon_condition,
)


@dataclass(frozen=True, slots=True)
class _Asked:
    """One table of a reading: what to read, and the condition for its rows."""

    table: str
    relation: Relation
    columns: tuple[str, ...]
    condition: str | None
    place: TablePlace


class PostgresSource:
    """Reads one database with the rights of the user in its address; writes nothing there.

    Polling finds inserted and updated rows of tables and materialised views, never a delete, and
    misses no commit (the argument is in visibility.py). Views and foreign tables carry no row
    versions and are refused. Connections are kept between calls: `close`, or use a `with` block. Not
    to be shared between threads.
    """

    def __init__(self, address: str) -> None:
        """Raises ConfigError where the address cannot be read; connects on first use."""
        self.address = Address.parse(address)
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._arrow: Any = None

    def catalog(self) -> Catalog:
        """Table -> column -> type. Raises SourceUnreachable, SourceRefused."""
        return {
            name: {column.name: column.type for column in relation.columns.values()}
            for name, relation in self._relations().items()
        }

    def stale_tables(self, mapping: SourceMapping, position: Position | None) -> Collection[str]:
        """All mapped tables without a usable position, else those the position does not name."""
        known = PostgresPosition.of(position) if position is not None else None
        if known is None or known.cluster != self._identity():
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
        relations, landed = self._landed(mapping)
        known = PostgresPosition.of(since) if since is not None else None
        identity = self._identity()
        places = dict(known.tables) if known and known.cluster == identity else {}
        activity = self._activity()
        with self._moment() as now:
            place = TablePlace(now.remembered, horizon(activity, None))
            asked = [
                _Asked(table, relations[table], columns, None, place)
                for table, columns in landed.items()
                if table in tables
            ]
            replaced = self._write(now, asked, writer, Operation.SNAPSHOT, progress)
        places |= {one.table: one.place for one in asked}
        return Reading(PostgresPosition(identity, places).as_json(replaced), activity.time)

    def poll(
        self, mapping: SourceMapping, writer: BatchWriter, progress: Progress, *, since: Position
    ) -> Reading | None:
        """Write the rows that transactions have committed since the position; None if there are none.

        Raises as `snapshot` does.
        """
        known = PostgresPosition.of(since)
        identity = self._identity()
        if known is None or known.cluster != identity:
            raise SourceMismatch(
                "the position in the lake belongs to another database",
                where=self.address.shown,
                next_step="take a snapshot: run the ingest again",
            )
        relations, landed = self._landed(mapping)
        activity = self._activity()
        with self._moment() as now:
            asked = [
                self._changes(mapping, table, columns, relations[table], known.tables[table], now, activity)
                for table, columns in landed.items()
                if table in known.tables and floor(known.tables[table].snapshot, now.seen) < now.seen.xmax
            ]
            replaced = self._write(now, asked, writer, Operation.UPSERT, progress)
        if not writer.has_files:
            return None
        places = dict(known.tables) | {one.table: one.place for one in asked}
        return Reading(PostgresPosition(identity, places).as_json(replaced), activity.time)

    def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        connection, arrow = self._connection, self._arrow
        self._connection = self._arrow = None
        if connection is not None:
            connection.close()
        if arrow is not None:
            # A connection that died cannot say goodbye; it is as closed as it gets.
            with suppress(adbc_driver_manager.Error):
                arrow.close()

    def _changes(
        self,
        mapping: SourceMapping,
        table: str,
        columns: tuple[str, ...],
        relation: Relation,
        before: TablePlace,
        now: Moment,
        activity: Activity,
    ) -> _Asked:
        conditions = [floor_condition(floor(before.snapshot, now.seen), now.seen)]
        cursor = mapping.cursor(table)
        if cursor is not None and before.horizon is not None and cursor.column in relation.indexed:
            column = relation.columns[cursor.column]
            base = column.base if column.built_in else ""
            conditions.append(
                horizon_condition(quoted(column.name), base, before.horizon, str(mapping.time_zone))
            )
        condition = " and ".join(part for part in conditions if part) if conditions[0] else None
        return _Asked(
            table, relation, columns, condition, TablePlace(now.remembered, horizon(activity, before.horizon))
        )

    def _write(
        self,
        now: Moment,
        asked: Collection[_Asked],
        writer: BatchWriter,
        operation: Operation,
        progress: Progress,
    ) -> Mapping[str, Mapping[str, int]]:
        replaced = {}
        for number, one in enumerate(asked, 1):
            columns = [selected(one.relation.columns[column]) for column in one.columns]
            estimate = one.relation.estimate if operation is Operation.SNAPSHOT else None
            stopwatch = Stopwatch(progress, one.table, number=number, of=len(asked), estimate=estimate)
            with closing(now.rows(one.relation.sql, columns, one.condition, stopwatch)) as rows:
                writer.write(
                    one.table, rows, operation, schema=landed_schema(columns), progress=stopwatch.add
                )
            stopwatch.finish()
            if stopwatch.replaced:
                replaced[one.table] = stopwatch.replaced
        return replaced

    def _landed(self, mapping: SourceMapping) -> tuple[Mapping[str, Relation], Mapping[str, tuple[str, ...]]]:
        relations = self._relations()
        catalog: dict[str, dict[str, str]] = {
            name: {column.name: column.type for column in relation.columns.values()}
            for name, relation in relations.items()
        }
        landed = landed_columns(mapping, catalog)
        for table in landed:
            if not relations[table].has_row_versions:
                raise SourceMismatch(
                    f"{table!r} is a view or foreign table, whose changes cannot be found",
                    where=mapping.where,
                    expected="a table or a materialised view",
                    next_step="map the tables behind it",
                )
        return relations, landed

    def _relations(self) -> Mapping[str, Relation]:
        with self._connected() as connection:
            return read_relations(connection)

    def _identity(self) -> str:
        with self._connected() as connection:
            return read_identity(connection)

    def _activity(self) -> Activity:
        with self._connected() as connection:
            return read_activity(connection)

    @contextmanager
    def _moment(self) -> Iterator[Moment]:
        try:
            if self._arrow is None:
                self._arrow = self.address.connect_arrow()
            with moment(self.address, self._open(), self._arrow) as now:
                yield now
        except BaseException:
            # Both connections are in the middle of something.
            self.close()
            raise

    @contextmanager
    def _connected(self) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        try:
            connection = self._open()
            with self.address.errors():
                yield connection
        except SourceError:
            self.close()
            raise

    def _open(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self._connection is None:
            self._connection = self.address.connect()
        return self._connection

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
