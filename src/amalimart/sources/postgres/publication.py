"""The publication a change stream reads: what it says now, and what would have to be said.

Owns the SQL of publications; must not decide whether it may be run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from amalimart.core.names import quoted
from amalimart.sources.postgres.captured import Capturable

COLUMN_LISTS_SINCE = 150000
GENERATED_SINCE = 180000
_OPERATIONS = ("insert", "update", "delete", "truncate")

_PUBLICATION = """
select
    p.oid::bigint,
    pg_has_role(p.pubowner, 'usage'),
    p.puballtables,
    array[p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate],
    p.pubviaroot
from pg_publication as p
where p.pubname = %s
"""

_MEMBERS = """
select c.oid::bigint, {columns}, {listed}, {filtered}
from pg_publication_tables as t
join pg_namespace as n on n.nspname = t.schemaname
join pg_class as c on c.relnamespace = n.oid and c.relname = t.tablename
where t.pubname = %s
"""
_LISTED = """exists (
    select from pg_publication_rel as r
    join pg_publication as p on p.oid = r.prpubid
    where p.pubname = t.pubname and r.prrelid = c.oid and r.prattrs is not null
)"""


@dataclass(frozen=True, slots=True)
class Member:
    """One published table.

    columns   that are published; None where the server always publishes all
    listed    whether it was published with a list of columns
    filtered  whether only some rows are published
    """

    columns: frozenset[str] | None
    listed: bool
    filtered: bool


@dataclass(frozen=True, slots=True)
class Publication:
    """A publication as it is. `missing` are the operations it leaves out; members are by table number."""

    name: str
    owned: bool
    all_tables: bool
    missing: tuple[str, ...]
    via_root: bool
    members: Mapping[int, Member]


@dataclass(frozen=True, slots=True)
class Published:
    """One table as it is to be published: with these columns only, or with all (None)."""

    captured: Capturable
    needed: frozenset[str]
    columns: tuple[str, ...] | None

    @property
    def sql(self) -> str:
        """As a publication names it."""
        listed = "" if self.columns is None else f" ({', '.join(quoted(name) for name in self.columns)})"
        return f"{self.captured.sql}{listed}"

    def is_met_by(self, member: Member | None, *, exactly: bool) -> bool:
        """Whether a member will do; `exactly` where no column more is to be published either."""
        if member is None or member.filtered:
            return False
        told_apart = frozenset() if self.captured.whole else self.captured.identity_columns
        if member.columns is not None and not self.needed | told_apart <= member.columns:
            return False
        if not exactly:
            return True
        if self.columns is None:
            return not member.listed
        return member.listed and member.columns == frozenset(self.columns)


def read_publication(connection: psycopg.Connection[tuple[Any, ...]], name: str) -> Publication | None:
    """The publication of that name, if there is one. Raises psycopg.Error."""
    row = connection.execute(_PUBLICATION, [name]).fetchone()
    if row is None:
        return None
    _, owned, all_tables, operations, via_root = row
    if connection.info.server_version >= COLUMN_LISTS_SINCE:
        parts = {"columns": "t.attnames::text[]", "listed": _LISTED, "filtered": "t.rowfilter is not null"}
    else:
        parts = {"columns": "null", "listed": "false", "filtered": "false"}
    statement = _MEMBERS.format(**parts)
    members = {
        oid: Member(None if columns is None else frozenset(columns), listed, filtered)
        for oid, columns, listed, filtered in connection.execute(statement.encode(), [name])
    }
    missing = tuple(name for name, told in zip(_OPERATIONS, operations, strict=True) if not told)
    return Publication(name, owned, all_tables, missing, via_root, members)


def published(
    captured: Capturable, landed: Sequence[str], server_version: int, *, column_lists: bool
) -> Published:
    """How a table is to be published so that what is not landed stays on the server, where that can be."""
    needed = frozenset(landed) | (frozenset() if captured.whole else captured.identity_columns)
    listed = column_lists and server_version >= COLUMN_LISTS_SINCE and not captured.whole
    columns = tuple(name for name in captured.columns if name in needed) if listed else None
    return Published(captured, frozenset(landed), columns)


@dataclass(frozen=True, slots=True)
class Change:
    """What would have to be run.

    statements  in order, in one transaction
    tables      whose changes are published differently afterwards
    """

    statements: tuple[str, ...]
    tables: frozenset[str]


def change_for(
    name: str, now: Publication | None, wanted: Sequence[Published], obsolete: Sequence[Capturable] = ()
) -> Change:
    """What makes a publication fit; nothing to run where it does."""
    via_root = "publish_via_partition_root = true"
    if now is None:
        tables = ", ".join(one.sql for one in wanted)
        return Change(
            (f"create publication {quoted(name)} for table {tables} with ({via_root})",),
            frozenset(one.captured.table for one in wanted),
        )
    statements = []
    changed = [
        one for one in wanted if not one.is_met_by(now.members.get(one.captured.oid), exactly=now.owned)
    ]
    if now.all_tables:
        changed = []
    leave = [one.captured for one in changed if one.captured.oid in now.members]
    if now.owned and not now.all_tables:
        leave += [one for one in obsolete if one.oid in now.members]
    if leave:
        statements.append(
            f"alter publication {quoted(name)} drop table {', '.join(one.sql for one in leave)}"
        )
    if changed:
        statements.append(
            f"alter publication {quoted(name)} add table {', '.join(one.sql for one in changed)}"
        )
    settings = []
    if now.missing:
        settings.append(f"publish = '{', '.join(_OPERATIONS)}'")
    partitioned = any(one.captured.kind == "p" for one in wanted)
    if not now.via_root and (partitioned or now.owned):
        settings.append(via_root)
    if settings:
        statements.append(f"alter publication {quoted(name)} set ({', '.join(settings)})")
    affected = wanted if settings else changed
    return Change(tuple(statements), frozenset(one.captured.table for one in affected))
