"""What each column of a query is made of, down to the relations it reads, and what decides its rows.

Two queries whose traces are equal give the same column from the same parents, however their text is laid
out over CTEs. Where a query cannot be traced nothing is claimed: all of it then depends on all it reads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

from amalimart.core.models import Column
from amalimart.core.names import TableRef

ROWS = ""
"""Stands for a relation's rows: which there are, whatever is in them."""
CATALOG = "warehouse"

_MULTIPLYING = (exp.UDTF, exp.Explode)
"""What makes several rows of one."""

Read = tuple[TableRef, str]


@dataclass(frozen=True, slots=True)
class Trace:
    """What something is made of: a digest that is equal for equal meanings, and what is read for it."""

    digest: str
    reads: frozenset[Read]


@dataclass(frozen=True, slots=True)
class Traced:
    """A query: each of its columns, and its rows."""

    columns: Mapping[str, Trace]
    rows: Trace


Columns = Mapping[TableRef, tuple[Column, ...]]


def traced(sql: str, known: Columns) -> Traced | None:
    """The traces of a query over relations of known columns; None where it cannot be traced."""
    relations: dict[str, dict[str, object]] = {}
    for table, columns in known.items():
        relations.setdefault(table.schema, {})[table.name] = {each.name: each.type for each in columns}
    schema: dict[str, object] = {CATALOG: relations}
    try:
        tree = qualify(
            sqlglot.parse_one(sql, dialect="duckdb"),
            dialect="duckdb",
            schema=schema,
            validate_qualify_columns=False,
            quote_identifiers=False,
            identify=False,
        )
        scope = build_scope(tree)
        return _Tracer(known).traced(scope) if scope is not None else None
    except (SqlglotError, _Untraceable):
        return None


class _Untraceable(Exception):
    """Something in the query whose parts cannot be told."""


class _Tracer:
    def __init__(self, known: Columns) -> None:
        self._known = known
        self._done: dict[int, Traced] = {}

    def traced(self, scope: Scope) -> Traced:
        """The traces of a query block and all it reads."""
        place = id(scope)
        if place not in self._done:
            expression = scope.expression
            if isinstance(expression, exp.SetOperation):
                self._done[place] = self._of_set(scope, expression)
            elif isinstance(expression, exp.Select):
                self._done[place] = self._of_select(scope, expression)
            else:
                raise _Untraceable
        return self._done[place]

    def _of_set(self, scope: Scope, expression: exp.SetOperation) -> Traced:
        left, right = (self.traced(each) for each in scope.set_operation_scopes)
        if len(left.columns) != len(right.columns) or expression.args.get("by_name"):
            raise _Untraceable
        kind = f"{type(expression).__name__} {bool(expression.args.get('distinct'))}"
        together = [*left.columns.values(), *right.columns.values()]
        compares = bool(expression.args.get("distinct")) or not isinstance(expression, exp.Union)
        rows = _made(kind, [left.rows, right.rows, *(together if compares else [])])
        columns = {
            name: _made(kind, [one, other])
            for (name, one), other in zip(left.columns.items(), right.columns.values(), strict=True)
        }
        return Traced(columns, rows)

    def _of_select(self, scope: Scope, expression: exp.Select) -> Traced:
        nodes = [node for node, _ in scope.selected_sources.values()]
        if any(each.is_star for each in expression.expressions) or any(map(_is_reshaped, nodes)):
            raise _Untraceable
        sources = {name: self._source(source) for name, (_, source) in scope.selected_sources.items()}
        inner = {id(each.expression): self.traced(each) for each in scope.subquery_scopes}
        block = _Block(sources, inner)
        columns = {each.alias_or_name: block.of(each.unalias()) for each in expression.expressions}
        decides = [
            block.of(part)
            for name, value in sorted(expression.args.items())
            if name not in {"expressions", "with", "with_", "from", "from_", "joins", "order"}
            for part in _parts(value)
        ]
        joins = [block.of_join(join) for join in expression.args.get("joins") or ()]
        if expression.args.get("order") and expression.args.get("limit"):
            decides.append(block.of(expression.args["order"]))
        if expression.args.get("distinct"):
            decides += columns.values()
        decides += [block.of(each) for each in expression.expressions if each.find(*_MULTIPLYING)]
        is_one_row = any(map(_aggregates, expression.expressions))
        if len(sources) == 1 and not (decides or joins or is_one_row):
            (only,) = sources.values()
            return Traced(columns, only.rows)
        shape = " ".join(sorted(name for name, value in expression.args.items() if value))
        rows = _made(
            f"select {shape} {is_one_row} {' '.join(sources)}",
            [*(each.rows for each in sources.values()), *joins, *decides],
        )
        return Traced(columns, rows)

    def _source(self, source: exp.Table | Scope) -> Traced:
        if isinstance(source, Scope):
            return self.traced(source)
        table = TableRef(source.db, source.name)
        if not source.db or table not in self._known:
            raise _Untraceable
        return Traced({each.name: _read(table, each.name) for each in self._known[table]}, _read(table, ROWS))


