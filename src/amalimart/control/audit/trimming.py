"""Removes records of the audit log that are older than they are kept, and signs where the chain begins then.

What was altered is not removed: it would be gone before anybody had looked.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, exists, select

from amalimart.access.audit_record import BEGINNING, AuditKeys, follows, instant_text
from amalimart.control.audit.checkpoints import Reason, read_checkpoint, write_checkpoint
from amalimart.control.audit.rows import records_after
from amalimart.control.tables import AuditLogRow, AuditShapeRow

MOST_AT_ONCE = 500  # whoever asks meanwhile waits for it

_log = logging.getLogger(__name__)


def trim(connection: Connection, keys: AuditKeys, now: datetime, keep_days: int) -> int:
    """Remove the oldest records that are kept no longer, in the caller's transaction; return how many.

    The newest record always stays.
    """
    oldest = instant_text(now - timedelta(days=keep_days))
    first = connection.execute(select(AuditLogRow.at).order_by(AuditLogRow.sequence).limit(1)).scalar()
    if first is None or str(first) >= oldest:
        return 0
    checkpoint = read_checkpoint(connection)
    start = checkpoint.link if checkpoint else BEGINNING
    unvouched = AuditLogRow.sequence <= start.sequence
    removed = connection.execute(delete(AuditLogRow).where(unvouched, AuditLogRow.at < oldest)).rowcount
    previous = start
    candidates = list(records_after(connection, start.sequence, MOST_AT_ONCE + 1))
    for record in candidates[:-1]:
        if str(record.at) >= oldest:
            break
        if record.sequence != previous.sequence + 1 or not follows(record, keys, previous.mac):
            _log.error(
                "records of the audit log are not what was written: none is removed after %d",
                previous.sequence,
            )
            break
        previous = record.link
    if previous != start:
        gone = delete(AuditLogRow).where(AuditLogRow.sequence <= previous.sequence)
        removed += connection.execute(gone).rowcount
        write_checkpoint(connection, keys, previous, Reason.TRIMMED, now)
    if removed:
        is_used = exists().where(AuditLogRow.shape_hash == AuditShapeRow.shape_hash)
        connection.execute(delete(AuditShapeRow).where(~is_used))
    return removed
