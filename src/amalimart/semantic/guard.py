"""The second look at a finished statement, before it may run.

It knows nothing of how the planner works: it accepts one SELECT made of an allow-list of nodes and
functions, whose tables all stand in scans that the door issued, or are its own CTEs under a reserved
prefix, and whose text literals come from a closed set. Everything else is a Denied.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from amalimart.core.errors import Denied
from amalimart.semantic.model import UNKNOWN_ENUM, UNKNOWN_KEY, UNKNOWN_LABEL

CTE_PREFIX = "__amalimart_"

_LITERALS = frozenset({UNKNOWN_KEY, UNKNOWN_LABEL, UNKNOWN_ENUM, "1"})
_TO_MONTHS = "to_months"
_NODES: frozenset[type[exp.Expr]] = frozenset(
    {
        # statement
        exp.Select, exp.Union, exp.With, exp.CTE, exp.From, exp.Join, exp.Where, exp.Group, exp.Order,
        exp.Ordered, exp.Limit, exp.Subquery, exp.Table, exp.TableAlias, exp.Alias, exp.Column,
        exp.Identifier, exp.Distinct,
        # values
        exp.Placeholder, exp.Literal, exp.Boolean, exp.Null, exp.DataType, exp.DataTypeParam, exp.Var,
        exp.Interval,
        # conditions
        exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.In, exp.Is,
        exp.Paren, exp.Case, exp.If,
        # arithmetic
        exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Neg,
        # functions
        exp.Sum, exp.Count, exp.Min, exp.Max, exp.Filter, exp.Coalesce, exp.Cast, exp.Nullif,
        exp.TimestampTrunc, exp.DateTrunc, exp.DateDiff, exp.GenerateSeries, exp.Explode, exp.Lower,
        exp.Contains, exp.PercentileCont, exp.NullSafeEQ, exp.Abs,
    }
)  # fmt: skip

_TYPES = frozenset(
    {exp.DType.DATE, exp.DType.DOUBLE, exp.DType.DECIMAL, exp.DType.INT, exp.DType.VARCHAR, exp.DType.TEXT}
)


def check_tree(tree: exp.Expr, issued: frozenset[str]) -> None:
    """Refuse a tree that reads anything but the scans whose SELECTs were issued. Raises Denied."""
    if not isinstance(tree, exp.Select | exp.Union):
        raise _refused(f"the statement is a {tree.key}")
    ctes = _cte_names(tree)
    for node in _outside_scans(tree, issued):
        if isinstance(node, exp.Table):
            _check_table(node, ctes)
        elif isinstance(node, exp.Anonymous):
            if node.name.lower() != _TO_MONTHS:
                raise _refused(f"the function {node.name} is not on the list")
        elif type(node) not in _NODES:
            raise _refused(f"{node.key} is not on the list")
        elif isinstance(node, exp.DataType) and node.this not in _TYPES:
            raise _refused(f"the type {node.sql(dialect='duckdb')} is not on the list")
        elif isinstance(node, exp.Literal) and node.is_string and node.name not in _LITERALS:
            raise _refused("it holds a text that is not a bound parameter")


def check_text(sql: str, issued: frozenset[str]) -> None:
    """Read the SQL text back and refuse it where it is not what was planned. Raises Denied."""
    try:
        statements = sqlglot.parse(sql, dialect="duckdb")
    except SqlglotError as error:
        raise _refused("it cannot be read back") from error
    if len(statements) != 1 or statements[0] is None:
        raise _refused("it is not one statement")
    check_tree(statements[0], issued)
    _check_order(statements[0])


def _check_order(tree: exp.Expr) -> None:
    """A name means a CTE only after it: before, in itself or outside, it would be a table of the engine's."""
    withs = list(tree.find_all(exp.With))
    if any(each.parent is not tree or each.args.get("recursive") for each in withs):
        raise _refused("its CTEs are nested or recursive")
    known: set[str] = set()
    for cte in (each for found in withs for each in found.expressions):
        for table in cte.find_all(exp.Table):
            if table.name.startswith(CTE_PREFIX) and table.name not in known:
                raise _refused(f"the CTE {cte.alias} reads {table.name}, which does not stand before it")
        known.add(cte.alias)


def _outside_scans(tree: exp.Expr, issued: frozenset[str]) -> Iterator[exp.Expr]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, exp.Subquery) and _is_scan(node, issued):
            continue
        yield node
        waiting.extend(node.iter_expressions())


def _is_scan(node: exp.Subquery, issued: frozenset[str]) -> bool:
    """A bare subquery, at most with an alias, whose SELECT was issued word for word."""
    bare = all(name in {"this", "alias"} or not value for name, value in node.args.items())
    return bare and node.this.sql(dialect="duckdb") in issued


def _cte_names(tree: exp.Expr) -> frozenset[str]:
    names = [cte.alias for cte in tree.find_all(exp.CTE)]
    if len(set(names)) != len(names):
        raise _refused("a CTE is named twice")
    for name in names:
        if not name.startswith(CTE_PREFIX):
            raise _refused(f"the CTE {name} does not carry the reserved prefix")
    return frozenset(names)


def _check_table(table: exp.Table, ctes: frozenset[str]) -> None:
    plain = (
        isinstance(table.this, exp.Identifier) and not table.args.get("db") and not table.args.get("catalog")
    )
    if not plain or table.name not in ctes:
        raise _refused(f"the table {table.sql(dialect='duckdb')} is not read through a scan")


def _refused(why: str) -> Denied:
    return Denied(
        f"the planned statement was stopped before it ran: {why}",
        expected="only scans of the policy, listed functions and bound parameters",
        next_step="report this as a defect",
    )
