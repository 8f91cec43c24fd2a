"""A question's structure with every name resolved and every refusal made, before any SQL.

What may be asked, and by whom, is decided here; how it is computed is the planner's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from amalimart.access.policies import Policies
from amalimart.access.principal import Role
from amalimart.core.calendar import Grain
from amalimart.core.errors import Denied, InvalidFilter, NotGroupable, UnknownName
from amalimart.core.names import nearest
from amalimart.semantic.availability import (
    Availability,
    missing_for_dimension,
    missing_for_metric,
    refuse_missing,
)
from amalimart.semantic.formula import Leaf
from amalimart.semantic.model import GRAINS, DimensionUse, Metric, SemanticModel
from amalimart.semantic.question import Operator
from amalimart.semantic.question_shape import QuestionShape
from amalimart.semantic.shapes import FieldType

_ORDERING = {Operator.LT, Operator.LE, Operator.GT, Operator.GE}
_ORDERED_TYPES = {FieldType.INTEGER, FieldType.DECIMAL, FieldType.MONEY, FieldType.DATE}


@dataclass(frozen=True, slots=True)
class AskedMetric:
    """A metric under the name it was asked for."""

    name: str
    metric: Metric


@dataclass(frozen=True, slots=True)
class AskedFilter:
    """A filter whose target is known: a dimension, or a grain of time."""

    position: int
    target: DimensionUse | Grain
    operator: Operator
    is_list: bool
    either: int | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A question that may be asked. `groups` are in the order of the answer's columns."""

    shape: QuestionShape
    metrics: tuple[AskedMetric, ...]
    groups: tuple[DimensionUse | Grain, ...]
    filters: tuple[AskedFilter, ...]

    @property
    def grain(self) -> Grain | None:
        """The grain of time grouped by, wherever it was given."""
        return next((group for group in self.groups if isinstance(group, Grain)), None)


