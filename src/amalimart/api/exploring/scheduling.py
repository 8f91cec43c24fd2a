"""When a question is answered by itself for its reader, as they are told of it; and who may have a file."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from amalimart.access.principal import Principal
from amalimart.api.exploring.question_file import policy_mark
from amalimart.api.services import AppServices
from amalimart.control.question_runs import QuestionRun
from amalimart.control.question_schedules import QuestionSchedule
from amalimart.core.errors import Denied, NotFound

Json = dict[str, Any]


def schedule_document(services: AppServices, schedule: QuestionSchedule | None) -> Json | None:
    """A schedule, and when it is due next; None where there is none."""
    if schedule is None:
        return None
    wish = schedule.wish
    port = services.question_files
    return {
        "every": wish.recurrence.every.value,
        "at": wish.recurrence.at,
        "weekdays": [each.value for each in wish.recurrence.weekdays],
        "day": wish.recurrence.day,
        "time_zone": services.settings.zone.key,
        "format": wish.form.value,
        "language": wish.language,
        "paused": wish.is_paused,
        "next_at": None if wish.is_paused or port is None else port.next_moment(schedule),
        "changed_at": schedule.changed_at,
    }


def run_document(run: QuestionRun, mark: str, there: Collection[str]) -> Json:
    """A run; `file` says whether it can be had: `kept`, or why not. `there` are the files that are kept."""
    if run.outcome != "delivered":
        file = None
    elif run.file_end is not None:
        file = run.file_end.value
    elif run.file not in there:
        file = "gone"
    else:
        file = "kept" if run.policy == mark else "other_rights"
    return {
        "id": run.run_id,
        "due_at": run.due_at,
        "outcome": run.outcome.value,
        "tries": run.tries,
        "ended_at": run.ended_at,
        "format": run.form.value,
        "release_id": run.release_id,
        "rows": run.rows,
        "bytes": run.bytes,
        "file": file,
        "error": None if run.error is None else dict(run.error),
    }


def run_with_file(
    services: AppServices, schedule: QuestionSchedule, run_id: int, reader: Principal
) -> QuestionRun:
    """A run of the reader's own schedule whose file they may have now.

    Raises NotFound where there is none, Denied where the reader has other rights than when it was written.
    """
    runs = services.control.question_runs.of(schedule.schedule_id)
    run = next((each for each in runs if each.run_id == run_id), None)
    if run is None or run.file is None:
        raise NotFound("There is no such file for you.", next_step="see the runs of the schedule")
    if run.policy != policy_mark(services, reader):
        raise Denied(
            "Your rights have changed since this file was written.",
            next_step="open the question to be answered with those of now",
        )
    return run
