"""What a PostgreSQL database holds: relations, their columns with domains resolved, leading index columns."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg

from amalimart.core.names import quoted

_RELATIONS = """
select
    c.oid::bigint,
    n.nspname,
    c.relname,
    c.relkind::text,
    pg_table_is_visible(c.oid),
    c.reltuples::bigint,
    array(
        select distinct a.attname::text
        from pg_index as i
        join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
        where i.indrelid = c.oid and i.indisvalid and i.indpred is null
    )
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where
    c.relkind in ('r', 'p', 'v', 'm', 'f')
    and not c.relispartition
    and n.nspname not in ('pg_catalog', 'information_schema')
    and n.nspname not like 'pg\\_toast%' and n.nspname not like 'pg\\_temp%'
"""

_RESOLVED = """
with recursive resolved as (
    select
        t.oid,
        t.oid as base,
        -1 as modifier
    from pg_type as t
    where t.typtype <> 'd'
    union all
    select
        d.oid,
        r.base,
        case when d.typtypmod >= 0 then d.typtypmod else r.modifier end as modifier
    from pg_type as d
    join resolved as r on r.oid = d.typbasetype
    where d.typtype = 'd'
)
"""

_COLUMNS = f"""
{_RESOLVED}
select
    a.attrelid::bigint,
    a.attname,
    b.typname,
    b.typtype::text,
    b.typnamespace = 'pg_catalog'::regnamespace,
    case when a.atttypmod >= 0 then a.atttypmod else r.modifier end,
    format_type(r.base, case when a.atttypmod >= 0 then a.atttypmod else r.modifier end)
from pg_attribute as a
join pg_class as c on c.oid = a.attrelid
join resolved as r on r.oid = a.atttypid
join pg_type as b on b.oid = r.base
where a.attnum > 0 and not a.attisdropped and a.attrelid = any(%s)
order by a.attrelid, a.attnum
"""

_TYPES = f"""
{_RESOLVED}
, asked as (select * from unnest(%s::bigint[], %s::int[]) as pair (type, modifier))

select
    asked.type,
    asked.modifier,
    b.typname,
    b.typtype::text,
    b.typnamespace = 'pg_catalog'::regnamespace,
    case when asked.modifier >= 0 then asked.modifier else r.modifier end,
    format_type(r.base, case when asked.modifier >= 0 then asked.modifier else r.modifier end)
from asked
join resolved as r on r.oid = asked.type::oid
join pg_type as b on b.oid = r.base
"""


_OWN = {"e": "enum", "c": "composite"}


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """One column.

    base       the type's own name (`int4`, `numeric`), a domain's underlying one
    built_in   whether that type is PostgreSQL's own
    modifier   length or precision as PostgreSQL stores it, -1 for none
    type       as a person writes it: `numeric(18,2)`; `enum` and `composite` for types of the shop
    """

    name: str
    base: str
    built_in: bool
    modifier: int
    type: str


@dataclass(frozen=True, slots=True)
class Relation:
    """One table, materialised view, view or foreign table.

    name        as a mapping says it: plain where the search path finds it, else schema.name
    place       schema and name, as the catalog has them
    estimate    rows by the statistics; None if never analysed
    indexed     columns that lead an index over all rows
    """

    name: str
    oid: int
    place: tuple[str, str]
    sql: str
    kind: str
    estimate: int | None
    indexed: frozenset[str]
    columns: Mapping[str, SourceColumn]

    @property
    def has_row_versions(self) -> bool:
        """Whether its rows carry the number of the transaction that wrote them."""
        return self.kind in {"r", "p", "m"}


def read_relations(connection: psycopg.Connection[tuple[Any, ...]]) -> Mapping[str, Relation]:
    """Every relation the source user can name, by name. Raises psycopg.Error."""
    rows = connection.execute(_RELATIONS).fetchall()
    columns: dict[int, dict[str, SourceColumn]] = {row[0]: {} for row in rows}
    for oid, name, base, kind, built_in, modifier, shown in connection.execute(_COLUMNS, [list(columns)]):
        columns[oid][name] = SourceColumn(name, base, built_in, modifier, _OWN.get(kind, shown))
    relations = [
        Relation(
            name=name if visible else f"{schema}.{name}",
            oid=oid,
            place=(schema, name),
            sql=f"{quoted(schema)}.{quoted(name)}",
            kind=kind,
            estimate=estimate if estimate >= 0 else None,
            indexed=frozenset(indexed),
            columns=columns[oid],
        )
        for oid, schema, name, kind, visible, estimate, indexed in rows
    ]
    return {relation.name: relation for relation in relations}


def read_types(
    connection: psycopg.Connection[tuple[Any, ...]], asked: Collection[tuple[int, int]]
) -> Mapping[tuple[int, int], SourceColumn]:
    """What pairs of a type's number and modifier mean, as a column without a name; unknown ones are left out.

    Raises psycopg.Error.
    """
    numbers, modifiers = [pair[0] for pair in asked], [pair[1] for pair in asked]
    return {
        (number, given): SourceColumn("", base, built_in, modifier, _OWN.get(kind, shown))
        for number, given, base, kind, built_in, modifier, shown in connection.execute(
            _TYPES, [numbers, modifiers]
        )
    }
