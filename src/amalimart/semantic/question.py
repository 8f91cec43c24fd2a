"""What is asked: a question in business terms, before any SQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from amalimart.core.calendar import DayRange, Grain


class Operator(StrEnum):
    """How a filter compares; IN and NOT_IN take several values, the others exactly one."""

    EQ = "="
    NE = "!="
    IN = "in"
    NOT_IN = "not in"
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition on a dimension.

    Several conditions of a question are joined by AND; of those with the same number in `either`, one holds.
    """

    dimension: str
    operator: Operator
    values: tuple[str, ...]
    either: int | None = None


@dataclass(frozen=True, slots=True)
class Having:
    """One condition on a metric of the question: which rows of the answer are kept."""

    metric: str
    operator: Operator
    value: Decimal


@dataclass(frozen=True, slots=True)
class Question:
    """One governed question.

    metrics     names or aliases, at least one
    by          dimensions to group by; an entity dimension groups by its key and carries its label
    grain       bucket of time to group by, on each fact's own default date
    days        calendar days asked for; None means all
    filters     conditions on dimensions
    order_by    a metric or dimension of the question; a leading "-" means descending
    limit       rows at most
    today       the business day that "this year" and "this month" count from
    compare     also answer each metric for the preceding range of the same length
    fill        with a grain: give every bucket of the range a row, empty ones too
    usual       without `by` and `grain`: group as the first metric that has a usual grouping does
    having      conditions on metrics of the question, all of which hold
    """

    metrics: tuple[str, ...]
    today: date
    by: tuple[str, ...] = ()
    grain: Grain | None = None
    days: DayRange | None = None
    filters: tuple[Filter, ...] = ()
    order_by: str | None = None
    limit: int | None = None
    compare: bool = False
    fill: bool = False
    usual: bool = False
    having: tuple[Having, ...] = ()
