"""A metric as one SQL aggregate expression over dataset.column, as interchange formats want it.

Such an expression knows neither periods of its own nor a second step per entity: what needs one has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from amalimart.semantic.formula import (
    Condition,
    Constant,
    Formula,
    Leaf,
    Operation,
    PeriodStart,
    Value,
    leaves,
)
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.question import Operator
from amalimart.semantic.shapes import Aggregate
from amalimart.semantic.unread_parts import unread_parts

_PLAIN = {
    Aggregate.SUM: "SUM({})",
    Aggregate.COUNT: "COUNT({})",
    Aggregate.COUNT_DISTINCT: "COUNT(DISTINCT {})",
}
_EXTREMES = {Aggregate.MIN: "MIN({})", Aggregate.MAX: "MAX({})", Aggregate.AVG: "AVG({})"}

_ARITHMETIC = frozenset({"+", "-", "*", "/"})


def reasons_against(formula: Formula) -> tuple[str, ...]:
    """Why a formula cannot be one aggregate expression; none where it can."""
    found = [f"{each}, which is no arithmetic" for each in _operators(formula) if each not in _ARITHMETIC]
    for leaf in leaves(formula):
        measure = leaf.measure
        if leaf.period is not None:
            found.append(f"its own period ({leaf.period.value})")
        if leaf.is_previous:
            found.append("a comparison with the period before")
        if measure.per is not None:
            found.append(f"a step per {measure.per.field}")
        if measure.aggregate is Aggregate.SPAN:
            found.append("a span of days")
        if leaf.ignores:
            found.append(f"the same value for every {', '.join(leaf.ignores)}")
        if any(condition.is_of_period for condition in measure.where):
            found.append("a condition on the start of the period")
        found += unread_parts(leaf)
    return tuple(dict.fromkeys(found))


def _operators(formula: Formula) -> Iterator[str]:
    if isinstance(formula, Operation):
        yield formula.operator
        yield from _operators(formula.left)
        yield from _operators(formula.right)


def expression_of(model: SemanticModel, formula: Formula) -> str:
    """The expression of a formula that nothing speaks against: a division by 0 is empty."""
    match formula:
        case Leaf():
            return _leaf(model, formula)
        case Constant(value):
            return format(value, "f")
        case Operation("/", left, right):
            return f"({expression_of(model, left)}) / NULLIF({expression_of(model, right)}, 0)"
        case Operation(operator, left, right):
            return f"({expression_of(model, left)}) {operator} ({expression_of(model, right)})"


def _leaf(model: SemanticModel, leaf: Leaf) -> str:
    measure = leaf.measure
    column = f"{measure.dataset}.{measure.field}"
    if measure.where:
        conditions = " AND ".join(_condition(each) for each in measure.where)
        column = f"CASE WHEN {conditions} THEN {column} END"
    aggregate = (_PLAIN | _EXTREMES)[measure.aggregate].format(column)
    dataset = model.datasets[measure.dataset]
    is_key = measure.field == dataset.key and not dataset.is_stock
    if is_key and measure.aggregate is Aggregate.COUNT:
        aggregate = _PLAIN[Aggregate.COUNT_DISTINCT].format(column)  # joins may repeat the row elsewhere
    return f"COALESCE({aggregate}, 0)" if measure.aggregate is Aggregate.SUM else aggregate


def _condition(condition: Condition) -> str:
    column = f"{condition.column.dataset}.{condition.column.field}"
    values = [_literal(each) for each in condition.values]
    match condition.operator:
        case Operator.IN | Operator.NOT_IN:
            word = "IN" if condition.operator is Operator.IN else "NOT IN"
            return f"{column} {word} ({', '.join(values)})"
        case Operator.NE:
            return f"{column} is distinct from {values[0]}"
        case _:
            return f"{column} {condition.operator.value} {values[0]}"


def _literal(value: Value | PeriodStart) -> str:
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case date():
            return f"DATE '{value.isoformat()}'"
        case Decimal():
            return format(value, "f")
        case int():
            return str(value)
        case str():
            return "'" + value.replace("'", "''") + "'"
    raise ValueError("the start of a period is no literal")
