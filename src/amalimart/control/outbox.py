"""The outbox: messages that wait to be sent, each kept until it went or was given up.

A try is counted before it is made. A process that dies in the middle of one sends the message again later,
under the same message id. Making messages is the incidents' work, sending them the delivery's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Select, select, update
from sqlalchemy.orm import Session

from amalimart.control.tables import NotificationRow
from amalimart.core.clock import Clock
from amalimart.core.incidents import (
    Delivery,
    DeliveryState,
    Incident,
    IncidentKind,
    Notice,
    NoticeEvent,
    Trouble,
)
from amalimart.core.quality import Severity

PENDING = (DeliveryState.QUEUED.value, DeliveryState.FAILED.value)
_LONGEST_WAIT = timedelta(days=1)
_LONGEST_ERROR = 500


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that it is time to send, and how often it was tried."""

    notice: Notice
    attempts: int


class Outbox:
    """The messages of one control database."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def next_due(self, channel: str) -> Waiting | None:
        """The message to send next; of one incident only the first that waits, so that none overtakes."""
        now = self._clock.now()
        first: set[int] = set()
        with Session(self._engine) as session:
            for row in session.scalars(_pending().where(NotificationRow.channel == channel)):
                # A wait that is longer than any comes from a clock that was set back.
                is_due = not timedelta() < row.next_attempt_at - now <= _LONGEST_WAIT
                if is_due and row.incident_number not in first:
                    return Waiting(_notice(row), row.attempts)
                first.add(row.incident_number)
        return None

    def begin(self, message_id: str, next_attempt_at: datetime) -> None:
        """A try begins; unless it is said how it ended, the next is not before `next_attempt_at`."""
        with Session(self._engine) as session, session.begin():
            row = _row(session, message_id)
            row.attempts += 1
            row.next_attempt_at = next_attempt_at

    def sent(self, message_id: str, note: str | None = None) -> None:
        """It went; `note` says what did not arrive of it."""
        now = self._clock.now()
        with Session(self._engine) as session, session.begin():
            row = _row(session, message_id)
            row.state, row.sent_at, row.last_error = DeliveryState.SENT.value, now, _short(note)

    def failed(self, message_id: str, why: str, *, is_final: bool) -> None:
        """It did not go, and is tried again later or never."""
        state = DeliveryState.GIVEN_UP if is_final else DeliveryState.FAILED
        with Session(self._engine) as session, session.begin():
            row = _row(session, message_id)
            if row.state in PENDING:  # not one that was acknowledged meanwhile
                row.state, row.last_error = state.value, _short(why)

    def abandon_others(self, channels: Collection[str]) -> None:
        """Give up what waits for a channel that there is no more."""
        with Session(self._engine) as session, session.begin():
            session.execute(
                update(NotificationRow)
                .where(NotificationRow.state.in_(PENDING), NotificationRow.channel.not_in(channels))
                .values(
                    state=DeliveryState.GIVEN_UP.value, last_error="the project has no such channel any more"
                )
            )

    def deliveries(self, incident: int) -> tuple[Delivery, ...]:
        """The messages about an incident, the oldest first."""
        chosen = (
            select(NotificationRow)
            .where(NotificationRow.incident_number == incident)
            .order_by(NotificationRow.notification_id)
        )
        with Session(self._engine) as session:
            return tuple(map(_delivery, session.scalars(chosen)))

    def undelivered(self) -> tuple[Delivery, ...]:
        """The last message that each channel tried to send, where it was given up."""
        with Session(self._engine) as session:
            channels = session.scalars(select(NotificationRow.channel).distinct()).all()
            last = [
                session.scalars(
                    select(NotificationRow)
                    .where(NotificationRow.channel == channel, NotificationRow.attempts > 0)
                    .order_by(NotificationRow.notification_id.desc())
                    .limit(1)
                ).first()
                for channel in sorted(channels)
            ]
            return tuple(
                _delivery(row)
                for row in last
                if row is not None and row.state == DeliveryState.GIVEN_UP.value
            )


def incident_content(incident: Incident) -> dict[str, Any]:
    """An incident as JSON, to be kept with a message."""

    def plain(thing: Any) -> Any:
        if isinstance(thing, datetime):
            return thing.isoformat()
        return {key: plain(value) for key, value in thing.items()} if isinstance(thing, dict) else thing

    content: dict[str, Any] = plain(asdict(incident))
    return content


def _read_incident(content: Mapping[str, Any]) -> Incident:
    trouble = content["trouble"]
    words = {"kind": IncidentKind(trouble["kind"]), "severity": Severity(trouble["severity"])}
    moments = {
        name: datetime.fromisoformat(content[name]) if content[name] else None
        for name in ("opened_at", "last_seen_at", "acknowledged_at", "resolved_at")
    }
    return Incident(**{**content, **moments, "trouble": Trouble(**{**trouble, **words})})


def _pending() -> Select[NotificationRow]:
    return (
        select(NotificationRow)
        .where(NotificationRow.state.in_(PENDING))
        .order_by(NotificationRow.notification_id)
    )


def _row(session: Session, message_id: str) -> NotificationRow:
    return session.scalars(select(NotificationRow).where(NotificationRow.message_id == message_id)).one()


def _notice(row: NotificationRow) -> Notice:
    return Notice(row.message_id, NoticeEvent(row.event), _read_incident(row.content), row.made_at)


def _delivery(row: NotificationRow) -> Delivery:
    return Delivery(
        message_id=row.message_id,
        incident=row.incident_number,
        channel=row.channel,
        event=NoticeEvent(row.event),
        state=DeliveryState(row.state),
        attempts=row.attempts,
        made_at=row.made_at,
        next_attempt_at=row.next_attempt_at,
        sent_at=row.sent_at,
        last_error=row.last_error,
    )


def _short(said: str | None) -> str | None:
    return said[:_LONGEST_ERROR] if said else None
