"""Which shapes of questions were answered on each day: bounded, counted, and gone after a while.

Holds names of metrics and dimensions only. A day keeps so many shapes; what comes after them is not kept,
since the log is read for what is asked often.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from sqlalchemy import BigInteger, Engine, Float, String, delete, func, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from amalimart.control.tables import QuestionShapeRow
from amalimart.core.asked import AskedShape, Tally

KEEP_DAYS = 90
MOST_SHAPES_A_DAY = 2_000


class QuestionLog:
    """Adds up what was asked."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, day: date, asked: Mapping[AskedShape, Tally]) -> None:
        """Add to the counts of a day, in one transaction, and forget what is older than is kept."""
        rows = QuestionShapeRow
        with Session(self._engine) as session, session.begin():
            session.execute(delete(rows).where(rows.day < day - timedelta(days=KEEP_DAYS)))
            known = set(session.scalars(select(rows.shape_hash).where(rows.day == day)))
            for shape, tally in asked.items():
                name = _hash_of(shape)
                if name not in known and len(known) >= MOST_SHAPES_A_DAY:
                    continue
                known.add(name)
                values: dict[str, Any] = {
                    "day": day,
                    "shape_hash": name,
                    "shape": asdict(shape),
                    "count": tally.count,
                    "seconds": tally.seconds,
                }
                more = {"count": rows.count + tally.count, "seconds": rows.seconds + tally.seconds}
                session.execute(
                    insert(rows).values(values).on_conflict_do_update(["day", "shape_hash"], set_=more)
                )

    def since(self, day: date) -> dict[AskedShape, Tally]:
        """Shape -> how often it was asked on that day or later, the most frequent first."""
        rows = QuestionShapeRow
        times = func.sum(rows.count, type_=BigInteger)
        query = (
            select(func.max(rows.shape, type_=String), times, func.sum(rows.seconds, type_=Float))
            .where(rows.day >= day)
            .group_by(rows.shape_hash)
            .order_by(times.desc(), rows.shape_hash)
        )
        with Session(self._engine) as session:
            found = session.execute(query).all()
        return {_shape_of(each[0]): Tally(each[1], each[2]) for each in found}


def _hash_of(shape: AskedShape) -> str:
    return hashlib.sha256(json.dumps(asdict(shape), sort_keys=True).encode()).hexdigest()[:32]


def _shape_of(kept: str) -> AskedShape:
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in json.loads(kept).items()
    }
    return AskedShape(**values)
