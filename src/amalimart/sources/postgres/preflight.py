"""What stands in the way of following a database's changes, each with the exact way out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from amalimart.core.errors import CaptureRefused
from amalimart.core.names import quoted
from amalimart.sources.postgres.captured import Capturable, key_outside
from amalimart.sources.postgres.publication import (
    COLUMN_LISTS_SINCE,
    GENERATED_SINCE,
    Change,
    Publication,
    Published,
)
from amalimart.sources.preflight import Finding

OLDEST = 130000

_SERVER = """
select
    current_setting('server_version'),
    pg_is_in_recovery(),
    current_setting('wal_level'),
    current_setting('max_replication_slots')::int,
    (select count(*) from pg_replication_slots)::int,
    exists (select from pg_replication_slots as s where s.slot_name = %s),
    current_setting('max_wal_senders')::int,
    (select count(*) from pg_stat_replication)::int,
    current_setting('max_slot_wal_keep_size'),
    has_database_privilege(current_database(), 'create'),
    current_database(),
    current_user
"""


@dataclass(frozen=True, slots=True)
class Server:
    """What the server allows."""

    version: int
    shown_version: str
    standby: bool
    wal_level: str
    slots: int
    slots_used: int
    has_slot: bool
    senders: int
    senders_used: int
    keep_size: str
    may_create: bool
    database: str
    user: str


def read_server(connection: psycopg.Connection[tuple[Any, ...]], slot: str) -> Server:
    """Ask the server. Raises psycopg.Error."""
    row = connection.execute(_SERVER, [slot]).fetchone()
    assert row is not None  # noqa: S101 - one row by construction
    return Server(connection.info.server_version, *row)


def server_findings(server: Server) -> Iterator[Finding]:
    """What the server's version and settings do not allow, and what its limit on kept log means."""
    if server.version < OLDEST:
        yield Finding(f"PostgreSQL {server.shown_version} is too old: 13 or later is needed")
    if server.standby:
        yield Finding("this is a standby server: give the address of its primary")
    if server.wal_level != "logical":
        yield Finding(
            f"wal_level is {server.wal_level}; change capture needs logical (takes a restart of the server)",
            ("alter system set wal_level = 'logical'",),
        )
    if not server.has_slot and server.slots_used >= server.slots:
        yield Finding(
            f"all {server.slots} replication slots are in use (takes a restart of the server)",
            (f"alter system set max_replication_slots = {server.slots + 5}",),
        )
    if server.senders_used >= server.senders:
        yield Finding(
            f"all {server.senders} WAL senders are in use (takes a restart of the server)",
            (f"alter system set max_wal_senders = {server.senders + 5}",),
        )
    if server.keep_size == "-1":
        yield Finding(
            "max_slot_wal_keep_size is unlimited: an ingest that stays away lets the log fill the disk",
            ("alter system set max_slot_wal_keep_size = '50GB'", "select pg_reload_conf()"),
            blocking=False,
        )
    else:
        yield Finding(
            f"max_slot_wal_keep_size is {server.keep_size}: an ingest that stays away for more log than that "
            "loses its slot and takes a snapshot anew",
            blocking=False,
        )


def replication_finding(server: Server, refused: CaptureRefused) -> Finding:
    """The right to replicate is missing: the server said so when it was asked for."""
    return Finding(
        f"{quoted(server.user)} may not open a replication connection: {refused.what}",
        (f"alter role {quoted(server.user)} replication",),
    )


def table_findings(server: Server, published: Published, key: Collection[str]) -> Iterator[Finding]:
    """What is wrong with following one table, and what is worth knowing of it."""
    captured = published.captured
    table = captured.table
    if captured.kind not in {"r", "p"}:
        yield Finding(f"{table} is no table: a view's changes cannot be followed, map the tables behind it")
        return
    if captured.persistence != "p":
        yield Finding(
            f"{table} is unlogged: its changes leave no trace",
            (f"alter table {captured.sql} set logged",),
            table,
        )
    if captured.inherited:
        yield Finding(f"other tables inherit from {table}: map each of them instead", (), table)
    yield from _right_findings(server, published)
    yield from _identity_findings(captured, key)
    yield from _generated_findings(server, published)
    if captured.kind == "p":
        yield Finding(
            f"{table} is partitioned: attaching a filled partition, and detaching, dropping or truncating "
            f"one, is no change that is told; afterwards: amalimart source resnapshot NAME --table {table}",
            (),
            table,
            blocking=False,
        )


def _right_findings(server: Server, published: Published) -> Iterator[Finding]:
    captured = published.captured
    if hidden := sorted(published.needed & captured.unreadable):
        columns = ", ".join(quoted(column) for column in hidden)
        yield Finding(
            f"{quoted(server.user)} may not read {captured.table}: {', '.join(hidden)}",
            (
                f"grant usage on schema {quoted(captured.place[0])} to {quoted(server.user)}",
                f"grant select ({columns}) on {captured.sql} to {quoted(server.user)}",
            ),
            captured.table,
        )
    if captured.hidden_rows:
        yield Finding(
            f"row security hides rows of {captured.table} from {quoted(server.user)}, also in a snapshot",
            (f"alter role {quoted(server.user)} bypassrls",),
            captured.table,
        )


