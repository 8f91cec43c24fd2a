"""What people decided."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from amalimart.control.tables.base import Base, UtcInstant


class AuditRow(Base):
    """Something that a person decided. Rows are added and never changed."""

    __tablename__ = "audit"

    entry_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    happened_at: Mapped[datetime] = mapped_column(UtcInstant, index=True)
    subject: Mapped[str] = mapped_column(String(254))
    action: Mapped[str] = mapped_column(String(64))
    details: Mapped[dict[str, Any]] = mapped_column(JSON)


class AcceptanceRow(Base):
    """Somebody's word that a check may fail, and how it ended: revoked, or lapsed as the check passed."""

    __tablename__ = "check_acceptances"

    acceptance_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    check_name: Mapped[str] = mapped_column(String(500), index=True)
    blocked_number: Mapped[int] = mapped_column(Integer)
    failing_rows: Mapped[int] = mapped_column(BigInteger)
    accepted_by: Mapped[str] = mapped_column(String(200))
    subject: Mapped[str] = mapped_column(String(254))
    reason: Mapped[str] = mapped_column(String(2000))
    accepted_at: Mapped[datetime] = mapped_column(UtcInstant)
    ended_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    ended_as: Mapped[str | None] = mapped_column(String(16))


class ApprovalRow(Base):
    """Somebody's word that one definition is right, by its hash."""

    __tablename__ = "definition_approvals"

    approval_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(200), index=True)
    definition_hash: Mapped[str] = mapped_column(String(64))
    product_version: Mapped[str] = mapped_column(String(32))
    approved_by: Mapped[str] = mapped_column(String(200))
    subject: Mapped[str] = mapped_column(String(254))
    reason: Mapped[str] = mapped_column(String(2000))
    approved_at: Mapped[datetime] = mapped_column(UtcInstant)
