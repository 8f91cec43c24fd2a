"""The shop under attack in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import psycopg

from tests.faults.postgres_server import PostgresServer
from tests.faults.shop import NULL, TABLES, Column, Digest, Kind, Table

_TYPES = {
    Kind.WHOLE: "bigint",
    Kind.QUARTER: "double precision",
    Kind.BOOLEAN: "boolean",
    Kind.INSTANT: "timestamptz",
    Kind.LOCAL: "timestamp",
}
_INSTANT = 'YYYY-MM-DD"T"HH24:MI:SS.US'


def type_of(column: Column) -> str:
    """The type a column is made with."""
    if column.kind is Kind.DECIMAL:
        return f"numeric({column.size})"
    if column.kind is Kind.TEXT:
        return "text" if column.size == "long" else f"varchar({column.size})"
    return _TYPES[column.kind]


@dataclass(frozen=True)
class PostgresShop:
    """One database of a server."""

    server: PostgresServer
    database: str

    kind: ClassVar[Literal["postgres"]] = "postgres"

    def url(self, port: int | None = None) -> str:
        return self.server.address(self.database, port)

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection in a transaction of its own; commit and rollback are the caller's."""
        return psycopg.connect(self.server.address(self.database), connect_timeout=3)

    def text(self, expression: str) -> str:
        return f"({expression})::text"

    def later(self, expression: str) -> str:
        return f"timestamp '2026-01-01' + ({expression}) * interval '1.000001 s'"

    def numbered(self, count: int) -> str:
        return f"generate_series(1::bigint, {count}) as numbered (n)"

    def run(self, *statements: str) -> None:
        with self.server.connect(self.database) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def make(self, tables: Iterable[Table] = TABLES) -> None:
        for table in tables:
            columns = ", ".join(f"{column.name} {type_of(column)}" for column in table.columns)
            self.run(f"create table {table.name} ({columns}, primary key ({', '.join(table.key)}))")
            # Kept outside the row as soon as it is large, and never compressed: so it is unchanged often.
            for column in table.columns:
                if column.size == "long":
                    self.run(f"alter table {table.name} alter column {column.name} set storage external")

    def canonical(self, column: Column) -> str:
        name = column.name
        shown = {
            Kind.TEXT: f"md5({name})",
            Kind.BOOLEAN: f"case when {name} then 't' else 'f' end",
            Kind.QUARTER: f"({name} * 4)::bigint::text",
            Kind.INSTANT: f"to_char({name} at time zone 'UTC', '{_INSTANT}')",
            Kind.LOCAL: f"to_char({name}, '{_INSTANT}')",
        }.get(column.kind, f"{name}::text")
        return f"case when {name} is null then '{NULL}' else {shown} end"

    def digest(self, table: Table) -> Digest:
        line = " || '|' || ".join(self.canonical(column) for column in table.columns)
        statement = (
            "select count(*), md5(coalesce(string_agg(line, e'\\n' order by line collate \"C\"), ''))"
            f" from (select {line} as line from {table.name}) as lines"
        )
        with self.server.connect(self.database) as connection:
            row = connection.execute(statement.encode()).fetchone()
        assert row is not None
        return Digest(*row)

    def lines(self, table: Table) -> set[str]:
        """The canonical lines themselves."""
        line = " || '|' || ".join(self.canonical(column) for column in table.columns)
        with self.server.connect(self.database) as connection:
            return {row[0] for row in connection.execute(f"select {line} from {table.name}".encode())}

    def ledger(self) -> set[int]:
        """The numbers of all transactions that were committed."""
        with self.server.connect(self.database) as connection:
            return {row[0] for row in connection.execute("select entry_id from ledger")}

    def scalar(self, statement: str) -> Any:
        with self.server.connect(self.database) as connection:
            row = connection.execute(statement.encode()).fetchone()
        return row[0] if row else None

    def slots(self) -> list[tuple[str, int | None]]:
        """Replication slots of the database, and up to where each is confirmed."""
        with self.server.connect(self.database) as connection:
            return connection.execute(
                "select slot_name, (confirmed_flush_lsn - '0/0')::bigint from pg_replication_slots"
                " where database = current_database()"
            ).fetchall()
