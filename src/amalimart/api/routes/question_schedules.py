"""Questions that are answered by themselves, each for the one who scheduled it, and their files."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import IO, Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from amalimart.access.principal import Principal, Role
from amalimart.api.exploring.question_file import policy_mark, whole_question
from amalimart.api.exploring.scheduling import run_document, run_with_file, schedule_document
from amalimart.api.exploring.visibility import visible_question
from amalimart.api.exports.formats import Format
from amalimart.api.identity import SignedIn
from amalimart.api.language import Language, ReadersLanguage
from amalimart.api.paging import Whole
from amalimart.api.ports.question_files import QuestionFilesPort
from amalimart.api.routes.context import Services
from amalimart.api.services import AppServices
from amalimart.api.wire_response import WireResponse
from amalimart.control.question_schedules import QuestionSchedule, Wish
from amalimart.core.choices import one_of
from amalimart.core.errors import Denied, EngineUnavailable, NotFound
from amalimart.core.question_files import FileForm
from amalimart.core.recurrence import recurrence

router = APIRouter(tags=["questions"])

_Id = Annotated[str, Path(min_length=1, max_length=32)]
_RunId = Annotated[int, Path(ge=1, le=10**15)]
_Word = Annotated[str, Field(max_length=100)]
_FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file, in the form that its schedule had.",
        "content": {Format(each.value).media_type: {} for each in FileForm},
    }
}
_CHUNK = 256 * 1024
_UNSAFE = re.compile(r"[^a-z0-9]+")


class QuestionScheduleBody(BaseModel):
    """When a question is answered by itself for whoever says so, and in which form and language."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"every": "week", "weekdays": ["monday", "thursday"], "at": "07:30", "format": "xlsx"},
                {"every": "month", "day": "last", "at": "23:00", "format": "csv", "language": "fr"},
            ]
        },
    )

    every: _Word
    at: _Word
    weekdays: Annotated[list[_Word], Field(max_length=7)] = []
    day: _Word | int | None = None
    form: Annotated[_Word, Field(alias="format")] = FileForm.XLSX.value
    language: _Word | None = None
    paused: bool = False

    def wish(self, spoken: Language) -> Wish:
        """The same, for who speaks a language. Raises RequestError for what cannot be."""
        when = recurrence(self.every, self.at, self.weekdays, self.day)
        form = one_of(self.form, [each.value for each in FileForm], "format")
        language = one_of(self.language or spoken.value, [each.value for each in Language], "language")
        return Wish(when, FileForm(form), language, self.paused)


@router.get("/questions/{question_id}/schedule")
def schedule(question_id: _Id, principal: SignedIn, services: Services) -> WireResponse:
    """When the question is answered by itself for the reader, and what became of it so far.

    `schedule` is null where the reader has none: one belongs to whoever made it, also of a shared question.
    Of each run it says when it was due, its release and rows, or why there is no answer. `file` is `kept`
    where it can be had, `older`, `erased` or `gone` where it is not kept any more, and `other_rights` where
    the reader has other rights than when it was written.
    """
    visible_question(services, principal, question_id)
    found = services.control.question_schedules.find(question_id, principal)
    return WireResponse(_told(services, found, principal))


@router.put("/questions/{question_id}/schedule")
def put_schedule(
    question_id: _Id,
    body: QuestionScheduleBody,
    principal: SignedIn,
    services: Services,
    language: ReadersLanguage,
) -> WireResponse:
    """Have the question answered by itself for the reader, or otherwise than so far, or paused.

    At each due moment it is answered as the reader, with the rights they have then, from the release of
    then; the file is for them alone.
    """
    visible_question(services, principal, question_id)
    _port(services)
    kept = services.control.question_schedules.put(question_id, body.wish(language), principal)
    return WireResponse(_told(services, kept, principal))


@router.post("/questions/{question_id}/schedule/run")
def run_now(question_id: _Id, principal: SignedIn, services: Services) -> WireResponse:
    """Have the reader's own schedule of the question answered now, beside its moments, also while it rests.

    The run is there at once, as `open`; its file follows within seconds, or a minute where jobs wait.
    """
    visible_question(services, principal, question_id)
    port = _port(services)
    found = services.control.question_schedules.find(question_id, principal)
    if found is None:
        raise NotFound("You have not scheduled this question.", next_step="PUT a schedule to have one")
    services.control.question_schedules.note_asked(found)
    services.control.question_runs.ask(found.schedule_id, found.wish.form, services.clock.now())
    port.look_soon()
    return WireResponse(_told(services, found, principal))


