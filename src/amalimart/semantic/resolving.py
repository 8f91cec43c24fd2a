"""Names to what they mean, and every refusal before any SQL.

What may be asked, and by whom, is decided here; how it is computed is the planner's.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from amalimart.access.policies import Policies
from amalimart.access.principal import Role
from amalimart.core.calendar import Grain
from amalimart.core.errors import Denied, InvalidFilter, NotGroupable
from amalimart.semantic.availability import (
    Availability,
    missing_for_dimension,
    missing_for_metric,
    refuse_missing,
)
from amalimart.semantic.defined import GRAINS, DimensionUse, Metric
from amalimart.semantic.formula import Leaf, leaves
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.question import Operator
from amalimart.semantic.question_shape import QuestionShape
from amalimart.semantic.refusals import refuse_impossible, top_of
from amalimart.semantic.request import AskedFilter, AskedMetric, Request
from amalimart.semantic.shapes import FieldType
from amalimart.semantic.time_roles import by_role

_ORDERING = {Operator.LT, Operator.LE, Operator.GT, Operator.GE}
_ORDERED_TYPES = {FieldType.INTEGER, FieldType.DECIMAL, FieldType.MONEY, FieldType.DATE}


class Resolver:
    """Resolves questions of one role against one model, or says why not."""

    def __init__(self, model: SemanticModel, policies: Policies, availability: Availability) -> None:
        self._model = model
        self._policies = policies
        self._availability = availability

    def resolve(self, shape: QuestionShape, role: Role) -> Request:
        """The request. Raises UnknownName, Denied, NotGroupable, NotAvailable or InvalidFilter."""
        usable = partial(self._policies.may_use_metric, role)
        metrics = tuple(
            self._asked(name, self._model.metric(name, usable), shape.time) for name in shape.metrics
        )
        request = Request(shape, metrics, self._groups(shape, role), self._filters(shape, role))
        request = replace(request, top=top_of(request))
        for asked in metrics:
            self._permit_metric(asked, role)
        uses = [group for group in request.groups if isinstance(group, DimensionUse)]
        uses += [wanted.target for wanted in request.filters if isinstance(wanted.target, DimensionUse)]
        for use in uses:
            if not self._policies.may_use_dimension(role, use.dimension.name):
                raise Denied(f"the role {role.value} may not group or filter by {use.asked}")
        for asked in metrics:
            self._reachable(asked, uses, request, role)
        refuse_impossible(request, uses)
        for asked in metrics:
            self._refuse_unavailable(asked, uses)
        return request

    def _asked(self, name: str, metric: Metric, role: str | None) -> AskedMetric:
        left_out = metric.left_out and self._model.metric(metric.left_out.metric).formula
        counted = left_out if isinstance(left_out, Leaf) else None
        if role is None:
            return AskedMetric(name, metric, counted)
        played = replace(metric, formula=by_role(self._model, name, metric.formula, role))
        if counted is not None:
            (counted,) = leaves(by_role(self._model, name, counted, role))
        return AskedMetric(name, played, counted)

    def _groups(self, shape: QuestionShape, role: Role) -> tuple[DimensionUse | Grain, ...]:
        groups: list[DimensionUse | Grain] = []
        if shape.grain is not None and shape.grain.value not in shape.by:
            groups.append(shape.grain)
        groups += [self._target(name, role) for name in shape.by]
        if sum(isinstance(group, Grain) for group in groups) > 1:
            raise InvalidFilter("two grains of time in one question", expected=f"one of {', '.join(Grain)}")
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

    def _refuse_unavailable(self, asked: AskedMetric, uses: list[DimensionUse]) -> None:
        missing = missing_for_metric(self._model, asked.metric, self._availability)
        refuse_missing(missing, asked.name, self._availability)
        for leaf in asked.metric.leaves:
            for use in (use for use in uses if not leaf.is_same_for_all(use.dimension.name)):
                lacking = missing_for_dimension(
                    self._model, leaf.measure.dataset, use.dimension, self._availability
                )
                refuse_missing(lacking, use.asked, self._availability)
