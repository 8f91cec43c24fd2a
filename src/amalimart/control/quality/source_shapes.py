"""The shape of each source that somebody knows of: what a change of it is measured against."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from amalimart.control.tables import SourceShapeRow
from amalimart.core.clock import Clock

Shape = Mapping[str, Mapping[str, str]]
"""Table -> column -> type."""


class SourceShapes:
    """Keeps shapes."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def known(self, source: str) -> Shape | None:
        """The shape that is known; None where the source was never looked at."""
        with Session(self._engine) as session:
            row = session.get(SourceShapeRow, source)
            return row.known if row is not None else None

    def saw(self, source: str, shape: Shape) -> None:
        """Keep what was seen; what is new in it is known from now on, what differs is not."""
        plain = {table: dict(columns) for table, columns in shape.items()}
        with Session(self._engine) as session, session.begin():
            row = session.get(SourceShapeRow, source)
            if row is None:
                row = SourceShapeRow(source=source, known=plain)
                session.add(row)
            else:
                row.known = {
                    table: {**columns, **row.known.get(table, {})} for table, columns in plain.items()
                } | {table: columns for table, columns in row.known.items() if table not in plain}
            row.seen, row.seen_at = plain, self._clock.now()

    def acknowledge(self, source: str, table: str) -> None:
        """What was last seen of a table is known from now on."""
        with Session(self._engine) as session, session.begin():
            row = session.get(SourceShapeRow, source)
            if row is not None:
                kept = {name: columns for name, columns in row.known.items() if name != table}
                row.known = kept | ({table: row.seen[table]} if table in row.seen else {})
