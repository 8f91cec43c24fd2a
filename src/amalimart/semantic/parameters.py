"""The bound parameters of a plan. A plan knows slots, never values, so that no value can reach its SQL text.

A slot says where a value comes from; `bind` fetches it from the question and the principal.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from sqlglot import exp

from amalimart.access.principal import Principal
from amalimart.access.rules import OwnIds
from amalimart.core.calendar import Grain
from amalimart.core.errors import InvalidFilter
from amalimart.core.names import nearest
from amalimart.semantic.formula import Value
from amalimart.semantic.model import UNKNOWN_KEY, UNKNOWN_LABEL
from amalimart.semantic.periods import compared_days, covered_days
from amalimart.semantic.question import Question
from amalimart.semantic.shapes import FieldType, Period
from amalimart.semantic.typed_values import typed_bucket, typed_value


@dataclass(frozen=True, slots=True)
class FilterSlot:
    """One value of one filter of the question, as a value of the dimension's type."""

    filter: int
    value: int
    type: FieldType
    known: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BucketSlot:
    """A value of a filter on time: the first day of the bucket, or of the one after it."""

    filter: int
    value: int
    grain: Grain
    edge: Literal["start", "next"]


@dataclass(frozen=True, slots=True)
class DaySlot:
    """An end of the days a leg covers; with a grain, the start of the bucket that holds it."""

    period: Period | None
    compared: bool
    edge: Literal["first", "last"]
    grain: Grain | None = None


@dataclass(frozen=True, slots=True)
class OwnIdSlot:
    """One id of the principal."""

    ids: OwnIds
    position: int


@dataclass(frozen=True, slots=True)
class ConstantSlot:
    """A value of a definition. The type is part of it because True equals 1."""

    type: str
    value: Value


@dataclass(frozen=True, slots=True)
class LimitSlot:
    """How many rows at most."""


@dataclass(frozen=True, slots=True)
class SearchSlot:
    """What a picker searches for."""


Slot = FilterSlot | BucketSlot | DaySlot | OwnIdSlot | ConstantSlot | LimitSlot | SearchSlot

_MARKED = re.compile(r"\$p([0-9]+)")


class ParameterBook:
    """Gives each slot one placeholder while a plan is written."""

    def __init__(self) -> None:
        self._slots: dict[Slot, int] = {}

    def placeholder(self, slot: Slot) -> exp.Placeholder:
        """The placeholder of a slot; the same one each time."""
        return exp.Placeholder(this=f"p{self._slots.setdefault(slot, len(self._slots))}")

    def constant(self, value: Value) -> exp.Placeholder:
        """The placeholder of a value of a definition."""
        return self.placeholder(ConstantSlot(type(value).__name__, value))

    def positional(self, marked_sql: str) -> tuple[str, tuple[Slot, ...]]:
        """SQL with `?` for each named placeholder, and the slots in the order in which they stand."""
        by_number = {number: slot for slot, number in self._slots.items()}
        order: list[Slot] = []

        def number(match: re.Match[str]) -> str:
            order.append(by_number[int(match[1])])
            return "?"

        return _MARKED.sub(number, marked_sql), tuple(order)


def bind(slots: Sequence[Slot], question: Question, principal: Principal, search: str = "") -> list[Value]:
    """The values of the slots for one question. Raises InvalidFilter where a filter's value does not fit."""
    return [_value(slot, question, principal, search) for slot in slots]


def _value(slot: Slot, question: Question, principal: Principal, search: str) -> Value:
    match slot:
        case ConstantSlot(_, value):
            return value
        case FilterSlot() | BucketSlot():
            return _filter_value(slot, question)
        case DaySlot():
            return _day(slot, question)
        case OwnIdSlot(ids, position):
            return ids.of(principal)[position]
        case LimitSlot():
            return question.limit or 0
        case SearchSlot():
            return search


def _filter_value(slot: FilterSlot | BucketSlot, question: Question) -> Value:
    condition = question.filters[slot.filter]
    text = condition.values[slot.value]
    try:
        if isinstance(slot, FilterSlot):
            value = typed_value(text, slot.type, slot.known)
            is_unknown = slot.type is FieldType.TEXT and text.lower() == UNKNOWN_KEY
            return UNKNOWN_LABEL if is_unknown else value
        start = typed_bucket(text, slot.grain)
    except ValueError as error:
        raise InvalidFilter(
            f"{text[:100]!r} is not a value of {condition.dimension}",
            where=f"the filter on {condition.dimension}",
            expected=str(error),
            nearest=nearest(text[:100], slot.known) if isinstance(slot, FilterSlot) else None,
        ) from error
    return start if slot.edge == "start" else slot.grain.next_start(start)


def _day(slot: DaySlot, question: Question) -> date:
    span = compared_days if slot.compared else covered_days
    days = span(slot.period, question.days, question.today)
    if days is None:
        raise InvalidFilter("the question has no days", expected="a range of days")
    day = days.first if slot.edge == "first" else days.last
    return day if slot.grain is None else slot.grain.start(day)
