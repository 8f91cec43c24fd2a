"""The second look at a finished statement, before it may run.

It knows nothing of how the planner works: it accepts one SELECT made of an allow-list of nodes and
functions, whose tables all stand in scans that the door issued, or are its own CTEs under a reserved
prefix, and whose text literals come from a closed set. Everything else is a Denied.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from amalimart.core.errors import Denied
from amalimart.semantic.model import UNKNOWN_ENUM, UNKNOWN_KEY, UNKNOWN_LABEL

CTE_PREFIX = "__amalimart_"
_SCAN = f"{CTE_PREFIX}scan_"

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
        exp.Contains, exp.PercentileCont, exp.NullSafeEQ,
    }
)  # fmt: skip


def check_text(sql: str, issued: frozenset[str]) -> None:
    """Read a statement back from its text, which is what will run, and refuse what was not to be planned.

    Raises Denied.
    """
    short, scans = _without_scans(sql, issued)
    try:
        statements = sqlglot.parse(short, dialect="duckdb")
    except SqlglotError as error:
        raise _refused("it cannot be read back") from error
    if len(statements) != 1 or statements[0] is None:
        raise _refused("it is not one statement")
    _check_tree(statements[0], scans)


def _without_scans(sql: str, issued: frozenset[str]) -> tuple[str, frozenset[str]]:
    """The statement with a name for each scan that was issued word for word, and those names.

    A scan is what the door says it is, so it need not be read again. Its text holds quoted names: inside a
    longer name it would be written otherwise, and inside a text literal the literal is refused.
    """
    if _SCAN in sql:
        raise _refused("it holds a name that is reserved for this check")
    names = {f"{_SCAN}{number}": f"({scan})" for number, scan in enumerate(sorted(issued, key=len))}
    for name, scan in reversed(names.items()):
        sql = sql.replace(scan, f'"{name}"')
    return sql, frozenset(names)


def _check_tree(tree: exp.Expr, scans: frozenset[str]) -> None:
    if not isinstance(tree, exp.Select | exp.Union):
        raise _refused(f"the statement is a {tree.key}")
    tables: list[exp.Table] = []
    ctes: list[exp.CTE] = []
    for node in tree.dfs():
        if type(node) not in _NODES:
            is_listed = isinstance(node, exp.Anonymous) and node.name.lower() == _TO_MONTHS
            if not is_listed:
                raise _refused(f"{node.name or node.key} is not on the list")
        elif isinstance(node, exp.Table):
            tables.append(node)
        elif isinstance(node, exp.CTE):
            ctes.append(node)
        elif isinstance(node, exp.Literal) and node.is_string and node.name not in _LITERALS:
            raise _refused("it holds a text that is not a bound parameter")
    known = scans | _cte_names(ctes)
    for table in tables:
        _check_table(table, known)


def _cte_names(ctes: Sequence[exp.CTE]) -> frozenset[str]:
    names = [cte.alias for cte in ctes]
    if len(set(names)) != len(names):
        raise _refused("a CTE is named twice")
    for name in names:
        if not name.startswith(CTE_PREFIX):
            raise _refused(f"the CTE {name} does not carry the reserved prefix")
    return frozenset(names)


def _check_table(table: exp.Table, known: frozenset[str]) -> None:
    plain = (
        isinstance(table.this, exp.Identifier) and not table.args.get("db") and not table.args.get("catalog")
    )
    if not plain or table.name not in known:
        raise _refused(f"the table {table.sql(dialect='duckdb')} is not read through a scan")


def _refused(why: str) -> Denied:
    return Denied(
        f"the planned statement was stopped before it ran: {why}",
        expected="only scans of the policy, listed functions and bound parameters",
        next_step="report this as a defect",
    )
