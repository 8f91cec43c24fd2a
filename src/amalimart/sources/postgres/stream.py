"""The change stream of one database: the plugin's messages as changes of mapped tables.

Owns what may be told as settled, and when to look at the catalog; what is known of each table on the way is
kept by `followed_tables`. It holds no change back: a transaction of any size passes through row by row.
"""

from __future__ import annotations

import time
from bisect import insort
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from amalimart.core.errors import SourceError
from amalimart.lake import Transaction
from amalimart.sources.port import Position, RowChange, Settled, TableShape
from amalimart.sources.postgres.drift import Wanted, judge
from amalimart.sources.postgres.facts import Facts
from amalimart.sources.postgres.followed_tables import FollowedTables
from amalimart.sources.postgres.looking import Seen
from amalimart.sources.postgres.lsn import lsn_number, lsn_text
from amalimart.sources.postgres.pgoutput import (
    Begin,
    Commit,
    Delete,
    Insert,
    Origin,
    RelationMessage,
    Truncate,
    TypeMessage,
    Update,
    decode,
)
from amalimart.sources.postgres.relations import SourceColumn
from amalimart.sources.postgres.replication import Keepalive, Replication, not_busy
from amalimart.sources.postgres.row_changes import KeyNotToldError, RowReader, shape_of
from amalimart.sources.postgres.slot import without_publication
from amalimart.sources.postgres.stream_position import StreamPosition
from amalimart.sources.postgres.text_values import TextColumn

LOOK_SECONDS = 10.0
_NOT_TOLD = "a change did not say which row it is about: its replica identity no longer holds the key"


@dataclass(frozen=True, slots=True)
class Followed:
    """What a stream is given.

    open          makes a session of the replication protocol
    where         the source, for errors
    wanted        table -> what the mapping asks of it
    place         the committed position to go on from
    money_digits  decimals of the type money in this database
    """

    open: Callable[[], Replication]
    where: str
    facts: Facts
    wanted: Mapping[str, Wanted]
    place: StreamPosition
    money_digits: int


