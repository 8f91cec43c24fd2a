"""What went wrong, and who was told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from amalimart.control.tables.base import Base, UtcInstant


class IncidentRow(Base):
    """A trouble from when it was first seen; alive until it is settled, and one of a key is alive at most."""

    __tablename__ = "incidents"
    __table_args__ = (
        Index("ux_incidents_alive_key", "key", unique=True, sqlite_where=text("settled_at is null")),
    )

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(String(500))
    kind: Mapped[str] = mapped_column(String(32))
    severity: Mapped[str] = mapped_column(String(16))
    title: Mapped[str] = mapped_column(String(300))
    details: Mapped[str] = mapped_column(String(2000))
    place: Mapped[str | None] = mapped_column(String(500))
    next_step: Mapped[str | None] = mapped_column(String(500))
    opened_at: Mapped[datetime] = mapped_column(UtcInstant, index=True)
    last_seen_at: Mapped[datetime] = mapped_column(UtcInstant)
    times: Mapped[int] = mapped_column(BigInteger)
    acknowledged_by: Mapped[str | None] = mapped_column(String(200))
    acknowledged_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    acknowledgement: Mapped[str | None] = mapped_column(String(2000))
    resolved_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    settled_at: Mapped[datetime | None] = mapped_column(UtcInstant)


class NotificationRow(Base):
    """One message to one channel: what it says of its incident, and how far it has come.

    letter_id  of the letter in which it goes out with others
    """

    __tablename__ = "notifications"

    notification_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    message_id: Mapped[str] = mapped_column(String(32), unique=True)
    letter_id: Mapped[str | None] = mapped_column(String(32), index=True)
    incident_number: Mapped[int] = mapped_column(ForeignKey("incidents.number"), index=True)
    channel: Mapped[str] = mapped_column(String(63))
    event: Mapped[str] = mapped_column(String(16))
    severity: Mapped[str] = mapped_column(String(16))
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    made_at: Mapped[datetime] = mapped_column(UtcInstant)
    state: Mapped[str] = mapped_column(String(16), index=True)
    attempts: Mapped[int] = mapped_column(Integer)
    next_attempt_at: Mapped[datetime] = mapped_column(UtcInstant)
    sent_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    last_error: Mapped[str | None] = mapped_column(String(500))
