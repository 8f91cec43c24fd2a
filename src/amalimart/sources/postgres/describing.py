"""What a PostgreSQL database tells about its tables: the catalog, and one bounded look a table.

Reads catalogs, a sample of rows under a time limit, and never a column whose name looks secret or
personal. A table whose rows may not be read, or are slow to come, simply has no values.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg

from amalimart.core.names import quoted
from amalimart.sources.describing import (
    LONGEST_VALUE,
    MOST_VALUES,
    ColumnFacts,
    Kind,
    ReferenceFacts,
    TableFacts,
    ValueCounts,
    few_values,
    kind_of_type,
    look_at_texts,
    may_be_looked_at,
)
from amalimart.sources.postgres.connection import Address
from amalimart.sources.postgres.relations import Relation, SourceColumn, read_relations

_LOOKED_AT = 2_000
_COUNTED = 1_000_000
_LOOK_SECONDS = 5
_COUNT_SECONDS = 30
_TEXTS = frozenset({"text", "varchar", "bpchar", "char", "name", "citext"})
_WHOLE = frozenset({"int2", "int4", "int8"})

_KEYS = """
select n.nspname, c.relname, k.contype::text, array_agg(a.attname::text order by p.place),
    tn.nspname, tc.relname, array_agg(ta.attname::text order by p.place)
from pg_constraint as k
join pg_class as c on c.oid = k.conrelid
join pg_namespace as n on n.oid = c.relnamespace
cross join unnest(k.conkey) with ordinality as p(number, place)
join pg_attribute as a on a.attrelid = k.conrelid and a.attnum = p.number
left join pg_class as tc on tc.oid = k.confrelid
left join pg_namespace as tn on tn.oid = tc.relnamespace
left join pg_attribute as ta on ta.attrelid = k.confrelid and ta.attnum = k.confkey[p.place]
where k.contype in ('p', 'f')
group by k.oid, n.nspname, c.relname, k.contype, tn.nspname, tc.relname
order by k.oid
"""
_COLUMNS = """
select n.nspname, c.relname, a.attname, a.attnotnull, has_column_privilege(c.oid, a.attnum, 'select'),
    exists (
        select from pg_index as i
        where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indpred is null
            and i.indnkeyatts = 1 and i.indkey[0] = a.attnum
    ),
    (
        select array_agg(e.enumlabel::text order by e.enumsortorder)
        from pg_enum as e
        where e.enumtypid = a.atttypid
    )
from pg_attribute as a
join pg_class as c on c.oid = a.attrelid
join pg_namespace as n on n.oid = c.relnamespace
where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm', 'f')
    and n.nspname not in ('pg_catalog', 'information_schema')