class _Block:
    """One query block: the meaning of expressions in terms of what the block reads."""

    def __init__(self, sources: Mapping[str, Traced], inner: Mapping[int, Traced]) -> None:
        self._sources = sources
        self._inner = inner

    def of(self, expression: exp.Expr) -> Trace:
        """The meaning of an expression: its text with what it reads in the place of names."""
        if isinstance(expression, exp.Column):
            return self._column(expression)
        found: list[Trace] = []
        text = self._written(expression, found).sql(dialect="duckdb", comments=False)
        return Trace(_digest(text), frozenset().union(*(each.reads for each in found)))

    def of_join(self, join: exp.Join) -> Trace:
        """How a source is joined, apart from what it is."""
        found: list[Trace] = []
        kinds = [str(join.args.get(name) or "") for name in ("kind", "side", "method")]
        texts = [
            self._written(part, found).sql(dialect="duckdb", comments=False)
            for name in ("on", "using")
            for part in _parts(join.args.get(name))
        ]
        reads: frozenset[Read] = frozenset().union(*(each.reads for each in found))
        return Trace(_digest(" ".join(["join", join.alias_or_name, *kinds, *texts])), reads)

    def _written(self, expression: exp.Expr, found: list[Trace]) -> exp.Expr:
        def meaning(node: exp.Expr) -> exp.Expr:
            if id(node) in ours:
                inner = ours[id(node)]
                found.extend([inner.rows, *inner.columns.values()])
                return exp.Identifier(this=_made("in", [inner.rows, *inner.columns.values()]).digest)
            if isinstance(node, exp.Column):
                trace = self._column(node)
                found.append(trace)
                return exp.Identifier(this=trace.digest)
            return node

        copied = expression.copy()
        ours = {
            id(twin): self._inner[id(node)]
            for node, twin in zip(expression.walk(), copied.walk(), strict=True)
            if id(node) in self._inner
        }
        return copied.transform(meaning, copy=False)

    def _column(self, column: exp.Column) -> Trace:
        source = self._sources.get(column.table)
        if source is None or column.name not in source.columns:
            raise _Untraceable
        return source.columns[column.name]


def _is_reshaped(source: exp.Expr) -> bool:
    return bool(source.args.get("pivots") or source.args.get("sample"))


def _aggregates(selected: exp.Expr) -> bool:
    """Whether it makes one row of many: an aggregate that is not one over a window."""
    return any(found.find_ancestor(exp.Window, exp.Query) is None for found in selected.find_all(exp.AggFunc))


def _parts(value: object) -> Iterable[exp.Expr]:
    if isinstance(value, exp.Expr):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _parts(each)


def _read(table: TableRef, column: str) -> Trace:
    return Trace(_digest(f"{table} {column}"), frozenset({(table, column)}))


def _made(kind: str, parts: Iterable[Trace]) -> Trace:
    listed = list(parts)
    text = " ".join([kind, *(each.digest for each in listed)])
    return Trace(_digest(text), frozenset().union(*(each.reads for each in listed)))


def _digest(text: str) -> str:
    return f"d{hashlib.sha256(text.encode()).hexdigest()[:24]}"
