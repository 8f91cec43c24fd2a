"""How often people of a role opened a dashboard, by day. Holds nobody's name; gone after a while."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from sqlalchemy import BigInteger, Engine, delete, func, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from amalimart.control.tables import PageVisitRow

KEEP_DAYS = 90


class PageVisits:
    """Adds up visits."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, day: date, visits: Mapping[tuple[str, str], int]) -> None:
        """Add to the counts of a day by (dashboard, role), and forget what is older than is kept."""
        rows = PageVisitRow
        with Session(self._engine) as session, session.begin():
            session.execute(delete(rows).where(rows.day < day - timedelta(days=KEEP_DAYS)))
            for (page, role), count in visits.items():
                values = {"day": day, "page": page, "role": role, "count": count}
                session.execute(
                    insert(rows)
                    .values(values)
                    .on_conflict_do_update(["day", "page", "role"], set_={"count": rows.count + count})
                )

    def since(self, day: date) -> dict[tuple[str, str], int]:
        """(Dashboard, role) -> how often on that day or later, the most frequent first."""
        rows = PageVisitRow
        times = func.sum(rows.count, type_=BigInteger)
        query = (
            select(rows.page, rows.role, times)
            .where(rows.day >= day)
            .group_by(rows.page, rows.role)
            .order_by(times.desc(), rows.page, rows.role)
        )
        with Session(self._engine) as session:
            return {(page, role): count for page, role, count in session.execute(query)}