class PostgresChangeStream:
    """Follows one slot. To be asked for events often: the server takes a silence of a minute for death."""

    def __init__(self, followed: Followed) -> None:
        """Connect and start. Raises SourceError."""
        place = followed.place
        self._given = followed
        self._tables = FollowedTables(place)
        self._passed = self._settled = self._confirmed = place.lsn
        self._fresh: datetime | None = None
        self._seen: Seen | None = None
        self._look_due = time.monotonic()
        self._partitioned: frozenset[str] = frozenset()
        self._pending: deque[RowChange | Settled] = deque()
        self._transaction: Transaction | None = None
        self._xid = 0
        self._touched = False
        self._hidden: frozenset[str] = frozenset()
        self._readers: dict[int, RowReader | None] = {}
        self._shapes: dict[str, tuple[tuple[SourceColumn, ...], TableShape]] = {}
        self._anew: list[int] = []
        for known in self._tables.known.values():
            if known.handover and known.handover.anew_from and known.handover.anew_from > place.lsn:
                insort(self._anew, known.handover.anew_from)
        self._take: Mapping[type, Callable[[Any], None]] = {
            Begin: self._begin,
            Commit: self._commit,
            RelationMessage: self._relation,
            Insert: self._insert,
            Update: self._update,
            Delete: self._delete,
            Truncate: self._truncate,
            TypeMessage: _ignored,
            Origin: _ignored,
        }
        self._replication = not_busy(lambda: self._opened(place.lsn))

    def events(self, wait: float) -> Iterator[RowChange | Settled]:
        """What has arrived; ends where nothing more comes within `wait` seconds.

        May be left at any event and asked again: none is told twice or left out. Raises SourceError.
        """
        until = time.monotonic() + wait
        pending = self._pending
        while True:
            while pending:
                yield pending.popleft()
            now = time.monotonic()
            if self._transaction is None:
                self._between(now)
            if pending:
                continue
            left = until - now
            due = left if self._transaction else self._look_due - now
            arrived = self._replication.receive(max(0.0, min(left, due)))
            if isinstance(arrived, Keepalive):
                self._keepalive(arrived)
            elif arrived is not None:
                message = decode(arrived)
                self._take[type(message)](message)
                if pending:
                    until = time.monotonic() + wait
            if not pending and time.monotonic() >= until:
                return

    def confirm(self, position: Position) -> None:
        """Tell the server that the lake holds everything up to a settled position, durably."""
        self._confirmed = max(self._confirmed, min(lsn_number(position["lsn"]), self._settled))
        self._tables.confirmed(position)
        self._replication.confirm(self._confirmed)

    def close(self) -> None:
        """Leave; the slot keeps what was not confirmed."""
        self._replication.close()
        self._given.facts.close()

    def _opened(self, lsn: int) -> Replication:
        replication = self._given.open()
        try:
            replication.start(self._given.place.slot, self._given.place.publication, lsn, self._confirmed)
        except BaseException:
            replication.close()
            raise
        return replication

    def _between(self, now: float) -> None:
        """What is done only where no transaction is open: looking around, and settling without changes."""
        if now >= self._look_due:
            self._look()
            self._replication.ask()
            self._look_due = time.monotonic() + LOOK_SECONDS
        if self._seen is not None and self._passed >= self._seen.lsn:
            self._settle(self._seen.time)
            self._seen = None

    def _look(self) -> None:
        publication = self._given.place.publication
        self._seen = self._given.facts.look(self._tables.followed, self._given.wanted, publication)
        if not self._seen.published:
            raise without_publication(publication, self._given.where)
        self._partitioned = self._seen.partitioned
        for table, why in self._seen.stopped.items():
            self._stop(table, why)
        self._mark_stale(self._seen.stale)

    def _keepalive(self, keepalive: Keepalive) -> None:
        if self._transaction is not None:
            return
        if self._opens_anew(keepalive.lsn):
            return
        self._pass(keepalive.lsn)
        if keepalive.reply_requested and self._passed > self._settled:
            # A server that shuts down waits until all it sent is confirmed.
            self._settle(None)

    def _begin(self, message: Begin) -> None:
        if self._opens_anew(message.lsn):
            return
        self._transaction = Transaction(lsn_text(message.lsn), message.committed_at)
        self._xid = message.xid
        self._touched = False
        self._hidden = frozenset(
            table
            for table, known in self._tables.known.items()
            if known.handover and known.handover.has(message.xid, message.lsn)
        )

    def _commit(self, message: Commit) -> None:
        self._transaction = None
        self._pass(message.end)
        if self._touched:
            self._settle(message.committed_at)

    def _relation(self, message: RelationMessage) -> None:
        table = self._tables.numbered(message.oid)
        place = (message.schema, message.name)
        same = self._tables[table].place == place if table is not None else False
        if not same and (table is not None or self._tables.stand_at(place)):
            # Another table has a name of ours, or the other way round: only the catalog tells which.
            self._look()
        if table is None or self._tables.is_stopped(table) or table not in self._given.wanted:
            self._readers[message.oid] = None
            return
        known, wanted = self._tables[table], self._given.wanted[table]
        columns = tuple(
            self._given.facts.column(column.name, column.type_oid, column.modifier)
            for column in message.columns
        )
        identity = {column.name for column in message.columns if column.is_key or table in self._partitioned}
        found = judge(wanted, known.columns, columns, identity)
        if found.stopped is not None:
            self._stop(table, found.stopped)
            return
        self._tables.retype(table, found.types)
        if found.stale:
            self._mark_stale({table})
        self._readers[message.oid] = self._reader(table, columns, found.columns, wanted)

    def _reader(
        self, table: str, columns: Sequence[SourceColumn], landed: Sequence[SourceColumn], wanted: Wanted
    ) -> RowReader:
        known = self._tables[table]
        shape_key, shape = self._shapes.get(table, ((), None))
        # A table is described often, and mostly as before: rows of one shape stay together.
        if shape is None or shape_key != tuple(landed):
            shape = shape_of(table, [TextColumn(column, self._given.money_digits) for column in landed])
            self._shapes[table] = (tuple(landed), shape)
        return RowReader(
            shape,
            [column.name for column in columns],
            wanted.key,
            lambda asked, key: self._given.facts.values(known, asked, key, self._xid),
        )

    def _insert(self, message: Insert) -> None:
        reader, transaction = self._reading(message.oid)
        if reader is not None:
            self._tell(reader.inserted(transaction, message))

    def _update(self, message: Update) -> None:
        reader, transaction = self._reading(message.oid)
        if reader is not None:
            try:
                self._tell(reader.updated(transaction, message))
            except KeyNotToldError:
                self._stop(reader.table, _NOT_TOLD)

    def _delete(self, message: Delete) -> None:
        reader, transaction = self._reading(message.oid)
        if reader is not None:
            try:
                self._tell(reader.deleted(transaction, message))
            except KeyNotToldError:
                self._stop(reader.table, _NOT_TOLD)

    def _truncate(self, message: Truncate) -> None:
        for oid in message.oids:
            reader, transaction = self._reading(oid)
            if reader is not None:
                self._tell((reader.truncated(transaction),))

    def _reading(self, oid: int) -> tuple[RowReader | None, Transaction]:
        try:
            reader = self._readers[oid]
        except KeyError:
            reader = self._unknown(oid)
        transaction = self._transaction
        if transaction is None:
            raise SourceError(
                "a change came outside any transaction",
                where=f"table number {oid}",
                expected="begin, changes, commit",
                next_step="try again",
            )
        return (None if reader is not None and reader.table in self._hidden else reader), transaction

    @staticmethod
    def _unknown(oid: int) -> RowReader | None:
        raise SourceError(
            "a change came of a table that was never described",
            where=f"table number {oid}",
            expected="the table's description before its first change",
            next_step="try again",
        )

    def _tell(self, changes: tuple[RowChange, ...]) -> None:
        self._touched = True
        self._pending.extend(changes)

    def _pass(self, lsn: int) -> None:
        if lsn > self._passed:
            self._passed = lsn
            self._replication.passed(lsn)

    def _settle(self, fresh_as_of: datetime | None) -> None:
        if fresh_as_of is not None and (self._fresh is None or fresh_as_of > self._fresh):
            self._fresh = fresh_as_of
        self._settled = self._passed
        self._pending.append(Settled({"lsn": lsn_text(self._settled), **self._tables.untold}, self._fresh))

    def _stop(self, table: str, why: str) -> None:
        if self._tables.stop(table, why):
            self._touched = True
            self._readers[self._tables[table].oid] = None

    def _mark_stale(self, tables: frozenset[str] | set[str]) -> None:
        if self._tables.wait(tables):
            self._touched = True

    def _opens_anew(self, lsn: int) -> bool:
        """Open the stream anew where it comes to a point that was marked for it (see Handover).

        Everything that was committed before the mark has arrived then, and what comes is told again.
        """
        if not self._anew or lsn < self._anew[0]:
            return False
        mark = self._anew.pop(0)
        self._replication.close()
        self._readers.clear()
        self._pass(mark)
        self._replication = not_busy(lambda: self._opened(mark))
        return True


def _ignored(_message: TypeMessage | Origin) -> None:
    """Of no meaning here: types are asked for by number, and it does not matter where a change began."""
