"""The audit: what people decided, each entry in the transaction of the decision itself. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from amalimart.control.tables import AuditRow


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One decision: when, who was signed in, what, and what it was about."""

    happened_at: datetime
    subject: str
    action: str
    details: Mapping[str, Any]


def add_entry(session: Session, entry: AuditEntry) -> None:
    """Add an entry, in the caller's transaction."""
    session.add(
        AuditRow(
            happened_at=entry.happened_at,
            subject=entry.subject,
            action=entry.action,
            details=dict(entry.details),
        )
    )


def write_entry(engine: Engine, entry: AuditEntry) -> None:
    """Add an entry about something that changed nothing in the control database itself."""
    with Session(engine) as session, session.begin():
        add_entry(session, entry)


def entries(engine: Engine) -> list[AuditEntry]:
    """Every entry, the oldest first."""
    with Session(engine) as session:
        rows = session.scalars(select(AuditRow).order_by(AuditRow.entry_id))
        return [AuditEntry(row.happened_at, row.subject, row.action, row.details) for row in rows]
