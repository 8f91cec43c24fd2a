"""A formula in words, written from the definition itself, so that it cannot say anything else."""

from __future__ import annotations

from amalimart.semantic.formula import (
    Condition,
    Constant,
    Formula,
    Leaf,
    Measure,
    Operation,
    PerEntity,
    PeriodStart,
    Value,
)
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.shapes import Aggregate, Over, Period
from amalimart.semantic.unread_parts import unread_parts

_AGGREGATES = {
    Aggregate.SUM: "sum of {field}",
    Aggregate.COUNT: "number of {field}",
    Aggregate.COUNT_DISTINCT: "number of distinct {field}",
    Aggregate.AVG: "mean of {field}",
    Aggregate.MIN: "least {field}",
    Aggregate.MAX: "greatest {field}",
    Aggregate.SPAN: "days from the first to the last {field}",
}
_OVER = {
    Over.COUNT: "number of {entity} whose {value} is",
    Over.SUM: "sum over {entity} of the {value}",
    Over.AVG: "mean over {entity} of the {value}",
    Over.MIN: "least over {entity} of the {value}",
    Over.MAX: "greatest over {entity} of the {value}",
    Over.MEDIAN: "median over {entity} of the {value}",
    Over.P90: "90th percentile over {entity} of the {value}",
}
_PERIODS = {
    Period.YEAR_TO_DATE: "from 1 January to today",
    Period.CURRENT_MONTH: "from the first of the month to today",
    Period.LAST_30_DAYS: "from 29 days ago to today",
}
_SIGNS = {"+": "+", "-": "-", "*": "×", "/": "÷"}
_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2}  # whatever else joins two formulas binds less


def formula_in_words(model: SemanticModel, formula: Formula) -> str:
    """The formula in one line of English."""
    match formula:
        case Leaf():
            return _leaf(model, formula)
        case Constant(value):
            return format(value.normalize(), "f")
        case Operation(operator, left, right):
            before = _side(model, left, operator, is_right=False)
            return f"{before} {_SIGNS.get(operator, operator)} {_side(model, right, operator, is_right=True)}"


def _side(model: SemanticModel, formula: Formula, operator: str, *, is_right: bool) -> str:
    words = formula_in_words(model, formula)
    if isinstance(formula, Operation):
        own, outer = (_PRECEDENCE.get(each, 0) for each in (formula.operator, operator))
        needs = own < outer or (is_right and own == outer)
        return f"({words})" if needs else words
    return words if isinstance(formula, Constant) else f"[{words}]"


def _leaf(model: SemanticModel, leaf: Leaf) -> str:
    measure = leaf.measure
    parts = [_measure(measure), f"in {_spaced(measure.dataset)}"]
    if measure.where:
        parts.append("where " + " and ".join(_condition(each) for each in measure.where))
    if measure.time is not None and measure.time != model.datasets[measure.dataset].time:
        parts.append(f"by {_spaced(measure.time)}")
    if leaf.period is not None:
        period = _PERIODS.get(leaf.period)
        parts.append(period or f"over the {_spaced(leaf.period.value)}")
    if leaf.is_previous:
        parts.append("in the period before")
    parts += [f"({each})" for each in unread_parts(leaf)]
    if leaf.ignores:
        parts.append(f"whatever the {', '.join(map(_spaced, leaf.ignores))}")
    return " ".join(parts)


def _measure(measure: Measure) -> str:
    value = _AGGREGATES[measure.aggregate].format(field=_spaced(measure.field))
    return value if measure.per is None else _per(measure.per, value)


def _per(per: PerEntity, value: str) -> str:
    words = _OVER[per.over].format(entity=_spaced(per.field), value=value)
    if per.keep is None:
        return f"{words} there" if per.over is Over.COUNT else words
    operator, number = per.keep
    return f"{words} {operator.value} {format(number.normalize(), 'f')}"


def _condition(condition: Condition) -> str:
    column = " ".join(map(_spaced, (*condition.column.path, condition.column.field)))
    values = [_value(each) for each in condition.values]
    shown = values[0] if len(values) == 1 else f"({', '.join(values)})"
    return f"{column} {condition.operator.value} {shown}"


def _value(value: Value | PeriodStart) -> str:
    if isinstance(value, PeriodStart):
        return "the first day of the period"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _spaced(name: str) -> str:
    return name.replace("_", " ")
