"""Conditions that would be met by one part of a number and not by the other: refused before any SQL.

It looks at a request whose names are resolved, and knows nothing of roles or of what a source lacks.
"""

from __future__ import annotations

from amalimart.core.calendar import Grain
from amalimart.core.errors import InvalidFilter, NotGroupable
from amalimart.semantic.defined import DimensionUse
from amalimart.semantic.formula import Leaf
from amalimart.semantic.request import AskedMetric, Request
from amalimart.semantic.shapes import Unit


def refuse_unsound(request: Request) -> None:
    """Raises InvalidFilter or NotGroupable."""
    for asked in request.metrics:
        _refuse_dates_as_numbers(asked, request)
        _refuse_half_a_growth(asked, request)
        for leaf in asked.metric.leaves:
            _refuse_half_of_either(asked, leaf, request)


def _refuse_dates_as_numbers(asked: AskedMetric, request: Request) -> None:
    if asked.metric.unit is Unit.DATE and asked.name in {each.metric for each in request.shape.having}:
        raise InvalidFilter(
            f"{asked.name} is a date, which is compared with no number",
            where=f"the condition on {asked.name}",
            expected="a metric that is a number",
        )


def _refuse_half_a_growth(asked: AskedMetric, request: Request) -> None:
    """Without a grain a filter on time would leave out days of the period, and not those before it."""
    is_timed = any(isinstance(wanted.target, Grain) for wanted in request.filters)
    if is_timed and request.grain is None and any(leaf.is_previous for leaf in asked.metric.leaves):
        raise InvalidFilter(
            f"{asked.name} is held against the period before, of which a filter on time would leave nothing",
            expected="the days as the range of the question, or a grain of time such as month",
        )


def _refuse_half_of_either(asked: AskedMetric, leaf: Leaf, request: Request) -> None:
    """What is the same for all values of a dimension cannot leave out one of conditions joined by or."""
    found: dict[int, set[bool]] = {}
    for wanted in request.filters:
        if wanted.either is not None:
            target = wanted.target
            is_ignored = isinstance(target, DimensionUse) and target.dimension.name in leaf.ignores
            found.setdefault(wanted.either, set()).add(is_ignored)
    if any(len(each) > 1 for each in found.values()):
        raise NotGroupable(
            f"a part of {asked.name} is the same for all of {', '.join(leaf.ignores)}, "
            "so no condition on that is joined to others by or",
            next_step="ask with conditions joined by and",
        )
