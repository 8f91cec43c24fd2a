"""What a question may not ask although every name in it is known: combinations without one right answer."""

from __future__ import annotations

from amalimart.core.calendar import Grain
from amalimart.core.errors import InvalidFilter, NotGroupable, UnknownName
from amalimart.core.names import nearest
from amalimart.semantic.defined import DimensionUse
from amalimart.semantic.question import Totals
from amalimart.semantic.request import AskedMetric, AskedTop, Request, answer_names


def refuse_impossible(request: Request, uses: list[DimensionUse]) -> None:
    """Raises InvalidFilter, UnknownName or NotGroupable."""
    _refuse_shared(request, uses)
    _refuse_unsaid(request)
    _refuse_names(request)
    _refuse_idle_totals(request)
    for each in (*request.levels(), *((request.best(),) if request.top else ())):
        for asked in each.metrics:
            _refuse_without_period(asked, each)
    _refuse_stock_of_either(request)


def _refuse_unsaid(request: Request) -> None:
    """What needs a part of the question that it leaves out."""
    shape = request.shape
    if shape.fill and request.grain is None:
        raise InvalidFilter("fill without a grain of time", expected="a grain, such as month")
    if shape.compare and any(isinstance(wanted.target, Grain) for wanted in request.filters):
        raise InvalidFilter(
            "a filter on time would leave nothing to compare with",
            next_step="give the days as the range of the question, not as a filter",
        )
    leaves = [leaf for asked in request.metrics for leaf in asked.metric.leaves]
    if (
        shape.compare
        and not shape.has_days
        and any(leaf.period is None and leaf.measure.time is not None for leaf in leaves)
    ):
        raise InvalidFilter("compare without days", expected="a range of days to compare with the one before")


def _refuse_names(request: Request) -> None:
    """A name stands in the answer once, and rows are ordered and kept by one of its own."""
    names = answer_names(request)
    for name in names:
        if names.count(name) > 1:
            raise InvalidFilter(f"{name} would be in the answer twice", next_step="ask for it once")
    order_by = request.shape.order_by
    ordered = (order_by or "").removeprefix("-")
    if order_by is not None and ordered not in names:
        raise UnknownName(
            f"cannot order by {ordered[:100]!r}",
            expected=f"one of {', '.join(names)}",
            nearest=nearest(ordered[:100], names),
        )
    _refuse_other_metrics(request)


def _refuse_shared(request: Request, uses: list[DimensionUse]) -> None:
    """What is the same for all values of a dimension is told by it only beside something that is not."""
    leaves = [leaf for asked in request.metrics for leaf in asked.metric.leaves]
    for use in uses:
        if all(leaf.is_same_for_all(use.dimension.name) for leaf in leaves):
            raise NotGroupable(
                f"{request.metrics[0].name} is the same for all of {use.asked}",
                next_step=f"ask it without {use.asked}",
            )


def _refuse_other_metrics(request: Request) -> None:
    """A condition on a metric is on one of the answer's."""
    asked = [asked.name for asked in request.metrics]
    for condition in request.shape.having:
        if condition.metric not in asked:
            raise UnknownName(
                f"{condition.metric[:100]!r} is not a metric of the question",
                expected=f"one of {', '.join(asked)}",
                nearest=nearest(condition.metric[:100], asked),
            )


def _refuse_without_period(asked: AskedMetric, request: Request) -> None:
    """What is held against a period needs one: of its own, a range of days, or a grain of time."""
    if request.shape.has_days or request.grain is not None:
        return
    for leaf in asked.metric.leaves:
        is_of_period = leaf.is_previous or any(each.is_of_period for each in leaf.measure.where)
        if is_of_period and leaf.period is None:
            raise InvalidFilter(
                f"{asked.name} is held against a period, and the question has none",
                expected="a range of days, or a grain of time such as month",
            )


def top_of(request: Request) -> AskedTop | None:
    """The top of a request. Raises UnknownName or InvalidFilter."""
    wanted = request.shape.top
    if wanted is None:
        return None
    uses = {group.asked: group for group in request.groups if isinstance(group, DimensionUse)}
    metrics = {asked.name: asked for asked in request.metrics}
    for name, known, what in (
        (wanted.dimension, uses, "dimension that the question groups by"),
        (wanted.metric, metrics, "metric of the question"),
    ):
        if name not in known:
            raise UnknownName(
                f"{name[:100]!r} is not a {what}, so it has no top",
                expected=f"one of {', '.join(known)}" if known else f"a {what}",
                nearest=nearest(name[:100], known),
            )
    if request.shape.having or request.shape.has_limit:
        raise InvalidFilter(
            "a limit or a condition on a metric would cut what stands for all others",
            expected="the top alone",
            next_step="ask for fewer in the top, or leave the top out",
        )
    dimension = uses[wanted.dimension].dimension.name
    if all(leaf.is_same_for_all(dimension) for leaf in metrics[wanted.metric].metric.leaves):
        raise NotGroupable(
            f"{wanted.metric} is the same for all of {wanted.dimension}, so none of them is the best",
            next_step="choose the top by another metric",
        )
    return AskedTop(uses[wanted.dimension], metrics[wanted.metric])


def _refuse_idle_totals(request: Request) -> None:
    """A total is of groups, and a change is against something."""
    if request.shape.totals is not Totals.NONE and not request.groups:
        raise InvalidFilter(
            "a total of one number",
            expected="a question with groups",
            next_step="group by something, or leave the totals out",
        )
    if request.shape.changes and not request.shape.compare:
        raise InvalidFilter("changes without compare", expected="days to compare with")


def _refuse_stock_of_either(request: Request) -> None:
    """The last day of a stock is that of the time asked for, which one of either does not tell."""
    if not any(leaf.measure.at_end for asked in request.metrics for leaf in asked.metric.leaves):
        return
    kinds: dict[int, set[bool]] = {}
    for wanted in request.filters:
        if wanted.either is not None:
            kinds.setdefault(wanted.either, set()).add(isinstance(wanted.target, Grain))
    if any(len(each) > 1 for each in kinds.values()):
        raise InvalidFilter(
            "a stock is of a last day, which a condition on time or on something else does not tell",
            next_step="give the time as a condition of its own, or as the range of the question",
        )
