"""Comparisons as SQL. A missing value is a value to `=` and `!=`, so that the two share out every row."""

from __future__ import annotations

from collections.abc import Sequence

from amalimart.core.calendar import Grain
from amalimart.semantic.defined import UNKNOWN_ENUM, UNKNOWN_KEY, UNKNOWN_LABEL
from amalimart.semantic.parameters import BucketSlot, ParameterBook
from amalimart.semantic.question import Operator
from amalimart.semantic.shapes import FieldType
from amalimart.semantic.sql.expressions import (
    FALSE,
    Comparator,
    Sql,
    all_of,
    call,
    coalesce,
    comparison,
    is_in,
    is_missing,
    negated,
    parenthesised,
    text,
)
from amalimart.semantic.sql.select import Select

_ORDERING: dict[Operator, Comparator] = {
    Operator.LT: "<",
    Operator.LE: "<=",
    Operator.GT: ">",
    Operator.GE: ">=",
}
_UNKNOWN = {
    FieldType.ID: UNKNOWN_KEY,
    FieldType.ENUM: UNKNOWN_ENUM,
    FieldType.TEXT: UNKNOWN_LABEL,
}


def known_value(column: Sql, kind: FieldType) -> Sql:
    """The column with the unknown member in place of a missing key, code or text; others stay empty.

    A text that says unknown, as the models write where a city or band is not known, is the same member.
    """
    unknown = _UNKNOWN.get(kind)
    if kind is FieldType.TEXT:
        column = call("NULLIF", column, text(UNKNOWN_KEY))
    return column if unknown is None else coalesce(column, text(unknown))


def is_known(value: Sql) -> Sql:
    """Whether there is a value."""
    return negated(is_missing(value))


def compare(value: Sql, operator: Operator, operands: Sequence[Sql]) -> Sql:
    """`value operator operands`, for a WHERE or FILTER: empty means no, so only a negation avoids it."""
    if operator in _ORDERING:
        return comparison(value, _ORDERING[operator], operands[0])
    return equality(operator, is_in(value, operands))


def equality(operator: Operator, among: Sql) -> Sql:
    """The condition, or its negation that holds where a value is missing."""
    if operator in {Operator.EQ, Operator.IN}:
        return among
    return negated(coalesce(among, FALSE))


def among(value: Sql, operand: Sql, *, is_list: bool) -> Sql:
    """Whether the value is the operand, or in the list it stands for.

    A list is one parameter: the statement stays small however many values it holds.
    """
    return is_in(value, [Select([call("UNNEST", operand)]).sql if is_list else operand])


def compare_bucket(book: ParameterBook, day: Sql, grain: Grain, operator: Operator, position: int) -> Sql:
    """A filter on one bucket as bounds on the day itself, so that the engine can skip what lies outside."""
    start = book.placeholder(BucketSlot(position, grain, "start"))
    following = book.placeholder(BucketSlot(position, grain, "next"))
    match operator:
        case Operator.LT:
            return comparison(day, "<", start)
        case Operator.LE:
            return comparison(day, "<", following)
        case Operator.GT:
            return comparison(day, ">=", following)
        case Operator.GE:
            return comparison(day, ">=", start)
    inside = all_of((comparison(day, ">=", start), comparison(day, "<", following)))
    return equality(operator, parenthesised(inside))


def compare_buckets(book: ParameterBook, bucket: Sql, grain: Grain, operator: Operator, position: int) -> Sql:
    """A filter on several buckets, by the first day of each."""
    starts = book.placeholder(BucketSlot(position, grain, "all starts"))
    return equality(operator, among(bucket, starts, is_list=True))
