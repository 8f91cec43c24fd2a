"""Looking at the catalog while a stream is followed: what the changes themselves do not tell.

A table that was dropped, renamed or taken out of the publication tells nothing more; a column list hides
a new column. What can be taken up anew is stale. What cannot (a right is missing, or the key) stops: a
snapshot that fails again and again would hold up every other table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg

from amalimart.core.names import quoted
from amalimart.sources.postgres.captured import Capturable, read_captured
from amalimart.sources.postgres.drift import Wanted
from amalimart.sources.postgres.lsn import lsn_number
from amalimart.sources.postgres.preflight import (
    publication_findings,
    read_server,
    table_findings,
)
from amalimart.sources.postgres.publication import Publication, change_for, published, read_publication
from amalimart.sources.postgres.stream_position import CapturedTable

_PAGE_HEADER = 40


@dataclass(frozen=True, slots=True)
class Seen:
    """What the catalog says now.

    lsn, time    everything committed before `time` is before `lsn` in the log
    stale        tables that need a snapshot
    stopped      table -> why its changes cannot be followed any more
    partitioned  tables that are
    published    whether there is the publication
    """

    lsn: int
    time: datetime
    stale: frozenset[str] = frozenset()
    stopped: Mapping[str, str] = field(default_factory=dict)
    partitioned: frozenset[str] = frozenset()
    published: bool = True


def read_end_of_log(connection: psycopg.Connection[tuple[Any, ...]]) -> tuple[datetime, int]:
    """A time, and a position in the log behind everything that was committed before it.

    Raises psycopg.Error.
    """
    row = connection.execute(
        "select clock_timestamp(), pg_current_wal_insert_lsn()::text, current_setting('wal_block_size')::int"
    ).fetchone()
    assert row is not None  # noqa: S101 - one row by construction
    time, text, block = row
    lsn = lsn_number(text)
    # At the start of a page the next record begins behind the page's header, the last one ended before.
    inside = lsn % block
    return time, lsn - inside if inside <= _PAGE_HEADER else lsn


def look(
    connection: psycopg.Connection[tuple[Any, ...]],
    tables: Mapping[str, CapturedTable],
    wanted: Mapping[str, Wanted],
    publication: str,
) -> Seen:
    """Hold tables that are followed against the catalog. Raises psycopg.Error."""
    time, lsn = read_end_of_log(connection)
    followed = {table: known for table, known in tables.items() if table in wanted}
    now = read_publication(connection, publication)
    if now is None:
        return Seen(lsn, time, published=False)
    named = _numbers(connection, followed)
    found = read_captured(connection, {table: known.oid for table, known in followed.items()})
    stale, stopped = set(), {}
    for table, known in followed.items():
        present = found.get(table)
        number = named[table]
        if number is None:
            place = f"was renamed to {'.'.join(present.place)}" if present else "was dropped"
            stopped[table] = f"the table {place}"
        elif number != known.oid:
            made = read_captured(connection, {table: number}).get(table)
            why = _obstacle(connection, made, wanted[table], now) if made else "and is gone again"
            if why is None:
                stale.add(table)
            else:
                stopped[table] = f"the table was made anew: {why}"
        elif present is not None and not _is_published(present, known, now):
            why = _obstacle(connection, present, wanted[table], now)
            if why is None:
                stale.add(table)
            else:
                stopped[table] = f"the publication {publication} no longer holds all that is landed: {why}"
        elif (
            present is not None
            and set(wanted[table].columns) & set(present.columns) - set(known.columns)
            and _obstacle(connection, present, wanted[table], now) is None
        ):
            # A new column that cannot be published is one that the mapping can do without.
            stale.add(table)
    partitioned = frozenset(table for table, one in found.items() if one.kind == "p")
    return Seen(lsn, time, frozenset(stale), stopped, partitioned)


def _is_published(present: Capturable, known: CapturedTable, now: Publication) -> bool:
    member = now.members.get(present.oid)
    if member is None:
        return False
    # A column that was dropped cannot be published; the next change of the table tells of it.
    return member.columns is None or set(known.columns) & set(present.columns) <= member.columns


def _obstacle(
    connection: psycopg.Connection[tuple[Any, ...]], captured: Capturable, wanted: Wanted, now: Publication
) -> str | None:
    """Why a snapshot of the table could not be followed; None where it could."""
    landed = [column for column in wanted.columns if column in captured.columns]
    missing = [name for name in wanted.columns if name not in landed and name not in wanted.optional]
    if missing:
        return f"its column {missing[0]!r} is gone"
    server = read_server(connection, "")
    one = published(captured, landed, server.version, column_lists=True)
    change = change_for(now.name, now, [one])

    def findings() -> Iterator[str]:
        for finding in table_findings(server, one, wanted.key):
            if finding.blocking:
                yield finding.what
        for finding in publication_findings(server, now, now.name, [one], change):
            if finding.blocking:
                yield finding.what

    return next(findings(), None)


def _numbers(
    connection: psycopg.Connection[tuple[Any, ...]], tables: Mapping[str, CapturedTable]
) -> Mapping[str, int | None]:
    """Table -> the number of what has its name now."""
    names = list(tables)
    quoted_names = [f"{quoted(tables[name].place[0])}.{quoted(tables[name].place[1])}" for name in names]
    rows = connection.execute(
        "select t.name, to_regclass(t.place)::oid::bigint"
        " from unnest(%s::text[], %s::text[]) as t (name, place)",
        [names, quoted_names],
    )
    return dict(rows.fetchall())
