"""A metric's formula as plain parts, for pages that say it in the words of their reader's language.

Owns no words: which column of which table is aggregated how, when, under which conditions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from amalimart.semantic.formula import Condition, Constant, Formula, Leaf, Operation, PeriodStart
from amalimart.semantic.model import SemanticModel


@dataclass(frozen=True, slots=True)
class MeasurePart:
    """One aggregate over one table.

    table        schema.name
    conditions   each as `column operator values`
    per          the column whose values are measured one by one first
    over         how those become one number
    kept         which of those are looked at, as `>= 2`
    period       a span it brings along
    is_previous  over the period before
    """

    kind: Literal["measure"]
    aggregate: str
    field: str
    table: str
    time: str | None
    conditions: tuple[str, ...]
    per: str | None
    over: str | None
    kept: str | None
    period: str | None
    is_previous: bool


@dataclass(frozen=True, slots=True)
class NumberPart:
    """A number of the definition."""

    kind: Literal["number"]
    value: str


@dataclass(frozen=True, slots=True)
class OperationPart:
    """Arithmetic of two parts."""

    kind: Literal["operation"]
    operator: str
    left: FormulaPart
    right: FormulaPart


FormulaPart = MeasurePart | NumberPart | OperationPart


def formula_parts(model: SemanticModel, formula: Formula) -> FormulaPart:
    """The parts of a formula."""
    match formula:
        case Leaf():
            return _measure(model, formula)
        case Constant(value):
            return NumberPart("number", str(value))
        case Operation(operator, left, right):
            return OperationPart(
                "operation", operator, formula_parts(model, left), formula_parts(model, right)
            )


def _measure(model: SemanticModel, leaf: Leaf) -> MeasurePart:
    measure = leaf.measure
    per = measure.per
    kept = f"{per.keep[0].value} {per.keep[1]}" if per is not None and per.keep is not None else None
    return MeasurePart(
        "measure",
        measure.aggregate.value,
        measure.field,
        str(model.datasets[measure.dataset].table),
        measure.time,
        tuple(_condition(each) for each in measure.where),
        per.field if per else None,
        per.over.value if per else None,
        kept,
        leaf.period.value if leaf.period else None,
        leaf.is_previous,
    )


def _condition(condition: Condition) -> str:
    column = ".".join((*condition.column.path, condition.column.field))
    values = ", ".join(
        each.value
        if isinstance(each, PeriodStart)
        else str(each).lower()
        if isinstance(each, bool)
        else str(each)
        for each in condition.values
    )
    return f"{column} {condition.operator.value} {values}"
