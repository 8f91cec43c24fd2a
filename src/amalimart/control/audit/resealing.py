"""Resealing a broken audit log: it goes on from where it ends, and nobody vouches for what was before."""

from __future__ import annotations

from sqlalchemy import Engine, insert

from amalimart.access.audit_record import AuditKeys, Link
from amalimart.control.audit.checkpoints import Reason, write_checkpoint
from amalimart.control.audit.head import Head, HeadFile
from amalimart.control.audit.rows import end_of
from amalimart.control.deciding import Decider, checked_words
from amalimart.control.tables import AuditRow
from amalimart.core.clock import Clock

RESEALED = "audit.resealed"


def reseal(
    engine: Engine, head: HeadFile, keys: AuditKeys, clock: Clock, decider: Decider, reason: str
) -> Link:
    """Let the chain begin anew after the last record that is there; return that place.

    Who decided it, and why, is an entry of the audit of decisions. Raises RequestError, OSError.
    """
    why, name = checked_words(reason, "reason"), checked_words(decider.name, "name")
    now = clock.now()
    with head.locked(), engine.connect() as connection:
        connection.exec_driver_sql("begin immediate")
        end = end_of(connection)
        write_checkpoint(connection, keys, end, Reason.RESEALED, now)
        entry = {
            "happened_at": now,
            "subject": decider.subject,
            "action": RESEALED,
            "details": {"sequence": end.sequence, "by": name, "reason": why},
        }
        connection.execute(insert(AuditRow).values(entry))
        connection.commit()
        head.begin(Head(end))
    return end
