"""How a reader's figures stand among those of their like: one metric, one whole month, whole groups.

The figures of others are read through the same door as every answer, under a policy made of the reader's own:
every row, but only the columns, metrics and dimensions that the rule `peers` names. They do not leave this
module: what does is the spread that peer_spread.py makes of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from amalimart.access.policy import Policies, Policy
from amalimart.access.principal import Principal
from amalimart.access.rules import AllRows, OwnRows, PeerRule
from amalimart.core.calendar import DayRange
from amalimart.core.errors import Denied, InvalidFilter
from amalimart.core.names import nearest
from amalimart.semantic.answer import Answer, Column
from amalimart.semantic.defined import UNKNOWN_KEY
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.peer_spread import Spread, Untold, spread
from amalimart.semantic.question import Question
from amalimart.semantic.shapes import Unit

Ask = Callable[[Question, Principal], Answer]


@dataclass(frozen=True, slots=True)
class PeerQuestion:
    """A metric in a calendar month, which its first day stands for. There is nothing to filter by."""

    metric: str
    month: date
    today: date

    @property
    def days(self) -> DayRange:
        """The whole month. Raises InvalidFilter for one that is not over."""
        first = self.month.replace(day=1)
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        if last >= self.today:
            raise InvalidFilter(f"{first:%Y-%m} is not over yet", expected="a month that is", where="month")
        return DayRange(first, last)


@dataclass(frozen=True, slots=True)
class Member:
    """A key and its label."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class PeerFigure:
    """One own figure in one group, and how it stands there; `untold` says why that is not told."""

    of: Member
    within: Member
    own: Any
    spread: Spread | None
    untold: Untold | None


@dataclass(frozen=True, slots=True)
class PeerAnswer:
    """Every own figure of the month, by who has it and by group. `of` and `within` are dimensions."""

    metric: Column
    month: date
    of: str
    within: str
    figures: tuple[PeerFigure, ...]
    release_id: int


def peers_policy(model: SemanticModel, policy: Policy) -> Policy | None:
    """The policy under which the figures of others are read; None where the role has none."""
    peers = policy.peers
    if peers is None or policy.rules is None:
        return None
    names = {name for metric in peers.metrics for name in model.metrics[metric].components}
    return replace(
        policy,
        rules={name: replace(rule, rows=AllRows()) for name, rule in policy.rules.items()},
        metrics=peers.metrics | names,
        dimensions=frozenset({peers.of, peers.within}),
        peers=None,
        extends=None,
    )


def answer_peers(
    asked: PeerQuestion,
    principal: Principal,
    model: SemanticModel,
    policies: Policies,
    ask_own: Ask,
    ask_all: Ask,
) -> PeerAnswer:
    """The answer. Raises Denied, InvalidFilter, and what asking raises."""
    rule = _rule(asked.metric, principal, policies)
    metric = model.metrics[asked.metric]
    question = Question((asked.metric,), asked.today, by=(rule.of, rule.within), days=asked.days)
    own, of_all = ask_own(question, principal), ask_all(question, principal)
    ours = _own_keys(model, policies.policy(principal.role), rule, principal)
    ours |= {of.key for of, _, _ in _figures(own)}  # also of vendors that are found by a business
    groups: dict[str, dict[str, Decimal]] = {}
    for of, within, value in _figures(of_all):
        groups.setdefault(within.key, {})[of.key] = Decimal(str(value))
    column, of_alls = own.columns[-1], of_all.columns[-1]
    is_mixed = metric.unit is Unit.MONEY and of_alls.currency is None
    found = []
    for of, within, value in _figures(own):
        outcome = _outcome(Decimal(str(value)), groups.get(within.key, {}), ours, metric.unit)
        outcome = Untold.MIXED_CURRENCIES if is_mixed and isinstance(outcome, Spread) else outcome
        told, untold = (outcome, None) if isinstance(outcome, Spread) else (None, outcome)
        found.append(PeerFigure(of, within, value, told, untold))
    found.sort(key=lambda each: (each.of.key, each.within.key))
    return PeerAnswer(column, asked.days.first, rule.of, rule.within, tuple(found), own.receipt.release_id)


def _rule(metric: str, principal: Principal, policies: Policies) -> PeerRule:
    rule = policies.policy(principal.role).peers
    if rule is None or metric not in rule.metrics:
        known = sorted(rule.metrics) if rule is not None else []
        raise Denied(
            f"the role {principal.role.value} is not told of the figures of others for {metric[:80]!r}",
            expected=", ".join(known) or None,
            nearest=nearest(metric[:80], known),
        )
    return rule


def _own_keys(model: SemanticModel, policy: Policy, rule: PeerRule, principal: Principal) -> frozenset[str]:
    """The keys of `of` that the reader is bound to."""
    lookup = model.dimensions[rule.of].lookup
    rows = policy.scan_rule(lookup.dataset) if lookup is not None else None
    if rows is None or not isinstance(rows.rows, OwnRows):
        raise Denied(f"the role {policy.role.value} has no rows of its own {rule.of}")
    return frozenset(rows.rows.ids.of(principal))


def _figures(answer: Answer) -> Iterable[tuple[Member, Member, Any]]:
    """Who has which figure in which group, as far as there is one and all three are known."""
    for of, of_label, within, within_label, value in answer.rows:
        if UNKNOWN_KEY not in {of, within} and value is not None:
            yield Member(of, of_label), Member(within, within_label), value


def _outcome(own: Decimal, group: dict[str, Decimal], ours: frozenset[str], unit: Unit) -> Spread | Untold:
    others = [value for key, value in group.items() if key not in ours]
    return spread(own, [value for key, value in group.items() if key in ours], others, unit)
