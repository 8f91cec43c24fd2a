"""What checks found, and the shapes that sources had."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Float, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from amalimart.control.tables.base import Base, UtcInstant


class QualityResultRow(Base):
    """What one run of a monitored check found for one subject and period. `number` counts up."""

    __tablename__ = "quality_results"
    __table_args__ = (Index("ix_quality_results_check_name_number", "check_name", "number"),)

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    run_id: Mapped[str] = mapped_column(String(32), index=True)
    check_name: Mapped[str] = mapped_column(String(63))
    kind: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(200))
    period: Mapped[str | None] = mapped_column(String(32))
    severity: Mapped[str] = mapped_column(String(16))
    verdict: Mapped[str] = mapped_column(String(16))
    expected: Mapped[str] = mapped_column(String(2000))
    actual: Mapped[str] = mapped_column(String(2000))
    message: Mapped[str] = mapped_column(String(4000))
    checked_at: Mapped[datetime] = mapped_column(UtcInstant, index=True)
    release_id: Mapped[int | None] = mapped_column(Integer)
    low: Mapped[float | None] = mapped_column(Float)
    high: Mapped[float | None] = mapped_column(Float)
    value: Mapped[float | None] = mapped_column(Float)
    unit: Mapped[str | None] = mapped_column(String(32))
    samples: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class QualityAcknowledgementRow(Base):
    """Somebody's word that what a check found is known.

    ended_at  when what was acknowledged was over; of a period it never is
    """

    __tablename__ = "quality_acknowledgements"

    acknowledgement_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    check_name: Mapped[str] = mapped_column(String(63), index=True)
    subject: Mapped[str] = mapped_column(String(200))
    period: Mapped[str | None] = mapped_column(String(32))
    acknowledged_by: Mapped[str] = mapped_column(String(200))
    principal: Mapped[str] = mapped_column(String(254))
    reason: Mapped[str] = mapped_column(String(2000))
    acknowledged_at: Mapped[datetime] = mapped_column(UtcInstant)
    ended_at: Mapped[datetime | None] = mapped_column(UtcInstant)


class SourceShapeRow(Base):
    """Tables, columns and types of a source: those that somebody knows of, and those seen last."""

    __tablename__ = "source_shapes"

    source: Mapped[str] = mapped_column(String(63), primary_key=True)
    known: Mapped[dict[str, dict[str, str]]] = mapped_column(JSON)
    seen: Mapped[dict[str, dict[str, str]]] = mapped_column(JSON)
    seen_at: Mapped[datetime] = mapped_column(UtcInstant)