"""


@dataclass(frozen=True, slots=True)
class _Declared:
    """What the catalog says of one column beyond its type."""

    required: bool
    readable: bool
    unique: bool
    labels: tuple[str, ...]


@dataclass(slots=True)
class _Keys:
    primary: tuple[str, ...] = ()
    references: list[ReferenceFacts] = field(default_factory=list)


class PostgresDescriber:
    """Describes one database with the rights of the user in its address; writes nothing there."""

    def __init__(self, address: str) -> None:
        """Raises ConfigError where the address cannot be read; connects on first use."""
        self.address = Address.parse(address)
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None

    def describe(self) -> Sequence[TableFacts]:
        """Every relation the user can name. Raises SourceUnreachable, SourceRefused."""
        with self.address.errors():
            connection = self._open()
            relations = read_relations(connection)
            keys = _keys(connection, relations)
            declared = _declared(connection)
            return [
                self._table(connection, relation, keys[relation.sql], declared[relation.sql])
                for relation in sorted(relations.values(), key=lambda each: each.name)
            ]

    def count_values(self, table: str, columns: Sequence[str]) -> Mapping[str, ValueCounts]:
        """The values of some columns, by groups of at most a million rows. Raises SourceError."""
        with self.address.errors():
            connection = self._open()
            relation = read_relations(connection)[table]
            return {column: self._counted(connection, relation, column) for column in columns}

    def close(self) -> None:
        """Close the connection; the next call opens a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _open(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self._connection is None or self._connection.broken:
            self._connection = self.address.connect()
        return self._connection

    def _table(
        self,
        connection: psycopg.Connection[tuple[Any, ...]],
        relation: Relation,
        keys: _Keys,
        declared: Mapping[str, _Declared],
    ) -> TableFacts:
        asked = [
            column
            for column in relation.columns.values()
            if declared[column.name].readable and may_be_looked_at(column.name) and _has_few(column)
        ]
        texts = _look(connection, relation, asked) if relation.has_row_versions and asked else {}
        columns = tuple(
            _column(column, declared[column.name], keys, texts.get(column.name))
            for column in relation.columns.values()
        )
        return TableFacts(
            name=relation.name,
            columns=columns,
            primary_key=keys.primary,
            references=tuple(keys.references),
            rows=relation.estimate,
            sampled=max(map(len, texts.values()), default=0),
            followable=relation.has_row_versions,
        )

    def _counted(
        self, connection: psycopg.Connection[tuple[Any, ...]], relation: Relation, column: str
    ) -> ValueCounts:
        sample = (
            f"select {quoted(column)}::text as value from {relation.sql} as t{_sampled(relation, _COUNTED)}"
        )
        with _limited(connection, _COUNT_SECONDS) as answered:
            rows = connection.execute(
                f"select value, count(*), sum(count(*)) over () from ({sample}) as looked"
                " group by value order by count(*) desc, value limit %s",
                (10 * MOST_VALUES,),
            ).fetchall()
            answered.append(rows)
        if not answered:
            return ValueCounts({}, 0, complete=False)
        total = int(answered[0][0][2]) if answered[0] else 0
        values = {value: count for value, count, _ in answered[0] if value is not None}
        return ValueCounts(values, total, complete=total < _COUNTED and len(answered[0]) < 10 * MOST_VALUES)


def _has_few(column: SourceColumn) -> bool:
    return (
        column.type == "enum"
        or (column.built_in and column.base in _TEXTS | _WHOLE)
        or column.base == "citext"
    )


def _look(
    connection: psycopg.Connection[tuple[Any, ...]], relation: Relation, columns: Sequence[SourceColumn]
) -> Mapping[str, Sequence[str | None]]:
    """The values of some columns of a few rows, cut to what is worth keeping."""
    selected = ", ".join(f"left({quoted(column.name)}::text, {LONGEST_VALUE + 1})" for column in columns)
    with _limited(connection, _LOOK_SECONDS) as answered:
        statement = f"select {selected} from {relation.sql} as t{_sampled(relation, _LOOKED_AT)}"
        answered.append(connection.execute(statement).fetchall())
    rows = answered[0] if answered else []
    return {column.name: [row[place] for row in rows] for place, column in enumerate(columns)} if rows else {}


def _sampled(relation: Relation, rows: int) -> str:
    """SQL that keeps a part of a table; of a large one pages from all over it, not its oldest rows."""
    estimate = relation.estimate or 0
    share = f" tablesample system ({200 * rows / estimate:.6f})" if estimate > 4 * rows else ""
    return f"{share} limit {rows}"


@contextmanager
def _limited(connection: psycopg.Connection[tuple[Any, ...]], seconds: int) -> Iterator[list[Any]]:
    """A list to put an answer in; it stays empty where the answer is refused or takes too long."""
    answered: list[Any] = []
    connection.execute(f"set statement_timeout = '{seconds}s'")
    try:
        yield answered
    except (psycopg.errors.QueryCanceled, psycopg.errors.InsufficientPrivilege, psycopg.errors.DataError):
        answered.clear()
    finally:
        if not connection.broken:
            connection.execute("set statement_timeout = 0")


def _column(
    column: SourceColumn, declared: _Declared, keys: _Keys, texts: Sequence[str | None] | None
) -> ColumnFacts:
    kind = kind_of_type(column.type)
    is_text = kind is Kind.TEXT and column.type != "enum"
    look = look_at_texts(texts) if is_text and texts else None
    values = dict.fromkeys(declared.labels, 0) | few_values(texts or ())
    return ColumnFacts(
        name=column.name,
        type=column.type,
        kind=look.kind if look else kind,
        nullable=not declared.required,
        unique=declared.unique or keys.primary == (column.name,),
        values=values,
        format=look.format if look else None,
        doubtful_format=look.doubtful_format if look else False,
    )


def _keys(
    connection: psycopg.Connection[tuple[Any, ...]], relations: Mapping[str, Relation]
) -> Mapping[str, _Keys]:
    names = {relation.sql: relation.name for relation in relations.values()}
    found: defaultdict[str, _Keys] = defaultdict(_Keys)
    for schema, table, kind, columns, to_schema, to_table, to_columns in connection.execute(_KEYS):
        keys = found[_sql(schema, table)]
        if kind == "p":
            keys.primary = tuple(columns)
        elif len(columns) == 1 and (target := names.get(_sql(to_schema, to_table))):
            keys.references.append(ReferenceFacts(columns[0], target, to_columns[0]))
    return found


def _declared(connection: psycopg.Connection[tuple[Any, ...]]) -> Mapping[str, Mapping[str, _Declared]]:
    found: defaultdict[str, dict[str, _Declared]] = defaultdict(dict)
    for schema, table, column, required, readable, unique, labels in connection.execute(_COLUMNS):
        found[_sql(schema, table)][column] = _Declared(required, readable, unique, tuple(labels or ()))
    return found


def _sql(schema: str, table: str) -> str:
    return f"{quoted(schema)}.{quoted(table)}"
