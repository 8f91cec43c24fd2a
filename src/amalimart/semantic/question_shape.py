"""The structure of a question without its values, and the bounds within which any question stays.

Values of filters, days and limits are not in it: two questions that differ only in those share one plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from amalimart.core.calendar import DayRange, Grain
from amalimart.core.errors import InvalidFilter
from amalimart.semantic.defined import GRAINS
from amalimart.semantic.question import Comparison, Filter, Having, Operator, Question, Totals
from amalimart.semantic.typed_values import FIRST_YEAR, LAST_YEAR

MOST_METRICS = 30
MOST_GROUPS = 8
MOST_FILTERS = 30
MOST_VALUES = 1_000
MOST_VALUES_TOGETHER = 3_000
MOST_TOP = 1_000
MOST_FILLED_BUCKETS = 4_000  # ten years of days, with room

_LEAST_DAYS = {
    Grain.DAY: 1, Grain.WEEK: 7, Grain.MONTH: 28, Grain.QUARTER: 90, Grain.YEAR: 365,
    Grain.FISCAL_QUARTER: 90, Grain.FISCAL_YEAR: 365,
}  # fmt: skip
_LISTS = {Operator.IN, Operator.NOT_IN}


class ComparedWith(Enum):
    """Which days a question is compared with."""

    PREVIOUS = "previous period"
    LAST_YEAR = "same period last year"
    GIVEN = "compared period"


@dataclass(frozen=True, slots=True)
class FilterShape:
    """A filter without its values."""

    dimension: str
    operator: Operator
    is_list: bool
    either: int | None = None


@dataclass(frozen=True, slots=True)
class HavingShape:
    """A condition on a metric without its value."""

    metric: str
    operator: Operator


@dataclass(frozen=True, slots=True)
class TopShape:
    """The best members without their count."""

    dimension: str
    metric: str


@dataclass(frozen=True, slots=True)
class QuestionShape:
    """What of a question decides its SQL."""

    metrics: tuple[str, ...]
    by: tuple[str, ...]
    grain: Grain | None
    filters: tuple[FilterShape, ...]
    having: tuple[HavingShape, ...]
    has_days: bool
    order_by: str | None
    has_limit: bool
    compare: bool
    fill: bool
    compare_with: ComparedWith = ComparedWith.PREVIOUS
    changes: bool = False
    time: str | None = None
    totals: Totals = Totals.NONE
    top: TopShape | None = None


def shape_of(question: Question) -> QuestionShape:
    """The structure of a question. Raises InvalidFilter for what no question may be."""
    _refuse_impossible(question)
    return QuestionShape(
        question.metrics,
        question.by,
        question.grain,
        tuple(_filter_shape(condition) for condition in question.filters),
        tuple(_having_shape(condition) for condition in question.having),
        question.days is not None,
        question.order_by,
        question.limit is not None,
        question.compare,
        question.fill,
        _compared_with(question.compare_with),
        question.changes,
        question.time,
        question.totals,
        TopShape(question.top.dimension, question.top.metric or question.metrics[0])
        if question.top
        else None,
    )


def _compared_with(wanted: Comparison | DayRange) -> ComparedWith:
    if isinstance(wanted, DayRange):
        return ComparedWith.GIVEN
    return ComparedWith.LAST_YEAR if wanted is Comparison.SAME_PERIOD_LAST_YEAR else ComparedWith.PREVIOUS


def _refuse_impossible(question: Question) -> None:
    for what, count, most in (
        ("metrics", len(question.metrics), MOST_METRICS),
        ("groupings", len(question.by), MOST_GROUPS),
        ("filters", len(question.filters) + len(question.having), MOST_FILTERS),
    ):
        if count > most:
            raise InvalidFilter(f"the question has {count} {what}", expected=f"at most {most}")
    values = sum(len(condition.values) for condition in question.filters)
    if values > MOST_VALUES_TOGETHER:
        raise InvalidFilter(
            f"the filters have {values} values together", expected=f"at most {MOST_VALUES_TOGETHER}"
        )
    if not question.metrics:
        raise InvalidFilter("the question names no metric", next_step="run: amalimart metrics list")
    if question.limit is not None and not 1 <= question.limit <= 1_000_000:
        raise InvalidFilter(f"the limit is {question.limit}", expected="from 1 to 1000000")
    if question.top is not None and not 1 <= question.top.count <= MOST_TOP:
        raise InvalidFilter(f"the top has {question.top.count} members", expected=f"from 1 to {MOST_TOP}")
    _refuse_days_out_of_range(question)
    _refuse_too_many_buckets(question)


def _refuse_days_out_of_range(question: Question) -> None:
    compared = question.compare_with if isinstance(question.compare_with, DayRange) else None
    ends = [end for each in (question.days, compared) if each is not None for end in (each.first, each.last)]
    for day in (question.today, *ends):
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise InvalidFilter(
                f"the day {day.isoformat()} is out of range", expected=f"{FIRST_YEAR} to {LAST_YEAR}"
            )


def _refuse_too_many_buckets(question: Question) -> None:
    days = question.days
    grains = [Grain(name) for name in question.by if name in GRAINS]
    grains += [question.grain] if question.grain is not None else []
    if question.fill and days is not None and grains:
        buckets = min(days.days // _LEAST_DAYS[grain] for grain in grains)
        if buckets > MOST_FILLED_BUCKETS:
            raise InvalidFilter(
                f"to fill every {grains[0]} of the days makes {buckets} rows or more",
                expected=f"at most {MOST_FILLED_BUCKETS}",
                next_step="ask for fewer days, or a coarser grain of time",
            )


def _filter_shape(condition: Filter) -> FilterShape:
    count = len(condition.values)
    if count == 0 or count > MOST_VALUES or (count > 1 and condition.operator not in _LISTS):
        raise InvalidFilter(
            f"the filter on {condition.dimension[:100]} has {count} values",
            expected=f"from 1 to {MOST_VALUES}" if condition.operator in _LISTS else "exactly one",
        )
    return FilterShape(condition.dimension, condition.operator, count > 1, condition.either)


def _having_shape(condition: Having) -> HavingShape:
    if condition.operator in _LISTS:
        raise InvalidFilter(
            f"{condition.operator.value} says nothing about {condition.metric[:100]}",
            expected="one of =, !=, <, <=, > and >=",
        )
    if not condition.value.is_finite():
        raise InvalidFilter(f"{condition.metric[:100]} is compared with no number", expected="a number")
    return HavingShape(condition.metric, condition.operator)
