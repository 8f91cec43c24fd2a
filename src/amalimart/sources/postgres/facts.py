"""What a change stream has to ask beside the changes themselves, over a connection of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg

from amalimart.core.errors import SourceError, SourceUnreachable
from amalimart.core.names import quoted
from amalimart.sources.postgres.connection import Address
from amalimart.sources.postgres.drift import Wanted
from amalimart.sources.postgres.looking import Seen, look
from amalimart.sources.postgres.relations import SourceColumn, read_types
from amalimart.sources.postgres.stream_position import CapturedTable, nearest_number
from amalimart.sources.postgres.visibility import Snapshot

_VISIBLE_SECONDS = 60.0


class Facts:
    """One connection whose texts are those of the stream. Not to be shared between threads."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._types: dict[tuple[int, int], SourceColumn] = {}

    def column(self, name: str, type_oid: int, modifier: int) -> SourceColumn:
        """What a column of the stream is; one of a type that is gone, or never was, is taken as text."""
        pair = (type_oid, modifier)
        known = self._types.get(pair)
        if known is None:
            with self._connected() as connection:
                known = read_types(connection, [pair]).get(pair)
            known = known or SourceColumn("", "unknown", False, -1, f"type {type_oid}")
            self._types[pair] = known
        return SourceColumn(name, known.base, known.built_in, known.modifier, known.type)

    def values(
        self, table: CapturedTable, columns: Sequence[str], key: Mapping[str, bytes | None], xid: int
    ) -> Sequence[bytes | None]:
        """The texts of some columns of one row as the transaction of that 32-bit number left it, or later.

        All null where there is no such row any more.
        """
        asked = ", ".join(_literal(column) for column in columns)
        told = " and ".join(
            f"{_literal(column)} is null" if value is None else f"{_literal(column)} = %s"
            for column, value in key.items()
        )
        statement = f"select {asked} from {'.'.join(map(_literal, table.place))} where {told}"
        given = [value.decode() for value in key.values() if value is not None]
        with self._connected() as connection:
            self._wait_until_visible(connection, xid)
            result = connection.execute(statement.encode(), given).pgresult
            if result is None or result.ntuples == 0:
                return [None] * len(columns)
            return [result.get_value(0, place) for place in range(len(columns))]

    def _wait_until_visible(self, connection: psycopg.Connection[tuple[Any, ...]], xid: int) -> None:
        """A commit is told as soon as it is logged, which is before other sessions see what it did."""
        until = time.monotonic() + _VISIBLE_SECONDS
        while not _has_ended(connection, xid):
            if time.monotonic() > until:
                raise SourceUnreachable(
                    f"a transaction that was committed stays invisible for {_VISIBLE_SECONDS:.0f} s",
                    where=self._address.shown,
                    expected="an answer of the synchronous standby that it waits for",
                    next_step="look at the row of the standby in pg_stat_replication, then try again",
                )
            time.sleep(0.001)

    def look(
        self,
        tables: Mapping[str, CapturedTable],
        wanted: Mapping[str, Wanted],
        publication: str,
    ) -> Seen:
        """Hold what is followed against the catalog. Raises SourceError."""
        with self._connected() as connection:
            return look(connection, tables, wanted, publication)

    def close(self) -> None:
        """Close the connection; the next question opens a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    @contextmanager
    def _connected(self) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        try:
            if self._connection is None:
                self._connection = self._address.connect_spoken()
            with self._address.errors():
                yield self._connection
        except SourceError:
            self.close()
            raise


def _literal(name: str) -> str:
    """A quoted name inside a statement with placeholders."""
    return quoted(name).replace("%", "%%")


def _has_ended(connection: psycopg.Connection[tuple[Any, ...]], xid: int) -> bool:
    row = connection.execute("select pg_current_snapshot()::text").fetchone()
    assert row is not None  # noqa: S101 - one row by construction
    snapshot = Snapshot.parse(row[0])
    number = nearest_number(xid, snapshot.xmax)
    return number < snapshot.xmax and number not in snapshot.running
