"""Questions that people keep and share, and the board that each makes of them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.responses import Response

from amalimart.access.principal import Principal, Role
from amalimart.api.answering import answered
from amalimart.api.conditional import holds, not_modified, tag_of
from amalimart.api.exploring.board import board_document, release_of, without_release
from amalimart.api.exploring.kept_question import KeptQuestion
from amalimart.api.exploring.tile_text import tile_text
from amalimart.api.exploring.visibility import may_find, told, visible_question, visible_questions
from amalimart.api.exports.receipts import release_headers
from amalimart.api.identity import SignedIn
from amalimart.api.paging import Whole
from amalimart.api.routes.context import Services, current_business_day
from amalimart.api.services import AppServices
from amalimart.api.wire_response import WireResponse
from amalimart.control.saved_questions import MOST_TILES, Draft, Sharing
from amalimart.core.errors import NothingPublished
from amalimart.core.wire import dumps

router = APIRouter(tags=["questions"])

WRITES_DASHBOARDS = frozenset({Role.ADMIN, Role.ANALYST})


def _one_line(name: str) -> str:
    """A name as people read it: no line breaks and nothing that cannot be seen."""
    shown = " ".join(name.split())
    if not shown or not all(character.isprintable() or character in _JOINERS for character in shown):
        raise ValueError("a name is one line of letters, digits and signs")
    return shown


_JOINERS = "\u200c\u200d\u200e\u200f"
"""Characters without a width that some scripts need to be written rightly."""

_Id = Annotated[str, Path(min_length=1, max_length=32)]
_Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_one_line)]


class SavedQuestionBody(BaseModel):
    """A question to keep: its name, who else may find it, and what it asks."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "Sales by category",
                    "sharing": "role",
                    "question": {"metrics": ["item_gmv"], "by": ["category"], "range": "last_30_days"},
                }
            ]
        },
    )

    name: _Name
    sharing: Sharing = Sharing.PRIVATE
    question: KeptQuestion

    def draft(self) -> Draft:
        """The same, to be kept."""
        return Draft(self.name, self.sharing, self.question.document())


class BoardBody(BaseModel):
    """The ids of kept questions, in the order in which the board shows them."""

    model_config = ConfigDict(extra="forbid")

    questions: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=32)]], Field(max_length=MOST_TILES)
    ]


@router.get("/questions")
def questions(principal: SignedIn, services: Services, part: Whole) -> WireResponse:
    """The reader's own questions and those that others share with them, by name."""
    found = visible_questions(services, principal)
    entries, following = part.of(
        lambda most: found[:most], lambda each: each.question_id, lambda each: told(each, principal)
    )
    return WireResponse({"questions": entries, "next": following})


@router.post("/questions")
def save(body: SavedQuestionBody, principal: SignedIn, services: Services) -> WireResponse:
    """Keep a question. Others find it only where they see at least what its owner sees."""
    return WireResponse(told(services.control.saved_questions.add(body.draft(), principal), principal))


@router.get("/questions/{question_id}")
def question(question_id: _Id, principal: SignedIn, services: Services) -> WireResponse:
    """One question; for who writes dashboards also as tiles of a dashboard file.

    It holds no numbers: whoever asks it is answered under their own policy.
    """
    found = visible_question(services, principal, question_id)
    return WireResponse(told(found, principal) | {"tile": _tile(found.draft, principal)})


@router.put("/questions/{question_id}")
def change(
    question_id: _Id, body: SavedQuestionBody, principal: SignedIn, services: Services
) -> WireResponse:
    """Keep one's own question under another name, for others, or as another question."""
    kept = services.control.saved_questions.change(question_id, body.draft(), principal)
    return WireResponse(told(kept, principal))


@router.delete("/questions/{question_id}")
def remove(question_id: _Id, principal: SignedIn, services: Services) -> WireResponse:
    """Forget one's own question. It leaves every board that shows it."""
    services.control.saved_questions.remove(question_id, principal)
    return WireResponse({"id": question_id, "removed": True})


@router.get("/board")
async def board(request: Request, principal: SignedIn, services: Services) -> Response:
    """The reader's board: every question on it, answered for the reader, all from one release.

    With If-None-Match the answer is 304 while the board is the same.
    """
    return await answered(request, lambda: _board(request, principal, services))


@router.put("/board")
def put_board(body: BoardBody, principal: SignedIn, services: Services) -> WireResponse:
    """Make these questions the reader's board, in this order."""
    chosen = list(dict.fromkeys(body.questions))
    on_board = set(services.control.saved_questions.board(principal))
    for each in chosen:
        if each not in on_board:
            visible_question(services, principal, each)
    services.control.saved_questions.put_board(chosen, principal)
    return WireResponse({"questions": chosen})


def _board(request: Request, principal: Principal, services: AppServices) -> Response:
    newest = services.releases.latest()
    if newest is None:
        raise NothingPublished("The first release is being prepared.", next_step="wait a moment")
    kept = services.control.saved_questions
    chosen = []
    for question_id in kept.board(principal):
        found = kept.find(question_id)
        is_shown = found is not None and may_find(services, principal, found)
        chosen.append((question_id, found if is_shown else None))
    today = current_business_day(services)
    document = board_document(chosen, principal, services.semantic, today)
    release = release_of(document) or {
        "release_id": newest.release_id,
        "published_at": newest.published_at,
        "fresh_as_of": newest.fresh_as_of,
    }
    headers = {
        "ETag": tag_of(dumps(without_release(document)).encode()),
        **release_headers(**release),
        "Cache-Control": "private, no-cache",
    }
    if holds(request, headers["ETag"]):
        return not_modified(headers)
    return WireResponse({**document, "release": release}, headers=headers)


def _tile(draft: Draft, principal: Principal) -> dict[str, Any] | None:
    if principal.role not in WRITES_DASHBOARDS:
        return None
    return tile_text(draft.name, KeptQuestion.model_validate(draft.question))
