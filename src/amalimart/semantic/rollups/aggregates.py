"""An aggregate of a dataset, taken of the rows of a rollup of it.

A missing sum stays missing and a count of nothing is 0, as over the dataset itself, also within each entity.
"""

from __future__ import annotations

from collections.abc import Callable

from amalimart.core.rollups import Stored
from amalimart.semantic.formula import Measure
from amalimart.semantic.rollups.rollup import Rollup
from amalimart.semantic.shapes import Aggregate
from amalimart.semantic.sql.expressions import ZERO, Sql, aggregate, cast, coalesce, days_between, mean


def aggregate_from(rollup: Rollup, measure: Measure, where: Sql | None, read: Callable[[str], Sql]) -> Sql:
    """The aggregate over the rows for which a condition holds. `read` gives a column of the rollup."""
    field = measure.field

    def kept(how: Stored) -> Sql:
        name = rollup.column(field, how)
        if name is None:
            raise AssertionError(f"{rollup.name} was chosen, but does not hold the {how.value} of {field}")
        return read(name)

    def total(how: Stored) -> Sql:
        return aggregate("SUM", kept(how), where)

    if measure.aggregate is Aggregate.SUM:
        return total(Stored.SUM)
    if measure.aggregate is Aggregate.AVG:
        return mean(total(Stored.SUM), total(Stored.COUNT))
    if measure.aggregate is Aggregate.COUNT_DISTINCT and field != rollup.key:
        return aggregate("COUNT", read(field), where, is_distinct=True)
    if measure.aggregate in {Aggregate.COUNT, Aggregate.COUNT_DISTINCT}:
        return coalesce(cast(total(Stored.COUNT), "BIGINT"), ZERO)
    return _ends(measure.aggregate, where, lambda how: read(field) if field in rollup.exact else kept(how))


def _ends(kind: Aggregate, where: Sql | None, column: Callable[[Stored], Sql]) -> Sql:
    """The least value, the greatest, or the days between them."""
    if kind is Aggregate.MIN:
        return aggregate("MIN", column(Stored.MIN), where)
    greatest = aggregate("MAX", column(Stored.MAX), where)
    if kind is Aggregate.MAX:
        return greatest
    return days_between(aggregate("MIN", column(Stored.MIN), where), greatest)