def _identity_findings(captured: Capturable, key: Collection[str]) -> Iterator[Finding]:
    if not key:
        yield Finding(
            f"the mapping does not say what tells one row of {captured.table} from another: "
            f"add `key: [...]` to `tables.{captured.table}`",
            (),
            captured.table,
        )
        return
    lacking = key_outside(captured, key)
    if lacking is not None:
        columns = ", ".join(quoted(column) for column in sorted(key))
        known = ", ".join(sorted(lacking.columns)) or "none"
        yield Finding(
            f"{captured.table} has no replica identity that holds the key {', '.join(sorted(key))} "
            f"(it has: {known}); published like that, the shop's own updates and deletes could fail",
            (
                f"alter table {lacking.sql} add primary key ({columns})"
                if lacking.setting == "d" and not lacking.keyed
                else f"alter table {lacking.sql} replica identity full",
            ),
            captured.table,
        )
    elif any(not identity.columns for identity in captured.identities):
        bare = next(identity for identity in captured.identities if not identity.columns)
        yield Finding(
            f"{captured.table} has no replica identity; published like that, the shop's own updates and "
            "deletes would fail",
            (f"alter table {bare.sql} replica identity full",),
            captured.table,
        )


def _generated_findings(server: Server, published: Published) -> Iterator[Finding]:
    captured = published.captured
    for column in sorted(published.needed & set(captured.generated)):
        if captured.generated[column] == "s" and server.version >= GENERATED_SINCE and published.columns:
            continue
        yield Finding(
            f"{captured.table}.{column} is generated, and this server does not send generated columns with "
            "changes: leave it out of the mapping, or poll this source instead",
            (),
            captured.table,
        )


def publication_findings(
    server: Server,
    now: Publication | None,
    name: str,
    wanted: Sequence[Published],
    change: Change,
) -> Iterator[Finding]:
    """What the publication lacks and the user may not change, and what travels that is not landed."""
    if change.statements and not may_change(server, now, wanted, change):
        what = "does not exist" if now is None else f"does not fit {', '.join(sorted(change.tables))}"
        yield Finding(
            f"the publication {name} {what}, and {quoted(server.user)} may not change that: "
            "have the owner of the tables run it",
            change.statements,
        )
    wide = [one for one in wanted if _travels_whole(server, now, one)]
    if wide:
        names = ", ".join(one.captured.table for one in wide)
        why = (
            "before PostgreSQL 15 there is no list of columns"
            if server.version < COLUMN_LISTS_SINCE
            else "they are published whole, or with REPLICA IDENTITY FULL"
        )
        yield Finding(
            f"all columns of {names} come over the wire, and those not landed are dropped on arrival: {why}",
            blocking=False,
        )
    if any(one.columns is not None for one in wanted):
        yield Finding(
            f"the publication {name} names columns, and the server refuses to drop or retype one of them; "
            f"before that run `alter publication {quoted(name)} drop table ...`: the table then comes anew",
            blocking=False,
        )


def is_reachable(captured: Capturable, now: Publication | None, column: str) -> bool:
    """Whether the user may read a column, and the publication has it or may be given it."""
    if column in captured.unreadable:
        return False
    member = now.members.get(captured.oid) if now is not None and not now.owned else None
    return member is None or member.columns is None or column in member.columns


def left_out_findings(
    server: Server, wanted: Sequence[Published], left_out: Mapping[str, Sequence[str]]
) -> Iterator[Finding]:
    """Optional columns that are out of reach: the rest goes on without them."""
    for one in wanted:
        captured = one.captured
        if columns := left_out.get(captured.table):
            listed = ", ".join(quoted(column) for column in columns)
            yield Finding(
                f"{captured.table} is followed without {', '.join(columns)}, which is optional: "
                "it may not be read, or is not published",
                (f"grant select ({listed}) on {captured.sql} to {quoted(server.user)}",),
                captured.table,
                blocking=False,
            )


def may_change(server: Server, now: Publication | None, wanted: Sequence[Published], change: Change) -> bool:
    """Whether the source user may run the statements."""
    tables = all(one.captured.owned for one in wanted if one.captured.table in change.tables)
    return tables and (server.may_create if now is None else now.owned)


def _travels_whole(server: Server, now: Publication | None, one: Published) -> bool:
    outside = set(one.captured.columns) - one.needed - one.captured.identity_columns
    if one.captured.whole:
        return bool(set(one.captured.columns) - one.needed)
    if server.version >= COLUMN_LISTS_SINCE and now is not None and not now.owned:
        member = now.members.get(one.captured.oid)
        return member is not None and member.columns is not None and bool(outside & member.columns)
    return one.columns is None and bool(outside)
