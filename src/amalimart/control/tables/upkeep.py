"""What keeps the house: leases, jobs, backups, erasures."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from amalimart.control.tables.base import Base, UtcInstant


class LeaseRow(Base):
    """Who alone may do something, until when. The token grows with every holder and is never given twice."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    holder: Mapped[str] = mapped_column(String(64))
    token: Mapped[int] = mapped_column(BigInteger)
    renewals: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[datetime] = mapped_column(UtcInstant)


class JobRunRow(Base):
    """One try of a scheduled job for one moment. Of a moment, one try at most succeeds."""

    __tablename__ = "job_runs"
    __table_args__ = (
        Index("ix_job_runs_attempt", "job", "scheduled_for", "attempt", unique=True),
        Index(
            "ix_job_runs_succeeded",
            "job",
            "scheduled_for",
            unique=True,
            sqlite_where=text("state = 'succeeded'"),
            postgresql_where=text("state = 'succeeded'"),
        ),
    )

    run_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    job: Mapped[str] = mapped_column(String(64))
    scheduled_for: Mapped[datetime] = mapped_column(UtcInstant)
    attempt: Mapped[int] = mapped_column(Integer)
    lease_token: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(16), index=True)
    started_at: Mapped[datetime] = mapped_column(UtcInstant, index=True)
    ended_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    outcome: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    asked_by: Mapped[str | None] = mapped_column(String(254))


class JobMarkRow(Base):
    """Up to which moment a job's schedule is settled: its runs have begun, or were passed over."""

    __tablename__ = "job_marks"

    job: Mapped[str] = mapped_column(String(64), primary_key=True)
    settled_until: Mapped[datetime] = mapped_column(UtcInstant)


class BackupRow(Base):
    """A backup that was taken of the project, and where it was put then."""

    __tablename__ = "backups_taken"

    folder: Mapped[str] = mapped_column(String(1000), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcInstant)


class ErasureRow(Base):
    """A person who was erased, by the mark of the lake; done once nothing was left to do.

    counts  rows and files of each table, when it began
    """

    __tablename__ = "erasures"

    person: Mapped[str] = mapped_column(String(32), primary_key=True)
    begun_at: Mapped[datetime] = mapped_column(UtcInstant)
    done_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    erased_by: Mapped[str] = mapped_column(String(200))
    subject: Mapped[str] = mapped_column(String(254))
    reason: Mapped[str] = mapped_column(String(2000))
    counts: Mapped[dict[str, Any]] = mapped_column(JSON)
