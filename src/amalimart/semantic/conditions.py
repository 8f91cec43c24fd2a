"""Comparisons as SQL. A missing value is a value to `=` and `!=`, so that the two share out every row."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from amalimart.core.calendar import Grain
from amalimart.semantic.model import UNKNOWN_ENUM, UNKNOWN_KEY, UNKNOWN_LABEL
from amalimart.semantic.parameters import BucketSlot, ParameterBook
from amalimart.semantic.question import Operator
from amalimart.semantic.shapes import FieldType

_ORDERING: dict[Operator, type[exp.Binary]] = {
    Operator.LT: exp.LT,
    Operator.LE: exp.LTE,
    Operator.GT: exp.GT,
    Operator.GE: exp.GTE,
}
_UNKNOWN = {
    FieldType.ID: UNKNOWN_KEY,
    FieldType.ENUM: UNKNOWN_ENUM,
    FieldType.TEXT: UNKNOWN_LABEL,
}


def text(value: str) -> exp.Literal:
    """One of the closed set of text literals that the guard lets pass."""
    return exp.Literal.string(value)


def function(name: type[exp.Func], *arguments: exp.Expr) -> exp.Expr:
    """A function call of the first argument and the rest."""
    first, *rest = arguments
    return name(this=first, expressions=rest) if rest else name(this=first)


def known_value(column: exp.Expr, kind: FieldType) -> exp.Expr:
    """The column with the unknown member in place of a missing key, code or text; others stay empty.

    A text that says unknown, as the models write where a city or band is not known, is the same member.
    """
    unknown = _UNKNOWN.get(kind)
    if kind is FieldType.TEXT:
        column = exp.Nullif(this=column, expression=text(UNKNOWN_KEY))
    return column if unknown is None else function(exp.Coalesce, column, text(unknown))


def compare(value: exp.Expr, operator: Operator, operands: Sequence[exp.Expr]) -> exp.Expr:
    """`value operator operands`, for a WHERE or FILTER: empty means no, so only a negation avoids it."""
    if operator in _ORDERING:
        return _ORDERING[operator](this=value, expression=operands[0])
    return equality(operator, exp.In(this=value, expressions=list(operands)))


def equality(operator: Operator, among: exp.Expr) -> exp.Expr:
    """The condition, or its negation that holds where a value is missing."""
    if operator in {Operator.EQ, Operator.IN}:
        return among
    return exp.Not(this=function(exp.Coalesce, among, exp.false()))


def among(value: exp.Expr, operand: exp.Expr, *, is_list: bool) -> exp.In:
    """Whether the value is the operand, or in the list it stands for.

    A list is one parameter: the statement stays small however many values it holds.
    """
    if not is_list:
        return exp.In(this=value, expressions=[operand.copy()])
    unfolded = exp.Select(expressions=[exp.Explode(this=operand.copy())])
    return exp.In(this=value, query=exp.Subquery(this=unfolded))


def compare_bucket(
    book: ParameterBook, day: exp.Expr, grain: Grain, operator: Operator, position: int
) -> exp.Expr:
    """A filter on one bucket as bounds on the day itself, so that the engine can skip what lies outside."""
    start = book.placeholder(BucketSlot(position, grain, "start"))
    following = book.placeholder(BucketSlot(position, grain, "next"))
    match operator:
        case Operator.LT:
            return exp.LT(this=day, expression=start)
        case Operator.LE:
            return exp.LT(this=day, expression=following)
        case Operator.GT:
            return exp.GTE(this=day, expression=following)
        case Operator.GE:
            return exp.GTE(this=day, expression=start)
    inside = exp.and_(
        exp.GTE(this=day.copy(), expression=start), exp.LT(this=day.copy(), expression=following), copy=False
    )
    return equality(operator, exp.Paren(this=inside))


def compare_buckets(
    book: ParameterBook, bucket: exp.Expr, grain: Grain, operator: Operator, position: int
) -> exp.Expr:
    """A filter on several buckets, by the first day of each."""
    starts = book.placeholder(BucketSlot(position, grain, "all starts"))
    return equality(operator, among(bucket, starts, is_list=True))
