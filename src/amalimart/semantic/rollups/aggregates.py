"""An aggregate of a dataset, taken of the rows of a rollup of it.

A missing sum stays missing and a count of nothing is 0, as over the dataset itself, also within each entity.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from amalimart.core.rollups import Stored
from amalimart.semantic.aggregates import mean
from amalimart.semantic.conditions import function
from amalimart.semantic.formula import Measure
from amalimart.semantic.nodes import to_count
from amalimart.semantic.rollups.rollup import Rollup
from amalimart.semantic.shapes import Aggregate


def aggregate_from(rollup: Rollup, measure: Measure, read: Callable[[str], exp.Column]) -> exp.Expr:
    """The aggregate. `read` gives a column of the rollup."""
    field = measure.field

    def kept(how: Stored) -> exp.Column:
        name = rollup.column(field, how)
        if name is None:
            raise AssertionError(f"{rollup.name} was chosen, but does not hold the {how.value} of {field}")
        return read(name)

    if measure.aggregate is Aggregate.SUM:
        return exp.Sum(this=kept(Stored.SUM))
    if measure.aggregate is Aggregate.AVG:
        return mean(exp.Sum(this=kept(Stored.SUM)), exp.Sum(this=kept(Stored.COUNT)))
    if measure.aggregate is Aggregate.COUNT_DISTINCT and field != rollup.key:
        return exp.Count(this=exp.Distinct(expressions=[read(field)]))
    if measure.aggregate in {Aggregate.COUNT, Aggregate.COUNT_DISTINCT}:
        return function(exp.Coalesce, to_count(exp.Sum(this=kept(Stored.COUNT))), exp.Literal.number(0))
    return _ends(measure.aggregate, lambda how: read(field) if field in rollup.exact else kept(how))


def _ends(aggregate: Aggregate, column: Callable[[Stored], exp.Column]) -> exp.Expr:
    """The least value, the greatest, or the days between them."""
    if aggregate is Aggregate.MIN:
        return exp.Min(this=column(Stored.MIN))
    if aggregate is Aggregate.MAX:
        return exp.Max(this=column(Stored.MAX))
    first, last = exp.Min(this=column(Stored.MIN)), exp.Max(this=column(Stored.MAX))
    return exp.DateDiff(this=last, expression=first, unit=exp.Var(this="DAY"))
