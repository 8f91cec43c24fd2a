"""What became of the due moments of scheduled questions: one row of each, begun before anything is done.

The row makes a moment happen once, whatever dies: one that has ended is not begun again, and one that was
cut off is tried again, so many times.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, delete, or_, select, text, update
from sqlalchemy.orm import Session

from amalimart.control.tables import (
    QuestionRunRow,
    QuestionScheduleRow,
    SavedQuestionRow,
    UserRow,
)
from amalimart.core.errors import RuntimeTrouble
from amalimart.core.question_files import FileEnd, FileForm, FinishedFile, RunOutcome, WrittenAnswer

RUNS_KEPT = 60
"""So many runs of a schedule are remembered, the newest ones."""


@dataclass(frozen=True, slots=True)
class QuestionRun:
    """One due moment, and what became of it.

    file      its name among the kept files; None where there is none (any more)
    file_end  why the file is not kept any more; None where it is, or there never was one
    question  what was asked, as it was kept then
    error     why there is no answer, in the one shape of an error
    """

    run_id: int
    schedule_id: str
    due_at: datetime
    tries: int
    outcome: RunOutcome
    begun_at: datetime
    ended_at: datetime | None
    form: FileForm
    release_id: int | None
    rows: int | None
    bytes: int | None
    file: str | None
    file_end: FileEnd | None
    policy: str | None
    question: Mapping[str, Any] | None
    error: Mapping[str, Any] | None


class QuestionRuns:
    """The runs of one control database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, schedule_id: str, due_at: datetime, form: FileForm, now: datetime) -> QuestionRun | None:
        """The run of a moment, one try more; None where it has ended, or the schedule is gone.

        An older moment that is still open is overtaken by it.
        """
        with Session(self._engine) as session, session.begin():
            if session.get(QuestionScheduleRow, schedule_id) is None:
                return None
            found = select(QuestionRunRow).where(QuestionRunRow.schedule_id == schedule_id)
            overtaken = found.where(
                QuestionRunRow.outcome == RunOutcome.OPEN.value, QuestionRunRow.due_at < due_at
            )
            for older in session.scalars(overtaken).all():
                older.outcome, older.ended_at = RunOutcome.FAILED.value, now
                older.error = older.error or _OVERTAKEN.as_dict()
            row = session.scalar(found.where(QuestionRunRow.due_at == due_at))
            if row is None:
                row = QuestionRunRow(
                    schedule_id=schedule_id, due_at=due_at, tries=0, outcome=RunOutcome.OPEN.value
                )
                session.add(row)
            elif row.outcome != RunOutcome.OPEN.value:
                return None
            row.tries, row.begun_at, row.form = row.tries + 1, now, form.value
            session.flush()
            return _run(row)

    def ask(self, schedule_id: str, form: FileForm, now: datetime) -> None:
        """Note that an answer is wanted now, as a moment of its own; one that is open is not doubled.

        A run of this very second is the answer of now.
        """
        moment = now.replace(microsecond=0)  # files are named by seconds
        with Session(self._engine) as session, session.begin():
            session.execute(text("begin immediate"))
            found = select(QuestionRunRow.run_id).where(
                QuestionRunRow.schedule_id == schedule_id,
                or_(QuestionRunRow.outcome == RunOutcome.OPEN.value, QuestionRunRow.due_at == moment),
            )
            if session.scalar(found.limit(1)) is None:
                session.add(
                    QuestionRunRow(
                        schedule_id=schedule_id,
                        due_at=moment,
                        tries=0,
                        outcome=RunOutcome.OPEN.value,
                        begun_at=now,
                        form=form.value,
                    )
                )

    def open(self) -> tuple[QuestionRun, ...]:
        """Those that have not ended, the oldest moment first."""
        wanted = select(QuestionRunRow).where(QuestionRunRow.outcome == RunOutcome.OPEN.value)
        with Session(self._engine) as session:
            return tuple(map(_run, session.scalars(wanted.order_by(QuestionRunRow.due_at))))

    def deliver(self, run: QuestionRun, answer: WrittenAnswer, file: str, size: int, now: datetime) -> bool:
        """End a run with its file, which is there by now, and settle the moment; `size` is in bytes.

        False where the schedule was removed meanwhile: nothing then knows of the file.
        """
        said = {
            "release_id": answer.release_id,
            "rows": answer.rows,
            "bytes": size,
            "file": file,
            "policy": answer.policy,
            "question": dict(answer.question),
            "error": None,
        }
        return self._end(run, RunOutcome.DELIVERED, now, said)

    def refuse(self, run: QuestionRun, error: Mapping[str, Any], now: datetime) -> None:
        """End a run that has no answer by the rights of the moment, and settle the moment."""
        self._end(run, RunOutcome.REFUSED, now, {"error": dict(error)})

    def fail(self, run: QuestionRun, error: Mapping[str, Any], now: datetime) -> None:
        """End a run that is given up, and settle the moment."""
        self._end(run, RunOutcome.FAILED, now, {"error": dict(error)})

    def leave_open(self, run: QuestionRun, error: Mapping[str, Any]) -> None:
        """Note what kept a run from ending; it is tried again."""
        with Session(self._engine) as session, session.begin():
            session.execute(
                update(QuestionRunRow)
                .where(QuestionRunRow.run_id == run.run_id, QuestionRunRow.outcome == RunOutcome.OPEN.value)
                .values(error=dict(error))
            )

    def of(self, schedule_id: str, limit: int = RUNS_KEPT) -> tuple[QuestionRun, ...]:
        """The newest runs of a schedule, newest first."""
        with Session(self._engine) as session:
            rows = session.scalars(
                select(QuestionRunRow)
                .where(QuestionRunRow.schedule_id == schedule_id)
                .order_by(QuestionRunRow.due_at.desc())
                .limit(limit)
            )
            return tuple(map(_run, rows))

    def untold(self) -> tuple[FinishedFile, ...]:
        """Files of which nobody who brings them was told, the oldest first."""
        with Session(self._engine) as session:
            found = session.execute(
                select(QuestionRunRow, QuestionScheduleRow, SavedQuestionRow.name, UserRow.email)
                .join(QuestionScheduleRow, QuestionScheduleRow.schedule_id == QuestionRunRow.schedule_id)
                .join(SavedQuestionRow, SavedQuestionRow.question_id == QuestionScheduleRow.question_id)
                .join(UserRow, UserRow.user_id == QuestionScheduleRow.user_id)
                .where(QuestionRunRow.told_at.is_(None), QuestionRunRow.file.is_not(None))
                .order_by(QuestionRunRow.run_id)
            )
            return tuple(_finished(*each) for each in found)

    def told(self, run_id: int, now: datetime) -> None:
        """Note that everybody who brings files was told of one."""
        with Session(self._engine) as session, session.begin():
            session.execute(update(QuestionRunRow).where(QuestionRunRow.run_id == run_id).values(told_at=now))

    def files(self) -> Mapping[str, QuestionRun]:
        """Every file that a run names, with that run."""
        with Session(self._engine) as session:
            rows = session.scalars(select(QuestionRunRow).where(QuestionRunRow.file.is_not(None)))
            return {run.file: run for run in map(_run, rows) if run.file is not None}

    def file_names(self) -> frozenset[str]:
        """Every file that a run names."""
        with Session(self._engine) as session:
            named = session.scalars(select(QuestionRunRow.file).where(QuestionRunRow.file.is_not(None)))
            return frozenset(name for name in named if name is not None)

    def let_go(self, run_ids: Collection[int], why: FileEnd) -> None:
        """Note that the files of these runs are not kept any more."""
        with Session(self._engine) as session, session.begin():
            session.execute(
                update(QuestionRunRow)
                .where(QuestionRunRow.run_id.in_(run_ids))
                .values(file=None, file_end=why.value)
            )

    def _end(self, run: QuestionRun, outcome: RunOutcome, now: datetime, said: Mapping[str, object]) -> bool:
        with Session(self._engine) as session, session.begin():
            ended = session.execute(
                update(QuestionRunRow)
                .where(QuestionRunRow.run_id == run.run_id, QuestionRunRow.outcome == RunOutcome.OPEN.value)
                .values(outcome=outcome.value, ended_at=now, **said)
                .returning(QuestionRunRow.run_id)
            ).scalar()
            if ended is None:
                return False
            session.execute(
                update(QuestionScheduleRow)
                .where(
                    QuestionScheduleRow.schedule_id == run.schedule_id,
                    QuestionScheduleRow.settled_until < run.due_at,
                )
                .values(settled_until=run.due_at)
            )
            newest = (
                select(QuestionRunRow.run_id)
                .where(QuestionRunRow.schedule_id == run.schedule_id)
                .order_by(QuestionRunRow.due_at.desc())
                .limit(RUNS_KEPT)
            )
            session.execute(
                delete(QuestionRunRow).where(
                    QuestionRunRow.schedule_id == run.schedule_id, QuestionRunRow.run_id.not_in(newest)
                )
            )
            return True


_OVERTAKEN = RuntimeTrouble(
    "the run was cut off, and the next moment came before it was tried again",
    next_step="open the question to be answered now",
)


def _run(row: QuestionRunRow) -> QuestionRun:
    return QuestionRun(
        row.run_id,
        row.schedule_id,
        row.due_at,
        row.tries,
        RunOutcome(row.outcome),
        row.begun_at,
        row.ended_at,
        FileForm(row.form),
        row.release_id,
        row.rows,
        row.bytes,
        row.file,
        FileEnd(row.file_end) if row.file_end else None,
        row.policy,
        row.question,
        row.error,
    )


def _finished(row: QuestionRunRow, schedule: QuestionScheduleRow, name: str, email: str) -> FinishedFile:
    return FinishedFile(
        row.run_id,
        schedule.schedule_id,
        schedule.question_id,
        name,
        email,
        schedule.language,
        row.file or "",
        FileForm(row.form),
        row.due_at,
        row.release_id or 0,
        row.rows or 0,
    )
