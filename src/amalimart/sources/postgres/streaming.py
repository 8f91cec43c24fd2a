"""A PostgreSQL database as a source that tells its changes: snapshots handed over to a change stream."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import Self

from amalimart.core.errors import CaptureLost, CaptureRefused, ConfigError, SourceError, SourceMismatch
from amalimart.core.names import is_identifier
from amalimart.lake import BatchWriter, Operation, Transaction
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.sources.port import Catalog, Position, Progress, Reading
from amalimart.sources.postgres.capture_plan import CaptureNames, CapturePlan, planned_capture
from amalimart.sources.postgres.connection import Address
from amalimart.sources.postgres.drift import Wanted
from amalimart.sources.postgres.facts import Facts
from amalimart.sources.postgres.looking import read_end_of_log
from amalimart.sources.postgres.lsn import lsn_text
from amalimart.sources.postgres.preflight import replication_finding, server_findings
from amalimart.sources.postgres.publication import Change, read_publication
from amalimart.sources.postgres.replication import Replication, capture_errors, not_busy
from amalimart.sources.postgres.session import Session
from amalimart.sources.postgres.slot import drop_slot, lost, read_slot, wait_for_writers, without_publication
from amalimart.sources.postgres.snapshotting import copy_tables
from amalimart.sources.postgres.stream import Followed, PostgresChangeStream
from amalimart.sources.postgres.stream_position import Handover, StreamPosition
from amalimart.sources.preflight import Finding, refuse

_OTHERWISE = "correct the mapping, or poll this source"


class PostgresStreamingSource:
    """Follows one database through a replication slot and a publication, and writes nothing else there.

    Both are made with the first snapshot; a publication that is there is used, and altered only where
    the source user owns it. Which columns leave the server is decided by the publication, from
    PostgreSQL 15 on: with a column list only what is landed, and the replica identity. The server then
    refuses to drop or retype such a column until the table is taken out of the publication; without
    one, migrations go through and other columns come over the wire, to be dropped on arrival. By itself
    a table gets a list where the mapping knows a secret in it: keeping a secret from the wire is worth
    a migration that has to be prepared, keeping other columns is not.

    Connections are kept between calls: `close`, or use a `with` block. Not to be shared between threads.
    """

    def __init__(
        self, address: str, *, slot: str, publication: str, column_lists: bool | None = None
    ) -> None:
        """`column_lists` forces a list for every table, or for none; connects on first use.

        Raises ConfigError where the address or a name cannot be.
        """
        for kind, name in (("replication slot", slot), ("publication", publication)):
            if not is_identifier(name):
                raise ConfigError(
                    f"{name!r} cannot be the name of a {kind}",
                    expected="at most 63 lower-case letters, digits and underscores",
                )
        self._session = Session(Address.parse(address))
        self._names = CaptureNames(slot, publication, column_lists)

    def catalog(self) -> Catalog:
        """Table -> column -> type. Raises SourceUnreachable, SourceRefused."""
        return self._session.catalog()

    def preflight(self, mapping: SourceMapping) -> list[Finding]:
        """What stands in the way of following the mapped tables, and what is worth knowing.

        Raises SourceUnreachable, SourceRefused, SourceMismatch; whatever else is missing is a finding.
        """
        plan = self._plan(mapping, set(mapping.landed))
        findings = list(server_findings(plan.server))
        try:
            Replication(self._session.address).close()
        except CaptureRefused as refused:
            findings.append(replication_finding(plan.server, refused))
        return [*findings, *plan.findings(mapping)]

    def stale_tables(self, mapping: SourceMapping, position: Position | None) -> Collection[str]:
        """Mapped tables that need a snapshot; those that were stopped wait until they are asked for."""
        place = StreamPosition.of(position) if position is not None else None
        if place is None or place.cluster != self._session.identity():
            return set(mapping.landed)
        followed = {table: known for table, known in place.tables.items() if table not in place.stopped}
        facts = Facts(self._session.address)
        try:
            seen = facts.look(followed, _wanted(mapping), place.publication)
        finally:
            facts.close()
        missing = set(mapping.landed) - set(place.tables)
        waiting = {*place.stopped, *seen.stopped}
        return (missing | place.stale | seen.stale) & set(mapping.landed) - waiting

    def snapshot(
        self,
        mapping: SourceMapping,
        writer: BatchWriter,
        progress: Progress,
        *,
        tables: Collection[str],
        since: Position | None,
    ) -> Reading:
        """Write the given tables whole, as of one moment that the stream goes on from.

        Where the slot can be gone on from, the other tables keep their place. Otherwise a new slot is
        made, for which all tables are needed. Raises SourceError.
        """
        asked = set(tables) & set(mapping.landed)
        place = StreamPosition.of(since) if since is not None else None
        problem = self._problem(place) if place is not None else None
        if place is not None and problem is None:
            plan = self._plan(mapping, asked, place)
            return self._joined(mapping, plan, place, writer, progress)
        if problem is not None and asked != set(mapping.landed):
            raise problem
        plan = self._plan(mapping, asked)
        return self._first(mapping, plan, writer, progress, *([place.slot] if place else []))

    def poll(
        self, mapping: SourceMapping, writer: BatchWriter, progress: Progress, *, since: Position
    ) -> Reading | None:
        """Nothing: changes come through `follow`."""
        del mapping, writer, progress, since
        return None

    def follow(self, mapping: SourceMapping, since: Position) -> PostgresChangeStream:
        """Go on from a committed position.

        Raises CaptureLost where that cannot be, CaptureBusy while another process follows, SourceError.
        """
        place = StreamPosition.of(since)
        address = self._session.address
        if place is None:
            raise SourceMismatch(
                "the position in the lake is not one of a change stream",
                where=address.shown,
                next_step="take a snapshot: run the ingest again",
            )
        problem = self._problem(place)
        if problem is not None:
            raise problem
        with self._session.connected() as connection:
            row = connection.execute("select scale('0'::money::numeric)").fetchone()
        return PostgresChangeStream(
            Followed(
                open=lambda: Replication(address),
                where=address.shown,
                facts=Facts(address),
                wanted=_wanted(mapping),
                place=place,
                money_digits=row[0] if row else 2,
            )
        )

    def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        self._session.close()

    def _first(
        self,
        mapping: SourceMapping,
        plan: CapturePlan,
        writer: BatchWriter,
        progress: Progress,
        *leftover: str,
    ) -> Reading:
        """Copy as of the moment a new slot begins."""
        findings = [*server_findings(plan.server), *plan.findings(mapping)]
        refuse(findings, self._session.address.shown, _OTHERWISE)
        replication = Replication(self._session.address)
        try:
            self._drop_slots({self._names.slot, *leftover})
            self._publish(plan.change)
            activity = self._session.activity()
            new = replication.create_slot(self._names.slot)
            try:
                with self._session.moment(new.snapshot) as now:
                    copy_tables(
                        now,
                        plan.asked,
                        writer,
                        Operation.SNAPSHOT,
                        progress,
                        Transaction(lsn_text(new.lsn), activity.time),
                    )
            except BaseException:
                replication.close()
                with suppress(SourceError):
                    self._drop_slots({self._names.slot})
                raise
        finally:
            replication.close()
        cluster = self._session.identity()
        place = StreamPosition(
            cluster=cluster,
            system=cluster.partition("/")[0],
            slot=self._names.slot,
            publication=self._names.publication,
            lsn=new.lsn,
            tables=plan.captured(None),
        )
        return Reading(place.as_json(), activity.time)

    def _joined(
        self,
        mapping: SourceMapping,
        plan: CapturePlan,
        place: StreamPosition,
        writer: BatchWriter,
        progress: Progress,
    ) -> Reading:
        """Copy as of now, and remember what the stream will tell again.

        Where the publication is changed, transactions that wrote a table before may not tell its
        changes afterwards. They have to end before the snapshot, which then shows them; first those
        that write at the change, then those whose commit is logged already and not yet visible.
        """
        refuse(list(plan.findings(mapping)), self._session.address.shown, _OTHERWISE)
        anew_from: int | None = None
        affected = [one.captured for one in plan.wanted if one.captured.table in plan.change.tables]
        self._publish(plan.change)
        if affected:
            with self._session.connected() as connection:
                wait_for_writers(connection, affected)
                anew_from = self._end_of_log()
                wait_for_writers(connection, affected)
        activity = self._session.activity()
        with self._session.moment() as now:
            until = self._end_of_log()
            copy_tables(
                now,
                plan.asked,
                writer,
                Operation.SNAPSHOT,
                progress,
                Transaction(lsn_text(until), activity.time),
            )
        kept = {table: known for table, known in place.tables.items() if table in mapping.landed}
        read = set(plan.landed)
        reached = replace(
            place,
            tables={**kept, **plan.captured(Handover(now.seen, until, anew_from))},
            stopped={
                table: why for table, why in place.stopped.items() if table in kept and table not in read
            },
            stale=frozenset(place.stale & set(kept) - read),
        )
        return Reading(reached.as_json(), None)

    def _plan(
        self, mapping: SourceMapping, asked: set[str], place: StreamPosition | None = None
    ) -> CapturePlan:
        return planned_capture(self._session, mapping, asked, self._names, place)

    def _problem(self, place: StreamPosition) -> CaptureLost | None:
        cluster = self._session.identity()
        with self._session.connected() as connection:
            slot = read_slot(connection, place.slot)
            publication = read_publication(connection, place.publication)
        where = self._session.address.shown
        if publication is None:
            return lost(place, cluster, slot, where) or without_publication(place.publication, where)
        return lost(place, cluster, slot, where)

    def _publish(self, change: Change) -> None:
        if not change.statements:
            return
        with self._session.connected() as connection:
            connection.execute("begin read write")
            for statement in change.statements:
                connection.execute(statement.encode())
            connection.execute("commit")

    def _drop_slots(self, names: Collection[str]) -> None:
        for name in sorted(names):
            not_busy(lambda name=name: self._drop_slot(name))  # type: ignore[misc]

    def _drop_slot(self, name: str) -> None:
        with self._session.connected() as connection, capture_errors(self._session.address, name):
            drop_slot(connection, name)

    def _end_of_log(self) -> int:
        with self._session.connected() as connection:
            return read_end_of_log(connection)[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _wanted(mapping: SourceMapping) -> Mapping[str, Wanted]:
    return {
        table: Wanted(
            columns,
            frozenset(column for column in columns if (table, column) in mapping.optional),
            mapping.key_columns(table),
        )
        for table, columns in mapping.landed.items()
    }
