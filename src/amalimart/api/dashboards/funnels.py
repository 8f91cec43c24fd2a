"""The steps of a funnel: how many are left, as a share of the first step and of the one before."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from amalimart.api.dashboards.definition import FunnelTile
from amalimart.core.wire import wire_value
from amalimart.semantic.answer import Answer

Json = dict[str, Any]


def funnel_steps(answer: Answer, tile: FunnelTile) -> list[Json]:
    """Each step of the file with its number."""
    columns = {column.name: column for column in answer.columns}
    # Aliases are answered under the metric's own name, in the order asked.
    asked = list(dict.fromkeys(step.metric for step in tile.steps))
    own = dict(zip(asked, columns, strict=True))
    values = answer.as_dicts()[0] if answer.rows else {}
    steps: list[Json] = []
    first = before = None
    for position, step in enumerate(tile.steps):
        column = columns[own[step.metric]]
        value = values.get(column.name)
        first = value if position == 0 else first
        steps.append(
            {
                "metric": column.name,
                "label": step.label or column.label,
                "unit": column.unit,
                "currency": column.currency,
                "value": wire_value(value),
                "of_first": _share(value, first),
                "of_previous": _share(value, before) if position else None,
            }
        )
        before = value
    return steps


def _share(value: Any, whole: Any) -> str | None:
    if value is None or not whole:
        return None
    return str((Decimal(str(value)) / Decimal(str(whole))).quantize(Decimal("0.0001")))
