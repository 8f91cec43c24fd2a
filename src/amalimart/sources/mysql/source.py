"""A MySQL or MariaDB database as a source: a snapshot without locks, then its binary log."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from types import TracebackType
from typing import Self

from pymysql.connections import Connection  # type: ignore[import-untyped]

from amalimart.core.errors import CaptureLost, SourceError
from amalimart.lake import BatchWriter, Operation, Transaction
from amalimart.mapping.catalog_check import misfits
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.sources.landing import landed_columns
from amalimart.sources.mysql.changed_rows import ChangedRows
from amalimart.sources.mysql.character_sets import read_character_sets
from amalimart.sources.mysql.connection import Address, run
from amalimart.sources.mysql.dump import BinlogDump, replica_number
from amalimart.sources.mysql.followed import FollowedTables
from amalimart.sources.mysql.position import LandedTable, MySQLPosition
from amalimart.sources.mysql.preflight import (
    cascade_findings,
    right_findings,
    server_findings,
    table_findings,
)
from amalimart.sources.mysql.relations import Relation, read_relations
from amalimart.sources.mysql.server import logged_gtids, read_server, server_time
from amalimart.sources.mysql.snapshotting import Asked, Moment, moment, table_rows
from amalimart.sources.mysql.stream import BinlogStream
from amalimart.sources.port import Catalog, Position, Progress, Reading, Stopwatch, rows_left
from amalimart.sources.preflight import Finding, refuse


class MySQLSource:
    """Reads one database with the rights of the user in its address; writes nothing there, locks nothing.

    A connection is kept between calls: `close`, or use a `with` block. Not to be shared between threads.
    """

    def __init__(self, address: str) -> None:
        """Raises ConfigError where the address cannot be read; connects on first use."""
        self.address = Address.parse(address)
        self._connection: Connection | None = None
        self._number = replica_number()

    def catalog(self) -> Catalog:
        """Table -> column -> type. Raises SourceUnreachable, SourceRefused."""
        with self._connected() as connection:
            return _catalog(read_relations(connection, self.address.database))

    def preflight(self, mapping: SourceMapping) -> Sequence[Finding]:
        """What stands in the way of following the mapped tables, each with its fix. Raises SourceError."""
        with self._connected() as connection:
            server = read_server(connection)
            relations = read_relations(connection, self.address.database)
            columns = landed_columns(mapping, _catalog(relations))
            return (
                *server_findings(server),
                *right_findings(connection, server),
                *table_findings(relations, mapping, columns),
                *cascade_findings(connection, relations, columns),
            )

    def stale_tables(self, mapping: SourceMapping, position: Position | None) -> Collection[str]:
        """All mapped tables without a usable position, else those it does not name or calls stale.

        Of these one that cannot be followed is left out: the stream will stop it, and go on with the others.
        """
        known = MySQLPosition.of(position) if position is not None else None
        if known is None or not self._same_server(known):
            return set(mapping.landed)
        found = ((set(mapping.landed) - set(known.tables)) | known.stale) - set(known.stopped)
        if found & known.stale:
            with self._connected() as connection:
                relations = read_relations(connection, self.address.database)
            found -= set(_unfit(mapping, relations, known.stale))
        return found

    def snapshot(
        self,
        mapping: SourceMapping,
        writer: BatchWriter,
        progress: Progress,
        *,
        tables: Collection[str],
        since: Position | None,
    ) -> Reading:
        """Write the given tables whole, as of one moment, without locking them.

        Raises SourceUnreachable, SourceRefused, SourceMismatch, CaptureRefused, and SourceError for a
        value that no column type of the lake holds.
        """
        known = MySQLPosition.of(since) if since is not None else None
        if known is not None and not self._same_server(known):
            known = None
        with self._connected() as connection:
            server = read_server(connection)
            refuse(tuple(server_findings(server)), self.address.shown)
            with moment(connection, server) as now:
                asked = self._asked(connection, mapping, tables)
                replaced = self._write(connection, asked, now, writer, progress)
            until = logged_gtids(connection, server)
        ahead = known is not None and known.gtid != now.gtids
        landed = {
            table: LandedTable(dict(one.columns), now.gtids if ahead else "") for table, one in asked.items()
        }
        position = MySQLPosition(
            server=server.identity(self.address.database),
            gtid=known.gtid if known is not None else now.gtids,
            until=until,
            tables={**(known.tables if known else {}), **landed},
            stopped={table: why for table, why in known.stopped.items() if table not in landed}
            if known
            else {},
            stale=frozenset(known.stale - set(landed)) if known else frozenset(),
        )
        # The other tables are where the stream has come to, not where these are.
        return Reading(position.as_json(replaced), None if known else now.time)

    def poll(
        self, mapping: SourceMapping, writer: BatchWriter, progress: Progress, *, since: Position
    ) -> Reading | None:
        """Refused: the changes of this source are followed."""
        del mapping, writer, progress, since
        raise SourceError(
            "a MySQL source is followed, not polled",
            where=self.address.shown,
            next_step="leave `capture` out of the source's settings",
        )

    def follow(self, mapping: SourceMapping, since: Position) -> BinlogStream:
        """Go on from a committed position.

        Raises SourceUnreachable, SourceRefused, CaptureRefused, and CaptureLost where the changes after
        it can no longer be had.
        """
        known = MySQLPosition.of(since)
        if known is None or not self._same_server(known):
            raise CaptureLost(
                "the position in the lake belongs to another database",
                where=self.address.shown,
                expected="the server that was snapshotted",
                next_step="take every table anew: amalimart source resnapshot NAME",
            )
        with self._connected() as connection:
            server = read_server(connection)
            refuse(tuple(server_findings(server)), self.address.shown)
            sets = read_character_sets(connection)
            relations = read_relations(connection, self.address.database)
            mapping = mapping.renamed(_catalog(relations))
            tables = FollowedTables(mapping, known, server, self.address.database)
            for table, why in _unfit(mapping, relations, frozenset(tables.stale)).items():
                tables.stop(table, why)
            opened = server_time(connection)
            passed, until = server.gtids(known.gtid), server.gtids(known.until)
        return BinlogStream(
            BinlogDump(self.address, server, known.gtid, self._number),
            tables,
            ChangedRows(tables, sets, mariadb=server.is_mariadb),
            passed=passed,
            until=until,
            opened=opened,
            where=self.address.shown,
        )

    def close(self) -> None:
        """Close the connection; the next call opens a new one."""
        connection, self._connection = self._connection, None
        if connection is not None and connection.open:
            connection.close()

    def _asked(
        self, connection: Connection, mapping: SourceMapping, tables: Collection[str]
    ) -> Mapping[str, Asked]:
        relations = read_relations(connection, self.address.database)
        others = set(mapping.landed) - set(tables)
        columns = landed_columns(mapping, _catalog(relations), without=others)
        refuse(tuple(table_findings(relations, mapping, columns)), self.address.shown)
        return {table: _one(relations[table], columns[table]) for table in columns}

    def _write(
        self,
        connection: Connection,
        asked: Mapping[str, Asked],
        now: Moment,
        writer: BatchWriter,
        progress: Progress,
    ) -> Mapping[str, Mapping[str, int]]:
        replaced = {}
        lefts = rows_left([one.relation.estimate for one in asked.values()])
        for number, ((table, one), left) in enumerate(zip(asked.items(), lefts, strict=True), 1):
            stopwatch = Stopwatch(
                progress, table, number=number, of=len(asked), estimate=one.relation.estimate, left=left
            )
            with closing(table_rows(self.address, connection, one, stopwatch)) as rows:
                writer.write(
                    table,
                    rows,
                    Operation.SNAPSHOT,
                    schema=one.schema,
                    progress=stopwatch.add,
                    transaction=Transaction(now.gtids, now.time),
                )
            stopwatch.finish()
            if stopwatch.replaced:
                replaced[table] = stopwatch.replaced
        return replaced

    def _same_server(self, known: MySQLPosition) -> bool:
        """Whether the position's transaction ids mean the same here.

        MySQL's carry the server they come from, so another server that holds all of them will do: a
        replica that has taken over.
        """
        with self._connected() as connection:
            server = read_server(connection)
            own = server.identity(self.address.database)
            if server.is_mariadb or known.server == own or not known.gtid:
                return known.server == own
            same_database = known.server.rpartition("/")[2] == own.rpartition("/")[2]
            there = run(connection, "select gtid_subset(%s, @@global.gtid_executed)", (known.gtid,))
            return known.server.startswith("mysql/") and same_database and bool(there[0][0])

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        try:
            if self._connection is None or not self._connection.open:
                self._connection = self.address.connect()
            with self.address.errors():
                yield self._connection
        except BaseException:
            # It may be in the middle of a transaction, or of an answer.
            self._drop()
            raise

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection._force_close()  # noqa: SLF001 - a half-read answer leaves no way to say goodbye

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _catalog(relations: Mapping[str, Relation]) -> dict[str, dict[str, str]]:
    return {
        name: {column.name: column.shown for column in relation.columns.values()}
        for name, relation in relations.items()
    }


def _unfit(
    mapping: SourceMapping, relations: Mapping[str, Relation], tables: Collection[str]
) -> dict[str, str]:
    """Which of the tables cannot be snapshotted and followed as the mapping says, and why."""
    catalog = _catalog(relations)
    unfit = {table: misfit.what for table, misfit in misfits(mapping, catalog).items() if table in tables}
    fitted = mapping.fitted(catalog).landed
    asked = {
        table: [column for column in fitted[table] if column in relations[table].columns]
        for table in tables
        if table in fitted and table in relations and table not in unfit
    }
    for finding in table_findings(relations, mapping, asked):
        if finding.blocking and finding.table is not None:
            unfit.setdefault(finding.table, finding.what)
    return unfit


def _one(relation: Relation, columns: Sequence[str]) -> Asked:
    return Asked(relation, tuple((name, relation.columns[name].type) for name in columns))
