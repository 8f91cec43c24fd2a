"""Aggregates in two steps: of finer groups first, then of those.

An engine groups by a day and a currency much sooner than it computes the month of every row, or the least
and the greatest of its texts. Sums, counts and extremes may be taken so, and are exact; distinct things not.
"""

from __future__ import annotations

from sqlglot import exp

from amalimart.semantic import nodes
from amalimart.semantic.conditions import function
from amalimart.semantic.shapes import Aggregate

FIRST_STEP = "e"
"""The alias under which the second step reads the first."""

_AGAIN: dict[Aggregate, type[exp.AggFunc]] = {
    Aggregate.SUM: exp.Sum,
    Aggregate.MIN: exp.Min,
    Aggregate.MAX: exp.Max,
}


def second_step(aggregate: Aggregate, name: str, *, is_key: bool) -> exp.Expr | None:
    """The aggregate of the first step's values, which stand under a name; None where there is none."""
    column = nodes.column(name, FIRST_STEP)
    if aggregate in _AGAIN:
        return _AGAIN[aggregate](this=column)
    if aggregate is Aggregate.COUNT or (aggregate is Aggregate.COUNT_DISTINCT and is_key):
        counted = nodes.to_count(exp.Sum(this=column))
        return function(exp.Coalesce, counted, exp.Literal.number(0))
    return None
