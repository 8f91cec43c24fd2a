"""The outbox: messages that wait to be sent, each kept until it went or was given up.

A try is counted before it is made. A process that dies in the middle of one sends the message again later,
under the same message id. Messages that go out together share the id of their letter, and stay together
until it went. Making messages is the incidents' work, sending them the delivery's.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Select, or_, select, text, update
from sqlalchemy.orm import Session

from amalimart.control.incidents.letters import NO_GATHERING, Unsent, next_letter
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
_URGENT = (NoticeEvent.OPENED.value, NoticeEvent.WORSENED.value)
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

    def next_due(self, channel: str, gathers: timedelta = NO_GATHERING) -> Waiting | None:
        """The message to send next; of one incident only the first that waits, so that none overtakes.

        Where a channel gathers, what is not urgent waits so long for others, and they go as one.
        """
        now = self._clock.now()
        with Session(self._engine) as session:
            rows = {row.notification_id: row for row in session.scalars(_of_channel(channel))}
            chosen = [rows[each.number] for each in next_letter(map(_unsent, rows.values()), now, gathers)]
            if not chosen:
                return None
            if len(chosen) == 1 and chosen[0].letter_id is None:
                return Waiting(_notice(chosen[0]), chosen[0].attempts)
            if chosen[0].letter_id is not None:
                return _letter(chosen)
        return self._put_together([row.notification_id for row in chosen])

    def _put_together(self, numbers: Sequence[int]) -> Waiting | None:
        """Give messages the id of one letter, so that it is the same however often it is sent."""
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            session.execute(text("begin immediate"))
            rows = session.scalars(_pending().where(NotificationRow.notification_id.in_(numbers))).all()
            letter = secrets.token_hex(16)
            for row in rows:  # but for those that somebody took on meanwhile
                row.letter_id = letter
        return _letter(rows) if rows else None

    def begin(self, message_id: str, next_attempt_at: datetime) -> None:
        """A try begins; unless it is said how it ended, the next is not before `next_attempt_at`."""
        with Session(self._engine) as session, session.begin():
            for row in _rows(session, message_id):
                row.attempts += 1
                row.next_attempt_at = next_attempt_at

    def sent(self, message_id: str, note: str | None = None) -> None:
        """It went; `note` says what did not arrive of it."""
        now = self._clock.now()
        with Session(self._engine) as session, session.begin():
            for row in _rows(session, message_id):
                row.state, row.sent_at, row.last_error = DeliveryState.SENT.value, now, _short(note)

    def failed(self, message_id: str, why: str, *, is_final: bool) -> None:
        """It did not go, and is tried again later or never."""
        state = DeliveryState.GIVEN_UP if is_final else DeliveryState.FAILED
        with Session(self._engine) as session, session.begin():
            for row in _rows(session, message_id):
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


def _of_channel(channel: str) -> Select[NotificationRow]:
    return _pending().where(NotificationRow.channel == channel)


def _rows(session: Session, message_id: str) -> Sequence[NotificationRow]:
    """One message, or those of a letter that wait; of these some may have been acknowledged before."""
    row = NotificationRow
    in_letter = (row.letter_id == message_id) & row.state.in_(PENDING)
    return session.scalars(select(row).where(or_(row.message_id == message_id, in_letter))).all()


def _unsent(row: NotificationRow) -> Unsent:
    is_urgent = row.severity == Severity.ERROR.value and row.event in _URGENT
    return Unsent(
        row.notification_id, row.incident_number, row.made_at, row.next_attempt_at, row.letter_id, is_urgent
    )


def _letter(rows: Sequence[NotificationRow]) -> Waiting:
    """The messages of one letter; what is left of it when the others were taken on is still that letter."""
    first = rows[0]
    listed = tuple(_notice(row) for row in rows)
    made_at = max(row.made_at for row in rows)
    notice = Notice(first.letter_id or first.message_id, NoticeEvent.DIGEST, None, made_at, listed)
    return Waiting(notice, max(row.attempts for row in rows))


def _notice(row: NotificationRow) -> Notice:
    return Notice(row.message_id, NoticeEvent(row.event), _read_incident(row.content), row.made_at)


def _delivery(row: NotificationRow) -> Delivery:
    return Delivery(
        message_id=row.letter_id or row.message_id,
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
