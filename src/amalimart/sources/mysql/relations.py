"""What a MySQL or MariaDB server holds: tables, columns, keys and row estimates, from information_schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pymysql.connections import Connection  # type: ignore[import-untyped]

from amalimart.sources.mysql.connection import quoted, run
from amalimart.sources.mysql.types import SourceType

HIDDEN = "('information_schema', 'performance_schema', 'mysql', 'sys')"

_TABLES = f"""
select table_schema, table_name, table_type, engine, table_rows
from information_schema.tables
where table_schema not in {HIDDEN} and table_type <> 'SEQUENCE'
"""

_COLUMNS = f"""
select table_schema, table_name, column_name, column_type, character_octet_length, character_set_name
from information_schema.columns
where table_schema not in {HIDDEN}
order by table_schema, table_name, ordinal_position
"""

_KEYS = f"""
select table_schema, table_name, column_name
from information_schema.statistics
where index_name = 'PRIMARY' and table_schema not in {HIDDEN}
order by table_schema, table_name, seq_in_index
"""


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """One column.

    shown          its type as the server writes it
    character_set  None where it holds no characters
    compressed     whether MariaDB stores it compressed, in a form the binary log repeats
    """

    name: str
    type: SourceType
    shown: str
    character_set: str | None
    compressed: bool


@dataclass(frozen=True, slots=True)
class Relation:
    """One table or view.

    name      as a mapping says it: plain in the address's database, else database.table
    estimate  rows by the server's statistics; None if unknown
    key       the primary key's columns
    """

    name: str
    schema: str
    table: str
    kind: str
    engine: str
    estimate: int | None
    key: tuple[str, ...]
    columns: Mapping[str, SourceColumn]

    @property
    def sql(self) -> str:
        """The quoted form, safe to place in SQL text."""
        return f"{quoted(self.schema)}.{quoted(self.table)}"

    @property
    def is_table(self) -> bool:
        """Whether its rows stand in the binary log as they are in the table."""
        return self.kind == "BASE TABLE"


def read_relations(connection: Connection, database: str) -> Mapping[str, Relation]:
    """Every table and view the source user can name, by name. Raises pymysql errors."""
    columns: dict[tuple[str, str], dict[str, SourceColumn]] = {}
    for schema, table, name, column_type, octets, character_set in run(connection, _COLUMNS):
        columns.setdefault((schema, table), {})[name] = SourceColumn(
            name,
            SourceType.parse(column_type, int(octets) if octets is not None else None),
            column_type,
            character_set,
            compressed="COMPRESSED*/" in column_type.upper() and "'" not in column_type,
        )
    keys: dict[tuple[str, str], list[str]] = {}
    for schema, table, name in run(connection, _KEYS):
        keys.setdefault((schema, table), []).append(name)
    relations = [
        Relation(
            name=relation_name(schema, table, database),
            schema=schema,
            table=table,
            kind=kind,
            engine=engine or "",
            estimate=int(estimate) if estimate is not None else None,
            key=tuple(keys.get((schema, table), ())),
            columns=columns.get((schema, table), {}),
        )
        for schema, table, kind, engine, estimate in run(connection, _TABLES)
    ]
    return {relation.name: relation for relation in relations}


def relation_name(schema: str, table: str, database: str) -> str:
    """How a mapping names a table."""
    return table if schema == database else f"{schema}.{table}"
