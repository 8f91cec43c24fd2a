"""Values of the oracle: read from a filter, compared, and aggregated as exact fractions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from amalimart.core.calendar import Grain
from amalimart.semantic.question import Operator
from tests.semantic.metric_meanings import DIMENSIONS
from tests.semantic.oracle_days import start_of


def typed(target: Grain | str, text: str) -> Any:
    """A value of a filter. Raises ValueError where it cannot be one."""
    if isinstance(target, Grain) or DIMENSIONS[target][0] == "month":
        day = date.fromisoformat(
            f"{text}-01" if len(text) == len("2024-01") and target is Grain.MONTH else text
        )
        return start_of(target, day) if isinstance(target, Grain) else day
    kind = DIMENSIONS[target][0]
    if kind == "code":
        return text.upper()
    if kind == "text":
        return "Unknown" if text.lower() == "unknown" else text
    if kind == "flag":
        return {"true": True, "false": False}[text]
    return int(text) if kind in {"number", "months"} else text


def compare(value: Any, operator: Operator, wanted: Sequence[Any]) -> bool:
    """A missing value equals nothing, is unlike everything, and is neither less nor greater."""
    match operator:
        case Operator.EQ | Operator.IN:
            return value is not None and value in wanted
        case Operator.NE | Operator.NOT_IN:
            return value is None or value not in wanted
    if value is None:
        return False
    orders: dict[Operator, Callable[[Any, Any], bool]] = {
        Operator.LT: lambda a, b: a < b,
        Operator.LE: lambda a, b: a <= b,
        Operator.GT: lambda a, b: a > b,
        Operator.GE: lambda a, b: a >= b,
    }
    return bool(orders[operator](value, wanted[0]))


def exact(value: Any) -> Any:
    return Fraction(value) if isinstance(value, int | Decimal) else value


def aggregate(how: str, values: Iterable[Any], *, whole: bool = True) -> Any:
    """Of nothing a sum is 0 where it stands alone, and none where it is an entity's."""
    known = [exact(value) for value in values if value is not None]
    if not known:
        return Fraction(0) if how in {"count", "distinct"} or (how == "sum" and whole) else None
    aggregates: dict[str, Callable[[list[Any]], Any]] = {
        "count": lambda found: Fraction(len(found)),
        "distinct": lambda found: Fraction(len(set(found))),
        "sum": sum,
        "mean": lambda found: sum(found) / len(found),
        "least": min,
        "greatest": max,
        "span": lambda found: Fraction((max(found) - min(found)).days),
    }
    return aggregates[how](known)


def over_entities(how: str, values: list[Any]) -> Any:
    if how in {"count", "sum"}:
        return Fraction(len(values)) if how == "count" else sum(values, Fraction(0))
    if not values:
        return None
    if how == "mean":
        return sum(values, Fraction(0)) / len(values)
    at = Fraction(how) * (len(values) - 1)
    ordered, low = sorted(values), int(at)
    high = min(low + 1, len(values) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)
