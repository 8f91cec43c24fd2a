"""What a compiled query reads of each relation: which columns, and where the relation stands in its text.

Columns that a query does not read cannot change its rows; a relation that stands at a known place can be
replaced by the part of it that matters. Both are read off the compiled SQL, so nobody can forget to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import Scope, traverse_scope

from amalimart.core.errors import CompileFailed
from amalimart.core.names import TableRef, quoted

_NOT_ROW_BY_ROW = (
    exp.Join, exp.Group, exp.Having, exp.Distinct, exp.Window, exp.Limit, exp.AggFunc, exp.Unnest,
    exp.Except, exp.Intersect,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Where a relation stands: text positions of its first and last character."""

    start: int
    end: int
    has_alias: bool


@dataclass(frozen=True, slots=True)
class Reads:
    """What a query reads of one relation.

    columns     None where it reads all of them
    places      where it stands
    conditions  what every reading asks of the rows, as canonical SQL
    """

    columns: frozenset[str] | None
    places: tuple[Place, ...]
    conditions: frozenset[str]

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns to take of the relation; none, which is all, where no one is named, as by count(*)."""
        return tuple(sorted(self.columns or ()))

    def listed(self, alias: str) -> str:
        """The same to select under an alias."""
        return ", ".join(f"{alias}.{quoted(column)}" for column in self.needed) or f"{alias}.*"


def reads_of(sql: str, where: str) -> dict[TableRef, Reads]:
    """Relation -> what the query reads of it. Raises CompileFailed for SQL that cannot be read."""
    columns: dict[TableRef, frozenset[str] | None] = {}
    places: dict[TableRef, list[Place]] = {}
    conditions: dict[TableRef, frozenset[str]] = {}
    for scope in traverse_scope(_tree(sql, where)):
        for alias, (_, source) in scope.selected_sources.items():
            if not isinstance(source, exp.Table) or not source.db:
                continue
            table = TableRef(source.db, source.name)
            used = _columns(scope, alias)
            known = columns.get(table, frozenset())
            columns[table] = None if used is None or known is None else known | used
            asked = _conditions(scope)
            conditions[table] = conditions.get(table, asked) & asked
            places.setdefault(table, []).append(_place(source))
    return {table: Reads(columns[table], tuple(places[table]), conditions[table]) for table in places}


def required_of(sql: str, where: str) -> frozenset[TableRef]:
    """Relations without whose rows the query has none: those that are joined to all that it gives.

    Fewer where that cannot be told. Raises CompileFailed for SQL that cannot be read.
    """
    return _required(_tree(sql, where), {})


def is_row_by_row(sql: str, where: str) -> bool:
    """Whether each row of the result comes from one row of what is read, whatever the other rows are."""
    tree = _tree(sql, where)
    if any(tree.find(kind) for kind in _NOT_ROW_BY_ROW):
        return False
    if any(union.args.get("distinct") for union in tree.find_all(exp.Union)):
        return False
    blocks = [scope for scope in traverse_scope(tree) if isinstance(scope.expression, exp.Select)]
    return all(len(block.selected_sources) == 1 and not block.subquery_scopes for block in blocks)


def substituted(sql: str, reads: Mapping[TableRef, Reads], instead: Mapping[TableRef, str]) -> str:
    """The query with subqueries in the place of relations."""
    cuts = sorted(
        ((place, table) for table in instead for place in reads[table].places),
        key=lambda cut: cut[0].start,
        reverse=True,
    )
    for place, table in cuts:
        name = "" if place.has_alias else f" as {quoted(table.name)}"
        sql = f"{sql[: place.start]}({instead[table]}){name}{sql[place.end + 1 :]}"
    return sql


def _tree(sql: str, where: str) -> exp.Expr:
    try:
        return sqlglot.parse_one(sql, dialect="duckdb")
    except SqlglotError as error:
        raise CompileFailed(
            f"the compiled SQL cannot be read: {str(error).splitlines()[0]}",
            where=where,
            expected="one query",
        ) from error


def _required(query: exp.Expr, known: Mapping[str, frozenset[TableRef]]) -> frozenset[TableRef]:
    """`known`: what the common table expressions before it require."""
    if not isinstance(query, exp.Query) or (query.args.get("with_") or exp.With()).recursive:
        return frozenset()
    for each in query.ctes:
        known = {**known, each.alias: _required(each.this, known)}
    if isinstance(query, exp.Subquery) and not query.args.get("pivots"):
        return _required(query.this, known)
    if isinstance(query, exp.SetOperation):
        return _required(query.left, known) & _required(query.right, known)
    if not isinstance(query, exp.Select) or _has_always_a_row(query):
        return frozenset()
    joins = query.args.get("joins") or []
    if any(join.side in {"RIGHT", "FULL"} or join.method for join in joins):
        return frozenset()
    start = query.args.get("from_")
    sources = [start.this] if start is not None else []
    sources += [join.this for join in joins if not join.side and join.kind in {"", "INNER", "CROSS"}]
    return frozenset[TableRef]().union(*(_required_by(source, known) for source in sources))


def _required_by(source: exp.Expr, known: Mapping[str, frozenset[TableRef]]) -> frozenset[TableRef]:
    if not isinstance(source, exp.Table):
        return _required(source, known)
    if source.args.get("pivots") or source.args.get("joins"):
        return frozenset()
    if source.db:
        return frozenset({TableRef(source.db, source.name)})
    return known.get(source.name, frozenset())


def _has_always_a_row(query: exp.Select) -> bool:
    """Whether it adds up all rows, so that it has one where there are none; also where in doubt."""
    group = query.args.get("group")
    if group is not None:
        return not group.expressions
    return bool(query.args.get("having")) or any(each.find(exp.AggFunc) for each in query.expressions)


def _columns(scope: Scope, alias: str) -> frozenset[str] | None:
    """The columns that one query block reads of one of its sources; None for all, also where in doubt."""
    block = scope.expression
    alone = all(not column.table or column.table in scope.selected_sources for column in scope.columns)
    if not alone or any(selected.is_star for selected in block.expressions):
        return None
    joins = block.args.get("joins") or ()
    joined = frozenset(name.name for join in joins for name in join.args.get("using") or ())
    return joined | frozenset(column.name for column in scope.columns if column.table in {alias, ""})


def _conditions(scope: Scope) -> frozenset[str]:
    """The conditions of a query block over a single source."""
    where = scope.expression.args.get("where")
    if where is None or len(scope.selected_sources) != 1:
        return frozenset()
    return (
        frozenset(condition.sql(dialect="duckdb").lower() for condition in where.this.flatten())
        if isinstance(where.this, exp.And)
        else frozenset({where.this.sql(dialect="duckdb").lower()})
    )


def _place(table: exp.Table) -> Place:
    parts = [part.meta for part in table.parts]
    return Place(min(at["start"] for at in parts), max(at["end"] for at in parts), bool(table.alias))
