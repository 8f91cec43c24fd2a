"""The replication slot of a source: what it holds, whether it can be gone on from, and letting go of it."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import psycopg

from amalimart.core.errors import CaptureLost, SourceUnreachable
from amalimart.sources.postgres.captured import Capturable
from amalimart.sources.postgres.lsn import lsn_number, lsn_text
from amalimart.sources.postgres.stream_position import StreamPosition

RESNAPSHOT = "amalimart source resnapshot NAME"
WRITERS_SECONDS = 600.0

_SLOT = """
select
    s.plugin,
    s.database = current_database(),
    s.active_pid,
    coalesce(s.wal_status, 'reserved'),
    s.confirmed_flush_lsn::text
from pg_replication_slots as s
where s.slot_name = %s
"""

_WRITERS = """
select distinct l.virtualtransaction, coalesce(a.pid::text, 'prepared'), coalesce(a.usename, '')
from pg_locks as l
left join pg_stat_activity as a on a.pid = l.pid
where
    l.locktype = 'relation' and l.granted
    and l.database = (select d.oid from pg_database as d where d.datname = current_database())
    and l.mode in ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
    and l.relation in (
        select t.oid::oid from unnest(%(tables)s::bigint[]) as t (oid)
        union
        select p.relid::oid
        from unnest(%(tables)s::bigint[]) as t (oid)
        cross join lateral pg_partition_tree(t.oid::oid::regclass) as p
    )
"""


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot as the server tells it. `here` says whether it belongs to this database."""

    plugin: str | None
    here: bool
    active_pid: int | None
    wal_status: str
    confirmed: int | None


def read_slot(connection: psycopg.Connection[tuple[Any, ...]], name: str) -> Slot | None:
    """The slot of that name, if there is one. Raises psycopg.Error."""
    row = connection.execute(_SLOT, [name]).fetchone()
    if row is None:
        return None
    plugin, here, pid, status, confirmed = row
    return Slot(plugin, bool(here), pid, status, lsn_number(confirmed) if confirmed else None)


def drop_slot(connection: psycopg.Connection[tuple[Any, ...]], name: str) -> None:
    """Let the server forget a slot, if it is there. Raises psycopg.Error, also where it is in use."""
    connection.execute(
        "select pg_drop_replication_slot(slot_name) from pg_replication_slots"
        " where slot_name = %s and database = current_database()",
        [name],
    )


def without_publication(name: str, where: str) -> CaptureLost:
    """The publication is gone: what was logged without it is told to nobody."""
    return CaptureLost(
        f"the publication {name!r} is gone",
        where=where,
        expected="the publication that was there when the slot was made",
        next_step=RESNAPSHOT,
    )


def lost(place: StreamPosition, cluster: str, slot: Slot | None, where: str) -> CaptureLost | None:
    """Why the stream cannot go on from a position; None where it can."""
    told: tuple[str, ...] | None = None
    if place.cluster != cluster:
        told = (
            f"the lake was filled from another database ({place.cluster}) than this one ({cluster})",
            "the same server, timeline and database; a restored or promoted server tells another story",
        )
    elif slot is None:
        told = (
            f"the replication slot {place.slot!r} is gone, with the changes since {lsn_text(place.lsn)}",
            "the slot that was made with the snapshot",
        )
    elif slot.plugin != "pgoutput" or not slot.here:
        told = (
            f"the replication slot {place.slot!r} is not of this source",
            "a logical slot of this database with the plugin pgoutput",
        )
    elif slot.wal_status == "lost" or slot.confirmed is None:
        told = (
            f"the replication slot {place.slot!r} was invalidated: the server removed the log it needs",
            "an ingest that is never away for longer than max_slot_wal_keep_size lasts",
        )
    elif slot.confirmed > place.lsn:
        told = (
            f"changes up to {lsn_text(slot.confirmed)} were confirmed that this lake does not hold",
            f"a lake that ends there, not at {lsn_text(place.lsn)} (was it restored from an older backup?)",
        )
    if told is None:
        return None
    what, expected = told
    return CaptureLost(what, where=where, expected=expected, next_step=RESNAPSHOT)


def wait_for_writers(
    connection: psycopg.Connection[tuple[Any, ...]],
    tables: Collection[Capturable],
) -> None:
    """Wait until every transaction that writes one of the tables now has ended; takes no lock.

    Raises SourceUnreachable after `WRITERS_SECONDS`, psycopg.Error.
    """
    asked = {"tables": [one.oid for one in tables]}
    waiting = {row[0] for row in connection.execute(_WRITERS, asked)}
    until = time.monotonic() + WRITERS_SECONDS
    pause = 0.01
    while waiting:
        now = connection.execute(_WRITERS, asked).fetchall()
        waiting &= {row[0] for row in now}
        if waiting and time.monotonic() > until:
            sessions = ", ".join(f"{pid} {user}".strip() for key, pid, user in now if key in waiting)
            raise SourceUnreachable(
                f"a transaction that writes {', '.join(one.table for one in tables)} stays open",
                where=f"session {sessions}",
                expected=f"its end within {WRITERS_SECONDS:.0f} s",
                next_step="end it, or commit what is prepared, then try again",
            )
        if waiting:
            time.sleep(pause)
            pause = min(pause * 2, 1.0)
