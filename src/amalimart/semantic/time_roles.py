"""Dates by which a fact may be counted: a question asks for a role, a dataset says which column plays it."""

from __future__ import annotations

from dataclasses import replace

from amalimart.core.errors import NotGroupable, UnknownName
from amalimart.core.names import nearest
from amalimart.semantic.formula import Formula, Leaf, Operation, leaves
from amalimart.semantic.model import SemanticModel


def by_role(model: SemanticModel, name: str, formula: Formula, role: str) -> Formula:
    """The formula with each part counted by the date in this role.

    Raises UnknownName where no dataset has such a role, NotGroupable where a part of this metric has not.
    """
    roles = sorted({each for dataset in model.datasets.values() for each in dataset.time_roles})
    if role not in roles:
        raise UnknownName(
            f"no date is called {role[:100]!r}",
            expected=f"one of {', '.join(roles)}",
            nearest=nearest(role[:100], roles),
        )
    parts = tuple(leaves(formula))
    if any(leaf.measure.time is None for leaf in parts):
        raise NotGroupable(
            f"{name} counts what is there now, so it has no {role} date",
            expected="a metric of events, such as orders or returns",
            next_step="ask it without a time",
        )
    for leaf in parts:
        dataset = model.datasets[leaf.measure.dataset]
        if role not in dataset.time_roles:
            carried = roles_of(model, formula)
            raise NotGroupable(
                f"{name} cannot be counted by the {role} date: it is taken from"
                f" {dataset.name.replace('_', ' ')}, which do not have one",
                expected=f"one of {', '.join(carried)}" if carried else "no time: each fact by its own date",
                nearest=nearest(role, carried) or next(iter(carried), None),
                next_step="choose another time, or leave it out",
            )
    return _played(model, formula, role)


def roles_of(model: SemanticModel, formula: Formula) -> tuple[str, ...]:
    """The roles that every part has; none where a part counts what is there now."""
    parts = tuple(leaves(formula))
    if any(leaf.measure.time is None for leaf in parts):
        return ()
    first, *rest = (model.datasets[leaf.measure.dataset].time_roles for leaf in parts)
    return tuple(role for role in first if all(role in each for each in rest))


def _played(model: SemanticModel, formula: Formula, role: str) -> Formula:
    match formula:
        case Leaf(measure):
            column = model.datasets[measure.dataset].time_roles[role]
            return replace(formula, measure=replace(measure, time=column))
        case Operation(_, left, right):
            return replace(formula, left=_played(model, left, role), right=_played(model, right, role))
        case _:
            return formula
