"""What the catalog says of mapped tables, as far as following their changes depends on it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg

from amalimart.core.names import quoted

_TABLES = """
select
    c.oid::bigint,
    n.nspname,
    c.relname,
    c.relkind::text,
    c.relpersistence::text,
    pg_has_role(c.relowner, 'usage'),
    pg_get_userbyid(c.relowner),
    row_security_active(c.oid),
    exists (
        select from pg_inherits as i
        join pg_class as h on h.oid = i.inhrelid
        where i.inhparent = c.oid and not h.relispartition
    ),
    has_schema_privilege(n.oid, 'usage')
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where c.oid = any(%s)
"""

_COLUMNS = """
select
    a.attrelid::bigint,
    a.attname,
    a.attgenerated::text,
    has_column_privilege(a.attrelid, a.attnum, 'select')
from pg_attribute as a
where a.attnum > 0 and not a.attisdropped and a.attrelid = any(%s)
order by a.attrelid, a.attnum
"""

# The rows of a partitioned table are logged by its leaves, each with a replica identity of its own. An
# index tells rows apart only if it is checked at once; what it merely includes is not part of it.
_IDENTITIES = """
select
    asked.oid,
    n.nspname,
    c.relname,
    c.relreplident::text,
    exists (select from pg_index as i where i.indrelid = c.oid and i.indisprimary),
    array(
        select a.attname::text
        from pg_index as i
        join pg_attribute as a
            on a.attrelid = i.indrelid and a.attnum = any((i.indkey::int2[])[0:i.indnkeyatts - 1])
        where
            i.indrelid = c.oid and i.indisvalid and i.indimmediate
            and case c.relreplident when 'd' then i.indisprimary when 'i' then i.indisreplident else false end
    )
from unnest(%s::bigint[]) as asked (oid)
cross join lateral (
    select t.relid::oid as oid from pg_partition_tree(asked.oid::oid::regclass) as t where t.isleaf
    union
    select asked.oid::oid
    where not exists (select from pg_partition_tree(asked.oid::oid::regclass) as t where t.isleaf)
) as leaf
join pg_class as c on c.oid = leaf.oid
join pg_namespace as n on n.oid = c.relnamespace
order by asked.oid, n.nspname, c.relname
"""


@dataclass(frozen=True, slots=True)
class Identity:
    """How one table, or one leaf of a partitioned one, tells which row was changed.

    setting  d by its primary key, i by an index, f by the whole row, n not at all
    keyed    whether it has a primary key, be it one that is checked late and tells nothing apart
    """

    sql: str
    setting: str
    keyed: bool
    columns: frozenset[str]

    @property
    def whole(self) -> bool:
        """REPLICA IDENTITY FULL: the old row is logged with all columns."""
        return self.setting == "f"


@dataclass(frozen=True, slots=True)
class Capturable:
    """One table.

    kind, persistence  as pg_class has them
    owned              whether the source user may publish it
    hidden_rows        whether row security filters what the user reads
    inherited          whether tables that are no partitions inherit from it
    columns            in order
    generated          column -> s stored, v virtual
    unreadable         columns the user may not select
    """

    table: str
    oid: int
    place: tuple[str, str]
    kind: str
    persistence: str
    owned: bool
    owner: str
    hidden_rows: bool
    inherited: bool
    columns: tuple[str, ...]
    generated: Mapping[str, str]
    unreadable: frozenset[str]
    identities: tuple[Identity, ...]

    @property
    def sql(self) -> str:
        """The quoted form."""
        return f"{quoted(self.place[0])}.{quoted(self.place[1])}"

    @property
    def whole(self) -> bool:
        """Whether an old row comes with all columns, so that none can be held back."""
        return any(identity.whole for identity in self.identities)

    @property
    def identity_columns(self) -> frozenset[str]:
        """Every column that some leaf needs to tell its rows."""
        return frozenset().union(*(identity.columns for identity in self.identities))


def read_captured(
    connection: psycopg.Connection[tuple[Any, ...]], tables: Mapping[str, int]
) -> Mapping[str, Capturable]:
    """What is known of tables, by the name and number of each; those that are gone are left out.

    Raises psycopg.Error.
    """
    oids = list(tables.values())
    columns: dict[int, list[tuple[str, str, bool]]] = {}
    for oid, name, generated, readable in connection.execute(_COLUMNS, [oids]):
        columns.setdefault(oid, []).append((name, generated, readable))
    identities: dict[int, list[Identity]] = {}
    for oid, schema, name, setting, keyed, held in connection.execute(_IDENTITIES, [oids]):
        everything = frozenset(column for column, _, _ in columns.get(oid, ()))
        sql = f"{quoted(schema)}.{quoted(name)}"
        identities.setdefault(oid, []).append(
            Identity(sql, setting, keyed, everything if setting == "f" else frozenset(held))
        )
    names = {oid: table for table, oid in tables.items()}
    found = {}
    for oid, schema, name, kind, persistence, owned, owner, hidden, inherited, usable in connection.execute(
        _TABLES, [oids]
    ):
        found[names[oid]] = Capturable(
            table=names[oid],
            oid=oid,
            place=(schema, name),
            kind=kind,
            persistence=persistence,
            owned=owned,
            owner=owner,
            hidden_rows=hidden,
            inherited=inherited,
            columns=tuple(column for column, _, _ in columns.get(oid, ())),
            generated={column: how for column, how, _ in columns.get(oid, ()) if how},
            unreadable=frozenset(
                column for column, _, readable in columns.get(oid, ()) if not (readable and usable)
            ),
            identities=tuple(identities.get(oid, ())),
        )
    return found


def key_outside(captured: Capturable, key: Collection[str]) -> Identity | None:
    """The first part of a table whose replica identity lacks a column of the key."""
    return next((found for found in captured.identities if not set(key) <= found.columns), None)
