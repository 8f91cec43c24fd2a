"""What a metric computes: leaves (one aggregate over one dataset) joined by arithmetic.

A formula is built once when the model is loaded; the planner turns it into SQL over the leaves'
columns. The text of a derived metric (`gmv - total_revenue`) is read here too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Literal

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from amalimart.semantic.question import Operator
from amalimart.semantic.shapes import Aggregate, Period

Value = str | int | bool | Decimal | date


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
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Measure:
    """One aggregate over one dataset at its own grain. `time` None: it counts a state, not events."""

    dataset: str
    aggregate: Aggregate
    field: str
    where: tuple[Condition, ...]
    time: str | None


@dataclass(frozen=True, slots=True)
class Leaf:
    """A measure, over the question's days or over a period of its own."""

    measure: Measure
    period: Period | None


@dataclass(frozen=True, slots=True)
class Constant:
    """A number of the definition."""

    value: Decimal


@dataclass(frozen=True, slots=True)
class Operation:
    """Arithmetic of two formulas; a division by zero has no value."""

    operator: Literal["+", "-", "*", "/"]
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


def divides(formula: Formula) -> bool:
    """Whether a division is in it: then it can be empty, and is computed as a double."""
    return isinstance(formula, Operation) and (
        formula.operator == "/" or divides(formula.left) or divides(formula.right)
    )


def over_period(formula: Formula, period: Period) -> Formula:
    """The same formula with every leaf that has no period of its own over this one."""
    match formula:
        case Leaf(_, None):
            return replace(formula, period=period)
        case Operation(_, left, right):
            return replace(formula, left=over_period(left, period), right=over_period(right, period))
        case _:
            return formula


def read_formula(text: str, metric: Callable[[str], Formula]) -> Formula:
    """A derived metric's text as a formula: names, numbers, + - * / and brackets. Raises ValueError."""
    try:
        tree = sqlglot.parse_one(text, dialect="duckdb")
    except SqlglotError as error:
        raise ValueError(f"cannot read the formula {text!r}") from error
    return _formula(tree, metric)


def _formula(node: exp.Expr, metric: Callable[[str], Formula]) -> Formula:
    operators: dict[type[exp.Expr], Literal["+", "-", "*", "/"]] = {
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
    operator = operators.get(type(node))
    if operator is None:
        raise ValueError(f"a formula holds metrics, numbers, + - * / and brackets, not {node.sql()!r}")
    return Operation(operator, _formula(node.this, metric), _formula(node.expression, metric))
