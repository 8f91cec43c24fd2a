"""Aggregates in two steps: of finer groups first, then of those.

An engine groups by a day and a currency much sooner than it computes the month of every row, or the least
and the greatest of its texts. Sums, counts and extremes may be taken so, and are exact; distinct things not.
"""

from __future__ import annotations

from amalimart.semantic.aggregates import PLAIN
from amalimart.semantic.shapes import Aggregate
from amalimart.semantic.sql.expressions import ZERO, Sql, aggregate, cast, coalesce, column

FIRST_STEP = "e"
"""The alias under which the second step reads the first."""


def second_step(kind: Aggregate, name: str, *, is_key: bool) -> Sql | None:
    """The aggregate of the first step's values, which stand under a name; None where there is none."""
    value = column(name, FIRST_STEP)
    if kind in PLAIN:
        return aggregate(PLAIN[kind], value)
    if kind is Aggregate.COUNT or (kind is Aggregate.COUNT_DISTINCT and is_key):
        return coalesce(cast(aggregate("SUM", value), "BIGINT"), ZERO)
    return None
