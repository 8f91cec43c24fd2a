"""Questions that people keep under a name, and the board that each makes of them. Asks none of them.

Who may know of whose question is decided by whoever calls: each is told with the role and the ids under
which it was written. That one was saved, changed or removed is an entry of the audit, without its name and
without what it asks.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine, delete, func, or_, select, text
from sqlalchemy.orm import Session

from amalimart.access.principal import Principal, Role
from amalimart.control.audit.decisions import AuditEntry, add_entry
from amalimart.control.tables import BoardTileRow, SavedQuestionRow, UserRow
from amalimart.core.clock import Clock
from amalimart.core.errors import Denied, NotFound, RequestError

MOST_QUESTIONS = 500
MOST_TILES = 24
SAVED, CHANGED, REMOVED = "question.saved", "question.changed", "question.removed"


class Sharing(StrEnum):
    """Who may find a question beside its owner, of those who see at least what the owner saw."""

    PRIVATE = "private"  # nobody
    ROLE = "role"  # those of the same role
    WIDER = "wider"  # everybody


@dataclass(frozen=True, slots=True)
class Draft:
    """A question as its owner wants it kept. `question` is JSON that its reader understands."""

    name: str
    sharing: Sharing
    question: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SavedQuestion:
    """A kept question. `written_as` is who the owner was when it was last saved."""

    question_id: str
    owner: str
    owner_name: str
    draft: Draft
    written_as: Principal
    created_at: datetime
    changed_at: datetime


class SavedQuestions:
    """Keeps them. Everybody is known by the subject of their principal, the e-mail address of a user."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def add(self, draft: Draft, owner: Principal) -> SavedQuestion:
        """Keep a question. Raises Denied for who is no user, RequestError where there are too many."""
        now = self._clock.now()
        with Session(self._engine) as session, session.begin():
            session.execute(text("begin immediate"))
            user = _user(session, owner)
            counted = select(func.count()).where(SavedQuestionRow.owner_id == user.user_id)
            if session.scalars(counted).one() >= MOST_QUESTIONS:
                raise RequestError(
                    f"you keep {MOST_QUESTIONS} questions already", next_step="delete one that you do not use"
                )
            row = SavedQuestionRow(
                question_id=secrets.token_hex(8),
                owner_id=user.user_id,
                created_at=now,
            )
            _write(row, draft, owner, now)
            session.add(row)
            _note(session, SAVED, row, owner, now)
            return _saved(row, user)

    def change(self, question_id: str, draft: Draft, owner: Principal) -> SavedQuestion:
        """Keep it anew. Raises NotFound for one that is not the owner's own."""
        now = self._clock.now()
        with Session(self._engine) as session, session.begin():
            row, user = _own(session, question_id, owner)
            _write(row, draft, owner, now)
            _note(session, CHANGED, row, owner, now)
            return _saved(row, user)

    def remove(self, question_id: str, owner: Principal) -> None:
        """Forget it, on every board too. Raises NotFound for one that is not the owner's own."""
        with Session(self._engine) as session, session.begin():
            row, _ = _own(session, question_id, owner)
            _note(session, REMOVED, row, owner, self._clock.now())
            session.delete(row)

    def own_and_shared(self, reader: Principal) -> tuple[SavedQuestion, ...]:
        """The reader's own, and all that anybody shares, by name."""
        with Session(self._engine) as session:
            is_own, is_shared = UserRow.email == reader.subject, SavedQuestionRow.sharing != Sharing.PRIVATE
            rows = session.execute(
                select(SavedQuestionRow, UserRow)
                .join(UserRow, UserRow.user_id == SavedQuestionRow.owner_id)
                .where(or_(is_own, is_shared))
                .order_by(func.lower(SavedQuestionRow.name), SavedQuestionRow.question_id)
            )
            return tuple(_saved(row, user) for row, user in rows)

    def find(self, question_id: str) -> SavedQuestion | None:
        """One of anybody's."""
        with Session(self._engine) as session:
            found = session.execute(
                select(SavedQuestionRow, UserRow)
                .join(UserRow, UserRow.user_id == SavedQuestionRow.owner_id)
                .where(SavedQuestionRow.question_id == question_id)
            ).first()
            return _saved(*found) if found else None

    def board(self, reader: Principal) -> tuple[str, ...]:
        """The questions on the reader's board, in their order."""
        with Session(self._engine) as session:
            return tuple(
                session.scalars(
                    select(BoardTileRow.question_id)
                    .join(UserRow, UserRow.user_id == BoardTileRow.user_id)
                    .where(UserRow.email == reader.subject)
                    .order_by(BoardTileRow.position)
                )
            )

    def put_board(self, question_ids: Sequence[str], reader: Principal) -> None:
        """Make these the reader's board. Raises Denied for who is no user, NotFound for a missing one."""
        with Session(self._engine) as session, session.begin():
            session.execute(text("begin immediate"))
            user = _user(session, reader)
            known = set(
                session.scalars(
                    select(SavedQuestionRow.question_id).where(SavedQuestionRow.question_id.in_(question_ids))
                )
            )
            if not known.issuperset(question_ids):
                raise _missing()
            session.execute(delete(BoardTileRow).where(BoardTileRow.user_id == user.user_id))
            session.add_all(
                BoardTileRow(user_id=user.user_id, position=position, question_id=each)
                for position, each in enumerate(question_ids)
            )


def _missing() -> NotFound:
    return NotFound("There is no such question for you.", next_step="open one from your list")


def _user(session: Session, principal: Principal) -> UserRow:
    user = session.scalar(select(UserRow).where(UserRow.email == principal.subject))
    if user is None:
        raise Denied(
            "Questions are kept for people who sign in.", next_step="sign in with an account of your own"
        )
    return user


def _own(session: Session, question_id: str, owner: Principal) -> tuple[SavedQuestionRow, UserRow]:
    found = session.execute(
        select(SavedQuestionRow, UserRow)
        .join(UserRow, UserRow.user_id == SavedQuestionRow.owner_id)
        .where(SavedQuestionRow.question_id == question_id, UserRow.email == owner.subject)
    ).first()
    if found is None:
        raise _missing()
    return found[0], found[1]


def _write(row: SavedQuestionRow, draft: Draft, owner: Principal, now: datetime) -> None:
    row.name, row.sharing, row.question = draft.name, draft.sharing.value, draft.question
    row.saved_as = {
        "role": owner.role.value,
        "vendor_ids": sorted(owner.vendor_ids),
        "delivery_partner_ids": sorted(owner.delivery_partner_ids),
        "business_ids": sorted(owner.business_ids),
    }
    row.changed_at = now


def _note(session: Session, action: str, row: SavedQuestionRow, owner: Principal, now: datetime) -> None:
    details = {"question": row.question_id, "sharing": row.sharing}
    add_entry(session, AuditEntry(now, owner.subject, action, details))


def _saved(row: SavedQuestionRow, user: UserRow) -> SavedQuestion:
    written = row.saved_as
    return SavedQuestion(
        row.question_id,
        user.email,
        user.display_name,
        Draft(row.name, Sharing(row.sharing), row.question),
        Principal(
            user.email,
            Role(written["role"]),
            user.display_name,
            frozenset(written["vendor_ids"]),
            frozenset(written["delivery_partner_ids"]),
            frozenset(written.get("business_ids", ())),
        ),
        row.created_at,
        row.changed_at,
    )
