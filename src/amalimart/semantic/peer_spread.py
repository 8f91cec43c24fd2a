"""How the figures of many are spread, told so that no one of them can be found out; or why it is not told.

It knows numbers only: whose they are, and how they were asked for, is peers.py's. Why these rules, and what
they cannot hide, is in docs/adr/0027-figures-of-others-are-told-of-many.md.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum

from amalimart.semantic.shapes import Unit

FEWEST_OTHERS = 5
LARGEST_SHARE = Decimal("0.8")

_DIGITS = 2
_COARSEST = {  # a figure is told in steps no finer than this, however small it is
    Unit.MONEY: Decimal(1),
    Unit.NUMBER: Decimal(1),
    Unit.COUNT: Decimal(5),
    Unit.PERCENT: Decimal("0.05"),
    Unit.DAYS: Decimal("0.5"),
    Unit.RATING: Decimal("0.1"),
}
_ADDED_UP = {Unit.MONEY, Unit.COUNT, Unit.NUMBER}


class Untold(StrEnum):
    """Why a spread is not told."""

    TOO_FEW = "too_few"  # fewer than five others have a figure
    DOMINATED = "dominated"  # one of the others has more than four fifths of what they have together
    MIXED_CURRENCIES = "mixed_currencies"  # amounts that cannot be held against each other


@dataclass(frozen=True, slots=True)
class Spread:
    """The quartiles of all figures, rounded, and in which quarter one's own is: from 1, the lowest, to 4."""

    lower: Decimal
    median: Decimal
    upper: Decimal
    quarter: int


def spread(own: Decimal, ours: Sequence[Decimal], others: Sequence[Decimal], unit: Unit) -> Spread | Untold:
    """The spread of `ours` and `others` together, with `own` held against it, or why it is not told.

    Those who ask share one table of quartiles: nobody is left out of it, so what two of them are told differs
    in nothing but the quarter of each.
    """
    if len(others) < FEWEST_OTHERS:
        return Untold.TOO_FEW
    if unit in _ADDED_UP:
        sizes = [abs(value) for value in others]
        if max(sizes) > LARGEST_SHARE * sum(sizes):
            return Untold.DOMINATED
    quartiles = statistics.quantiles([*ours, *others], n=4, method="inclusive")
    lower, median, upper = (rounded(value, unit) for value in quartiles)
    return Spread(lower, median, upper, 1 + sum(own > each for each in (lower, median, upper)))


def rounded(value: Decimal, unit: Unit) -> Decimal:
    """A value to two digits, and no finer than what its unit allows."""
    step = _COARSEST.get(unit, Decimal(0))
    if value:
        step = max(step, Decimal(1).scaleb(value.adjusted() - _DIGITS + 1))
    if not step:
        return value
    return (value / step).quantize(Decimal(1), ROUND_HALF_EVEN) * step
