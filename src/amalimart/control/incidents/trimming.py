"""Forgets incidents that are over for long enough, and old messages. What goes on is kept, however old.

Of an incident that goes on, the newest message of each channel and severity stays: they say what was told.
The newest incident stays as well, so that no number is given twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Engine, delete, func, select, text
from sqlalchemy.orm import Session

from amalimart.control.incidents.outbox import PENDING
from amalimart.control.tables import IncidentRow, NotificationRow
from amalimart.core.clock import Clock

_MOST_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Trimmed:
    """How many of each were removed."""

    incidents: int
    messages: int


class IncidentTrimming:
    """Removes rows of one control database."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def trim(self, keep: timedelta) -> Trimmed:
        """Remove what is older, in one transaction. A message that waits to be sent is never removed."""
        before = self._clock.now() - keep
        message, incident = NotificationRow, IncidentRow
        with Session(self._engine) as session, session.begin():
            session.execute(text("begin immediate"))
            waiting = select(message.incident_number).where(message.state.in_(PENDING))
            newest = select(func.max(incident.number)).scalar_subquery()
            over = list(
                session.scalars(
                    select(incident.number)
                    .where(
                        incident.settled_at < before,
                        incident.number.not_in(waiting),
                        incident.number != newest,
                    )
                    .order_by(incident.number)
                    .limit(_MOST_AT_ONCE)
                )
            )
            told = select(func.max(message.notification_id)).group_by(
                message.incident_number, message.channel, message.severity
            )
            old = session.scalars(
                delete(message)
                .where(
                    message.made_at < before,
                    message.state.not_in(PENDING),
                    message.notification_id.not_in(told),
                )
                .returning(message.notification_id)
            ).all()
            about = session.scalars(
                delete(message).where(message.incident_number.in_(over)).returning(message.notification_id)
            ).all()
            session.execute(delete(incident).where(incident.number.in_(over)))
            return Trimmed(len(over), len(old) + len(about))
