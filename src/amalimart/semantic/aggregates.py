"""Aggregates: rows to one number, and the values of many entities to one."""

from __future__ import annotations

from amalimart.semantic.conditions import compare
from amalimart.semantic.formula import PerEntity
from amalimart.semantic.parameters import ParameterBook
from amalimart.semantic.shapes import Aggregate, Over
from amalimart.semantic.sql.expressions import (
    AggregateName,
    Sql,
    aggregate,
    call,
    cast,
    days_between,
    filtered,
    mean,
)

PLAIN: dict[Aggregate, AggregateName] = {
    Aggregate.SUM: "SUM",
    Aggregate.MIN: "MIN",
    Aggregate.MAX: "MAX",
}
"""What is taken of groups as it is taken of rows."""
_PLAIN_OVER: dict[Over, AggregateName] = {
    Over.COUNT: "COUNT",
    Over.SUM: "SUM",
    Over.MIN: "MIN",
    Over.MAX: "MAX",
}
_SHARES = {Over.MEDIAN: Sql("0.5"), Over.P90: Sql("0.9")}


def aggregate_of(kind: Aggregate, column: Sql, where: Sql | None, *, is_key: bool) -> Sql:
    """The aggregate of a column over the rows for which a condition holds.

    A key is unique in its dataset, and parents join many-to-one.
    """
    if kind is Aggregate.AVG:  # of one entity; elsewhere it is a ratio of sums
        return mean(aggregate("SUM", column, where), aggregate("COUNT", column, where))
    if kind is Aggregate.SPAN:
        return days_between(aggregate("MIN", column, where), aggregate("MAX", column, where))
    is_distinct = kind is Aggregate.COUNT_DISTINCT and not is_key
    return aggregate(PLAIN.get(kind, "COUNT"), column, where, is_distinct=is_distinct)


def over_entities(per: PerEntity, value: Sql, book: ParameterBook) -> Sql:
    """The aggregate over the entities that `per` looks at.

    An average is the exact sum over the count, as a double. A middle value lies between the two nearest
    where the count is even (continuous quantile).
    """
    kept = None
    if per.keep is not None:
        operator, least = per.keep
        kept = compare(value, operator, [book.constant(least)])
    if per.over is Over.AVG:
        return mean(aggregate("SUM", value, kept), aggregate("COUNT", value, kept))
    if per.over in _SHARES:
        # In decimals the engine would cut a value between two off after their last digit.
        return filtered(call("QUANTILE_CONT", cast(value, "DOUBLE"), _SHARES[per.over]), kept)
    return aggregate(_PLAIN_OVER[per.over], value, kept)
