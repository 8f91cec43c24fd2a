"""A question to everything but its rows: its plan, the values bound to it, what a kept answer is known by.

Plans are kept by the question's structure and the principal's scope, never by values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from amalimart.access.policies import Policies
from amalimart.access.principal import Principal
from amalimart.access.rules import OwnIds
from amalimart.core.recent import Recent
from amalimart.observe.metrics import CACHE_LOOKUPS
from amalimart.semantic.answer_cache import Asked
from amalimart.semantic.availability import Availability
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.one_currency import Currencies, OneCurrency
from amalimart.semantic.parameters import bind
from amalimart.semantic.planner import Plan, plan
from amalimart.semantic.question import Question
from amalimart.semantic.question_shape import QuestionShape, shape_of
from amalimart.semantic.resolving import Resolver
from amalimart.semantic.rollups.rollup import Rollup
from amalimart.semantic.scan import Scope
from amalimart.semantic.sound_conditions import refuse_unsound
from amalimart.warehouse.file.reading import ReadTransaction, Release

PLANS_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class Prepared:
    """A question that may be asked.

    is_rolled  whether it was planned for a release that holds the rollups
    currencies  the datasets that were taken to have one currency only
    is_open    whether its receipt may name tables: not to somebody who sees own rows only
    """

    question: Question
    principal: Principal
    is_rolled: bool
    currencies: Currencies
    plan: Plan
    bound: Sequence[object]
    asked: Asked
    is_open: bool

    @property
    def metrics(self) -> list[str]:
        """The metrics that it asks for."""
        return [each.metric.name for each in self.plan.metrics]


@dataclass(frozen=True, slots=True)
class Rule:
    """The policies in force, and what resolves questions under them: always both of the same moment."""

    policies: Policies
    resolver: Resolver


_Form = tuple[QuestionShape, Scope, str, bool]


def _told_by(money: frozenset[str], currencies: Currencies) -> Currencies:
    """Those that decide a plan: of the datasets whose currency it tells, and of no others."""
    return frozenset(each for each in currencies if each[0] in money)


class Preparer:
    """Prepares questions under the policies. `holds_rollups` tells whether a release has the rollups.

    `rule` is what is in force: it is taken once for each question, whatever is put in force meanwhile.
    """

    def __init__(
        self,
        model: SemanticModel,
        policies: Policies,
        availability: Availability,
        rollups: Sequence[Rollup],
        holds_rollups: Callable[[Release], bool],
    ) -> None:
        self.model = model
        self._availability = availability
        self._rollups = tuple(rollups)
        self._holds_rollups = holds_rollups
        self._one_currency = OneCurrency(model)
        self._money: Recent[_Form, frozenset[str]] = Recent(PLANS_KEPT)
        self._plans: Recent[tuple[_Form, Currencies], Plan] = Recent(PLANS_KEPT)
        self.govern(policies)

    def govern(self, policies: Policies) -> None:
        """Rule by these policies from now on."""
        self.rule = Rule(policies, Resolver(self.model, policies, self._availability))

    @property
    def depends_on_release(self) -> bool:
        """Whether plans differ by what a release holds."""
        return bool(self._rollups)

    def prepared(self, question: Question, principal: Principal, release: Release | None) -> Prepared:
        """The question as it is to be asked of a release. Raises a QueryError or an AccessError."""
        is_rolled = self._is_rolled(release)
        return self._prepared(question, principal, self._one_currency.last, is_rolled=is_rolled)

    def fitting(self, prepared: Prepared, transaction: ReadTransaction) -> Prepared:
        """The same question, planned anew if the release that is read is not what the plan takes it for."""
        is_rolled = self._is_rolled(transaction.release)
        currencies = self._held(prepared.plan, prepared.currencies, transaction)
        if prepared.is_rolled == is_rolled and prepared.currencies == currencies:
            return prepared
        return self._prepared(prepared.question, prepared.principal, currencies, is_rolled=is_rolled)

    def plan(self, question: Question, principal: Principal, transaction: ReadTransaction | None) -> Plan:
        """The checked statement of a question, that which would run in a transaction.

        Raises a QueryError or an AccessError.
        """
        currencies = self._one_currency.last
        is_rolled = transaction is not None and self._is_rolled(transaction.release)
        rule = self.rule
        planned = self._plan(question, principal, rule, currencies, is_rolled=is_rolled)
        if transaction is None:
            return planned
        held = self._held(planned, currencies, transaction)
        if held == currencies:
            return planned
        return self._plan(question, principal, rule, held, is_rolled=is_rolled)

    def _held(self, planned: Plan, taken: Currencies, transaction: ReadTransaction) -> Currencies:
        """What was taken for granted, as far as it holds; of other datasets than the plan's it may stay."""
        others = frozenset(each for each in taken if each[0] not in planned.money)
        return others | self._one_currency.of(transaction, planned.money)

    def _prepared(
        self, question: Question, principal: Principal, currencies: Currencies, *, is_rolled: bool
    ) -> Prepared:
        rule = self.rule
        policy = rule.policies.fingerprint(principal.role)
        own = tuple(kind.of(principal) for kind in OwnIds)
        question = self._grouped(question, principal, rule)
        planned = self._plan(question, principal, rule, currencies, is_rolled=is_rolled)
        bound = bind(planned.slots, question, principal, self.model.calendar)
        is_open = not rule.policies.is_scoped(principal)
        # Not the statement: that of a question changes with what is known of the release that is read.
        key = (
            policy,
            own,
            replace(question, usual=False, as_of=None),
            planned.notes,
            is_open,
        )
        asked = Asked(key, planned.tables)
        return Prepared(question, principal, is_rolled, currencies, planned, bound, asked, is_open)

    def _is_rolled(self, release: Release | None) -> bool:
        return release is not None and bool(self._rollups) and self._holds_rollups(release)

    def _plan(
        self, question: Question, principal: Principal, rule: Rule, currencies: Currencies, *, is_rolled: bool
    ) -> Plan:
        policies = rule.policies
        fingerprint = policies.fingerprint(principal.role)
        form = (shape_of(question), Scope.of(principal), fingerprint, is_rolled)
        money = self._money.get(form)
        found = self._plans.get((form, _told_by(money, currencies))) if money is not None else None
        CACHE_LOOKUPS.add(cache="plan", result="hit" if found else "miss")
        if found is None:
            request = rule.resolver.resolve(form[0], principal.role)
            refuse_unsound(request)
            rollups = self._rollups if is_rolled else ()
            found = plan(self.model, policies, form[1], request, rollups, currencies)
            self._money.put(form, found.money)
            self._plans.put((form, _told_by(found.money, currencies)), found)
        return found

    def _grouped(self, question: Question, principal: Principal, rule: Rule) -> Question:
        """Without a grouping asked for: that of a name such as daily_gmv, or with `usual` of any metric."""
        if question.by or question.grain is not None or not question.metrics:
            return question
        model = self.model
        usable = partial(rule.policies.may_use_metric, principal.role)
        find = model.default_grouping if question.usual else model.alias_grouping
        grouping = find(question.metrics, usable)
        return replace(question, by=grouping.by, grain=grouping.grain)
