"""The job `question_files`: answers the scheduled questions that are due, each as whom it is scheduled for.

Every look at a question is a new one: under the rights, and over the release, of the moment in which it is
answered. What is refused is recorded with its reason, and nothing older takes its place. A moment may be cut
off anywhere: it is begun again, writes the same file, and is recorded once.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import IO, Any, Protocol

from amalimart.access.principal import Principal
from amalimart.control.question_runs import QuestionRun, QuestionRuns
from amalimart.control.question_schedules import QuestionSchedule, QuestionSchedules
from amalimart.core.clock import Clock
from amalimart.core.errors import AmalimartError, Denied, Internal, JobTimedOut
from amalimart.core.question_files import FileForm, FinishedFile, RunOutcome, WrittenAnswer
from amalimart.delivery.question_files import Deliver
from amalimart.observe.spans import QUESTION_FILE
from amalimart.observe.work import working
from amalimart.orchestrate.questions.due_questions import DueQuestions
from amalimart.orchestrate.questions.files import QuestionFiles
from amalimart.orchestrate.scheduling.job import JobContext, waits_for_a_release

MOST_TRIES = 3
"""So often a moment is begun that was cut off, or met a trouble that may pass."""

DOOR = "schedule"
_NAMED = "%Y%m%dT%H%M%SZ"

log = logging.getLogger(__name__)


class AnswersKeptQuestions(Protocol):
    """The audited way to an answer of a kept question, as a file."""

    def write(
        self, question_id: str, recipient: Principal, form: FileForm, language: str, target: IO[bytes]
    ) -> WrittenAnswer:
        """Answer it as the recipient, now.

        Raises NotFound for one that they do not find, and what asking raises.
        """
        ...


class QuestionFilesJob:
    """Answers what is due, and has the files brought. `has_release` says whether anything is published."""

    name = "question_files"
    does = "Answers saved questions that people have scheduled, as them, and keeps the files for them."
    off = None

    def __init__(
        self,
        schedules: QuestionSchedules,
        runs: QuestionRuns,
        files: QuestionFiles,
        due: DueQuestions,
        answers: AnswersKeptQuestions,
        clock: Clock,
        has_release: Callable[[], bool],
        deliveries: Sequence[Deliver],
    ) -> None:
        self._schedules = schedules
        self._runs = runs
        self._files = files
        self._due = due
        self._answers = answers
        self._clock = clock
        self._has_release = has_release
        self._deliveries = deliveries

    @property
    def has_work(self) -> bool:
        """Whether a question is due and can be answered, a file is to be brought, or one is to go."""
        if self._has_release() and not self._files.is_held and self._wanted():
            return True
        return bool(self._runs.untold() or self._files.stray(self._runs.file_names))

    def run(self, context: JobContext) -> Mapping[str, Any]:
        """How many of each outcome. Raises JobTimedOut, and what keeps files from being brought."""
        if not self._has_release():
            return waits_for_a_release()
        ended: Counter[str] = Counter()
        for schedule, moment in self._wanted():
            context.check()
            if self._files.is_held:
                break
            outcome = self._answered(schedule, moment)
            if outcome is not None:
                ended[outcome.value] += 1
        for finished in self._runs.untold():
            context.check()
            self._bring(finished)
        self._files.remove(self._files.stray(self._runs.file_names))
        return dict(ended)

    def _wanted(self) -> list[tuple[QuestionSchedule, datetime]]:
        """What is due, and what was asked for or begun beside that, the oldest moment first.

        Of what was begun, the next moment takes the place.
        """
        due = self._due.at(self._clock.now())
        overtaken = {schedule.schedule_id for schedule, _ in due}
        moments = {(schedule.schedule_id, moment) for schedule, moment in due}
        left = [
            run
            for run in self._runs.open()
            if (run.schedule_id, run.due_at) not in moments
            and (run.tries == 0 or run.schedule_id not in overtaken)
        ]
        if left:
            known = {each.schedule_id: each for each in self._schedules.all()}
            due += [(known[run.schedule_id], run.due_at) for run in left if run.schedule_id in known]
        return sorted(due, key=lambda pair: (pair[1], pair[0].schedule_id))

    def _answered(self, schedule: QuestionSchedule, moment: datetime) -> RunOutcome | None:
        """What became of a moment now; None where it had ended before, or its schedule is gone."""
        form = schedule.wish.form
        run = self._runs.begin(schedule.schedule_id, moment, form, self._clock.now())
        if run is None:  # a clock was set back, so that a moment comes again that has ended
            self._schedules.settle(schedule.schedule_id, moment)
            return None
        if run.tries > MOST_TRIES:
            self._runs.fail(run, run.error or _cut_off().as_dict(), self._clock.now())
            return RunOutcome.FAILED
        try:
            with working(QUESTION_FILE, door=DOOR):
                self._write(schedule, run)
        except JobTimedOut:
            raise
        except AmalimartError as error:
            return self._ended(run, error)
        except Exception as defect:
            log.exception("scheduled question failed", extra={"schedule": schedule.schedule_id})
            return self._ended(run, Internal(f"the question could not be answered: {type(defect).__name__}"))
        return RunOutcome.DELIVERED

    def _write(self, schedule: QuestionSchedule, run: QuestionRun) -> None:
        recipient = schedule.recipient
        if not recipient.enabled:
            raise Denied(
                "whoever scheduled this may not sign in any more", next_step="an admin can enable them again"
            )
        form, name = run.form, _file_of(run)
        self._files.keep(
            name,
            lambda target: self._answers.write(
                schedule.question_id, recipient.principal, form, schedule.wish.language, target
            ),
            lambda answer, size: self._runs.deliver(run, answer, name, size, self._clock.now()),
        )

    def _ended(self, run: QuestionRun, error: AmalimartError) -> RunOutcome:
        is_ours = error.http_status >= HTTPStatus.INTERNAL_SERVER_ERROR
        if error.retryable and run.tries < MOST_TRIES:
            self._runs.leave_open(run, error.as_dict())
            return RunOutcome.OPEN
        if error.retryable or is_ours:
            self._runs.fail(run, error.as_dict(), self._clock.now())
            return RunOutcome.FAILED
        self._runs.refuse(run, error.as_dict(), self._clock.now())
        return RunOutcome.REFUSED

    def _bring(self, finished: FinishedFile) -> None:
        def content() -> IO[bytes]:
            opened = self._files.open(finished.file)
            if opened is None:
                raise FileNotFoundError(finished.file)
            return opened

        for each in self._deliveries:
            each.deliver(finished, content)
        self._runs.told(finished.run_id, self._clock.now())


def _file_of(run: QuestionRun) -> str:
    """One name for each moment of a schedule, so that what a kill has left is written over."""
    return f"{run.schedule_id}-{run.due_at.astimezone(UTC).strftime(_NAMED)}.{run.form.value}"


def _cut_off() -> Internal:
    return Internal(
        "each try of this run was cut off with the whole engine", next_step="ask for less, or see the logs"
    )