@router.delete("/questions/{question_id}/schedule")
def remove_schedule(question_id: _Id, principal: SignedIn, services: Services) -> WireResponse:
    """Let the reader's own schedule of the question go, with its runs and their files."""
    found = services.control.question_schedules.find(question_id, principal)
    runs = services.control.question_runs.of(found.schedule_id) if found else ()
    services.control.question_schedules.remove(question_id, principal)
    if services.question_files is not None:
        services.question_files.remove([run.file for run in runs if run.file is not None])
    return WireResponse({"id": question_id, "removed": True})


@router.get("/questions/{question_id}/schedule/runs/{run_id}/file", responses=_FILES)
def file_of_run(
    question_id: _Id, run_id: _RunId, principal: SignedIn, services: Services
) -> StreamingResponse:
    """The file of a run of the reader's own schedule, while they have the rights it was written under."""
    if principal.viewed_by:
        raise Denied("A file is for the one who scheduled it.", next_step="ask the question as them instead")
    visible_question(services, principal, question_id)
    found = services.control.question_schedules.find(question_id, principal)
    if found is None:
        raise NotFound("There is no such file for you.", next_step="see the runs of the schedule")
    run = run_with_file(services, found, run_id, principal)
    opened = _port(services).open(run.file or "")
    if opened is None:
        raise NotFound("The file is not kept any more.", next_step="open the question to be answered now")
    try:
        asked = whole_question(services, run.question or {})
        services.semantic.told_again([asked], principal, run.release_id or 0, "export")
    except BaseException:
        opened.close()
        raise
    stem = _UNSAFE.sub("-", found.question_name.lower()).strip("-")[:80] or "question"
    day = run.due_at.astimezone(services.settings.zone).date().isoformat()
    headers = {
        "Cache-Control": "private, no-store",
        "Content-Length": str(run.bytes),
        "Content-Disposition": f'attachment; filename="{stem}-{day}.{run.form.value}"',
        "X-Amalimart-Release": str(run.release_id),
    }
    return StreamingResponse(_sent(opened), media_type=Format(run.form.value).media_type, headers=headers)


@router.get("/schedules/questions")
def everybodys(principal: SignedIn, services: Services, part: Whole) -> WireResponse:
    """Every scheduled question of everybody, for operators: for whom, when, and its last run. No file."""
    if principal.role is not Role.ADMIN:
        raise Denied("Schedules are for operators.", next_step="ask somebody who may sign in as admin")
    found = list(services.control.question_schedules.all())
    entries, following = part.of(
        lambda most: found[:most], lambda each: each.schedule_id, lambda each: _listed(services, each)
    )
    return WireResponse({"schedules": entries, "next": following})


def _told(services: AppServices, found: QuestionSchedule | None, principal: Principal) -> dict[str, Any]:
    runs = services.control.question_runs.of(found.schedule_id) if found else ()
    port = services.question_files
    there = port.there([run.file for run in runs if run.file is not None]) if port else frozenset()
    mark = policy_mark(services, principal)
    return {
        "schedule": schedule_document(services, found),
        "runs": [run_document(run, mark, there) for run in runs],
    }


def _listed(services: AppServices, each: QuestionSchedule) -> dict[str, Any]:
    last = next(iter(services.control.question_runs.of(each.schedule_id, 1)), None)
    return {
        "id": each.schedule_id,
        "question_id": each.question_id,
        "recipient": each.recipient.email,
        "schedule": schedule_document(services, each),
        "last_run": None
        if last is None
        else {
            "due_at": last.due_at,
            "outcome": last.outcome.value,
            "release_id": last.release_id,
            "rows": last.rows,
            "code": (last.error or {}).get("code"),
        },
    }


def _port(services: AppServices) -> QuestionFilesPort:
    if services.question_files is None:
        raise EngineUnavailable("this engine runs no schedules", next_step="amalimart up")
    return services.question_files


async def _sent(opened: IO[bytes]) -> AsyncIterator[bytes]:
    with opened:
        while chunk := await run_in_threadpool(opened.read, _CHUNK):
            yield chunk
