"""What a MySQL or MariaDB database tells about its tables: information_schema, and one bounded look a table.

Reads a few rows under a time limit, and never a column whose name looks secret or personal. A table whose
rows may not be read, or are slow to come, simply has no values.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pymysql.connections import Connection  # type: ignore[import-untyped]
from pymysql.err import MySQLError  # type: ignore[import-untyped]

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
from amalimart.sources.mysql.relations import HIDDEN, Relation, SourceColumn, read_relations, relation_name
from amalimart.sources.mysql.types import INTEGER_BYTES

_LOOKED_AT = 2_000
_SLICES = 10
_COUNTED = 1_000_000
_LOOK_SECONDS = 5
_COUNT_SECONDS = 30
_TOO_LONG_OR_REFUSED = {1142, 1143, 1317, 1969, 3024}

_REFERENCES = f"""
select
    table_schema, table_name, min(column_name), min(referenced_table_schema), min(referenced_table_name),
    min(referenced_column_name)
from information_schema.key_column_usage
where referenced_table_name is not null and table_schema not in {HIDDEN}
group by table_schema, table_name, constraint_name
having count(*) = 1
order by table_schema, table_name, min(column_name)
"""
_UNIQUE = f"""
select table_schema, table_name, min(column_name)
from information_schema.statistics
where non_unique = 0 and table_schema not in {HIDDEN}
group by table_schema, table_name, index_name
having count(*) = 1 and max(sub_part) is null
"""
_REQUIRED = f"""
select table_schema, table_name, column_name
from information_schema.columns
where is_nullable = 'NO' and table_schema not in {HIDDEN}
"""


@dataclass(slots=True)
class _Declared:
    """What the server says of one table beyond its columns' types."""

    required: set[str] = field(default_factory=set)
    unique: set[str] = field(default_factory=set)
    references: list[ReferenceFacts] = field(default_factory=list)


class MySQLDescriber:
    """Describes one database with the rights of the user in its address; writes nothing there."""

    def __init__(self, address: str) -> None:
        """Raises ConfigError where the address cannot be read; connects on first use."""
        self.address = Address.parse(address)
        self._connection: Connection | None = None

    def describe(self) -> Sequence[TableFacts]:
        """Every table the user can see. Raises SourceUnreachable, SourceRefused."""
        with self.address.errors():
            connection = self._open()
            relations = read_relations(connection, self.address.database)
            declared = self._declared(connection, relations)
            return [
                _table(connection, relation, declared[name]) for name, relation in sorted(relations.items())
            ]

    def count_values(self, table: str, columns: Sequence[str]) -> Mapping[str, ValueCounts]:
        """The values of some columns, by groups of at most a million rows. Raises SourceError."""
        with self.address.errors():
            connection = self._open()
            relation = read_relations(connection, self.address.database)[table]
            return {column: _counted(connection, relation, column) for column in columns}

    def close(self) -> None:
        """Close the connection; the next call opens a new one."""
        connection, self._connection = self._connection, None
        if connection is not None and connection.open:
            connection.close()

    def _open(self) -> Connection:
        if self._connection is None or not self._connection.open:
            self._connection = self.address.connect()
        return self._connection

    def _declared(self, connection: Connection, relations: Mapping[str, Relation]) -> Mapping[str, _Declared]:
        found: defaultdict[str, _Declared] = defaultdict(_Declared)
        database = self.address.database
        for schema, table, column in run(connection, _REQUIRED):
            found[relation_name(schema, table, database)].required.add(column)
        for schema, table, column in run(connection, _UNIQUE):
            found[relation_name(schema, table, database)].unique.add(column)
        for schema, table, column, to_schema, to_table, to_column in run(connection, _REFERENCES):
            target = relation_name(to_schema, to_table, database)
            if target in relations:
                reference = ReferenceFacts(column, target, to_column)
                found[relation_name(schema, table, database)].references.append(reference)
        return found


def _table(connection: Connection, relation: Relation, declared: _Declared) -> TableFacts:
    asked = [
        column for column in relation.columns.values() if may_be_looked_at(column.name) and _has_few(column)
    ]
    texts = _look(connection, relation, asked) if relation.is_table and asked else {}
    return TableFacts(
        name=relation.name,
        columns=tuple(
            _column(column, declared, relation, texts.get(column.name))
            for column in relation.columns.values()
        ),
        primary_key=relation.key,
        references=tuple(declared.references),
        rows=relation.estimate,
        sampled=max(map(len, texts.values()), default=0),
        followable=relation.is_table,
    )


