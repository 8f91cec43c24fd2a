"""A formula in words, written from the definition itself, so that it cannot say anything else."""

from __future__ import annotations

from dataclasses import dataclass

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
from amalimart.semantic.formula_phrases import PHRASES, Language, Phrases
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.shapes import Over
from amalimart.semantic.unread_parts import unread_parts

_SIGNS = {"+": "+", "-": "-", "*": "×", "/": "÷"}
_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2}  # whatever else joins two formulas binds less


def formula_in_words(model: SemanticModel, formula: Formula, language: Language = "en") -> str:
    """The formula in one line."""
    return _Teller(model, PHRASES[language]).told(formula)


@dataclass(frozen=True, slots=True)
class _Teller:
    """Tells formulas in the phrases of one language."""

    model: SemanticModel
    say: Phrases

    def told(self, formula: Formula) -> str:
        match formula:
            case Leaf():
                return self._leaf(formula)
            case Constant(value):
                return format(value.normalize(), "f")
            case Operation(operator, left, right):
                before = self._side(left, operator, is_right=False)
                sign = self.say.otherwise if operator == "else" else _SIGNS.get(operator, operator)
                return f"{before} {sign} {self._side(right, operator, is_right=True)}"

    def _side(self, formula: Formula, operator: str, *, is_right: bool) -> str:
        words = self.told(formula)
        if isinstance(formula, Operation):
            own, outer = (_PRECEDENCE.get(each, 0) for each in (formula.operator, operator))
            needs = own < outer or (is_right and own == outer)
            return f"({words})" if needs else words
        return words if isinstance(formula, Constant) else f"[{words}]"

    def _leaf(self, leaf: Leaf) -> str:
        measure, say = leaf.measure, self.say
        parts = [self._measure(measure), say.within.format(dataset=_spaced(measure.dataset))]
        if measure.where:
            parts.append(say.where.format(conditions=say.both.join(map(self._condition, measure.where))))
        if measure.time is not None and measure.time != self.model.datasets[measure.dataset].time:
            parts.append(say.by.format(date=_spaced(measure.time)))
        if leaf.period is not None:
            parts.append(say.periods[leaf.period])
        if leaf.is_previous:
            parts.append(say.previous)
        parts += [f"({each})" for each in unread_parts(leaf)]
        if leaf.ignores:
            parts.append(say.whatever.format(dimensions=", ".join(map(_spaced, leaf.ignores))))
        return " ".join(parts)

    def _measure(self, measure: Measure) -> str:
        value = self.say.aggregates[measure.aggregate].format(field=_spaced(measure.field))
        return value if measure.per is None else self._per(measure.per, value)

    def _per(self, per: PerEntity, value: str) -> str:
        words = self.say.over[per.over].format(entity=_spaced(per.field), value=value)
        if per.keep is None:
            return self.say.there.format(value=words) if per.over is Over.COUNT else words
        operator, number = per.keep
        return f"{words} {operator.value} {format(number.normalize(), 'f')}"

    def _condition(self, condition: Condition) -> str:
        column = " ".join(map(_spaced, (*condition.column.path, condition.column.field)))
        values = [self._value(each) for each in condition.values]
        shown = values[0] if len(values) == 1 else f"({', '.join(values)})"
        operator = condition.operator.value
        return f"{column} {self.say.operators.get(operator, operator)} {shown}"

    def _value(self, value: Value | PeriodStart) -> str:
        if isinstance(value, PeriodStart):
            return self.say.period_start
        return str(value).lower() if isinstance(value, bool) else str(value)


def _spaced(name: str) -> str:
    return name.replace("_", " ")
