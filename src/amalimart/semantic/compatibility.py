"""What may still be added to a question: every metric, dimension and grain of time with a yes or a reason.

Nothing is decided here: each candidate is put into the question and judged by what judges questions, so
that what a chooser shows as possible is what would be answered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from amalimart.access.principal import Principal
from amalimart.core.calendar import Grain
from amalimart.core.errors import AmalimartError, Denied
from amalimart.core.recent import Recent
from amalimart.semantic.defined import DimensionUse
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.parameters import ParameterBook
from amalimart.semantic.preparing import Rule
from amalimart.semantic.question import Comparison, Question, Totals
from amalimart.semantic.question_shape import QuestionShape, shape_of
from amalimart.semantic.request import Request
from amalimart.semantic.scan import Door, Scope
from amalimart.semantic.sound_conditions import refuse_unsound

COMPATIBLE_KEPT = 200

Judge = Callable[[Question], None]
"""Returns where a question may be asked, and raises what refuses it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One candidate: `refusal` is None where it may be added."""

    name: str
    refusal: AmalimartError | None = None


@dataclass(frozen=True, slots=True)
class Compatibility:
    """The verdicts.

    trouble  what refuses the question as it is; the candidates are then judged beside its metrics alone
    """

    trouble: AmalimartError | None
    metrics: tuple[Verdict, ...]
    dimensions: tuple[Verdict, ...]
    grains: tuple[Verdict, ...]


class Compatibilities:
    """Verdicts kept by the structure of the question, and whose it is."""

    def __init__(self, model: SemanticModel) -> None:
        self._model = model
        self._kept: Recent[tuple[QuestionShape, Scope, str], Compatibility] = Recent(COMPATIBLE_KEPT)

    def of(
        self,
        question: Question,
        principal: Principal,
        rule: Rule,
        metrics: Iterable[str],
        dimensions: Iterable[str],
    ) -> Compatibility:
        """What the principal may still add to a question under a rule, of these metrics and dimensions."""
        scope = Scope.of(principal)
        known = (core_shape(question), scope, rule.policies.fingerprint(principal.role))
        if (found := self._kept.get(known)) is not None:
            return found
        door = Door(self._model, rule.policies, scope, ParameterBook())

        def judge(asked: Question) -> None:
            request = rule.resolver.resolve(shape_of(asked), principal.role)
            refuse_unsound(request)
            refuse_unreadable(self._model, door, request)

        found = compatible(question, metrics, dimensions, judge)
        self._kept.put(known, found)
        return found


def compatible(
    question: Question, metrics: Iterable[str], dimensions: Iterable[str], judge: Judge
) -> Compatibility:
    """Judge every candidate. A question without metrics has no trouble yet, and takes any dimension."""
    core = _core(question)
    trouble = _refusal(core, judge) if core.metrics else None
    if trouble is not None:
        core = replace(core, by=(), grain=None, filters=())
        if _refusal(core, judge) is not None:
            core = replace(core, metrics=())

    def of_metric(name: str) -> Verdict:
        if name in question.metrics:
            return Verdict(name)
        return Verdict(name, _refusal(replace(core, metrics=(*core.metrics, name)), judge))

    def of_group(name: str, grouped: Question) -> Verdict:
        return Verdict(name, _refusal(grouped, judge) if core.metrics else None)

    used = {*question.by, *(each.dimension for each in question.filters)}
    return Compatibility(
        trouble,
        tuple(of_metric(name) for name in metrics),
        tuple(
            Verdict(name) if name in used else of_group(name, replace(core, by=(*core.by, name)))
            for name in dimensions
        ),
        tuple(of_group(grain.value, replace(core, grain=grain)) for grain in Grain),
    )


def core_shape(question: Question) -> QuestionShape:
    """The structure that decides all verdicts. Raises InvalidFilter for what no question may be."""
    core = _core(question)
    return shape_of(core if core.metrics else replace(core, metrics=("",)))


def _core(question: Question) -> Question:
    """What decides which names fit each other: without order, totals and comparisons, which refuse too."""
    return replace(
        question,
        order_by=None,
        limit=None,
        compare=False,
        compare_with=Comparison.PREVIOUS_PERIOD,
        changes=False,
        fill=False,
        usual=False,
        having=(),
        totals=Totals.NONE,
        top=None,
    )


def _refusal(question: Question, judge: Judge) -> AmalimartError | None:
    try:
        judge(question)
    except AmalimartError as error:
        return error
    return None


def refuse_unreadable(model: SemanticModel, door: Door, request: Request) -> None:
    """Raise Denied where the role may not read a column that a dimension of the question stands in."""
    uses = [(group, door.may_group) for group in request.groups if isinstance(group, DimensionUse)]
    uses += [
        (each.target, door.may_read) for each in request.filters if isinstance(each.target, DimensionUse)
    ]
    for asked in request.metrics:
        for leaf in asked.metric.leaves:
            for use, may in uses:
                reach = model.reach(leaf.measure.dataset, use.dimension)
                if reach is not None and not may(reach.dataset, reach.field):
                    raise Denied(
                        f"{asked.name} cannot be grouped or filtered by {use.asked} by this role",
                        next_step="choose another dimension or metric",
                    )
