"""The audit log in figures: how often each shape was asked, by role, door and end. Reads no subject."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, func, select

from amalimart.access.audit_record import instant_text
from amalimart.control.tables import AuditLogRow, AuditShapeRow

_MOST_GROUPS = 20_000


@dataclass(frozen=True, slots=True)
class AskedGroup:
    """Calls that are alike. `shape` is None where it is not there any more."""

    shape: Mapping[str, Any] | None
    role: str
    door: str
    outcome: str
    errors: tuple[str, ...]
    count: int


class AuditSummary:
    """Adds up the records of one control database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def since(self, instant: datetime) -> tuple[AskedGroup, ...]:
        """Groups of calls from an instant on, the most frequent first, up to a bound."""
        row = AuditLogRow
        alike = (row.shape_hash, row.role, row.door, row.outcome, row.errors)
        times = func.count().label("times")
        grouped = (
            select(*alike, times)
            .where(row.at >= instant_text(instant))
            .group_by(*alike)
            .order_by(times.desc())
            .limit(_MOST_GROUPS)
            .subquery()
        )
        query = (
            select(AuditShapeRow.shape, grouped)
            .outerjoin_from(grouped, AuditShapeRow, AuditShapeRow.shape_hash == grouped.c.shape_hash)
            .order_by(grouped.c.times.desc())
        )
        with self._engine.connect() as connection:
            return tuple(
                AskedGroup(
                    _shape(each.shape),
                    each.role,
                    each.door,
                    each.outcome,
                    tuple(filter(None, each.errors.split(","))),
                    each.times,
                )
                for each in connection.execute(query)
            )


def _shape(text: str | None) -> Mapping[str, Any] | None:
    found = json.loads(text) if text is not None else None
    return found if isinstance(found, dict) else None
