"""The guard once more, by a parser that it shares nothing with: this must let pass what the product does.

It reads a statement into the library's tree and walks it. Slower by far, and so an oracle only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from amalimart.semantic.defined import UNKNOWN_ENUM, UNKNOWN_KEY, UNKNOWN_LABEL

CTE_PREFIX = "__amalimart_"


class Refused(Exception):
    """Why a statement may not run."""


class Unreadable(Refused):
    """The library knows no such statement."""


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
        exp.Contains, exp.PercentileCont, exp.NullSafeEQ, exp.Abs,
    }
)  # fmt: skip

_TYPES = frozenset(
    {
        exp.DType.DATE, exp.DType.DOUBLE, exp.DType.DECIMAL, exp.DType.INT, exp.DType.BIGINT,
        exp.DType.VARCHAR, exp.DType.TEXT,
    }
)  # fmt: skip


def check_by_tree(
    sql: str, issued: frozenset[str], joined: Mapping[str, frozenset[str]] = MappingProxyType({})
) -> None:
    """Read a statement back from its text, which is what will run, and refuse what was not to be planned.

    Each of the issued scans that `joined` names may only stand joined to one of those it names with it.
    Raises Refused.
    """
    short, names = _without_scans(sql, issued)
    try:
        statements = sqlglot.parse(short, dialect="duckdb")
    except SqlglotError as error:
        raise Unreadable("it cannot be read back") from error
    if len(statements) != 1 or statements[0] is None:
        raise _refused("it is not one statement")
    _check_tree(statements[0], frozenset(names.values()))
    if joined:
        allowed = {names[scan]: {names[other] for other in others} for scan, others in joined.items()}
        _check_joins(statements[0], allowed)


def _without_scans(sql: str, issued: frozenset[str]) -> tuple[str, dict[str, str]]:
    """The statement with a table's name in each scan that was issued word for word, and the scans' names.

    A scan is what the door says it is, so it need not be read again. It stays a subquery, so that what
    stands around it is read as before. Its text holds quoted names: inside a longer name it would be written
    otherwise, and inside a text literal the literal is refused.
    """
    if _SCAN in sql:
        raise _refused("it holds a name that is reserved for this check")
    names = {f"{_SCAN}{number}": f"({scan})" for number, scan in enumerate(sorted(issued, key=len))}
    for name, scan in reversed(names.items()):
        sql = sql.replace(scan, f'(SELECT 1 FROM "{name}")')
    return sql, {scan[1:-1]: name for name, scan in names.items()}


def _check_tree(tree: exp.Expr, scans: frozenset[str]) -> None:
    if not isinstance(tree, exp.Select | exp.Union):
        raise _refused(f"the statement is a {tree.key}")
    tables: list[exp.Table] = []
    withs: list[exp.With] = []
    for node in tree.dfs():
        _check_node(node)
        if isinstance(node, exp.Table):
            tables.append(node)
        elif isinstance(node, exp.With):
            withs.append(node)
    if any(each.parent is not tree or each.args.get("recursive") for each in withs):
        raise _refused("its CTEs are nested or recursive")
    ctes = [cte for each in withs for cte in each.expressions]
    known = scans | _cte_names(ctes)
    for table in tables:
        _check_table(table, known)
    _check_order(ctes, scans)


def _check_node(node: exp.Expr) -> None:
    if type(node) not in _NODES:
        is_listed = isinstance(node, exp.Anonymous) and node.name.lower() == _TO_MONTHS
        if not is_listed:
            raise _refused(f"{node.name or node.key} is not on the list")
    elif isinstance(node, exp.DataType) and node.this not in _TYPES:
        raise _refused(f"the type {node.sql(dialect='duckdb')} is not on the list")
    elif isinstance(node, exp.Literal) and node.is_string and node.name not in _LITERALS:
        raise _refused("it holds a text that is not a bound parameter")


def _check_joins(tree: exp.Expr, allowed: Mapping[str, set[str]]) -> None:
    """A scan whose rows are told by others must be the right side of a left join to them, by one equality."""
    for table in tree.find_all(exp.Table):
        if table.name in allowed and not _is_joined_to(table, allowed[table.name]):
            raise _refused("a scan is not joined to the rows that permit its own")


def _is_joined_to(table: exp.Table, allowed: set[str]) -> bool:
    scan = table.find_ancestor(exp.Subquery)
    join = scan.parent if scan is not None else None
    select = join.parent if isinstance(join, exp.Join) and join.side == "LEFT" else None
    if scan is None or join is None or not isinstance(select, exp.Select) or _scan_in(scan) != table.name:
        return False
    base, on = select.args["from_"].this, join.args.get("on")
    if not isinstance(base, exp.Subquery) or _scan_in(base) not in allowed or not isinstance(on, exp.EQ):
        return False
    own, other = on.left, on.right
    if not isinstance(own, exp.Column) or not isinstance(other, exp.Column):
        return False
    return (own.table, other.table) == (base.alias, scan.alias) and own.name == other.name


def _scan_in(subquery: exp.Subquery) -> str | None:
    """The name of the scan that a subquery is, and nothing else."""
    select = subquery.this
    read = select.args.get("from_") if isinstance(select, exp.Select) else None
    if read is None or any(select.args.get(part) for part in ("joins", "where", "group")):
        return None
    return str(read.this.name) if isinstance(read.this, exp.Table) else None


def _check_order(ctes: Sequence[exp.CTE], scans: frozenset[str]) -> None:
    """A name means a CTE only after it: before, in itself or outside, it would be a table of the engine's."""
    known = set(scans)
    for cte in ctes:
        for table in cte.find_all(exp.Table):
            if table.name not in known:
                raise _refused(f"the CTE {cte.alias} reads {table.name}, which does not stand before it")
        known.add(cte.alias)


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


def _refused(why: str) -> Refused:
    return Refused(why)