def _has_few(column: SourceColumn) -> bool:
    return column.type.name in INTEGER_BYTES or column.type.name in {"text", "enum", "set"}


def _column(
    column: SourceColumn, declared: _Declared, relation: Relation, texts: Sequence[str | None] | None
) -> ColumnFacts:
    look = look_at_texts(texts) if column.type.name == "text" and texts else None
    labels = column.type.labels if column.type.name == "enum" else ()
    return ColumnFacts(
        name=column.name,
        type=column.shown,
        kind=look.kind if look else _kind(column, texts or ()),
        nullable=column.name not in declared.required,
        unique=column.name in declared.unique or relation.key == (column.name,),
        values=dict.fromkeys(labels, 0) | few_values(texts or ()),
        format=look.format if look else None,
        doubtful_format=look.doubtful_format if look else False,
    )


def _kind(column: SourceColumn, texts: Sequence[str | None]) -> Kind:
    """By the type; MySQL's way to declare a boolean counts as one as long as the values do not object."""
    if column.type.name == "bit" and column.type.precision > 1:
        return Kind.STRUCTURE
    if column.shown.lower().startswith("tinyint(1)") and set(texts) <= {"0", "1", None}:
        return Kind.BOOLEAN
    return kind_of_type(column.shown)


def _look(
    connection: Connection, relation: Relation, columns: Sequence[SourceColumn]
) -> Mapping[str, Sequence[str | None]]:
    """The values of some columns of a few rows, cut to what is worth keeping."""
    selected = ", ".join(f"left({_as_text(column.name)}, {LONGEST_VALUE + 1})" for column in columns)
    with _limited(connection, _LOOK_SECONDS) as answered:
        answered.append(run(connection, _sample(connection, relation, selected)))
    rows = answered[0] if answered else ()
    return {column.name: [row[place] for row in rows] for place, column in enumerate(columns)} if rows else {}


def _sample(connection: Connection, relation: Relation, selected: str) -> str:
    """A query for some rows; of a large table slices from all over it, not its oldest rows."""
    plain = f"select {selected} from {relation.sql} limit {_LOOKED_AT}"
    if len(relation.key) != 1 or (relation.estimate or 0) <= 4 * _LOOKED_AT:
        return plain
    key = relation.columns[relation.key[0]]
    if key.type.name not in INTEGER_BYTES:
        return plain
    name = quoted(key.name)
    first, last = run(connection, f"select min({name}), max({name}) from {relation.sql}")[0]
    if first is None:
        return plain
    begins = [first + (last - first) * part // _SLICES for part in range(_SLICES)]
    asked = f"select {selected} from {relation.sql} where {name} >= "
    end = f" order by {name} limit {_LOOKED_AT // _SLICES}"
    return " union all ".join(f"({asked}{begin}{end})" for begin in begins)


def _counted(connection: Connection, relation: Relation, column: str) -> ValueCounts:
    sample = f"select {_as_text(column)} as value from {relation.sql} limit {_COUNTED}"
    with _limited(connection, _COUNT_SECONDS) as answered:
        answered.append(
            run(
                connection,
                f"select value, count(*) as met, sum(count(*)) over () from ({sample}) as looked"
                f" group by value order by met desc, value limit {10 * MOST_VALUES}",
            )
        )
    if not answered:
        return ValueCounts({}, 0, complete=False)
    total = int(answered[0][0][2]) if answered[0] else 0
    values = {value: count for value, count, _ in answered[0] if value is not None}
    return ValueCounts(values, total, complete=total < _COUNTED and len(answered[0]) < 10 * MOST_VALUES)


def _as_text(column: str) -> str:
    """SQL of a column's text; without a collation of its own, in which `Paid` could be the same as `PAID`."""
    return f"convert({quoted(column)} using utf8mb4) collate utf8mb4_bin"


@contextmanager
def _limited(connection: Connection, seconds: int) -> Iterator[list[Any]]:
    """A list to put an answer in; it stays empty where the answer is refused or takes too long."""
    mariadb = "mariadb" in str(run(connection, "select version()")[0][0]).lower()
    limit = "max_statement_time" if mariadb else "max_execution_time"
    run(connection, f"set session {limit} = {seconds if mariadb else 1000 * seconds}")
    answered: list[Any] = []
    try:
        yield answered
    except MySQLError as error:
        if error.args[0] not in _TOO_LONG_OR_REFUSED:
            raise
        answered.clear()
    finally:
        if connection.open:
            run(connection, f"set session {limit} = 0")
