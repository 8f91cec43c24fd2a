"""From the sales of a period to its payout, step by step: every step adds up, and what is left is said.

Owns the arithmetic alone. What is not known counts as nothing and makes what it would explain unexplained.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from amalimart.api.payouts.statements import Line, Statement

NOTHING = Decimal(0)


class StepName(StrEnum):
    """What takes from the sales of a period, or adds to them, until the payout is reached."""

    SALES = "sales"
    LOST = "lost"
    COMMISSION = "commission"
    REFUNDS = "refunds"
    UNDELIVERED = "undelivered"
    CREDITED_OTHERWISE = "credited_otherwise"
    IN_OTHER_PAYOUTS = "in_other_payouts"
    NOT_PAID_OUT = "not_paid_out"
    CARRIED = "carried"
    NOT_LISTED = "not_listed"
    LINES = "lines"
    FEES = "fees"
    UNEXPLAINED = "unexplained"
    PAYOUT = "payout"


TOTALS = frozenset({StepName.SALES, StepName.LINES, StepName.PAYOUT})


@dataclass(frozen=True, slots=True)
class Sales:
    """A vendor's sales of some days by governed metrics; None where the source cannot tell."""

    items: Decimal | None
    lost: Decimal | None
    commission: Decimal | None
    refunds: Decimal | None

    @property
    def proceeds(self) -> Decimal:
        """What they leave to the vendor."""
        taken = (self.lost, self.commission, self.refunds)
        return (self.items or NOTHING) - sum((each or NOTHING for each in taken), NOTHING)


@dataclass(frozen=True, slots=True)
class Step:
    """One step: how much it adds or, negative, takes. A total is what all steps before it come to."""

    name: StepName
    amount: Decimal
    is_known: bool = True

    @property
    def is_total(self) -> bool:
        return self.name in TOTALS


def bridge(
    statement: Statement,
    settled: Sequence[Line],
    placed: Sales | None = None,
    delivered: Sales | None = None,
    earned: Sequence[Line] = (),
) -> tuple[Step, ...]:
    """The steps to the payout; without the sales of its period, from its lines on.

    `settled` are the lines of the payout, `placed` and `delivered` the sales of the orders placed in its
    period, all and those delivered, and `earned` what these orders earned, whichever payout settles it.
    """
    listed = _sum(settled)
    steps: list[Step] = []
    if placed is not None and delivered is not None:
        steps += _to_the_lines(settled, placed, delivered, earned)
    all_lines = statement.earned_amount or NOTHING
    steps.append(Step(StepName.NOT_LISTED, all_lines - listed))
    steps.append(Step(StepName.LINES, all_lines, is_known=statement.earned_amount is not None))
    fees = _fees_beside_lines(statement, all_lines)
    steps.append(Step(StepName.FEES, -fees))
    steps.append(Step(StepName.UNEXPLAINED, statement.net_payout - (all_lines - fees)))
    steps.append(Step(StepName.PAYOUT, statement.net_payout))
    return tuple(steps)


def _to_the_lines(
    settled: Sequence[Line], placed: Sales, delivered: Sales, earned: Sequence[Line]
) -> list[Step]:
    own = {line.earning_id for line in settled}
    others = [line for line in earned if line.earning_id not in own]
    elsewhere = _sum(line for line in others if line.payout_id is not None)
    waiting = _sum(line for line in others if line.payout_id is None)
    of_period = {line.earning_id for line in earned}
    carried = _sum(line for line in settled if line.earning_id not in of_period)
    return [
        _step(StepName.SALES, placed.items),
        _step(StepName.LOST, placed.lost, -1),
        _step(StepName.COMMISSION, placed.commission, -1),
        _step(StepName.REFUNDS, placed.refunds, -1),
        Step(StepName.UNDELIVERED, delivered.proceeds - placed.proceeds),
        Step(StepName.CREDITED_OTHERWISE, _sum(earned) - delivered.proceeds),
        Step(StepName.IN_OTHER_PAYOUTS, -elsewhere),
        Step(StepName.NOT_PAID_OUT, -waiting),
        Step(StepName.CARRIED, carried),
    ]


def _step(name: StepName, amount: Decimal | None, sign: int = 1) -> Step:
    return Step(name, sign * (amount or NOTHING), is_known=amount is not None)


def _fees_beside_lines(statement: Statement, lines: Decimal) -> Decimal:
    """What the statement takes off beside the commission, where the lines have not taken it off already."""
    if statement.gross_earnings is None or statement.platform_commission is None:
        return NOTHING
    stated = statement.gross_earnings - statement.platform_commission - statement.net_payout
    left, left_with_fees = statement.net_payout - lines, statement.net_payout - (lines - stated)
    return stated if abs(left_with_fees) < abs(left) else NOTHING


def _sum(lines: Iterable[Line]) -> Decimal:
    return sum((line.amount for line in lines), NOTHING)
