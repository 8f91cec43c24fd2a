"""The CTEs of one statement, in the order in which they must stand: each reads only those before it."""

from __future__ import annotations

from amalimart.core.names import quoted
from amalimart.semantic.sql.expressions import Sql, named
from amalimart.semantic.sql.grammar import CTE_PREFIX


class Ctes:
    """Names and keeps the CTEs of one statement while it is written."""

    def __init__(self) -> None:
        self._queries: dict[str, Sql] = {}

    def __contains__(self, name: str) -> bool:
        return CTE_PREFIX + name in self._queries

    def add(self, name: str, query: Sql) -> None:
        """Keep a query under a name, to which the reserved prefix is given."""
        if name in self:
            raise AssertionError(f"the CTE {name} is written twice")
        self._queries[CTE_PREFIX + name] = query

    @staticmethod
    def table(name: str, alias: str | None = None) -> Sql:
        """The CTE of a name as a source."""
        table = Sql(quoted(CTE_PREFIX + name))
        return table if alias is None else named(table, alias)

    def before(self, select: Sql) -> Sql:
        """The statement with all of them before it."""
        if not self._queries:
            return select
        written = [f"{quoted(name)} AS ({query})" for name, query in self._queries.items()]
        return Sql(f"WITH {', '.join(written)} {select}")
