"""When kept questions are answered by themselves, and for whom. Answers none of them.

Whoever finds a question may have it answered for themselves; whether they find it is for the caller to say.
That somebody scheduled one is an entry of the audit, without its name and without what it asks.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, Select, delete, func, select, text, update
from sqlalchemy.orm import Session

from amalimart.access.principal import Principal
from amalimart.control.audit.decisions import AuditEntry, add_entry
from amalimart.control.tables import QuestionScheduleRow, SavedQuestionRow, UserRow
from amalimart.control.users.user import User, user_of
from amalimart.core.clock import Clock
from amalimart.core.errors import Denied, NotFound, RequestError
from amalimart.core.question_files import FileForm
from amalimart.core.recurrence import Cadence, Recurrence, Weekday

MOST_SCHEDULES = 50
SCHEDULED, UNSCHEDULED, ASKED_NOW = "question.scheduled", "question.unscheduled", "question.asked_now"


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants of a question: when, in which form and language, and whether it rests."""

    recurrence: Recurrence
    form: FileForm
    language: str
    is_paused: bool = False


@dataclass(frozen=True, slots=True)
class QuestionSchedule:
    """A question that is answered by itself for one person, as that person.

    settled_until  moments up to then have been run, or passed over
    """

    schedule_id: str
    question_id: str
    question_name: str
    recipient: User
    wish: Wish
    settled_until: datetime
    changed_at: datetime


class QuestionSchedules:
    """Keeps them: of each question and person one at most."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def put(self, question_id: str, wish: Wish, recipient: Principal) -> QuestionSchedule:
        """Schedule a question, or schedule it otherwise; what passed before then is not made up for.

        Raises Denied for who is no user, NotFound for a missing question, RequestError for too many.
        """
        now = self._clock.now()
        with Session(self._engine) as session, session.begin():
            session.execute(text("begin immediate"))
            user = session.scalar(select(UserRow).where(UserRow.email == recipient.subject))
            if user is None:
                raise Denied(
                    "Questions are scheduled for people who sign in.",
                    next_step="sign in with an account of your own",
                )
            question = session.get(SavedQuestionRow, question_id)
            if question is None:
                raise NotFound("There is no such question for you.", next_step="open one from your list")
            row = session.scalar(
                select(QuestionScheduleRow).where(
                    QuestionScheduleRow.question_id == question_id,
                    QuestionScheduleRow.user_id == user.user_id,
                )
            )
            if row is None:
                _refuse_too_many(session, user)
                row = QuestionScheduleRow(
                    schedule_id=secrets.token_hex(8), question_id=question_id, user_id=user.user_id
                )
            _write(row, wish, now)
            session.add(row)
            details = {"question": question_id, "every": row.every, "paused": row.is_paused}
            add_entry(session, AuditEntry(now, recipient.subject, SCHEDULED, details))
            return _schedule(row, question.name, user)

    def remove(self, question_id: str, recipient: Principal) -> None:
        """Let it go, and its runs with it. Raises NotFound where the recipient has not scheduled it."""
        with Session(self._engine) as session, session.begin():
            found = self._find(session, question_id, recipient)
            if found is None:
                raise NotFound(
                    "You have not scheduled this question.", next_step="PUT a schedule to have one"
                )
            session.execute(
                delete(QuestionScheduleRow).where(QuestionScheduleRow.schedule_id == found.schedule_id)
            )
            entry = AuditEntry(self._clock.now(), recipient.subject, UNSCHEDULED, {"question": question_id})
            add_entry(session, entry)

    def find(self, question_id: str, recipient: Principal) -> QuestionSchedule | None:
        """That of one question for one person."""
        with Session(self._engine) as session:
            return self._find(session, question_id, recipient)

    def all(self) -> tuple[QuestionSchedule, ...]:
        """Everybody's, by recipient and name of the question."""
        with Session(self._engine) as session:
            return _all(session, _WANTED)

    def active(self) -> tuple[QuestionSchedule, ...]:
        """Those that do not rest."""
        with Session(self._engine) as session:
            return _all(session, _WANTED.where(QuestionScheduleRow.is_paused.is_(False)))

    def note_asked(self, schedule: QuestionSchedule) -> None:
        """Keep in the audit that its recipient wants an answer now."""
        details = {"question": schedule.question_id}
        with Session(self._engine) as session, session.begin():
            add_entry(session, AuditEntry(self._clock.now(), schedule.recipient.email, ASKED_NOW, details))

    def settle(self, schedule_id: str, until: datetime) -> None:
        """Note that no moment is missing up to then."""
        with Session(self._engine) as session, session.begin():
            session.execute(
                update(QuestionScheduleRow)
                .where(QuestionScheduleRow.schedule_id == schedule_id)
                .values(settled_until=until)
            )

    @staticmethod
    def _find(session: Session, question_id: str, recipient: Principal) -> QuestionSchedule | None:
        wanted = _WANTED.where(
            QuestionScheduleRow.question_id == question_id, UserRow.email == recipient.subject
        )
        return next(iter(_all(session, wanted)), None)


_WANTED = (
    select(QuestionScheduleRow, SavedQuestionRow.name, UserRow)
    .join(SavedQuestionRow, SavedQuestionRow.question_id == QuestionScheduleRow.question_id)
    .join(UserRow, UserRow.user_id == QuestionScheduleRow.user_id)
    .order_by(UserRow.email, func.lower(SavedQuestionRow.name), QuestionScheduleRow.schedule_id)
)


def _all(session: Session, wanted: Select[QuestionScheduleRow, str, UserRow]) -> tuple[QuestionSchedule, ...]:
    return tuple(_schedule(row, name, user) for row, name, user in session.execute(wanted))


def _refuse_too_many(session: Session, user: UserRow) -> None:
    counted = select(func.count()).where(QuestionScheduleRow.user_id == user.user_id)
    if session.scalars(counted).one() >= MOST_SCHEDULES:
        raise RequestError(
            f"you have scheduled {MOST_SCHEDULES} questions already",
            next_step="remove the schedule of one that you do not need",
        )


def _write(row: QuestionScheduleRow, wish: Wish, now: datetime) -> None:
    when = wish.recurrence
    row.every, row.at, row.day = when.every.value, when.at, when.day
    row.weekdays = [each.value for each in when.weekdays]
    row.form, row.language, row.is_paused = wish.form.value, wish.language, wish.is_paused
    row.settled_until = row.changed_at = now


def _schedule(row: QuestionScheduleRow, name: str, user: UserRow) -> QuestionSchedule:
    when = Recurrence(Cadence(row.every), row.at, tuple(Weekday(each) for each in row.weekdays), row.day)
    return QuestionSchedule(
        row.schedule_id,
        row.question_id,
        name,
        user_of(user),
        Wish(when, FileForm(row.form), row.language, row.is_paused),
        row.settled_until,
        row.changed_at,
    )
