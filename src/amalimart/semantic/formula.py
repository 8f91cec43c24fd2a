"""What a metric computes: leaves (one aggregate over one dataset) joined by arithmetic.

A formula is built once when the model is loaded; the planner turns it into SQL over the leaves'
columns. The text of a derived metric (`gmv - total_revenue`) is read here too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Literal

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from amalimart.semantic.question import Operator
from amalimart.semantic.shapes import Aggregate, Over, Period


class PeriodStart(Enum):
    """Stands in a condition for the first day of the bucket a row falls into, or of the days asked for."""

    HERE = "period_start"


EVERY = ("*",)
Value = str | int | bool | Decimal | date
Joining = Literal["+", "-", "*", "/", "else"]


@dataclass(frozen=True, slots=True)
class Reach:
    """A column reached from a base dataset by a path of relationship names; () is the dataset itself."""

    path: tuple[str, ...]
    dataset: str
    field: str


@dataclass(frozen=True, slots=True)
class Condition:
    """A fixed condition of a metric's definition."""

    column: Reach
    operator: Operator
    values: tuple[Value | PeriodStart, ...]

    @property
    def is_of_period(self) -> bool:
        """Whether it compares with the start of a period."""
        return PeriodStart.HERE in self.values


@dataclass(frozen=True, slots=True)
class PerEntity:
    """A second step: the measure is taken for each value of `field` first, then over those.

    keep  the values of the measure that are looked at: an operator and a number
    over  how they become one number; a count counts the entities
    """

    field: str
    over: Over
    keep: tuple[Operator, Decimal] | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """One aggregate over one dataset at its own grain.

    time    by which date it counts events; None: it counts a state
    at_end  of the last day only, in each bucket or in all the days: a stock, which adds up over no days
    """

    dataset: str
    aggregate: Aggregate
    field: str
    where: tuple[Condition, ...]
    time: str | None
    per: PerEntity | None = None
    at_end: bool = dataclass_field(default=False, repr=False)  # so versions of others stay

    @property
    def is_amount(self) -> bool:
        """Whether it adds up: of nothing it is 0, where a least, a middle value or a stock is empty."""
        if self.at_end:
            return False
        if self.per is not None:
            return self.per.over in {Over.COUNT, Over.SUM}
        return self.aggregate not in {Aggregate.MIN, Aggregate.MAX, Aggregate.SPAN}


@dataclass(frozen=True, slots=True)
class Leaf:
    """A measure, over the question's days or over a period of its own.

    is_previous  over the same elapsed span of the period before: the preceding bucket or range
    ignores      dimensions by which it is not grouped: it is the same for all their values; or EVERY one
    """

    measure: Measure
    period: Period | None
    is_previous: bool = False
    ignores: tuple[str, ...] = ()

    def is_same_for_all(self, dimension: str) -> bool:
        """Whether it is the same for all values of a dimension."""
        return self.ignores == EVERY or dimension in self.ignores


@dataclass(frozen=True, slots=True)
class Constant:
    """A number of the definition."""

    value: Decimal


@dataclass(frozen=True, slots=True)
class Operation:
    """Arithmetic of two; a division by zero has no value. `else`: the right where the left has none."""

    operator: Joining
    left: Formula
    right: Formula


Formula = Leaf | Constant | Operation


def leaves(formula: Formula) -> Iterator[Leaf]:
    """Every leaf, left to right, repeated ones too."""
    match formula:
        case Leaf():
            yield formula
        case Operation(_, left, right):
            yield from leaves(left)
            yield from leaves(right)


def leaves_in_time(formula: Formula) -> Iterator[Leaf]:
    """The leaves that decide whether there is a time: not those that only stand in for others."""
    match formula:
        case Leaf():
            yield formula
        case Operation(operator, left, right):
            yield from leaves_in_time(left)
            if operator != "else":
                yield from leaves_in_time(right)


def is_exact(formula: Formula) -> bool:
    """Whether it only adds and multiplies exact numbers; a division or a middle value is a double."""
    match formula:
        case Leaf(measure):
            if measure.aggregate is Aggregate.AVG:
                return False
            return measure.per is None or measure.per.over not in {Over.AVG, Over.MEDIAN, Over.P90}
        case Operation(operator, left, right):
            return operator != "/" and is_exact(left) and is_exact(right)
        case _:
            return True


def over_period(formula: Formula, period: Period) -> Formula:
    """The same formula with every leaf that has no period of its own over this one."""
    match formula:
        case Leaf(_, None):
            return replace(formula, period=period)
        case Operation(_, left, right):
            return replace(formula, left=over_period(left, period), right=over_period(right, period))
        case _:
            return formula


def of_previous(formula: Formula) -> Formula:
    """The same formula over the period before."""
    match formula:
        case Leaf():
            return replace(formula, is_previous=True)
        case Operation(_, left, right):
            return replace(formula, left=of_previous(left), right=of_previous(right))
        case _:
            return formula


def growth(formula: Formula) -> Formula:
    """By which share it grew since the period before; no value where there was nothing before."""
    before = of_previous(formula)
    return Operation("/", Operation("-", formula, before), before)


def read_formula(text: str, metric: Callable[[str], Formula]) -> Formula:
    """A derived metric's text as a formula: names, numbers, + - * / and brackets. Raises ValueError."""
    try:
        tree = sqlglot.parse_one(text, dialect="duckdb")
    except SqlglotError as error:
        raise ValueError(f"cannot read the formula {text!r}") from error
    return _formula(tree, metric)


def _formula(node: exp.Expr, metric: Callable[[str], Formula]) -> Formula:
    operators: dict[type[exp.Expr], Joining] = {
        exp.Add: "+",
        exp.Sub: "-",
        exp.Mul: "*",
        exp.Div: "/",
    }
    match node:
        case exp.Paren():
            return _formula(node.this, metric)
        case exp.Column() if not node.table:
            return metric(node.name)
        case exp.Literal() if not node.is_string:
            return Constant(Decimal(node.name))
        case exp.Coalesce() if len(node.expressions) == 1:
            return Operation("else", _formula(node.this, metric), _formula(node.expressions[0], metric))
    operator = operators.get(type(node))
    if operator is None:
        raise ValueError(
            f"a formula holds metrics, numbers, + - * /, brackets and coalesce, not {node.sql()!r}"
        )
    return Operation(operator, _formula(node.this, metric), _formula(node.expression, metric))
