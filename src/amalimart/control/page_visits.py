"""How often people of each role opened a dashboard, by day. Holds nobody's name, and is gone after a while."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import BigInteger, Engine, delete, func, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from amalimart.control.tables import PageVisitRow

KEEP_DAYS = 90


@dataclass(frozen=True, slots=True)
class Visited:
    """A dashboard and a role."""

    page: str
    role: str


class PageVisits:
    """Adds up visits."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, day: date, visits: Mapping[Visited, int]) -> None:
        """Add to the counts of a day, in one transaction, and forget what is older than is kept."""
        rows = PageVisitRow
        with Session(self._engine) as session, session.begin():
            session.execute(delete(rows).where(rows.day < day - timedelta(days=KEEP_DAYS)))
            for visited, count in visits.items():
                values = {"day": day, "page": visited.page, "role": visited.role, "count": count}
                session.execute(
                    insert(rows)
                    .values(values)
                    .on_conflict_do_update(["day", "page", "role"], set_={"count": rows.count + count})
                )

    def since(self, day: date) -> dict[Visited, int]:
        """How often on that day or later, the most frequent first."""
        rows = PageVisitRow
        times = func.sum(rows.count, type_=BigInteger)
        query = (
            select(rows.page, rows.role, times)
            .where(rows.day >= day)
            .group_by(rows.page, rows.role)
            .order_by(times.desc(), rows.page, rows.role)
        )
        with Session(self._engine) as session:
            return {Visited(page, role): count for page, role, count in session.execute(query)}
