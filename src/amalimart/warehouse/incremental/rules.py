"""How a model says which of its rows a change of a parent affects: the `affected_by` of its description.

order_id                                        the parent's column of that name holds the model's key
product_id, order_date                          a key of several columns, in the order of the model's
stg_payments.order_id                           rows of stg_payments whose order_id is the changed key
orders.customer_id > stg_shipments.order_id     the same over two steps
all                                             every row: the model is built anew
"""

from __future__ import annotations

from dataclasses import dataclass

from amalimart.core.errors import CompileFailed
from amalimart.core.names import is_identifier

ALL = "all"


@dataclass(frozen=True, slots=True)
class Hop:
    """From changed keys to the rows of a model that name them in a column."""

    model: str
    column: str


@dataclass(frozen=True, slots=True)
class Rule:
    """What a change of one parent affects: columns that hold the key, or ways to it, or everything."""

    columns: tuple[str, ...] = ()
    ways: tuple[tuple[Hop, ...], ...] = ()

    @property
    def is_all(self) -> bool:
        """Whether any change affects every row."""
        return not self.columns and not self.ways


def read_rule(text: object, where: str) -> Rule:
    """The rule that a text states. Raises CompileFailed."""
    if text == ALL:
        return Rule()
    if not isinstance(text, str) or not text.strip():
        raise _unreadable(text, where)
    if "." not in text:
        columns = tuple(part.strip() for part in text.split(","))
        if not all(map(is_identifier, columns)):
            raise _unreadable(text, where)
        return Rule(columns=columns)
    return Rule(ways=tuple(_way(part, text, where) for part in text.split(" or ")))


def _way(part: str, text: str, where: str) -> tuple[Hop, ...]:
    hops = []
    for step in part.split(">"):
        model, _, column = step.strip().partition(".")
        if not (is_identifier(model) and is_identifier(column)):
            raise _unreadable(text, where)
        hops.append(Hop(model, column))
    return tuple(hops)


def _unreadable(text: object, where: str) -> CompileFailed:
    return CompileFailed(
        f"affected_by cannot be read: {text!r}",
        where=where,
        expected="a column of the parent, `model.column` steps joined by `>` and `or`, or all",
        next_step="see docs/models.md",
    )
