"""A kept question answered as a file for one person: the same way as that person would take from a page."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import IO, Any

from pydantic import ValidationError

from amalimart.access.principal import Principal
from amalimart.api.answer_receipt import receipt_document
from amalimart.api.exploring.kept_question import KeptQuestion
from amalimart.api.exploring.visibility import visible_question
from amalimart.api.exports.formats import Format
from amalimart.api.exports.spool import write_answer
from amalimart.api.exports.wording import Wording
from amalimart.api.language import Language
from amalimart.api.routes.context import current_business_day
from amalimart.api.services import AppServices
from amalimart.core.errors import QueryError
from amalimart.core.question_files import FileForm, WrittenAnswer
from amalimart.semantic.question import Question


class QuestionFileWriter:
    """Answers through the services of the door, so through the one audited way to an answer."""

    def __init__(self, services: AppServices) -> None:
        self._services = services

    def write(
        self, question_id: str, recipient: Principal, form: FileForm, language: str, target: IO[bytes]
    ) -> WrittenAnswer:
        """Answer as the recipient, now, from the release of now.

        Raises NotFound for a question that they do not find, Busy, and what asking raises.
        """
        services = self._services
        document = visible_question(services, recipient, question_id).draft.question
        question = whole_question(services, document)
        policy = policy_mark(services, recipient)
        most = services.settings.export_rows_of(recipient)
        folder = services.settings.cache_folder / "exports"
        folder.mkdir(parents=True, exist_ok=True)
        wording = Wording.of(Language(language), services.semantic)
        tell = partial(receipt_document, principal=recipient, services=services)
        with services.exports.turn(), services.semantic.stream(question, recipient, most) as answer:
            write_answer(answer, Format(form.value), target, folder, tell, wording)
            return WrittenAnswer(answer.receipt.release_id, answer.rows, document, policy)


def whole_question(services: AppServices, document: Mapping[str, Any]) -> Question:
    """What a kept question asks today, with all its rows. Raises QueryError for what cannot be read."""
    try:
        kept = KeptQuestion.model_validate(document)
    except ValidationError as error:
        raise QueryError(
            f"The kept question cannot be read: {error.errors()[0]['msg']}.",
            where=".".join(map(str, error.errors()[0]["loc"])),
            next_step="open it in the explorer and save it again",
        ) from error
    return replace(kept.question(current_business_day(services)), limit=None)


def policy_mark(services: AppServices, principal: Principal) -> str:
    """A mark of the rights of somebody: two are the same only where the rights and the own ids are."""
    return hashlib.sha256(repr(services.semantic.fingerprint(principal)).encode()).hexdigest()
