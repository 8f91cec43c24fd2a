"""Where the chain of the audit log begins, signed: after what was removed, or where it was resealed."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, delete, insert, select

from amalimart.access.audit_record import AuditKeys, Link, instant_text, signature
from amalimart.control.tables import AuditCheckpointRow


class Reason(StrEnum):
    """Why the chain begins there."""

    TRIMMED = "trimmed"  # the records up to it were removed, after as many days as they are kept
    RESEALED = "resealed"  # nobody vouches for the records up to it any more, by an operator's word


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The chain begins after this link."""

    link: Link
    reason: str
    made_at: str
    signature: str

    def is_signed(self, keys: AuditKeys) -> bool:
        """Whether it is what was written."""
        expected = _signature(keys, self.link, self.reason, self.made_at)
        return hmac.compare_digest(expected.encode(), str(self.signature).encode("utf-8", "surrogatepass"))


def read_checkpoint(connection: Connection) -> Checkpoint | None:
    """The newest; None where the chain begins at its first record."""
    newest = select(AuditCheckpointRow).order_by(AuditCheckpointRow.sequence.desc()).limit(1)
    row = connection.execute(newest).one_or_none()
    return Checkpoint(Link(row.sequence, row.mac), row.reason, row.made_at, row.signature) if row else None


def write_checkpoint(
    connection: Connection, keys: AuditKeys, link: Link, reason: Reason, now: datetime
) -> None:
    """Let the chain begin after this link, in the caller's transaction."""
    made_at = instant_text(now)
    connection.execute(delete(AuditCheckpointRow))
    connection.execute(
        insert(AuditCheckpointRow).values(
            sequence=link.sequence,
            mac=link.mac,
            reason=reason.value,
            made_at=made_at,
            signature=_signature(keys, link, reason.value, made_at),
        )
    )


def _signature(keys: AuditKeys, link: Link, reason: str, made_at: str) -> str:
    return signature(keys.checkpoints, link.sequence, link.mac, reason, made_at)
