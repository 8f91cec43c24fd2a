"""Tables of which one column cannot be answered: the others are asked alone, and why it is not there is told.

A column cannot be answered where the source lacks what it needs, or the reader may not see it. A question is
answered as a whole or not at all, so such a column is found before anything is asked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from amalimart.access.principal import Principal
from amalimart.api.dashboards.definition import Dashboard, TableTile, Tile
from amalimart.api.dashboards.planning import Lacking, PlannedTile, order_of_rows, plan_tile
from amalimart.api.dashboards.state import PageState
from amalimart.api.language import Language
from amalimart.core.errors import AmalimartError, Denied, NotAvailable, NotGroupable
from amalimart.semantic.question import Question

if TYPE_CHECKING:
    from amalimart.api.ports.asking import SemanticPort

_LEAVES_OUT = (NotAvailable, NotGroupable, Denied)


def planned_tiles(
    dashboard: Dashboard, state: PageState, principal: Principal, semantic: SemanticPort
) -> list[PlannedTile]:
    """The tiles of a page, each with what can be asked of it."""
    return [planned_tile(tile, dashboard, state, principal, semantic) for tile in dashboard.tiles]


def planned_tile(
    tile: Tile, dashboard: Dashboard, state: PageState, principal: Principal, semantic: SemanticPort
) -> PlannedTile:
    """The questions of a tile under a state, without the columns that cannot be answered."""
    plan = plan_tile(tile, dashboard, state)
    if not isinstance(tile, TableTile) or len(plan.questions) != 1:
        return plan
    (question,) = plan.questions
    if len(question.metrics) == 1 or semantic.refusal(question, principal) is None:
        return plan
    refused: dict[str, AmalimartError] = {}
    for metric in question.metrics:
        error = semantic.refusal(_only(question, (metric,), tile, plan), principal)
        if isinstance(error, _LEAVES_OUT):
            refused[metric] = error
    kept = tuple(metric for metric in question.metrics if metric not in refused)
    if not kept or not refused:
        return plan
    labels = semantic.labels(Language.ENGLISH.value)
    headings = {
        metric: (column.label if metric == column.metric else None) or labels.get(metric, metric)
        for metric, column in reversed(list(zip(plan.metrics, tile.columns, strict=True)))
        if metric is not None
    }
    return replace(
        plan,
        metrics=tuple(None if metric in refused else metric for metric in plan.metrics),
        questions=(_only(question, kept, tile, plan),),
        lacking=tuple(Lacking(metric, headings[metric], error.what) for metric, error in refused.items()),
    )


def _only(question: Question, metrics: tuple[str, ...], tile: TableTile, plan: PlannedTile) -> Question:
    by = plan.level.by if plan.level is not None else question.by[0]
    return replace(question, metrics=metrics, order_by=order_of_rows(tile, by, metrics[0]))
