"""One session of PostgreSQL's streaming replication protocol, on libpq's COPY BOTH.

Owns the bytes of the protocol: commands, keepalives, status replies. Must not know what a change is.
"""

from __future__ import annotations

import selectors
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from struct import Struct
from typing import Any, NamedTuple, TypeVar

import psycopg
from psycopg import pq

from amalimart.core.errors import (
    AmalimartError,
    CaptureBusy,
    CaptureLost,
    CaptureRefused,
    SourceError,
    SourceUnreachable,
)
from amalimart.core.names import quoted
from amalimart.sources.postgres.connection import Address
from amalimart.sources.postgres.lsn import lsn_number, lsn_text
from amalimart.sources.postgres.pgoutput import moment_of

STATUS_SECONDS = 10.0
SLOT_SECONDS = 1800.0
START_SECONDS = 300.0
BUSY_SECONDS = 10.0
T = TypeVar("T")
_DATA, _KEEPALIVE = b"wk"
_DATA_HEADER = 25
_KEEPALIVE_BODY = Struct(">QqB")
_STATUS = Struct(">cQQQqB")


class Keepalive(NamedTuple):
    """The server has read its log up to `lsn` and sent all there was of whole transactions."""

    lsn: int
    sent_at: datetime
    reply_requested: bool


@dataclass(frozen=True, slots=True)
class NewSlot:
    """A slot just made: where it starts, and the snapshot of that very moment.

    The snapshot can be used for as long as the session that made the slot does nothing else.
    """

    lsn: int
    snapshot: str


class Replication:
    """A replication session. Not to be shared between threads."""

    def __init__(self, address: Address) -> None:
        """Connect. Raises SourceUnreachable, SourceRefused, CaptureRefused, CaptureBusy."""
        self._address = address
        with capture_errors(address):
            try:
                self._connection = address.connect_spoken(replication=True)
            except SourceError as error:
                raise _about_replication(error) or error from None
        self._pgconn = self._connection.pgconn
        self._received = 0
        self._confirmed = 0
        self._server_clock = 0
        self._status_due = float("inf")
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._pgconn.socket, selectors.EVENT_READ)

    def create_slot(self, name: str) -> NewSlot:
        """Make a slot that starts here and now, and export the snapshot of that moment.

        Waits for the transactions that are open now. Raises SourceError.
        """
        command = f"CREATE_REPLICATION_SLOT {quoted(name)} LOGICAL pgoutput EXPORT_SNAPSHOT"
        with capture_errors(self._address, name):
            result = self._answer(command, SLOT_SECONDS)
            if result is None or result.status != pq.ExecStatus.TUPLES_OK:
                raise _error_of(result, self._pgconn)
        lsn, snapshot = (str((result.get_value(0, column) or b"").decode()) for column in (1, 2))
        return NewSlot(lsn_number(lsn), snapshot)

    def start(self, slot: str, publication: str, lsn: int, confirmed: int) -> None:
        """Ask for everything that is committed from `lsn` on. Raises SourceError."""
        named = quoted(publication).replace("'", "''")
        command = (
            f"START_REPLICATION SLOT {quoted(slot)} LOGICAL {lsn_text(lsn)} "
            f"(proto_version '1', publication_names '{named}')"
        )
        self._received, self._confirmed = lsn, confirmed
        with capture_errors(self._address, slot):
            result = self._answer(command, START_SECONDS)
            if result is None or result.status != pq.ExecStatus.COPY_BOTH:
                raise _error_of(result, self._pgconn)
        self._status_due = time.monotonic() + STATUS_SECONDS

    def receive(self, wait: float) -> bytes | Keepalive | None:
        """The next message of the plugin or keepalive; None where neither comes within `wait` seconds.

        Tells the server in between, at once where it asks, what has been confirmed. Raises SourceError.
        """
        until: float | None = None
        with capture_errors(self._address):
            while True:
                now = time.monotonic()
                if now >= self._status_due:
                    self._tell(ask=False)
                size, view = self._pgconn.get_copy_data(1)
                if size > 0:
                    return self._unwrapped(view)
                if size < 0:
                    raise _error_of(self._pgconn.get_result(), self._pgconn)
                if until is None:
                    until = now + wait
                elif now >= until:
                    return None
                self._wait(max(0.0, min(until, self._status_due) - now))

    def confirm(self, lsn: int) -> None:
        """Tell the server that nothing before `lsn` will be asked for again. Raises SourceError."""
        self._confirmed = max(self._confirmed, lsn)
        with capture_errors(self._address):
            self._tell(ask=False)

    def ask(self) -> None:
        """Ask the server for a keepalive, which says how far it has read. Raises SourceError."""
        with capture_errors(self._address):
            self._tell(ask=True)

    def passed(self, lsn: int) -> None:
        """Note that everything before `lsn` has been taken in, if not confirmed."""
        self._received = max(self._received, lsn)

    def close(self) -> None:
        """Leave; the slot stays."""
        self._selector.close()
        self._connection.close()

    def _answer(self, command: str, limit: float) -> Any:
        """The first result of a command; the rest of a COPY is left to come."""
        self._pgconn.send_query(command.encode())
        self._flush()
        until = time.monotonic() + limit
        while self._pgconn.is_busy():
            left = until - time.monotonic()
            if left <= 0:
                self._pgconn.get_cancel().cancel()
                raise SourceUnreachable(
                    f"the server did not answer within {limit:.0f} s: {command.split(maxsplit=1)[0]}",
                    where=self._address.shown,
                    expected="an end of every open transaction, prepared ones too: a slot waits for them",
                    next_step="end the oldest one in pg_stat_activity or pg_prepared_xacts, then try again",
                )
            self._wait(left)
        result = self._pgconn.get_result()
        if result is not None and result.status == pq.ExecStatus.TUPLES_OK:
            while self._pgconn.get_result() is not None:
                pass
        return result

    def _unwrapped(self, view: memoryview) -> bytes | Keepalive:
        kind = view[0]
        if kind == _DATA:
            return bytes(view[_DATA_HEADER:])
        if kind == _KEEPALIVE and len(view) == 1 + _KEEPALIVE_BODY.size:
            lsn, clock, asked = _KEEPALIVE_BODY.unpack_from(view, 1)
            self._server_clock = clock
            if asked:
                self._tell(ask=False)
            return Keepalive(lsn, moment_of(clock), bool(asked))
        raise SourceError(
            f"the server sent a replication message of the kind {chr(kind)!r}",
            where=self._address.shown,
            expected="data or a keepalive",
            next_step="try again; a pooler between here and the server cannot pass replication on",
        )

    def _tell(self, *, ask: bool) -> None:
        # The client's clock is for the server's own views only: its last word is as good as ours.
        status = _STATUS.pack(
            b"r",
            max(self._received, self._confirmed),
            self._confirmed,
            self._confirmed,
            self._server_clock,
            ask,
        )
        while self._pgconn.put_copy_data(status) == 0:
            self._wait(1.0, write=True)
        self._flush()
        self._status_due = time.monotonic() + STATUS_SECONDS

    def _flush(self) -> None:
        while self._pgconn.flush() == 1:
            self._wait(1.0, write=True)

    def _wait(self, seconds: float | None, *, write: bool = False) -> None:
        socket = self._pgconn.socket
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if write else 0)
        if self._selector.get_key(socket).events != events:
            self._selector.modify(socket, events)
        for _, ready in self._selector.select(seconds):
            if ready & selectors.EVENT_READ:
                self._pgconn.consume_input()


