"""A part that measures learn to have is named by whoever retells them, and never left out in silence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from amalimart.semantic.export.sql_expressions import reasons_against
from amalimart.semantic.formula import Leaf, Measure
from amalimart.semantic.formula_words import formula_in_words
from amalimart.semantic.model import SemanticModel


@dataclass(frozen=True, slots=True)
class MeasureOfTomorrow(Measure):
    only_on_sundays: bool = False


def of_tomorrow(leaf: Leaf, **more: Any) -> Leaf:
    said = {name: getattr(leaf.measure, name) for name in Measure.__dataclass_fields__}
    return replace(leaf, measure=MeasureOfTomorrow(**said, **more))


def test_it_is_told_in_words_and_keeps_a_metric_out_of_an_export(model: SemanticModel) -> None:
    (leaf,) = model.metrics["gmv"].leaves
    usual, special = of_tomorrow(leaf), of_tomorrow(leaf, only_on_sundays=True)
    assert formula_in_words(model, usual) == formula_in_words(model, leaf)
    assert formula_in_words(model, special) == "sum of total amount in orders (only on sundays)"
    assert (reasons_against(usual), reasons_against(special)) == ((), ("only on sundays",))
