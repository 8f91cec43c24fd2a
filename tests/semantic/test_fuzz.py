"""Random questions over random shops: the answer is that of an independent interpreter, or a typed error
for a reason that can be stated. The interpreter takes what metrics mean from a table written by hand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from amalimart.access.principal import Principal
from amalimart.core.errors import AmalimartError, MixedCurrencies
from amalimart.semantic.answer import Answer, ColumnKind
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.question import Having, Operator, Question
from tests.semantic.conftest import ADMIN, ANALYST, RIDER, SUPPORT, VENDOR_A, VENDOR_NOBODY, Shop
from tests.semantic.independent_oracle import Expected, Oracle
from tests.semantic.metric_meanings import LABELS
from tests.semantic.oracle_days import step
from tests.semantic.oracle_names import GRAINS
from tests.semantic.random_questions import Questioner, described
from tests.semantic.random_shops import RandomShop, stored
from tests.semantic.stated_refusals import METRICS, refusals

PRINCIPALS = (ADMIN, ADMIN, ADMIN, ANALYST, VENDOR_A, VENDOR_A, VENDOR_NOBODY, SUPPORT, RIDER)
_HOLDS: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQ: lambda a, b: a == b,
    Operator.LT: lambda a, b: a < b,
    Operator.LE: lambda a, b: a <= b,
    Operator.GT: lambda a, b: a > b,
    Operator.GE: lambda a, b: a >= b,
}


@dataclass
class Arena:
    """One random shop with the service over it, and the interpreter for each principal."""

    seed: int
    model: SemanticModel
    other_currency: float = 0.0

    def __post_init__(self) -> None:
        self.tables = RandomShop(self.seed, self.other_currency).tables()
        self.shop = Shop(stored(self.tables), self.model)
        self.asks = {
            each.subject: Questioner(self.seed, self.tables, self.shop.policies.policy(each.role))
            for each in PRINCIPALS
        }
        self.oracles = {each.subject: Oracle(self.tables, each) for each in PRINCIPALS}

    def play(self, questions: int, forms: int = 1) -> Counter[str]:
        """Ask so many questions, each in several forms that differ in values only.

        Raises AssertionError at the first that is answered otherwise.
        """
        outcomes: Counter[str] = Counter()
        for number in range(questions // forms):
            principal = PRINCIPALS[number % len(PRINCIPALS)]
            asks = self.asks[principal.subject]
            question = asks.question()
            for _ in range(forms):
                outcomes[self.check(question, principal)] += 1
                question = asks.varied(question)
        return outcomes

    def check(self, question: Question, principal: Principal) -> str:
        (found,) = self.shop.service.ask_all([question], principal)
        stated = refusals(question, principal, self.shop.policies)
        told = f"seed {self.seed}, {principal.role}: {described(question)}"
        if isinstance(found, MixedCurrencies) and not stated:
            expected = self.oracles[principal.subject].answer(question)
            assert any(len(each) > 1 for each in expected.currencies.values()), told
            return "mixed currencies"
        if isinstance(found, AmalimartError):
            assert type(found) in stated, f"{told}\nrefused: {found}\nfor one of {stated}"
            return found.code
        assert not stated, f"{told}\nanswered, where {stated} were right"
        compare(found, self.oracles[principal.subject].answer(question), question, told)
        return "answered" if found.rows else "answered with nothing"


def compare(found: Answer, expected: Expected, question: Question, told: str) -> None:
    """The same rows, in the order asked for, none missing and none that the conditions leave out."""
    keys = [at for at, column in enumerate(found.columns) if _is_key(column.name, column.kind)]
    values = [at for at, column in enumerate(found.columns)
              if column.kind in {ColumnKind.METRIC, ColumnKind.PREVIOUS}]  # fmt: skip
    rows = {tuple(row[at] for at in keys): tuple(row[at] for at in values) for row in found.rows}
    assert len(rows) == len(found.rows), f"{told}\na group stands there twice"
    assert len(keys) == len(expected.groups), told
    kept = {group: each for group, each in expected.rows.items() if _kept(each, question)}
    if question.limit is None:
        assert rows.keys() == kept.keys(), (
            f"{told}\nonly here: {rows.keys() - kept.keys()}\nmissing: {kept.keys() - rows.keys()}"
        )
    else:
        assert len(rows) == min(question.limit, len(kept)), told
        assert rows.keys() <= kept.keys(), told
    for group, each in rows.items():
        assert len(expected.currencies[group]) < 2, f"{told}\n{group} adds up different currencies"
        for name, here, there in zip(values, each, kept[group], strict=True):
            assert _same(here, there), (
                f"{told}\n{found.columns[name].name} of {group} is {here}, and should be {_shown(there)}"
            )
    _check_partial(found, question, told)
    _check_order(found, question, told)
    _check_limit(found, kept, rows.keys(), question, told)


def _is_key(name: str, kind: ColumnKind) -> bool:
    """Entities by their key: two may bear the same label."""
    if kind in {ColumnKind.KEY, ColumnKind.TIME}:
        return True
    return kind is ColumnKind.DIMENSION and name not in LABELS


def _kept(values: tuple[Any, ...], question: Question) -> bool:
    width = 2 if question.compare else 1
    return all(_holds(values[width * question.metrics.index(each.metric)], each) for each in question.having)


def _holds(value: Any, condition: Having) -> bool:
    """A missing number is no number: unlike any, and neither less nor greater."""
    if value is None:
        return condition.operator is Operator.NE
    wanted = Fraction(condition.value)
    if condition.operator is Operator.NE:
        return bool(value != wanted)
    return _HOLDS[condition.operator](value, wanted)


def _same(here: Any, there: Any) -> bool:
    if here is None or there is None or isinstance(there, date):
        return bool(here == there)
    if isinstance(here, int):
        return bool(here == there)
    if isinstance(here, Decimal) and Fraction(here) == there:
        return True
    # A quotient of money is given to four decimals, any other one as a double.
    rounding = 5.1e-5 if isinstance(here, Decimal) else 1e-9
    return abs(float(here) - float(there)) <= rounding + 1e-9 * abs(float(there))


def _shown(value: Any) -> str:
    return f"{float(value)} ({value})" if isinstance(value, Fraction) else str(value)


def _check_partial(found: Answer, question: Question, told: str) -> None:
    """A bucket is partial where some of its days were not asked for or, without days, are still to come."""
    if found.columns[-1].kind is not ColumnKind.PARTIAL:
        return
    (at,) = (at for at, column in enumerate(found.columns) if column.kind is ColumnKind.TIME)
    grain = GRAINS[found.columns[at].name]
    for row in found.rows:
        partial = False
        if row[at] is not None:
            last = step(row[at], grain) - timedelta(days=1)
            first_asked = question.days.first if question.days else row[at]
            last_asked = question.days.last if question.days else question.today
            partial = row[at] < first_asked or last > last_asked
        assert row[-1] == partial, f"{told}\nthe bucket of {row[at]} is said to be partial: {row[-1]}"


def _check_order(found: Answer, question: Question, told: str) -> None:
    """As asked, else by time and the first metric from the top; then by keys. Empty values come last."""
    names = [column.name for column in found.columns]
    times = [column.name for column in found.columns if column.kind is ColumnKind.TIME]
    keys = [column.name for column in found.columns if column.kind is ColumnKind.KEY]
    plain = [column.name for column in found.columns if column.kind is ColumnKind.DIMENSION]
    wanted = [question.order_by] if question.order_by else [*times, f"-{question.metrics[0]}"]
    wanted += [
        name for name in (*times, *keys, *plain) if name not in {each.removeprefix("-") for each in wanted}
    ]
    rows = list(found.rows)
    for name in reversed(wanted):
        at = names.index(name.removeprefix("-"))
        filled = [row for row in rows if row[at] is not None]
        filled.sort(key=lambda row: row[at], reverse=name.startswith("-"))
        rows = filled + [row for row in rows if row[at] is None]
    assert rows == list(found.rows), f"{told}\nnot in the order of {wanted}"


def _check_limit(
    found: Answer, kept: dict[Any, tuple[Any, ...]], given: Any, question: Question, told: str
) -> None:
    """No row that was left out comes before one that was given, by the metric that decides."""
    by = question.order_by or (
        None if set(GRAINS) & {c.name for c in found.columns} else f"-{question.metrics[0]}"
    )
    if by is None or by.removeprefix("-") not in question.metrics or len(given) == len(kept):
        return
    at = question.metrics.index(by.removeprefix("-")) * (2 if question.compare else 1)
    sign = -1 if by.startswith("-") else 1
    ranks = {group: _rank(values[at], sign) for group, values in kept.items()}
    worst = max(ranks[group] for group in given)
    best = min(rank for group, rank in ranks.items() if group not in given)
    assert worst <= (best[0], best[1] + 1e-9 * (1 + abs(best[1]))), f"{told}\na better row was left out"


def _rank(value: Any, sign: int) -> tuple[bool, float]:
    if value is None:
        return True, 0.0
    return False, sign * float(value.toordinal() if isinstance(value, date) else value)


def test_the_table_by_hand_names_metrics_that_are_there(model: SemanticModel) -> None:
    assert set(METRICS) <= model.metric_names
    assert len(METRICS) > 140


@pytest.mark.parametrize(("seed", "other_currency"), [(1, 0.0), (2, 0.05)])
def test_a_random_question_is_answered_rightly_or_refused_for_a_reason(
    model: SemanticModel, seed: int, other_currency: float
) -> None:
    outcomes = Arena(seed, model, other_currency).play(250)
    assert outcomes["answered"] > 100, outcomes


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(101, 141))
def test_many_random_questions(model: SemanticModel, seed: int) -> None:
    outcomes = Arena(seed, model, other_currency=0.03 if seed % 4 == 0 else 0.0).play(500, forms=4)
    assert outcomes["answered"] > 180, outcomes
