"""What a MySQL or MariaDB database tells about its tables: information_schema, and one bounded look a table.

Reads a few rows under a time limit, and never a column whose name looks secret or personal. A table
whose rows may not be read, or are slow to come, simply has no values.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pymysql  # type: ignore[import-untyped]
from pymysql.connections import Connection  # type: ignore[import-untyped]

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
from amalimart.sources.mysql.connection import Address, quoted, run
from amalimart.sources.mysql.relations import Relation, SourceColumn, read_relations, relation_name
from amalimart.sources.mysql.server import read_server

_LOOKED_AT = 2_000
_COUNTED = 1_000_000
_LOOK_SECONDS = 5
_COUNT_SECONDS = 30
_REFUSED_OR_SLOW = {1142, 1143, 1317, 1969, 3024}
_LOOKED_AT_TYPES = frozenset({"text", "enum", "tinyint", "smallint", "mediumint", "int", "bigint"})

_REFERENCES = """
select table_schema, table_name, column_name, referenced_table_schema, referenced_table_name,
    referenced_column_name, constraint_name
from information_schema.key_column_usage
where referenced_table_name is not null
order by table_schema, table_name, constraint_name, ordinal_position
"""
_UNIQUE = """
select table_schema, table_name, max(column_name)
from information_schema.statistics
where non_unique = 0
group by table_schema, table_name, index_name
having count(*) = 1
"""
_REQUIRED = """
select table_schema, table_name, column_name
from information_schema.columns
where is_nullable = 'NO' and table_schema not in ('information_schema', 'performance_schema', 'mysql', 'sys')
"""


@dataclass(slots=True)
class _Declared:
    """What the server says of one table beyond its columns' types."""

    references: list[ReferenceFacts] = field(default_factory=list)
    unique: set[str] = field(default_factory=set)
    required: set[str] = field(default_factory=set)


class MySQLDescriber:
    """Describes one database with the rights of the user in its address; writes nothing there."""

    def __init__(self, address: str) -> None:
        """Raises ConfigError where the address cannot be read; connects on first use."""
        self.address = Address.parse(address)
        self._connection: Connection | None = None
        self._is_mariadb = False

    def describe(self) -> Sequence[TableFacts]:
        """Every table and view the user can name. Raises SourceUnreachable, SourceRefused."""
        with self.address.errors():
            connection = self._open()
            relations = read_relations(connection, self.address.database)
            declared = self._declared(connection)
            return [
                self._table(connection, relation, declared[relation.name])
                for relation in sorted(relations.values(), key=lambda each: each.name)
            ]

    def count_values(self, table: str, columns: Sequence[str]) -> Mapping[str, ValueCounts]:
        """The values of some columns, by groups of at most a million rows. Raises SourceError."""
        with self.address.errors():
            connection = self._open()
            relation = read_relations(connection, self.address.database)[table]
            return {column: self._counted(connection, relation, column) for column in columns}

    def close(self) -> None:
        """Close the connection; the next call opens a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(pymysql.err.MySQLError, OSError):
                connection.close()

    def _open(self) -> Connection:
        if self._connection is None or not self._connection.open:
            self._connection = self.address.connect()
            self._is_mariadb = read_server(self._connection).is_mariadb
        return self._connection

    def _declared(self, connection: Connection) -> Mapping[str, _Declared]:
        database = self.address.database
        found: defaultdict[str, _Declared] = defaultdict(_Declared)
        parts: defaultdict[tuple[str, str], list[ReferenceFacts]] = defaultdict(list)
        for schema, table, column, to_schema, to_table, to_column, name in run(connection, _REFERENCES):
            target = relation_name(to_schema, to_table, database)
            parts[relation_name(schema, table, database), name].append(
                ReferenceFacts(column, target, to_column)
            )
        for (table, _), references in parts.items():
            if len(references) == 1:
                found[table].references.append(references[0])
        for schema, table, column in run(connection, _UNIQUE):
            found[relation_name(schema, table, database)].unique.add(column)
        for schema, table, column in run(connection, _REQUIRED):
            found[relation_name(schema, table, database)].required.add(column)
        return found

    def _table(self, connection: Connection, relation: Relation, declared: _Declared) -> TableFacts:
        asked = [
            column
            for column in relation.columns.values()
            if column.type.name in _LOOKED_AT_TYPES and may_be_looked_at(column.name)
        ]
        texts = self._look(connection, relation, asked) if relation.is_table and asked else {}
        return TableFacts(
            name=relation.name,
            columns=tuple(
                _column(column, declared, relation.key, texts.get(column.name))
                for column in relation.columns.values()
            ),
            primary_key=relation.key,
            references=tuple(declared.references),
            rows=relation.estimate,
            sampled=max(map(len, texts.values()), default=0),
            followable=relation.is_table,
        )

    def _look(
        self, connection: Connection, relation: Relation, columns: Sequence[SourceColumn]
    ) -> Mapping[str, Sequence[str | None]]:
        selected = ", ".join(f"left(cast({quoted(c.name)} as char), {LONGEST_VALUE + 1})" for c in columns)
        statement = f"select {selected} from {relation.sql} limit {_LOOKED_AT}"
        rows = self._limited(connection, statement, _LOOK_SECONDS) or ()
        return {column.name: [row[n] for row in rows] for n, column in enumerate(columns)} if rows else {}

    def _counted(self, connection: Connection, relation: Relation, column: str) -> ValueCounts:
        sample = f"select cast({quoted(column)} as char) as value from {relation.sql} limit {_COUNTED}"
        most = 10 * MOST_VALUES
        statement = (
            f"select value, count(*) from ({sample}) as looked"
            f" group by value order by count(*) desc, value limit {most}"
        )
        total = f"select count(*) from (select 1 from {relation.sql} limit {_COUNTED}) as looked"
        rows = self._limited(connection, statement, _COUNT_SECONDS)
        counted = self._limited(connection, total, _COUNT_SECONDS)
        if rows is None or counted is None:
            return ValueCounts({}, 0, complete=False)
        values = {str(value): int(count) for value, count in rows if value is not None}
        looked = int(counted[0][0])
        return ValueCounts(values, looked, complete=looked < _COUNTED and len(rows) < most)

    def _limited(
        self, connection: Connection, statement: str, seconds: int
    ) -> tuple[tuple[Any, ...], ...] | None:
        """The answer; None where it is refused or takes too long."""
        if self._is_mariadb:
            limited = f"set statement max_statement_time = {seconds} for {statement}"
        else:
            limited = statement.replace("select ", f"select /*+ max_execution_time({seconds}000) */ ", 1)
        try:
            return run(connection, limited)
        except pymysql.err.MySQLError as error:
            if error.args and error.args[0] in _REFUSED_OR_SLOW:
                return None
            raise


def _column(
    column: SourceColumn, declared: _Declared, key: tuple[str, ...], texts: Sequence[str | None] | None
) -> ColumnFacts:
    kind = kind_of_type(column.shown)
    if column.shown == "tinyint(1)" and {text for text in texts or () if text is not None} <= {"0", "1"}:
        kind = Kind.BOOLEAN
    look = look_at_texts(texts) if kind is Kind.TEXT and column.type.name != "enum" and texts else None
    labels = column.type.labels if column.type.name == "enum" else ()
    return ColumnFacts(
        name=column.name,
        type=column.shown,
        kind=look.kind if look else kind,
        nullable=column.name not in declared.required,
        unique=column.name in declared.unique or key == (column.name,),
        values=dict.fromkeys(labels, 0) | few_values(texts or ()),
        format=look.format if look else None,
        doubtful_format=look.doubtful_format if look else False,
    )
