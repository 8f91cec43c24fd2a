"""What was asked, as names alone, for the audit.

It has no value that was filtered by or searched for, and no name that the model does not know: such a name
may hold anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amalimart.semantic.model import SemanticModel
from amalimart.semantic.question import Comparison, Question, Totals

UNKNOWN = "?"
_SIDES = {"", "previous", "change", "change_rate"}


class AuditedShapes:
    """Tells questions by the names of one model."""

    def __init__(self, model: SemanticModel) -> None:
        self._names = model.metric_names | model.dimension_names
        self._roles = {role for dataset in model.datasets.values() for role in dataset.time_roles}

    def questions(self, questions: Sequence[Question], listed: Sequence[str] = ()) -> dict[str, Any]:
        """Questions, each as the names in it, and the dimensions whose values were listed with them."""
        shape: dict[str, Any] = {"questions": [self._shape(question) for question in questions]}
        if listed:
            shape["values"] = [self.known(name) for name in listed]
        return shape

    def _shape(self, question: Question) -> dict[str, Any]:
        """What was asked, as names. What is not there is left out, so that shapes stay short."""
        shape = {
            "metrics": [self.known(name) for name in question.metrics],
            "by": [self.known(name) for name in question.by],
            "grain": question.grain.value if question.grain else None,
            "filters": sorted(
                [self.known(each.dimension), each.operator.value, len(each.values)]
                for each in question.filters
            ),
            "having": sorted([self.known(each.metric), each.operator.value] for each in question.having),
            "order_by": self._ordered(question.order_by or ""),
            "days": question.days is not None,
            "limit": question.limit is not None,
            "compare": question.compare,
            "compare_with": _compared(question),
            "changes": question.changes,
            "fill": question.fill,
            "time": self._role(question.time),
            "totals": question.totals.value if question.totals is not Totals.NONE else None,
            "top": self._top(question),
            "as_of": question.as_of is not None,
        }
        return {key: value for key, value in shape.items() if value}

    def _role(self, time: str | None) -> str | None:
        return time if time is None or time in self._roles else UNKNOWN

    def _top(self, question: Question) -> list[Any] | None:
        top = question.top
        return [top.count, self.known(top.dimension), self.known(top.metric or "")] if top else None

    def known(self, name: str) -> str:
        """The name, where the model knows it."""
        return name if name in self._names else UNKNOWN

    def _ordered(self, order_by: str) -> str:
        """A column to order by: those of a comparison are named after their metric."""
        name, _, side = order_by.removeprefix("-").partition("__")
        return order_by if not name or (name in self._names and side in _SIDES) else UNKNOWN


def _compared(question: Question) -> str | None:
    """With which days it is compared, without naming them."""
    if not question.compare:
        return None
    wanted = question.compare_with
    return wanted.value if isinstance(wanted, Comparison) else "other days"
