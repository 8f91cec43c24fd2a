"""How a number stands in its bands. Owns no question and no words."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from amalimart.api.scorecards.definition import Measure, Side


class Verdict(StrEnum):
    """How a metric stands; too few says nothing of it, whatever its number."""

    GOOD = "good"
    WARN = "warn"
    LIMIT = "limit"
    TOO_FEW = "too_few"


def judged(measure: Measure, value: Decimal | None, sample: Decimal | None) -> Verdict:
    """A number on its bands is on the better side of them; a metric without a number cannot be judged."""
    if value is None or sample is None or sample < measure.sample.at_least:
        return Verdict.TOO_FEW
    sign = 1 if measure.better is Side.LOWER else -1
    if sign * value > sign * measure.limit:
        return Verdict.LIMIT
    return Verdict.WARN if sign * value > sign * measure.warn else Verdict.GOOD
