"""The changes of a MySQL or MariaDB server, read from its binary log, in the order of their commits.

The log holds one transaction after the other, each whole and only after its commit: id, what it did,
end. Row changes are passed on as they come; `Settled` follows the end. A transaction that a later
statement decides about (XA PREPARE), or that was taken back in part, is not passed on: the tables it
touches are snapshotted anew.
"""

from __future__ import annotations

import struct
import time
import zlib
from collections import deque
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from amalimart.core.errors import CaptureLost, CaptureRefused, SourceError
from amalimart.lake import Operation, Transaction
from amalimart.sources.mysql.binlog_events import (
    ROW_ACTIONS,
    Begin,
    Event,
    Kind,
    damaged,
    read_begin,
    read_statement,
)
from amalimart.sources.mysql.changed_rows import ChangedRows
from amalimart.sources.mysql.dump import BinlogDump
from amalimart.sources.mysql.followed import Followed, FollowedTables
from amalimart.sources.mysql.gtid import Gtid, GtidSet
from amalimart.sources.mysql.sql_tokens import Tokens
from amalimart.sources.mysql.statements import Control, control, effects
from amalimart.sources.mysql.table_effects import (
    Altered,
    Created,
    Dropped,
    Effect,
    Rewritten,
    Truncated,
    Versioned,
)
from amalimart.sources.port import Position, RowChange, Settled

IDLE_SECONDS = 10.0
_IN_FLIGHT = timedelta(seconds=1)
_PASSED_OVER = {
    *(Kind.STOP, Kind.ROTATE, Kind.INTVAR, Kind.RAND, Kind.USER_VAR, Kind.FORMAT, Kind.BEGIN_LOAD),
    *(Kind.HEARTBEAT, Kind.IGNORABLE, Kind.ROWS_QUERY, Kind.PREVIOUS_GTIDS, Kind.TRANSACTION_CONTEXT),
    *(Kind.VIEW_CHANGE, Kind.HEARTBEAT_V2, Kind.ANNOTATE, Kind.CHECKPOINT, Kind.GTID_LIST),
    Kind.START_ENCRYPTION,
}
_STATEMENTS = {Kind.QUERY, Kind.QUERY_COMPRESSED, Kind.EXECUTE_LOAD}
_NOT_UNDERSTOOD = (struct.error, zlib.error, IndexError, KeyError, ValueError, OverflowError)
_NOT_FOLLOWED = {
    Kind.TRANSACTION_PAYLOAD: "compressed transactions (binlog_transaction_compression is on)",
    Kind.ANONYMOUS_GTID: "transactions without an id (gtid_mode is not ON)",
    Kind.TAGGED_GTID: "transactions whose ids have tags",
}


_TAKES_BACK = {Control.ROLLBACK, Control.PARTLY_ROLLBACK}
_ENDS = {Control.COMMIT, Control.ROLLBACK, Control.XA_COMMIT, Control.XA_ROLLBACK}


