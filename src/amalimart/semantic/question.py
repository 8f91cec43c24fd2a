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


class Comparison(StrEnum):
    """Which days a question is compared with, where it does not give them."""

    PREVIOUS_PERIOD = "previous_period"
    SAME_PERIOD_LAST_YEAR = "same_period_last_year"


class Totals(StrEnum):
    """Which totals stand beside the rows of an answer."""

    NONE = "none"
    TOTAL = "total"
    SUBTOTALS = "subtotals"


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
class Top:
    """The members of a dimension with the greatest values of a metric; all others are one row.

    Without a metric, that of the question's first one.
    """

    count: int
    dimension: str
    metric: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One governed question.

    metrics       names or aliases, at least one
    by            dimensions to group by; an entity dimension groups by its key and carries its label
    grain         bucket of time to group by, on each fact's own default date
    days          calendar days asked for; None means all
    filters       conditions on dimensions
    order_by      a metric or dimension of the question; a leading "-" means descending
    limit         rows at most, of each kind: ordinary rows, and subtotals of each level
    today         the business day that "this year" and "this month" count from
    compare       also answer each metric for the days that `compare_with` says
    fill          with a grain: give every bucket of the range a row, empty ones too
    usual         without `by` and `grain`: group as the first metric that has a usual grouping does
    having        conditions on metrics of the question, all of which hold; they choose ordinary rows
    compare_with  which days: the range before, the same days of last year, or these
    changes       with compare: also by how much each metric changed, and by which share
    time          role of the date to count by, such as delivered; None is each fact's own default date
    totals        rows that add up the last groups, each computed from the facts
    top           of one dimension the best members only, and one row for all others
    as_of         the number of the release to answer from; None is the current one
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
    compare_with: Comparison | DayRange = Comparison.PREVIOUS_PERIOD
    changes: bool = False
    time: str | None = None
    totals: Totals = Totals.NONE
    top: Top | None = None
    as_of: int | None = None
