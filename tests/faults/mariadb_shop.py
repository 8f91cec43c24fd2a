"""The shop under attack in MariaDB, or in the MySQL 8 that AMALIMART_TEST_MYSQL_URL names."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from typing import Any, ClassVar, Literal
from urllib.parse import quote

from tests.faults.shop import NULL, TABLES, Column, Digest, Kind, Table
from tests.mariadb_server import MySQLDatabase

_TYPES = {
    Kind.WHOLE: "bigint",
    Kind.QUARTER: "double",
    Kind.BOOLEAN: "tinyint(1)",
    Kind.INSTANT: "timestamp(6) null",
    Kind.LOCAL: "datetime(6)",
}
_INSTANT = "%Y-%m-%dT%H:%i:%s.%f"
_SESSION = "set session time_zone = '+00:00', group_concat_max_len = 1073741824, {} = 100000"


def type_of(column: Column) -> str:
    """The type a column is made with."""
    if column.kind is Kind.DECIMAL:
        return f"decimal({column.size})"
    if column.kind is Kind.TEXT:
        return "longtext" if column.size == "long" else f"varchar({column.size})"
    return _TYPES[column.kind]


@dataclass(frozen=True)
class MariaShop:
    """One database of a server, and its reader."""

    made: MySQLDatabase
    is_mariadb: bool

    kind: ClassVar[Literal["mysql"]] = "mysql"

    def url(self, port: int | None = None) -> str:
        address = self.made.address
        return address if port is None else address.replace(f":{self.made.server.port}/", f":{port}/")

    def owner_url(self) -> str:
        """The database as somebody sees it who may write."""
        server = self.made.server
        return f"mysql://{server.user}:{quote(server.password)}@{server.host}:{server.port}/{self.made.name}"

    def connect(self) -> Any:
        """A connection in a transaction of its own; commit and rollback are the caller's."""
        connection = self.made.connect(connect_timeout=3, read_timeout=60)
        connection.autocommit(False)
        recursion = "max_recursive_iterations" if self.is_mariadb else "cte_max_recursion_depth"
        connection.cursor().execute(_SESSION.format(recursion))
        return connection

    def text(self, expression: str) -> str:
        return f"cast({expression} as char)"

    def later(self, expression: str) -> str:
        return f"timestampadd(microsecond, ({expression}) * 1000001, '2026-01-01')"

    def numbered(self, count: int) -> str:
        return (
            "(with recursive counting (n) as"
            f" (select 1 union all select n + 1 from counting where n < {count})"
            " select n from counting) as numbered"
        )

    def run(self, *statements: str) -> None:
        with closing(self.connect()) as connection:
            for statement in statements:
                connection.cursor().execute(statement)
            connection.commit()

    def make(self, tables: Iterable[Table] = TABLES) -> None:
        for table in tables:
            columns = ", ".join(f"{column.name} {type_of(column)}" for column in table.columns)
            self.run(f"create table {table.name} ({columns}, primary key ({', '.join(table.key)}))")

    def canonical(self, column: Column) -> str:
        name = column.name
        shown = {
            Kind.TEXT: f"md5({name})",
            Kind.BOOLEAN: f"if({name}, 't', 'f')",
            Kind.QUARTER: f"cast(cast({name} * 4 as signed) as char)",
            Kind.INSTANT: f"date_format({name}, '{_INSTANT}')",
            Kind.LOCAL: f"date_format({name}, '{_INSTANT}')",
        }.get(column.kind, f"cast({name} as char)")
        return f"coalesce({shown}, '{NULL}')"

    def digest(self, table: Table) -> Digest:
        line = ", '|', ".join(self.canonical(column) for column in table.columns)
        rows, md5 = self._one(
            "select count(*), md5(coalesce(group_concat(line order by line separator '\\n'), '')) from"
            f" (select cast(concat({line}) as binary) as line from {table.name}) as canonical_lines"
        )
        return Digest(int(rows), md5)

    def lines(self, table: Table) -> set[str]:
        """The canonical lines themselves."""
        line = ", '|', ".join(self.canonical(column) for column in table.columns)
        return {row[0] for row in self._all(f"select concat({line}) from {table.name}")}

    def ledger(self) -> set[int]:
        """The numbers of all transactions that were committed."""
        return {row[0] for row in self._all("select entry_id from ledger")}

    def scalar(self, statement: str) -> Any:
        return self._one(statement)[0]

    def _one(self, statement: str) -> Any:
        return self._all(statement)[0]

    def _all(self, statement: str) -> Any:
        with closing(self.connect()) as connection:
            cursor = connection.cursor()
            cursor.execute(statement)
            return cursor.fetchall()
