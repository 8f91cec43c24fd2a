"""Aggregates: rows to one number, and the values of many entities to one."""

from __future__ import annotations

from sqlglot import exp

from amalimart.semantic.conditions import compare
from amalimart.semantic.formula import PerEntity
from amalimart.semantic.nodes import to_double
from amalimart.semantic.parameters import ParameterBook
from amalimart.semantic.shapes import Aggregate, Over

_PLAIN: dict[Over, type[exp.AggFunc]] = {
    Over.COUNT: exp.Count,
    Over.SUM: exp.Sum,
    Over.MIN: exp.Min,
    Over.MAX: exp.Max,
}
_SHARES = {Over.MEDIAN: "0.5", Over.P90: "0.9"}


def aggregate_of(aggregate: Aggregate, column: exp.Expr, *, is_key: bool) -> exp.Expr:
    """The aggregate of a column. A key is unique in its dataset, and parents join many-to-one."""
    if aggregate is Aggregate.AVG:  # of one entity; elsewhere it is a ratio of sums
        return mean(exp.Sum(this=column), exp.Count(this=column.copy()))
    if aggregate is Aggregate.SPAN:
        first, last = exp.Min(this=column), exp.Max(this=column.copy())
        return exp.DateDiff(this=last, expression=first, unit=exp.Var(this="DAY"))
    if aggregate is Aggregate.COUNT_DISTINCT and not is_key:
        return exp.Count(this=exp.Distinct(expressions=[column]))
    plain: dict[Aggregate, type[exp.AggFunc]] = {
        Aggregate.SUM: exp.Sum,
        Aggregate.MIN: exp.Min,
        Aggregate.MAX: exp.Max,
    }
    return plain.get(aggregate, exp.Count)(this=column)


def over_entities(per: PerEntity, value: exp.Expr, book: ParameterBook) -> exp.Expr:
    """The aggregate over the entities that `per` looks at.

    An average is the exact sum over the count, as a double. A middle value lies between the two nearest
    where the count is even (continuous quantile).
    """

    def kept(aggregate: exp.Expr) -> exp.Expr:
        if per.keep is None:
            return aggregate
        operator, least = per.keep
        return filtered(aggregate, compare(value.copy(), operator, [book.constant(least)]))

    if per.over is Over.AVG:
        return kept(mean(exp.Sum(this=value.copy()), exp.Count(this=value.copy())))
    if per.over in _SHARES:
        share = exp.Literal.number(_SHARES[per.over])
        return kept(exp.PercentileCont(this=value.copy(), expression=share))
    return kept(_PLAIN[per.over](this=value.copy()))


def mean(total: exp.Expr, count: exp.Expr) -> exp.Expr:
    """The exact sum over the count, as a double; empty where there is nothing."""
    divisor = exp.Nullif(this=count, expression=exp.Literal.number(0))
    return exp.Div(this=to_double(total), expression=divisor)


def filtered(expression: exp.Expr, condition: exp.Expr) -> exp.Expr:
    """The expression with every aggregate in it over the rows for which the condition holds."""
    found = [node for node in expression.find_all(exp.AggFunc) if not isinstance(node.parent, exp.Filter)]
    for node in found:
        over = exp.Filter(this=node.copy(), expression=exp.Where(this=condition.copy()))
        if node is expression:
            return over
        node.replace(over)
    return expression
