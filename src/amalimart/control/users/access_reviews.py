"""Access reviews that were made by themselves, for as long as they are kept. Reviews nothing.

A report names people: it stays in the database, and leaves it only for those who may see it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, delete, func, select
from sqlalchemy.orm import Session

from amalimart.control.tables import AccessReviewRow, SignOffRow
from amalimart.core.approvals import KeptReview
from amalimart.core.clock import Clock
from amalimart.core.errors import NotFound

KEEP_DAYS = 1_100
"""Three years: what an auditor asks for."""


class AccessReviews:
    """Keeps them."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def keep(self, report_hash: str, report: Mapping[str, Any]) -> KeptReview:
        """Keep a review, and forget those that are too old; the newest is never forgotten."""
        now = self._clock.now()
        row = AccessReviewRow(made_at=now, report_hash=report_hash, report=dict(report))
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            session.add(row)
            old = AccessReviewRow.made_at < now - timedelta(days=KEEP_DAYS)
            session.execute(delete(AccessReviewRow).where(old))
        return _review(row)

    def list(self) -> tuple[KeptReview, ...]:
        """All of them, the newest first."""
        with Session(self._engine) as session:
            rows = session.scalars(select(AccessReviewRow).order_by(AccessReviewRow.review_id.desc()))
            return tuple(map(_review, rows))

    def get(self, number: int) -> KeptReview:
        """One of them. Raises NotFound."""
        with Session(self._engine) as session:
            row = session.get(AccessReviewRow, number)
            if row is None:
                newest = session.scalar(select(func.max(AccessReviewRow.review_id)))
                raise NotFound(
                    f"there is no access review {number}",
                    expected=f"1 to {newest}" if newest else "a review; none has been made yet",
                    next_step="amalimart governance access-reviews",
                )
            return _review(row)

    def unsigned(self) -> KeptReview | None:
        """The newest review, while nobody has signed one off since it was made."""
        with Session(self._engine) as session:
            row = session.scalars(
                select(AccessReviewRow).order_by(AccessReviewRow.review_id.desc()).limit(1)
            ).first()
            if row is None:
                return None
            signed = session.scalar(select(func.count()).where(SignOffRow.signed_at >= row.made_at))
            return None if signed else _review(row)


def _review(row: AccessReviewRow) -> KeptReview:
    return KeptReview(row.review_id, row.made_at, row.report_hash, row.report)
