"""The CTEs of one statement, in the order in which they must stand: each reads only those before it."""

from __future__ import annotations

from sqlglot import exp

from amalimart.semantic.guard import CTE_PREFIX
from amalimart.semantic.nodes import identifier


class Ctes:
    """Names and keeps the CTEs of one statement while it is written."""

    def __init__(self) -> None:
        self._queries: dict[str, exp.Query] = {}

    def __contains__(self, name: str) -> bool:
        return CTE_PREFIX + name in self._queries

    def add(self, name: str, query: exp.Query) -> None:
        """Keep a query under a name, to which the reserved prefix is given."""
        if name in self:
            raise AssertionError(f"the CTE {name} is written twice")
        self._queries[CTE_PREFIX + name] = query

    @staticmethod
    def table(name: str, alias: str | None = None) -> exp.Table:
        """The CTE of a name as a source."""
        table = exp.Table(this=identifier(CTE_PREFIX + name))
        if alias is not None:
            table.set("alias", exp.TableAlias(this=identifier(alias)))
        return table

    def before(self, select: exp.Select) -> exp.Select:
        """The statement with all of them before it."""
        for name, query in self._queries.items():
            select = select.with_(identifier(name), as_=query, copy=False)
        return select
