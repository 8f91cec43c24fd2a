"""Whose kept questions a reader may find, and what is told of them.

A question names what its owner could see: filters hold names of customers, products and shops. So it is
shared only with those who see at least as much, whatever its owner wished; anybody else is told of it as of
one that was never there.
"""

from __future__ import annotations

from typing import Any

from amalimart.access.principal import Principal
from amalimart.api.services import AppServices
from amalimart.control.saved_questions import SavedQuestion, Sharing
from amalimart.core.errors import NotFound


def visible_questions(services: AppServices, reader: Principal) -> list[SavedQuestion]:
    """The reader's own questions, and those of others that the reader may find."""
    found = services.control.saved_questions.own_and_shared(reader)
    return [each for each in found if may_find(services, reader, each)]


def visible_question(services: AppServices, reader: Principal, question_id: str) -> SavedQuestion:
    """One of them. Raises NotFound, also for one that is not shared with the reader."""
    found = services.control.saved_questions.find(question_id)
    if found is None or not may_find(services, reader, found):
        raise NotFound("There is no such question for you.", next_step="open one from your list")
    return found


def may_find(services: AppServices, reader: Principal, saved: SavedQuestion) -> bool:
    """Whether a question is the reader's own, or shared with them."""
    if saved.owner == reader.subject:
        return True
    if saved.draft.sharing is Sharing.PRIVATE:
        return False
    if saved.draft.sharing is Sharing.ROLE and saved.written_as.role is not reader.role:
        return False
    return services.semantic.covers(reader, saved.written_as)


def told(saved: SavedQuestion, reader: Principal) -> dict[str, Any]:
    """A question as its reader is told of it."""
    return {
        "id": saved.question_id,
        "name": saved.draft.name,
        "sharing": saved.draft.sharing.value,
        "is_own": saved.owner == reader.subject,
        "owner": saved.owner_name,
        "changed_at": saved.changed_at,
        "question": saved.draft.question,
    }
