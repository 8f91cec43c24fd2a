"""A board: questions that a reader chose, all answered from one release and under the reader's own policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from pydantic import ValidationError

from amalimart.access.principal import Principal
from amalimart.api.described import described
from amalimart.api.exploring.kept_question import KeptQuestion
from amalimart.api.exploring.visibility import told
from amalimart.api.ports.asking import SemanticPort
from amalimart.control.saved_questions import SavedQuestion
from amalimart.core.errors import AmalimartError, InvalidFilter, NotFound
from amalimart.core.wire import wire_value
from amalimart.semantic.answer import Answer
from amalimart.semantic.question import Question

Json = dict[str, Any]

MOST_ROWS = 500
_OF_THE_RELEASE = ("release_id", "published_at", "fresh_as_of")


def board_document(
    chosen: Sequence[tuple[str, SavedQuestion | None]], reader: Principal, semantic: SemanticPort, today: date
) -> Json:
    """The board's tiles in their order; one that has no answer says why in its place.

    `chosen` is each id of the board with its question, None where that is not the reader's to see any more.
    """
    asked: dict[str, Question | AmalimartError] = {
        question_id: _question(saved, today) for question_id, saved in chosen
    }
    questions = [each for each in asked.values() if isinstance(each, Question)]
    answers = iter(semantic.ask_all(questions, reader) if questions else ())
    tiles = []
    for question_id, saved in chosen:
        question = asked[question_id]
        answer = next(answers) if isinstance(question, Question) else question
        tiles.append(_tile(question_id, saved, reader, question, answer))
    return {"tiles": tiles}


def _question(saved: SavedQuestion | None, today: date) -> Question | AmalimartError:
    if saved is None:
        return NotFound("This question is not shared with you any more.", next_step="take it off your board")
    try:
        question = KeptQuestion.model_validate(saved.draft.question).question(today)
    except ValidationError:
        return InvalidFilter(
            "This question was kept in a form that is not understood any more.", next_step="save it anew"
        )
    except AmalimartError as error:
        return error
    return question if question.limit is None else replace(question, limit=MOST_ROWS)


def _tile(
    question_id: str,
    saved: SavedQuestion | None,
    reader: Principal,
    question: Question | AmalimartError,
    answer: Answer | AmalimartError,
) -> Json:
    days = question.days if isinstance(question, Question) else None
    shown: Json = {
        "id": question_id,
        "saved": told(saved, reader) if saved else None,
        "days": {"first": days.first, "last": days.last} if days else None,
    }
    if isinstance(answer, AmalimartError):
        return shown | {"error": answer.as_dict()}
    return shown | {"answer": answer_document(answer)}


def release_of(document: Json) -> Json | None:
    """The release that a board was answered from; None where nothing on it was answered."""
    for tile in document["tiles"]:
        if "answer" in tile:
            receipt = tile["answer"]["receipt"]
            fresh = receipt["fresh_as_of"]
            return {
                "release_id": receipt["release_id"],
                "published_at": datetime.fromisoformat(receipt["published_at"]),
                "fresh_as_of": datetime.fromisoformat(fresh) if fresh else None,
            }
    return None


def without_release(document: Json) -> Json:
    """What a board tells whatever its release: that others' rows have changed does not show in it."""
    return {"tiles": [_without_release(tile) for tile in document["tiles"]]}


def _without_release(tile: Json) -> Json:
    if "answer" not in tile:
        return tile
    receipt = tile["answer"]["receipt"] | dict.fromkeys(_OF_THE_RELEASE)
    return tile | {"answer": tile["answer"] | {"receipt": receipt}}


def answer_document(answer: Answer) -> Json:
    """An answer as `/query` gives it."""
    return {
        "columns": [described(column) for column in answer.columns],
        "rows": [[wire_value(value) for value in row] for row in answer.rows],
        "receipt": described(answer.receipt),
    }