def _error_of(result: Any, pgconn: Any) -> psycopg.Error:
    if result is not None and result.status == pq.ExecStatus.FATAL_ERROR:
        return psycopg.errors.error_from_result(result)
    said = pgconn.error_message.decode(errors="replace").strip()
    return psycopg.OperationalError(said or "the server ended the change stream")


def not_busy(act: Callable[[], T]) -> T:
    """Do something with a slot, giving the server time to see that the session before is gone.

    Raises CaptureBusy where another process keeps it.
    """
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            return act()
        except CaptureBusy:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


@contextmanager
def capture_errors(address: Address, slot: str | None = None) -> Iterator[None]:
    """Turn the driver's errors into ours; those about slots and rights say what to do about them."""
    try:
        yield
    except AmalimartError:
        raise
    except psycopg.Error as error:
        raise _capture_error(address, slot, error) from None


def _capture_error(address: Address, slot: str | None, error: psycopg.Error) -> SourceError:
    said = address.without_secrets(str(error))
    where = f"{address.shown}, slot {slot}" if slot else address.shown
    state = error.sqlstate or ""
    if state == "55006":
        return CaptureBusy(
            f"the replication slot is in use: {said}",
            where=where,
            expected="one ingest process for each source",
            next_step="stop the other process; after a crash the server lets go within a minute",
        )
    if state in {"58P01", "42704"} or (state == "55000" and "wal_level" not in said):
        return CaptureLost(
            f"the server cannot go on from where the lake is: {said}",
            where=where,
            expected="the slot and publication of this source, with the log since the last confirmed change",
            next_step="amalimart source resnapshot NAME",
        )
    if state in {"53400", "53300", "55000", "42501"}:
        return CaptureRefused(
            f"the server does not allow change capture: {said}",
            where=where,
            expected="wal_level = logical, a free replication slot and WAL sender, the attribute REPLICATION",
            next_step="amalimart source add URL lists what is missing, with the SQL for each",
        )
    return address.explained(state or None, str(error))


def _about_replication(error: SourceError) -> SourceError | None:
    """The same refusal where it is about the right to replicate; the server says so in words only."""
    said = error.what.lower()
    if "wal sender" in said or "walsender" in said or "replication" in said:
        if isinstance(error, SourceUnreachable) and "exceeds max_wal_senders" not in said:
            return None
        return CaptureRefused(
            error.what,
            where=error.where,
            expected="the attribute REPLICATION, a free WAL sender, and no pooler in between",
            next_step="alter role ... replication; or raise max_wal_senders",
        )
    return None
