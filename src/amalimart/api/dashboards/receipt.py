"""The receipt of a tile: what its numbers are, asked again as the page asks them, without the numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from amalimart.access.principal import Principal
from amalimart.api.dashboards.definition import Dashboard
from amalimart.api.dashboards.lacking import planned_tile
from amalimart.api.dashboards.page import state_document
from amalimart.api.dashboards.planning import PlannedTile, range_label
from amalimart.api.dashboards.state import PageState
from amalimart.api.described import described
from amalimart.api.known_metrics import known_metric
from amalimart.api.language import Language
from amalimart.core.calendar import DayRange
from amalimart.core.errors import AmalimartError, NotAvailable, NotFound
from amalimart.core.names import nearest
from amalimart.semantic.answer import Answer, Receipt
from amalimart.semantic.question import Question

if TYPE_CHECKING:
    from amalimart.api.ports.asking import SemanticPort

Json = dict[str, Any]
History = Callable[[str], Sequence[Any]]
"""What each version of a metric has meant, by its name."""


def tile_receipt(
    dashboard: Dashboard,
    tile_id: str,
    state: PageState,
    principal: Principal,
    semantic: SemanticPort,
    history: History,
    language: Language = Language.ENGLISH,
) -> Json:
    """Where the numbers of a tile come from under a state.

    Raises NotFound for an unknown tile, NotAvailable where the tile shows nothing under these filters, and
    what the question itself raises.
    """
    plan = planned_tile(_tile(dashboard, tile_id), dashboard, state, principal, semantic)
    if not plan.questions:
        raise NotAvailable(
            " ".join(plan.notes) or "This tile shows nothing under these filters.",
            next_step="remove a filter",
        )
    answers = semantic.ask_all(plan.questions, principal)
    for each in answers:
        if isinstance(each, AmalimartError):
            raise each
    receipts = [each.receipt for each in answers if isinstance(each, Answer)]
    first = receipts[0]
    return {
        "dashboard": dashboard.name,
        "tile": tile_id,
        "description": plan.tile.description,
        "state": state_document(dashboard, state, principal, semantic),
        "days": _days(plan.questions[0]),
        "range_label": range_label(plan.tile),
        "release": {
            "release_id": first.release_id,
            "published_at": first.published_at,
            "fresh_as_of": first.fresh_as_of,
        },
        "metrics": [
            metric_document(name, principal, semantic, first) | {"changes": described(tuple(history(name)))}
            for name in _asked(plan)
        ],
        "notes": list(dict.fromkeys([*plan.notes, *_notes(receipts, language)])),
        "sql": [each.sql for each in receipts if each.sql is not None],
        "is_scoped": semantic.is_scoped(principal),
    }


def _notes(receipts: Iterable[Receipt], language: Language) -> Iterator[str]:
    for each in receipts:
        yield from each.notes_fr if language is Language.FRENCH else each.notes


def metric_document(
    name: str, principal: Principal, semantic: SemanticPort, receipt: Receipt | None = None
) -> Json:
    """A metric as the catalogue knows it, with its formula; of a receipt, the version that was answered."""
    found = known_metric(name, principal, semantic)
    answered = next((each for each in receipt.metrics if each.name == found.name), None) if receipt else None
    document: Json = described(found)
    return document | {
        "version": answered.version if answered else document.get("version"),
    }


def _tile(dashboard: Dashboard, tile_id: str) -> Any:
    found = {tile.id: tile for tile in dashboard.tiles}
    if tile_id not in found:
        raise NotFound(
            f"There is no tile {tile_id!r} on this page.",
            nearest=nearest(tile_id, found),
            next_step="open the page and choose one of its numbers",
        )
    return found[tile_id]


def _asked(plan: PlannedTile) -> Iterable[str]:
    return dict.fromkeys(name for name in plan.metrics if name is not None)


def _days(question: Question) -> Json | None:
    days: DayRange | None = question.days
    return {"first": days.first, "last": days.last} if days else None
