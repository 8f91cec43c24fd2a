"""A whole page as one document: all tiles from one read, so from one release."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from amalimart.access.principal import Principal
from amalimart.api.dashboards.definition import Dashboard, TextTile, WorkTile
from amalimart.api.dashboards.lacking import planned_tiles
from amalimart.api.dashboards.planning import PlannedTile
from amalimart.api.dashboards.state import RANGE_LABELS, Opened, PageState
from amalimart.api.dashboards.tiles import answered_tile, standing_tile, unanswered_tile
from amalimart.core.errors import Abandoned, AccessError, AmalimartError, NothingPublished, UnknownName
from amalimart.semantic.answer import Answer, Receipt
from amalimart.semantic.question import Question

if TYPE_CHECKING:
    from amalimart.api.ports.asking import SemanticPort

Json = dict[str, Any]
MOST_LISTED = 1000
"""Values that a filter offers; who looks for another finds it by a click on a mark, or in the explorer."""


@dataclass(frozen=True, slots=True)
class Page:
    """The document of a page and the release it was answered from."""

    document: Json
    release_id: int

    @property
    def is_whole(self) -> bool:
        """Whether nothing on it failed that may do better when it is asked again."""
        lists, tiles = self.document["lists"], self.document["tiles"]
        return None not in lists.values() and all(tile["status"] != "failed" for tile in tiles)


def page_questions(
    dashboard: Dashboard, state: PageState, principal: Principal, semantic: SemanticPort
) -> list[Question]:
    """Everything that the tiles of a page ask."""
    plans = planned_tiles(dashboard, state, principal, semantic)
    return [question for plan in plans for question in plan.questions]


def answer_page(
    dashboard: Dashboard,
    state: PageState,
    principal: Principal,
    semantic: SemanticPort,
    business_day: date,
) -> Page:
    """Ask all tiles of a page at once.

    A tile that cannot be answered says so in its place. Raises NothingPublished while there is no
    release, and the error itself where not a single tile could be answered for the same reason.
    """
    plans = planned_tiles(dashboard, state, principal, semantic)
    questions = [question for plan in plans for question in plan.questions]
    answers = list(semantic.ask_all(questions, principal, dashboard.listed))
    receipt = _one_receipt(answers)
    rest = iter(answers)
    tiles = [_tile(plan, [next(rest) for _ in plan.questions], business_day) for plan in plans]
    return Page(
        release_id=receipt.release_id,
        document={
            "dashboard": dashboard.name,
            "fingerprint": dashboard.fingerprint,
            "title": dashboard.title,
            "description": dashboard.description,
            "state": state_document(dashboard, state, principal, semantic),
            "release": {
                "release_id": receipt.release_id,
                "published_at": receipt.published_at,
                "fresh_as_of": receipt.fresh_as_of,
            },
            "lists": {name: _list(name, principal, semantic) for name in dashboard.listed},
            "tiles": tiles,
        },
    )


def _one_receipt(answers: Sequence[Answer | AmalimartError]) -> Receipt:
    for answer in answers:
        if isinstance(answer, Answer):
            return answer.receipt
    for answer in answers:
        if isinstance(answer, AmalimartError):
            raise answer
    raise NothingPublished("There is nothing to show on this page.", next_step="remove a filter")


def _tile(plan: PlannedTile, answers: list[Answer | AmalimartError], business_day: date) -> Json:
    if isinstance(plan.tile, TextTile | WorkTile):
        return standing_tile(plan, plan.tile)
    if not answers:
        return unanswered_tile(plan, None)
    given = [answer for answer in answers if isinstance(answer, Answer)]
    if len(given) < len(answers):
        return unanswered_tile(plan, next(each for each in answers if isinstance(each, AmalimartError)))
    return answered_tile(plan, given, business_day)


def state_document(opened: Opened, state: PageState, principal: Principal, semantic: SemanticPort) -> Json:
    """The state as the page shows it, keys with their labels."""
    previous = state.days.preceding()
    labels = {each.dimension: each.label for each in opened.filters}
    return {
        "range": state.range.value,
        "range_label": RANGE_LABELS[state.range],
        "first": state.days.first,
        "last": state.days.last,
        "previous_first": previous.first,
        "previous_last": previous.last,
        "grain": state.grain.value,
        "today": state.today,
        "filters": [
            {
                "dimension": dimension,
                "label": labels[dimension],
                "key": key,
                "value_label": _label_of(dimension, key, principal, semantic),
            }
            for dimension, key in state.filters
        ],
    }


def _label_of(dimension: str, key: str, principal: Principal, semantic: SemanticPort) -> str:
    """The friendly label of a filter's key, or the key where the reader sees no such value."""
    found = semantic.values_of_page(dimension, principal, search=key, limit=1)
    return next((each.label for each in found if each.key == key), key)


def _list(dimension: str, principal: Principal, semantic: SemanticPort) -> list[Json] | None:
    """What a filter may be set to: nothing where the reader may not know, None where it failed for now."""
    try:
        found = semantic.values_of_page(dimension, principal, limit=MOST_LISTED)
    except (UnknownName, AccessError):
        return []
    except Abandoned:
        raise
    except AmalimartError:
        return None
    return [{"key": each.key, "label": each.label} for each in found]
