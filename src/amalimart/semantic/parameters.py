"""The bound parameters of a plan. A plan knows slots, never values, so that no value can reach its SQL text.

A slot says where a value comes from; `bind` fetches it from the question and the principal.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from amalimart.access.principal import Principal
from amalimart.access.rules import OwnIds
from amalimart.core.calendar import Grain
from amalimart.core.errors import InvalidFilter
from amalimart.core.fiscal import Calendar
from amalimart.core.names import nearest
from amalimart.semantic.defined import UNKNOWN_ENUM, UNKNOWN_KEY, UNKNOWN_LABEL
from amalimart.semantic.formula import Value
from amalimart.semantic.periods import Reading, moved_from
from amalimart.semantic.question import Question
from amalimart.semantic.shapes import FieldType
from amalimart.semantic.sql.expressions import Sql
from amalimart.semantic.typed_values import typed_bucket, typed_value


@dataclass(frozen=True, slots=True)
class FilterSlot:
    """The value of one filter of the question, or all of them as one list, in the dimension's type."""

    filter: int
    type: FieldType
    known: tuple[str, ...]
    is_list: bool


@dataclass(frozen=True, slots=True)
class BucketSlot:
    """The value of a filter on time: the first day of the bucket, or of the one after it; or all starts."""

    filter: int
    grain: Grain
    edge: Literal["start", "next", "all starts"]


@dataclass(frozen=True, slots=True)
class DaySlot:
    """An end of the days a leg covers.

    grain   not the end itself, but the start of the bucket that holds it
    before  not the end itself, but that of the days which a step of this grain may bring between the ends
    """

    reading: Reading
    edge: Literal["first", "last"]
    grain: Grain | None = None
    before: Grain | None = None


@dataclass(frozen=True, slots=True)
class TodaySlot:
    """The question's today."""


@dataclass(frozen=True, slots=True)
class HavingSlot:
    """The value of one condition of the question on a metric."""

    position: int


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
class TopSlot:
    """How many of the best members stand alone."""


@dataclass(frozen=True, slots=True)
class SearchSlot:
    """What a picker searches for."""


Slot = (
    FilterSlot
    | BucketSlot
    | DaySlot
    | TodaySlot
    | HavingSlot
    | OwnIdSlot
    | ConstantSlot
    | LimitSlot
    | TopSlot
    | SearchSlot
)

_MARKED = re.compile(r"\$p([0-9]+)")


class ParameterBook:
    """Gives each slot one placeholder while a plan is written."""

    def __init__(self) -> None:
        self._slots: dict[Slot, int] = {}

    def placeholder(self, slot: Slot) -> Sql:
        """The placeholder of a slot; the same one each time."""
        return Sql(f"$p{self._slots.setdefault(slot, len(self._slots))}")

    def constant(self, value: Value) -> Sql:
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


def bind(
    slots: Sequence[Slot], question: Question, principal: Principal, calendar: Calendar, search: str = ""
) -> list[Value | list[Value]]:
    """The values of the slots for one question. Raises InvalidFilter where a filter's value does not fit."""
    binder = _Binder(question, principal, calendar, search)
    bound = {slot: binder.value(slot) for slot in dict.fromkeys(slots)}
    return [bound[slot] for slot in slots]


@dataclass(frozen=True, slots=True)
class _Binder:
    """Where values are fetched from."""

    question: Question
    principal: Principal
    calendar: Calendar
    search: str

    def value(self, slot: Slot) -> Value | list[Value]:
        match slot:
            case ConstantSlot(_, value):
                return value
            case FilterSlot() | BucketSlot():
                return self._filtered(slot)
            case OwnIdSlot(ids, position):
                return ids.of(self.principal)[position]
            case SearchSlot():
                return self.search
            case _:
                return self._plain(slot)

    def _plain(self, slot: DaySlot | TodaySlot | HavingSlot | TopSlot | LimitSlot) -> Value:
        question = self.question
        match slot:
            case DaySlot():
                return self._day(slot)
            case TodaySlot():
                return question.today
            case HavingSlot(position):
                return question.having[position].value
            case TopSlot():
                return question.top.count if question.top is not None else 0
            case LimitSlot():
                return question.limit or 0

    def _filtered(self, slot: FilterSlot | BucketSlot) -> Value | list[Value]:
        texts = self.question.filters[slot.filter].values
        if isinstance(slot, FilterSlot):
            values = [self._typed(slot, text) for text in texts]
            return values if slot.is_list else values[0]
        starts = [self._start(slot, text) for text in texts]
        if slot.edge == "all starts":
            return [*starts]
        return starts[0] if slot.edge == "start" else self.calendar.next_start(slot.grain, starts[0])

    def _typed(self, slot: FilterSlot, text: str) -> Value:
        try:
            # The member of rows without a code can be asked for, whatever codes there are.
            known = (*slot.known, UNKNOWN_ENUM) if slot.known else ()
            value = typed_value(text, slot.type, tuple(dict.fromkeys(known)))
        except ValueError as error:
            raise self._unfit(slot.filter, text, error, slot.known) from error
        is_unknown = slot.type is FieldType.TEXT and text.lower() == UNKNOWN_KEY
        return UNKNOWN_LABEL if is_unknown else value

    def _start(self, slot: BucketSlot, text: str) -> date:
        try:
            return typed_bucket(text, slot.grain, self.calendar)
        except ValueError as error:
            raise self._unfit(slot.filter, text, error, ()) from error

    def _unfit(self, position: int, text: str, error: ValueError, known: tuple[str, ...]) -> InvalidFilter:
        dimension = self.question.filters[position].dimension
        return InvalidFilter(
            f"{text[:100]!r} is not a value of {dimension}",
            where=f"the filter on {dimension}",
            expected=str(error),
            nearest=nearest(text[:100], known),
        )

    def _day(self, slot: DaySlot) -> date:
        days = slot.reading.days(self.question, self.calendar)
        if days is None:
            raise InvalidFilter("the question has no days", expected="a range of days")
        day = days.first if slot.edge == "first" else days.last
        if slot.before is not None:
            return moved_from(day, slot.before)[0 if slot.edge == "first" else 1]
        return day if slot.grain is None else self.calendar.start(slot.grain, day)
