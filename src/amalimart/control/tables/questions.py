"""Questions that are kept, scheduled and counted, and pages that were looked at."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Date, Float, ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from amalimart.control.tables.base import Base, UtcInstant


class QuestionShapeRow(Base):
    """How often a shape of a question was answered on a day: names of metrics and dimensions, no values."""

    __tablename__ = "question_shapes"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    shape_hash: Mapped[str] = mapped_column(String(32), primary_key=True)
    shape: Mapped[dict[str, Any]] = mapped_column(JSON)
    count: Mapped[int] = mapped_column(BigInteger)
    seconds: Mapped[float] = mapped_column(Float)


class SavedQuestionRow(Base):
    """A question that somebody keeps. `saved_as` is the role and ids under which it was written."""

    __tablename__ = "saved_questions"

    question_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.user_id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    sharing: Mapped[str] = mapped_column(String(16), index=True)
    question: Mapped[dict[str, Any]] = mapped_column(JSON)
    saved_as: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcInstant)
    changed_at: Mapped[datetime] = mapped_column(UtcInstant)


class BoardTileRow(Base):
    """One saved question on the board of one person, in its place."""

    __tablename__ = "board_tiles"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.user_id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    question_id: Mapped[str] = mapped_column(ForeignKey("saved_questions.question_id", ondelete="CASCADE"))


class QuestionScheduleRow(Base):
    """When a kept question is answered by itself for one person, who may be another than its owner.

    settled_until  moments up to then have been run, or passed over
    """

    __tablename__ = "question_schedules"
    __table_args__ = (UniqueConstraint("question_id", "user_id"),)

    schedule_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    question_id: Mapped[str] = mapped_column(ForeignKey("saved_questions.question_id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.user_id", ondelete="CASCADE"), index=True)
    every: Mapped[str] = mapped_column(String(16))
    at: Mapped[str] = mapped_column(String(5))
    weekdays: Mapped[list[str]] = mapped_column(JSON)
    day: Mapped[str | None] = mapped_column(String(4))
    form: Mapped[str] = mapped_column(String(8))
    language: Mapped[str] = mapped_column(String(8))
    is_paused: Mapped[bool] = mapped_column(Boolean)
    settled_until: Mapped[datetime] = mapped_column(UtcInstant)
    changed_at: Mapped[datetime] = mapped_column(UtcInstant)


class QuestionRunRow(Base):
    """What became of one due moment of such a schedule; of each moment there is one row.

    question  what was asked, as it was kept then
    policy    a mark of the rights under which it was answered
    told_at   when those were told who bring the file to its recipient
    """

    __tablename__ = "question_runs"
    __table_args__ = (UniqueConstraint("schedule_id", "due_at"),)

    run_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    schedule_id: Mapped[str] = mapped_column(ForeignKey("question_schedules.schedule_id", ondelete="CASCADE"))
    due_at: Mapped[datetime] = mapped_column(UtcInstant)
    tries: Mapped[int] = mapped_column(Integer)
    outcome: Mapped[str] = mapped_column(String(16))
    begun_at: Mapped[datetime] = mapped_column(UtcInstant)
    ended_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    form: Mapped[str] = mapped_column(String(8))
    release_id: Mapped[int | None] = mapped_column(Integer)
    rows: Mapped[int | None] = mapped_column(BigInteger)
    bytes: Mapped[int | None] = mapped_column(BigInteger)
    file: Mapped[str | None] = mapped_column(String(80))
    file_end: Mapped[str | None] = mapped_column(String(16))
    policy: Mapped[str | None] = mapped_column(String(64))
    question: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    told_at: Mapped[datetime | None] = mapped_column(UtcInstant)


class PageVisitRow(Base):
    """How often people of a role opened a dashboard on a day; nobody by name."""

    __tablename__ = "page_visits"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    page: Mapped[str] = mapped_column(String(63), primary_key=True)
    role: Mapped[str] = mapped_column(String(32), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)
