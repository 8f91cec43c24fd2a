"""Lists what the audit log says, the newest first. Verifies nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, or_, select

from amalimart.access.audit_record import VIEWED_BY, AuditKeys, AuditRecord, Outcome, instant_text
from amalimart.control.audit.rows import COLUMNS, record_of
from amalimart.control.tables import AuditLogRow, AuditShapeRow


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which records: from and before an instant, of one subject in clear, of one outcome.

    Of a subject are those that it asked, and what it looked at as somebody else.
    """

    since: datetime | None = None
    before: datetime | None = None
    subject: str | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class ListedRecord:
    """A record, and the shape of what was asked; None where it is not there."""

    record: AuditRecord
    shape: Mapping[str, Any] | None


def list_records(
    engine: Engine, keys: AuditKeys, wanted: AuditFilter, limit: int
) -> tuple[ListedRecord, ...]:
    """The newest records of that kind."""
    query = (
        select(*COLUMNS, AuditShapeRow.shape)
        .outerjoin(AuditShapeRow, AuditShapeRow.shape_hash == AuditLogRow.shape_hash)
        .order_by(AuditLogRow.sequence.desc())
        .limit(limit)
    )
    if wanted.since is not None:
        query = query.where(AuditLogRow.at >= instant_text(wanted.since))
    if wanted.before is not None:
        query = query.where(AuditLogRow.at < instant_text(wanted.before))
    if wanted.subject is not None:
        hashed = keys.subject(wanted.subject)
        looked = AuditShapeRow.shape.contains(f'"{VIEWED_BY}":"{hashed}"', autoescape=True)
        query = query.where(or_(AuditLogRow.subject == hashed, looked))
    if wanted.outcome is not None:
        query = query.where(AuditLogRow.outcome == wanted.outcome.value)
    with engine.connect() as connection:
        return tuple(ListedRecord(record_of(row), _shape(row[-1])) for row in connection.execute(query))


def _shape(text: str | None) -> Mapping[str, Any] | None:
    try:
        found = json.loads(text) if text is not None else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
