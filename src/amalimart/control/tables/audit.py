"""Who asked what."""

from __future__ import annotations

from sqlalchemy import Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from amalimart.control.tables.base import Base


class AuditLogRow(Base):
    """One call in which something was asked, chained to the one before by its MAC."""

    __tablename__ = "audit_log"

    sequence: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[str] = mapped_column(String(32), index=True)
    subject: Mapped[str] = mapped_column(String(64), index=True)
    role: Mapped[str] = mapped_column(String(32))
    door: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(16))
    shape_hash: Mapped[str] = mapped_column(String(64), index=True)
    policy: Mapped[str] = mapped_column(String(64))
    release_id: Mapped[int | None] = mapped_column(Integer)
    outcome: Mapped[str] = mapped_column(String(16))
    errors: Mapped[str] = mapped_column(String(500))
    mac: Mapped[str] = mapped_column(String(64))


class AuditShapeRow(Base):
    """The shape of what was asked, under its hash: names without values."""

    __tablename__ = "audit_shapes"

    shape_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    shape: Mapped[str] = mapped_column(Text)


class AuditCheckpointRow(Base):
    """Where the chain begins now: the last record that was removed, or up to which somebody resealed it."""

    __tablename__ = "audit_checkpoints"

    sequence: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    mac: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(16))
    made_at: Mapped[str] = mapped_column(String(32))
    signature: Mapped[str] = mapped_column(String(64))
