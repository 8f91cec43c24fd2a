"""Acceptances: checks that may fail by somebody's word, until revoked or until the check passes.

Every acceptance and every revocation is also an entry of the audit, in the same transaction. Which checks
failed, and whether one passes, is the warehouse's to say.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping

from sqlalchemy import Engine, Select, select, text, update
from sqlalchemy.orm import Session

from amalimart.control.audit.decisions import AuditEntry, add_entry
from amalimart.control.deciding import Decider, checked_words
from amalimart.control.tables import AcceptanceRow
from amalimart.core.clock import Clock
from amalimart.core.errors import NotFound, RequestError
from amalimart.core.releases import Acceptance

ACCEPTED, REVOKED, LAPSED = "release.accepted", "release.revoked", "release.lapsed"


class CheckAcceptances:
    """Keeps what was accepted, and by whom."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def close(self) -> None:
        """Let go of the file, where nothing else of it is used."""
        self._engine.dispose()

    def accept(
        self, blocked_number: int, failing: Mapping[str, int], decider: Decider, reason: str
    ) -> tuple[Acceptance, ...]:
        """Let these checks fail for so many rows.

        Raises RequestError without a reason, or where it is accepted already.
        """
        why = checked_words(reason, "reason")
        name = checked_words(decider.name, "name")
        now = self._clock.now()
        with Session(self._engine) as session, session.begin():
            session.execute(text("begin immediate"))
            standing = _standing_of(blocked_number)
            if (first := session.scalars(standing).first()) is not None:
                raise RequestError(
                    f"the blocked build {blocked_number} is accepted already, by {first.accepted_by}",
                    next_step=f"amalimart release revoke {blocked_number} takes it back",
                )
            rows = [
                AcceptanceRow(
                    acceptance_id=secrets.token_hex(16),
                    check_name=check,
                    blocked_number=blocked_number,
                    failing_rows=rows,
                    accepted_by=name,
                    subject=decider.subject,
                    reason=why,
                    accepted_at=now,
                )
                for check, rows in sorted(failing.items())
            ]
            session.add_all(rows)
            details = {"blocked": blocked_number, "checks": dict(failing), "by": name, "reason": why}
            add_entry(session, AuditEntry(now, decider.subject, ACCEPTED, details))
            return tuple(map(_acceptance, rows))

    def revoke(
        self, blocked_number: int, decider: Decider, reason: str | None = None
    ) -> tuple[Acceptance, ...]:
        """Take back what was accepted of a blocked build. Raises NotFound where nothing of it stands."""
        name = checked_words(decider.name, "name")
        why = checked_words(reason, "reason") if reason is not None else None
        now = self._clock.now()
        with Session(self._engine) as session, session.begin():
            session.execute(text("begin immediate"))
            rows = session.scalars(_standing_of(blocked_number)).all()
            if not rows:
                standing = sorted({each.blocked_number for each in self.standing()})
                raise NotFound(
                    f"nothing that was accepted of the blocked build {blocked_number} stands",
                    expected=", ".join(map(str, standing)) or "a build that was accepted; there is none",
                    next_step="amalimart status shows what is accepted",
                )
            for row in rows:
                row.ended_at, row.ended_as = now, REVOKED
            details = {
                "blocked": blocked_number,
                "checks": [row.check_name for row in rows],
                "by": name,
                "reason": why,
            }
            add_entry(session, AuditEntry(now, decider.subject, REVOKED, details))
            return tuple(map(_acceptance, rows))

    def standing(self) -> tuple[Acceptance, ...]:
        """Those that were neither revoked nor have lapsed, the oldest first."""
        with Session(self._engine) as session:
            rows = session.scalars(
                select(AcceptanceRow)
                .where(AcceptanceRow.ended_at.is_(None))
                .order_by(AcceptanceRow.accepted_at, AcceptanceRow.check_name)
            )
            return tuple(map(_acceptance, rows))

    def lapse(self, acceptance_ids: Collection[str]) -> None:
        """Their checks pass again. Nothing happens to those that ended before."""
        now = self._clock.now()
        with Session(self._engine) as session, session.begin():
            ended = session.scalars(
                update(AcceptanceRow)
                .where(AcceptanceRow.acceptance_id.in_(acceptance_ids), AcceptanceRow.ended_at.is_(None))
                .values(ended_at=now, ended_as=LAPSED)
                .returning(AcceptanceRow.check_name)
            ).all()
            if ended:
                add_entry(session, AuditEntry(now, "engine", LAPSED, {"checks": sorted(ended)}))


def _standing_of(blocked_number: int) -> Select[AcceptanceRow]:
    return select(AcceptanceRow).where(
        AcceptanceRow.blocked_number == blocked_number, AcceptanceRow.ended_at.is_(None)
    )


def _acceptance(row: AcceptanceRow) -> Acceptance:
    return Acceptance(
        row.acceptance_id,
        row.check_name,
        row.blocked_number,
        row.failing_rows,
        row.accepted_by,
        row.subject,
        row.reason,
        row.accepted_at,
    )
