"""The connection over which a server sends its binary log. Knows how to ask, not what events mean.

mysql-replication signs in as a replica and asks for the log from a set of transactions on; from then
on the packets are read here. Its own reading would connect again by itself after a cut, from where it
once began, and shows several values otherwise than the server does.
"""

from __future__ import annotations

import secrets
import time
from typing import Any

import pymysql  # type: ignore[import-untyped]
from pymysqlreplication import BinLogStreamReader  # type: ignore[import-untyped]
from pymysqlreplication.event import RotateEvent  # type: ignore[import-untyped]

from amalimart.core.errors import CaptureLost, SourceError, SourceRefused, SourceUnreachable
from amalimart.sources.mysql.binlog_events import Event, EventReader
from amalimart.sources.mysql.connection import Address, buffered
from amalimart.sources.mysql.server import Server

HEARTBEAT_SECONDS = 5
SILENCE_SECONDS = 30
_OWN_NUMBERS = 2**31


class _NoTransactions(list[Any]):
    """An empty set that the library does not take for none at all."""

    def __bool__(self) -> bool:
        return True


def replica_number() -> int:
    """A number among the server's replicas; a server sends its log to each number once."""
    return _OWN_NUMBERS + secrets.randbelow(_OWN_NUMBERS - 2)


class BinlogDump:
    """The log from a set of transactions on. Every method may raise SourceError."""

    def __init__(self, address: Address, server: Server, gtids: str, number: int) -> None:
        """Raises SourceUnreachable, SourceRefused, and SourceError where the log no longer reaches back."""
        self._address = address
        self._events = EventReader()
        self._heard = time.monotonic()
        self._reader = BinLogStreamReader(
            connection_settings=address.settings(read_seconds=SILENCE_SECONDS),
            server_id=number,
            blocking=True,
            only_events=[RotateEvent],
            auto_position=gtids or ("" if server.is_mariadb else _NoTransactions()),
            is_mariadb=server.is_mariadb,
            slave_heartbeat=HEARTBEAT_SECONDS,
            enable_logging=False,
            pymysql_wrapper=_connect,
        )
        try:
            with address.errors(self._unusable):
                self._reader.fetchone()  # the name of the log's file, which every log begins with
        except BaseException:
            self.close()
            raise
        self._connection = self._reader._stream_connection  # noqa: SLF001 - the library reads no raw packets
        self._reader._ctl_connection.close()  # noqa: SLF001 - nothing is to be asked by its own reading

    def next(self, deadline: float) -> Event | None:
        """The next event; None where none has come by that time of the monotonic clock."""
        with self._address.errors(self._unusable):
            if not self._connection.open:
                raise pymysql.OperationalError(2013, "the connection was closed")
            if not self._connection._rfile.ready(deadline - time.monotonic()):  # noqa: SLF001
                self._doubt_silence()
                return None
            self._heard = time.monotonic()
            packet = self._connection._read_packet()  # noqa: SLF001
        if packet.is_eof_packet():
            raise SourceUnreachable(
                "the server stopped sending its binary log",
                where=self._address.shown,
                expected="a server that stays up",
                next_step="try again",
            )
        return self._events.read(packet.get_all_data(), self._address.shown)

    def _doubt_silence(self) -> None:
        """A server that has nothing to send says so every few seconds; one that does not is gone."""
        if time.monotonic() - self._heard > SILENCE_SECONDS:
            raise SourceUnreachable(
                f"the server has said nothing for {SILENCE_SECONDS} seconds",
                where=self._address.shown,
                expected=f"a sign of life every {HEARTBEAT_SECONDS} seconds",
                next_step="check the network between here and the server; it is tried again",
            )

    def close(self) -> None:
        """Hang up."""
        for name in ("_stream_connection", "_ctl_connection"):
            connection = getattr(self._reader, name, None)
            if connection is not None and connection.open:
                connection._force_close()  # noqa: SLF001 - a server that sends its log reads no goodbye

    def _unusable(self, said: str) -> SourceError:
        folded = said.lower()
        if "same server" in folded:
            return SourceUnreachable(
                f"the server took this reader for another one: {said}",
                where=self._address.shown,
                next_step="try again",
            )
        if "binary log is not open" in folded or "max_allowed_packet" in folded:
            return SourceRefused(
                f"the server cannot send its binary log: {said}",
                where=self._address.shown,
                expected="log_bin on, and a slave_max_allowed_packet that holds its largest event",
                next_step="correct the server's settings",
            )
        return capture_lost(f"the binary log no longer holds what comes next: {said}", self._address.shown)


def capture_lost(what: str, where: str) -> SourceError:
    """The error for changes that can no longer be had one by one."""
    return CaptureLost(
        what,
        where=where,
        expected="a binary log that reaches back to the last commit",
        next_step="take every table anew: amalimart source resnapshot NAME",
    )


def _connect(**settings: Any) -> Any:
    # The library still names the database in a way the driver warns of.
    if "db" in settings:
        settings["database"] = settings.pop("db")
    return buffered(pymysql.connect(**settings))
