"""Approvals of definitions and sign-offs of access reviews; each is also an entry of the audit.

What a definition is and whether it needs an approval is for others to say. Rows are added, never changed.
"""

from __future__ import annotations

import secrets

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from amalimart.control.audit.decisions import AuditEntry, add_entry
from amalimart.control.deciding import Decider, checked_words
from amalimart.control.tables import ApprovalRow, SignOffRow
from amalimart.core.approvals import Approval, SignOff
from amalimart.core.clock import Clock

APPROVED, SIGNED_OFF = "definition.approved", "access_review.signed_off"


class GovernanceRecords:
    """Keeps what was approved and signed off, and by whom."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def close(self) -> None:
        """Let go of the file, where nothing else of it is used."""
        self._engine.dispose()

    def approve(
        self, kind: str, name: str, definition_hash: str, version: str, decider: Decider, reason: str
    ) -> Approval:
        """Approve one definition as it is. Raises RequestError without a reason or a name."""
        row = ApprovalRow(
            approval_id=secrets.token_hex(16),
            kind=kind,
            name=name,
            definition_hash=definition_hash,
            product_version=version,
            approved_by=checked_words(decider.name, "name"),
            subject=decider.subject,
            reason=checked_words(reason, "reason"),
            approved_at=self._clock.now(),
        )
        details = {
            "kind": kind,
            "name": name,
            "hash": definition_hash,
            "by": row.approved_by,
            "reason": row.reason,
        }
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            session.add(row)
            add_entry(session, AuditEntry(row.approved_at, decider.subject, APPROVED, details))
        return _approval(row)

    def approvals(self) -> tuple[Approval, ...]:
        """All of them, the oldest first."""
        with Session(self._engine) as session:
            rows = session.scalars(
                select(ApprovalRow).order_by(ApprovalRow.approved_at, ApprovalRow.approval_id)
            )
            return tuple(map(_approval, rows))

    def sign_off(self, report_hash: str, users: int, decider: Decider, reason: str) -> SignOff:
        """Note that a review was looked at. Raises RequestError without a reason or a name."""
        row = SignOffRow(
            sign_off_id=secrets.token_hex(16),
            report_hash=report_hash,
            users=users,
            signed_by=checked_words(decider.name, "name"),
            subject=decider.subject,
            reason=checked_words(reason, "reason"),
            signed_at=self._clock.now(),
        )
        details = {"report": report_hash, "users": users, "by": row.signed_by, "reason": row.reason}
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            session.add(row)
            add_entry(session, AuditEntry(row.signed_at, decider.subject, SIGNED_OFF, details))
        return _sign_off(row)

    def sign_offs(self) -> tuple[SignOff, ...]:
        """All of them, the oldest first."""
        with Session(self._engine) as session:
            rows = session.scalars(select(SignOffRow).order_by(SignOffRow.signed_at, SignOffRow.sign_off_id))
            return tuple(map(_sign_off, rows))


def _approval(row: ApprovalRow) -> Approval:
    return Approval(
        row.approval_id,
        row.kind,
        row.name,
        row.definition_hash,
        row.product_version,
        row.approved_by,
        row.subject,
        row.reason,
        row.approved_at,
    )


def _sign_off(row: SignOffRow) -> SignOff:
    return SignOff(
        row.sign_off_id, row.report_hash, row.users, row.signed_by, row.subject, row.reason, row.signed_at
    )