class BinlogStream:
    """The change stream of one source. Not to be shared between threads."""

    def __init__(
        self,
        dump: BinlogDump,
        tables: FollowedTables,
        rows: ChangedRows,
        *,
        passed: GtidSet,
        until: GtidSet,
        opened: datetime,
        where: str,
    ) -> None:
        """Go on after the transactions in `passed`; nothing is whole before those in `until` are in, too.

        `opened` is the server's time before the log was opened.
        """
        self._dump = dump
        self._tables = tables
        self._rows = rows
        self._passed = passed
        self._until: GtidSet | None = until
        self._opened = opened
        self._since_opened = time.monotonic()
        self._where = where
        self._pending: deque[RowChange | Settled] = deque()
        self._begin: Begin | None = None
        self._transaction = Transaction("", opened)
        self._open = False
        self._undecided = False
        self._touched: set[str] = set()
        self._branch = ""
        self._prepared: dict[str, frozenset[str]] = {}
        self._concerned = bool(tables.news)
        self._newest: datetime | None = None
        self._settled_at = self._since_opened

    def events(self, wait: float) -> Iterator[RowChange | Settled]:
        """What has arrived; ends where nothing more comes within `wait` seconds. Raises SourceError."""
        deadline = time.monotonic() + wait
        while True:
            while self._pending:
                yield self._pending.popleft()
            event = self._dump.next(deadline)
            if event is None:
                if not self._settle_idle():
                    return
                continue
            if event.kind not in _PASSED_OVER:
                deadline = time.monotonic() + wait
            try:
                self._take(event)
            except _NOT_UNDERSTOOD as error:
                what = f"an event of kind {event.kind} is not understood ({type(error).__name__})"
                raise damaged(what, self._where) from error

    def confirm(self, position: Position) -> None:
        """Nothing to tell the server, which keeps its log for as long as it is set to."""
        self._tables.confirm(position)

    def close(self) -> None:
        """Hang up."""
        self._dump.close()

    def _take(self, event: Event) -> None:
        kind = event.kind
        if kind in {Kind.GTID, Kind.MARIADB_GTID}:
            self._start(read_begin(event))
        elif kind == Kind.TABLE_MAP:
            self._rows.define(event)
        elif kind in ROW_ACTIONS or kind == Kind.PARTIAL_UPDATE:
            self._change_rows(event)
        elif kind in _STATEMENTS:
            self._run(event)
        elif kind == Kind.XID:
            self._end()
        elif kind == Kind.XA_PREPARE:
            self._prepare(one_phase=event.body[0] != 0)
        elif kind == Kind.ROTATE and event.time:
            self._rows.forget_numbers()
        elif kind not in _PASSED_OVER and not event.may_be_ignored:
            raise self._refused(kind)

    def _start(self, begin: Begin) -> None:
        self._begin = begin
        self._transaction = Transaction(begin.gtid.text, begin.time)
        self._open = begin.alone is False
        self._undecided = begin.prepared
        self._touched.clear()

    def _change_rows(self, event: Event) -> None:
        if self._begin is None:
            raise ValueError("rows outside a transaction")
        followed = self._rows.table(event, self._begin.gtid)
        if followed is None:
            return
        self._touched.add(followed.table)
        if event.kind == Kind.PARTIAL_UPDATE:
            why = "the binary log holds parts of its JSON columns only (binlog_row_value_options)"
            self._tables.stop(followed.table, why)
        elif not self._undecided:
            self._pending.extend(self._rows.changes(event, followed, self._transaction))

    def _run(self, event: Event) -> None:
        statement = read_statement(event)
        tokens = Tokens.of(statement.text)
        kind = control(tokens)
        if kind is not None:
            self._steer(kind, tokens)
            return
        if self._begin is not None:
            for effect in effects(tokens, statement.schema):
                self._apply(effect, self._begin.gtid)
        if not self._open:
            self._end()

    def _steer(self, kind: Control, tokens: Tokens) -> None:
        if kind in _TAKES_BACK:
            self._renew(self._touched)
        if kind in {Control.BEGIN, Control.XA_BEGIN}:
            self._open = True
        if kind is Control.XA_BEGIN:
            self._undecided = True
        elif kind is Control.XA_END:
            self._branch = _branch(tokens)
        elif kind is Control.XA_COMMIT:
            # Of a transaction prepared before this stream began it is not known what it touched.
            self._renew(self._prepared.pop(_branch(tokens), frozenset(self._tables.live)))
        elif kind is Control.XA_ROLLBACK:
            self._prepared.pop(_branch(tokens), None)
        if kind in _ENDS:
            self._end()

    def _prepare(self, *, one_phase: bool) -> None:
        if one_phase:
            self._renew(self._touched)
        else:
            self._prepared[self._branch] = frozenset(self._touched)
            self._touched.clear()
        self._end()

    def _apply(self, effect: Effect, gtid: Gtid) -> None:
        schema, name = (effect.schema, effect.table) if isinstance(effect, Dropped) else effect.table
        for table in self._tables.named(schema, name):
            if self._tables.holds(table, gtid):
                continue
            self._touched.add(table)
            if isinstance(effect, Dropped):
                self._tables.lose(
                    table, f"renamed to {effect.renamed_to}" if effect.renamed_to else "dropped"
                )
            elif isinstance(effect, Created):
                if not effect.if_new or self._tables.is_lost(table):
                    self._tables.renew(table)
            elif table in self._tables.live:
                self._change_table(self._tables.live[table], effect)

    def _change_table(self, followed: Followed, effect: Truncated | Rewritten | Altered | Versioned) -> None:
        if isinstance(effect, Truncated):
            nothing = [None] * len(followed.shape.schema)
            self._pending.append(RowChange(self._transaction, followed.shape, Operation.TRUNCATE, nothing))
        elif isinstance(effect, Altered):
            self._tables.alter(followed, effect)
        elif isinstance(effect, Versioned):
            self._tables.stop(followed.table, "its old rows now stand among its rows (system versioning)")
        else:
            self._tables.renew(followed.table)

    def _renew(self, tables: Collection[str]) -> None:
        for table in sorted(tables):
            if table in self._tables.live:
                self._tables.renew(table)
                self._touched.add(table)

    def _end(self) -> None:
        """The transaction is whole."""
        if self._begin is None:
            return
        self._passed.add(self._begin.gtid)
        self._newest = self._begin.time
        self._begin = None
        self._open = self._undecided = False
        self._concerned = self._concerned or bool(self._touched)
        if self._concerned or self._idle_long_enough():
            self._settle(self._newest)

    def _idle_long_enough(self) -> bool:
        return time.monotonic() - self._settled_at >= IDLE_SECONDS

    def _settle_idle(self) -> bool:
        """Say now and then how far all is in, although nothing came; False where it is not time for that."""
        if self._begin is not None or not (self._concerned or self._idle_long_enough()):
            return False
        now = self._opened + timedelta(seconds=time.monotonic() - self._since_opened)
        self._settle(max(self._newest or self._opened, now - _IN_FLIGHT))
        return bool(self._pending)

    def _settle(self, fresh_as_of: datetime) -> None:
        if self._until is not None:
            if not self._passed.covers(self._until):
                return
            self._until = None
        position = {"gtid": str(self._passed), "until": "", **self._tables.news}
        self._pending.append(Settled(position, fresh_as_of))
        self._concerned = False
        self._settled_at = time.monotonic()

    def _refused(self, kind: int) -> SourceError:
        if kind == Kind.INCIDENT:
            return CaptureLost(
                "the server notes in its binary log that changes are missing there",
                where=self._where,
                expected="a log without gaps",
                next_step="take every table anew: amalimart source resnapshot NAME",
            )
        what = next((words for known, words in _NOT_FOLLOWED.items() if known == kind), None)
        if what is None:
            return damaged(f"an event of the unknown kind {kind}", self._where)
        return CaptureRefused(
            f"the binary log holds {what}, which cannot be followed",
            where=self._where,
            expected="the settings that docs/sources.md lists",
            next_step="correct the setting, then: amalimart source resnapshot NAME",
        )


def _branch(tokens: Tokens) -> str:
    """What the statements about one distributed transaction have in common."""
    tokens.next()
    tokens.next()
    return " ".join(token.text for token in tokens.rest() if token.word not in {"ONE", "PHASE"})
