"""Checked scalar SQL: a formula over the columns of one row, and nothing else.

A formula of a mapping runs inside the engine with the engine's rights, so what it may hold is listed
here and everything else is refused by name: no query, no table, no file, no clock, no chance, no other
row. Casts are read as attempts: what cannot be read is null, and no row can stop a build.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from amalimart.core.errors import ConfigError

_LONGEST = 2000
_MOST_PARTS = 400
_DEEPEST = 40
_OPERATORS = (
    exp.Paren, exp.Neg, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.DPipe,
    exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE,
    exp.NullSafeEQ, exp.NullSafeNEQ, exp.Is, exp.In, exp.Between, exp.Like, exp.ILike, exp.Case, exp.If,
)  # fmt: skip
_FUNCTIONS = {
    exp.Coalesce: "coalesce", exp.Nullif: "nullif", exp.Greatest: "greatest", exp.Least: "least",
    exp.Cast: "cast", exp.TryCast: "try_cast", exp.Abs: "abs", exp.Round: "round", exp.Floor: "floor",
    exp.Ceil: "ceil", exp.Lower: "lower", exp.Upper: "upper", exp.Trim: "trim", exp.Length: "length",
    exp.Substring: "substring", exp.Left: "left", exp.Right: "right", exp.Replace: "replace",
    exp.SplitPart: "split_part", exp.StrPosition: "strpos", exp.Concat: "concat", exp.ConcatWs: "concat_ws",
}  # fmt: skip
_ATOMS = (exp.Literal, exp.Boolean, exp.Null, exp.Column, exp.Identifier, exp.DataType, exp.DataTypeParam)
_ALLOWED = frozenset({*_OPERATORS, *_FUNCTIONS, *_ATOMS})
_TYPES = frozenset(
    {
        exp.DType.TINYINT, exp.DType.SMALLINT, exp.DType.INT, exp.DType.BIGINT, exp.DType.DECIMAL,
        exp.DType.DOUBLE, exp.DType.TEXT, exp.DType.VARCHAR, exp.DType.BOOLEAN, exp.DType.DATE,
        exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ,
    }
)  # fmt: skip
_EXPECTED = (
    "columns of the table, texts, numbers, true, false, null, + - * / // % ||, comparisons, and, or, not, "
    f"in, between, like, is, case, and {', '.join(sorted(_FUNCTIONS.values()))}"
)


@dataclass(frozen=True)
class ScalarSql:
    """A checked formula. `columns` are the source columns it reads, in order of appearance."""

    text: str
    columns: tuple[str, ...]
    _tree: exp.Expr

    def rendered(self, name_of: Callable[[str], str]) -> str:
        """The formula in the engine's SQL, each column under the unquoted name it has there."""
        tree = exp.Paren(this=self._tree.copy())
        for column in list(tree.find_all(exp.Column)):
            column.set("this", exp.to_identifier(name_of(column.name), quoted=True))
        for cast in [found for found in tree.find_all(exp.Cast) if type(found) is exp.Cast]:
            cast.replace(exp.TryCast(this=cast.this, to=cast.args["to"]))
        return str(tree.this.sql(dialect="duckdb", comments=False))


@cache
def scalar_sql(text: str) -> ScalarSql:
    """Read one formula. Raises ConfigError that names what it may not hold."""
    if len(text) > _LONGEST:
        raise _refused(text, f"it is longer than {_LONGEST:,} characters")
    try:
        parsed = sqlglot.parse(f"select\n{text}\n", dialect="duckdb")
    except SqlglotError as error:
        reason = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).splitlines()[0]
        raise _refused(text, f"it cannot be read ({reason})") from error
    except RecursionError as error:
        raise _refused(text, "it is nested too deep") from error
    if len(parsed) != 1 or not isinstance(selected := parsed[0], exp.Select):
        raise _refused(text, "it is not one formula")
    others = [part for part, value in selected.args.items() if value and part != "expressions"]
    if len(selected.expressions) != 1 or others:
        what = f"it holds {others[0].removesuffix('_').upper()}" if others else "it is not one formula"
        raise _refused(text, what)
    tree: exp.Expr = selected.expressions[0]
    columns = [found for found in _checked(text, tree) if found]
    return ScalarSql(text, tuple(dict.fromkeys(columns)), tree)


def _checked(text: str, tree: exp.Expr) -> Iterator[str]:
    """The name of each column. Raises ConfigError at the first part that is not allowed."""
    for number, node in enumerate(tree.dfs()):
        if number >= _MOST_PARTS:
            raise _refused(text, f"it has more than {_MOST_PARTS} parts")
        if node.depth > _DEEPEST:
            raise _refused(text, f"it is nested deeper than {_DEEPEST} levels")
        if trouble := _trouble(node):
            raise _refused(text, trouble)
        if isinstance(node, exp.Column):
            yield node.name


def _trouble(node: exp.Expr) -> str:
    """Why a formula may not hold this part; empty where it may."""
    match node:
        case node if type(node) not in _ALLOWED:
            return f"it holds {_named(node)}"
        case exp.Column() if not isinstance(node.this, exp.Identifier) or node.table:
            return f"it holds {_named(node)}, which is no column of the table"
        case exp.DataType() if node.this not in _TYPES or node.args.get("nested"):
            return f"it holds the type {_named(node)}"
        case exp.In() if {"query", "unnest", "field"} & {part for part, value in node.args.items() if value}:
            return "it holds IN over something other than a list"
    return ""


def _named(node: exp.Expr) -> str:
    """A part as a person would write it, short."""
    written = node.sql(dialect="duckdb", comments=False)
    return written if len(written) <= 60 else f"{written[:57]}..."


def _refused(text: str, what: str) -> ConfigError:
    shown = text if len(text) <= 100 else f"{text[:97]}..."
    return ConfigError(
        f"the formula {shown!r} cannot be used: {what}",
        expected=_EXPECTED,
        next_step="leave that part out, or compute it in a view of the source",
    )