class Resolver:
    """Resolves questions of one role against one model, or says why not."""

    def __init__(self, model: SemanticModel, policies: Policies, availability: Availability) -> None:
        self._model = model
        self._policies = policies
        self._availability = availability

    def resolve(self, shape: QuestionShape, role: Role) -> Request:
        """The request. Raises UnknownName, Denied, NotGroupable, NotAvailable or InvalidFilter."""
        usable = partial(self._policies.may_use_metric, role)
        metrics = tuple(AskedMetric(name, self._model.metric(name, usable)) for name in shape.metrics)
        request = Request(shape, metrics, self._groups(shape, role), self._filters(shape, role))
        for asked in metrics:
            self._permit_metric(asked, role)
        uses = [group for group in request.groups if isinstance(group, DimensionUse)]
        uses += [wanted.target for wanted in request.filters if isinstance(wanted.target, DimensionUse)]
        for use in uses:
            if not self._policies.may_use_dimension(role, use.dimension.name):
                raise Denied(f"the role {role.value} may not group or filter by {use.asked}")
        for asked in metrics:
            self._reachable(asked, uses, request, role)
        _refuse_shared(request, uses)
        self._answerable(request, uses)
        return request

    def _groups(self, shape: QuestionShape, role: Role) -> tuple[DimensionUse | Grain, ...]:
        groups: list[DimensionUse | Grain] = []
        if shape.grain is not None and shape.grain.value not in shape.by:
            groups.append(shape.grain)
        groups += [self._target(name, role) for name in shape.by]
        if sum(isinstance(group, Grain) for group in groups) > 1:
            raise InvalidFilter(
                "two grains of time in one question", expected="one of day, week, month, quarter, year"
            )
        return tuple(groups)

    def _target(self, name: str, role: Role) -> DimensionUse | Grain:
        if name in GRAINS:
            return Grain(name)
        return self._model.dimension(name, partial(self._policies.may_use_dimension, role))

    def _filters(self, shape: QuestionShape, role: Role) -> tuple[AskedFilter, ...]:
        filters = []
        for position, wanted in enumerate(shape.filters):
            name = wanted.dimension
            target = self._target(name, role)
            if (
                isinstance(target, DimensionUse)
                and wanted.operator in _ORDERING
                and (target.dimension.type not in _ORDERED_TYPES)
            ):
                raise InvalidFilter(
                    f"{name} has no order, so {wanted.operator.value} says nothing about it",
                    where=f"the filter on {name}",
                    expected="=, !=, in or not in",
                )
            filters.append(AskedFilter(position, target, wanted.operator, wanted.is_list, wanted.either))
        return tuple(filters)

    def _permit_metric(self, asked: AskedMetric, role: Role) -> None:
        policy = self._policies.policy(role)
        metric = asked.metric
        for name in (metric.name, *sorted(metric.components)):
            if not self._policies.may_use_metric(role, name):
                permitted = [
                    hint
                    for hint in metric.hints.values()
                    if self._policies.may_use_metric(role, self._own(hint))
                ]
                raise Denied(
                    f"the role {policy.role.value} may not see {asked.name}",
                    nearest=permitted[0] if permitted else None,
                    next_step=f"ask {permitted[0]}" if permitted else "ask an admin",
                )

    def _own(self, name: str) -> str:
        return self._model.metric(name).name

    def _reachable(self, asked: AskedMetric, uses: list[DimensionUse], request: Request, role: Role) -> None:
        metric = asked.metric
        for leaf in metric.leaves:
            for use in uses:
                if not self._model.reaches(leaf, use.dimension):
                    raise self._not_groupable(asked, leaf, use, role)
        timed = [wanted for wanted in request.filters if isinstance(wanted.target, Grain)]
        if not metric.has_time and (request.grain is not None or timed):
            grain = request.grain or timed[0].target
            raise NotGroupable(
                f"{asked.name} counts what is there now, so it has no {grain} to group or filter by",
                expected="a metric of events, such as orders or registrations",
                next_step="ask it without a grain of time",
            )

    def _not_groupable(self, asked: AskedMetric, leaf: Leaf, use: DimensionUse, role: Role) -> NotGroupable:
        dataset = self._model.datasets[leaf.measure.dataset]
        other = asked.metric.hints.get(use.dimension.name)
        if other is not None and not self._policies.may_use_metric(role, self._own(other)):
            other = None
        usable = [
            dimension.name
            for dimension in self._model.reachable(asked.metric)
            if self._policies.may_use_dimension(role, dimension.name)
        ]
        counted, single = dataset.name.replace("_", " "), use.dimension.label.en.lower()
        return NotGroupable(
            f"{asked.name} cannot be grouped or filtered by {use.asked}: it is taken from {counted}, "
            f"and one of those does not belong to one {single}",
            expected=f"one of {', '.join(usable)}",
            nearest=other,
            next_step=f"ask {other}, which can" if other else "choose another dimension or metric",
        )

    def _answerable(self, request: Request, uses: list[DimensionUse]) -> None:
        shape = request.shape
        if shape.fill and request.grain is None:
            raise InvalidFilter("fill without a grain of time", expected="a grain, such as month")
        if shape.compare and any(isinstance(wanted.target, Grain) for wanted in request.filters):
            raise InvalidFilter(
                "a filter on time would leave nothing to compare with",
                next_step="give the days as the range of the question, not as a filter",
            )
        names = answer_names(request)
        for name in names:
            if names.count(name) > 1:
                raise InvalidFilter(f"{name} would be in the answer twice", next_step="ask for it once")
        ordered = (shape.order_by or "").removeprefix("-")
        if shape.order_by is not None and ordered not in names:
            raise UnknownName(
                f"cannot order by {ordered[:100]!r}",
                expected=f"one of {', '.join(names)}",
                nearest=nearest(ordered[:100], names),
            )
        _refuse_other_metrics(request)
        for asked in request.metrics:
            _refuse_without_period(asked, request)
            self._refuse_unavailable(asked, request, uses)

    def _refuse_unavailable(self, asked: AskedMetric, request: Request, uses: list[DimensionUse]) -> None:
        shape = request.shape
        missing = missing_for_metric(self._model, asked.metric, self._availability)
        refuse_missing(missing, asked.name, self._availability)
        if (
            shape.compare
            and not shape.has_days
            and any(leaf.period is None and leaf.measure.time is not None for leaf in asked.metric.leaves)
        ):
            raise InvalidFilter(
                "compare without days", expected="a range of days to compare with the one before"
            )
        for leaf in asked.metric.leaves:
            for use in (use for use in uses if use.dimension.name not in leaf.ignores):
                lacking = missing_for_dimension(
                    self._model, leaf.measure.dataset, use.dimension, self._availability
                )
                refuse_missing(lacking, use.asked, self._availability)


def _refuse_shared(request: Request, uses: list[DimensionUse]) -> None:
    """What is the same for all values of a dimension is told by it only beside something that is not."""
    leaves = [leaf for asked in request.metrics for leaf in asked.metric.leaves]
    for use in uses:
        if all(use.dimension.name in leaf.ignores for leaf in leaves):
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


def answer_names(request: Request) -> list[str]:
    """The names of the answer's columns, in order, without `partial`."""
    names: list[str] = []
    for group in request.groups:
        if isinstance(group, Grain):
            names.append(group.value)
        elif group.has_label:
            names += [f"{group.asked}_id", group.asked]
        else:
            names.append(group.asked)
    for asked in request.metrics:
        names.append(asked.name)
        if request.shape.compare:
            names.append(f"{asked.name}__previous")
    return names
