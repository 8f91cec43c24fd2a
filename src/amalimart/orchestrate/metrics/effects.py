"""What a change of definitions does to numbers: metrics asked of one release as they were and as they are.

Both sides go through the ordinary door, with the operator's policy and one read transaction, so that nothing
but the definitions differs between them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from amalimart.access.policies import Policies, Policy
from amalimart.access.principal import Principal
from amalimart.core.calendar import DayRange
from amalimart.core.errors import AmalimartError
from amalimart.core.fiscal import Calendar
from amalimart.semantic.availability import Availability
from amalimart.semantic.definition_files import DefinitionFiles
from amalimart.semantic.loading import model_of
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.question import Question
from amalimart.semantic.service import SemanticService
from amalimart.warehouse.file.reading import Reader, ReadTransaction


@dataclass(frozen=True, slots=True)
class MeasuredValue:
    """One number, or the code of the error that there is instead. Both None: there is no such metric."""

    value: Any
    currency: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Effect:
    """One metric before and after."""

    metric: str
    before: MeasuredValue
    after: MeasuredValue


@dataclass(frozen=True, slots=True)
class Effects:
    """All of them, of one release."""

    release_id: int
    published_at: datetime
    effects: tuple[Effect, ...]


class _Held:
    """A reader whose only transaction is open already."""

    def __init__(self, transaction: ReadTransaction) -> None:
        self._transaction = transaction

    @contextmanager
    def read(self) -> Iterator[ReadTransaction]:
        yield self._transaction


class MetricEffects:
    """Asks as the operator of this machine, whose policy it is given."""

    def __init__(
        self,
        reader: Reader,
        policy: Policy,
        availability: Availability,
        operator: Principal,
        calendar: Calendar,
    ) -> None:
        self._calendar = calendar
        self._reader = reader
        self._policy = policy
        self._availability = availability
        self._operator = operator

    def measure(
        self,
        before: Sequence[DefinitionFiles],
        after: Sequence[DefinitionFiles],
        metrics: Sequence[str],
        days: DayRange,
        today: date,
    ) -> Effects:
        """One number of each metric on either side. Raises ConfigError, NothingPublished."""
        models = [model_of(side, self._calendar) for side in (before, after)]
        with self._reader.read() as transaction:
            sides = [self._values(model, metrics, days, today, transaction) for model in models]
            release = transaction.release
        effects = tuple(
            Effect(name, old, new) for name, old, new in zip(metrics, sides[0], sides[1], strict=True)
        )
        return Effects(release.release_id, release.published_at, effects)

    def _values(
        self,
        model: SemanticModel,
        metrics: Sequence[str],
        days: DayRange,
        today: date,
        transaction: ReadTransaction,
    ) -> list[MeasuredValue]:
        policies = Policies([_within(self._policy, model)])
        service = SemanticService(model, policies, _Held(transaction), self._availability)
        asked = [name for name in metrics if name in model.metrics]
        questions = [Question((name,), today, days=days) for name in asked]
        answers = dict(zip(asked, service.ask_all(questions, self._operator), strict=True))
        return [_measured(answers.get(name)) for name in metrics]


def _measured(answer: Any) -> MeasuredValue:
    if answer is None:
        return MeasuredValue(None, None, None)
    if isinstance(answer, AmalimartError):
        return MeasuredValue(None, None, answer.code)
    (column,) = answer.columns
    return MeasuredValue(answer.rows[0][0] if answer.rows else None, column.currency, None)


def _within(policy: Policy, model: SemanticModel) -> Policy:
    """The policy without names that a model lacks: of before, what is new is not there yet."""
    rules = policy.rules
    return replace(
        policy,
        metrics=None if policy.metrics is None else policy.metrics & model.metrics.keys(),
        dimensions=None if policy.dimensions is None else policy.dimensions & model.dimensions.keys(),
        rules=None
        if rules is None
        else {name: rule for name, rule in rules.items() if name in model.datasets},
    )
