"""Incidents: each trouble from when it is first seen until it has stayed away, and who took it on.

What a person is to be told is written in the same transaction, as messages of the outbox: whatever dies
afterwards, none is lost and none is made twice. Finding troubles and sending messages are others' work.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Engine, Select, select, text, update
from sqlalchemy.orm import Session

from amalimart.control.audit.decisions import AuditEntry, add_entry
from amalimart.control.deciding import Decider, checked_words
from amalimart.control.incidents.outbox import PENDING, incident_content
from amalimart.control.incidents.telling import Telling, Told, hears_of_the_end, is_over, next_event
from amalimart.control.tables import IncidentRow, NotificationRow
from amalimart.core.clock import Clock
from amalimart.core.errors import NotFound, RequestError
from amalimart.core.incidents import DeliveryState, Incident, IncidentKind, Look, NoticeEvent, Trouble
from amalimart.core.quality import Severity

ACKNOWLEDGED = "incident.acknowledged"
_MOST_LISTED = 500
_LONGEST_TITLE = 300
_LONGEST_DETAILS = 2000
_ToldTo = Mapping[tuple[int, str], Sequence[Told]]


class Incidents:
    """Keeps what went wrong."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def record(self, look: Look, telling: Telling) -> None:
        """Take up what is wrong now, note what is gone, and queue what people are to be told of either."""
        now = self._clock.now()
        present = _worst_by_key(look.troubles)
        if not present and not self._has_any_alive():
            return  # all is well, as nearly always: nobody who writes is kept waiting for it
        with Session(self._engine) as session, session.begin():
            session.execute(text("begin immediate"))
            alive = {row.key: row for row in session.scalars(_alive())}
            told = _told(session, [row.number for row in alive.values()])
            for row in list(alive.values()):
                if row.kind not in look.unseen and is_over(row.resolved_at, now):
                    _settle(session, row, told, now)
                    del alive[row.key]
            session.flush()  # a key may be taken up again only when the one of before is settled
            for trouble in present.values():
                row = _seen(session, alive.get(trouble.key), trouble, now)
                _tell(session, row, telling, told, now)
            for key, row in alive.items():
                if key not in present and row.resolved_at is None and row.kind not in look.unseen:
                    row.resolved_at = now

    def _has_any_alive(self) -> bool:
        with Session(self._engine) as session:
            return session.scalars(_alive().limit(1)).first() is not None

    def list(self, *, include_over: bool = False) -> tuple[Incident, ...]:
        """Those that go on, or also those that are over; the newest first."""
        chosen = select(IncidentRow).order_by(IncidentRow.number.desc()).limit(_MOST_LISTED)
        if not include_over:
            chosen = chosen.where(IncidentRow.resolved_at.is_(None))
        with Session(self._engine) as session:
            return tuple(map(_incident, session.scalars(chosen)))

    def get(self, number: int) -> Incident:
        """One incident. Raises NotFound."""
        with Session(self._engine) as session:
            return _incident(_known(session, number))

    def acknowledge(self, number: int, decider: Decider, words: str) -> Incident:
        """Note that somebody has taken it on: nothing more is sent until it is over.

        Raises NotFound; RequestError where it is over or acknowledged already, or nothing is said.
        """
        why = checked_words(words, "reason")
        name = checked_words(decider.name, "name")
        now = self._clock.now()
        with Session(self._engine) as session, session.begin():
            session.execute(text("begin immediate"))
            row = _known(session, number)
            if row.settled_at is not None:
                raise RequestError(
                    f"the incident {number} is over since {row.resolved_at:%Y-%m-%d %H:%M} UTC",
                    next_step="amalimart incident list shows those that go on",
                )
            if row.acknowledged_at is not None:
                raise RequestError(
                    f"the incident {number} is acknowledged already, by {row.acknowledged_by}",
                    next_step=f"amalimart incident show {number}",
                )
            row.acknowledged_by, row.acknowledged_at, row.acknowledgement = name, now, why
            session.execute(
                update(NotificationRow)
                .where(NotificationRow.incident_number == number, NotificationRow.state.in_(PENDING))
                .values(state=DeliveryState.GIVEN_UP.value, last_error="acknowledged before it could be sent")
            )
            details = {"incident": number, "key": row.key, "by": name, "reason": why}
            add_entry(session, AuditEntry(now, decider.subject, ACKNOWLEDGED, details))
            return _incident(row)


def _alive() -> Select[IncidentRow]:
    return select(IncidentRow).where(IncidentRow.settled_at.is_(None))


def _worst_by_key(troubles: Sequence[Trouble]) -> Mapping[str, Trouble]:
    found: dict[str, Trouble] = {}
    for trouble in troubles:
        if trouble.key not in found or trouble.severity is Severity.ERROR:
            found[trouble.key] = trouble
    return found


def _told(session: Session, numbers: Sequence[int]) -> _ToldTo:
    rows = session.scalars(
        select(NotificationRow)
        .where(NotificationRow.incident_number.in_(numbers))
        .order_by(NotificationRow.notification_id)
    )
    told: dict[tuple[int, str], list[Told]] = defaultdict(list)
    for row in rows:
        told[row.incident_number, row.channel].append(
            Told(
                NoticeEvent(row.event),
                Severity(row.severity),
                row.made_at,
                DeliveryState(row.state),
                row.attempts,
            )
        )
    return told


def _settle(session: Session, row: IncidentRow, told: _ToldTo, now: datetime) -> None:
    row.settled_at = now
    for (number, channel), said in told.items():
        if number == row.number and hears_of_the_end(said):
            _queue(session, row, channel, NoticeEvent.RESOLVED, now)


def _seen(session: Session, row: IncidentRow | None, trouble: Trouble, now: datetime) -> IncidentRow:
    if row is None:
        row = IncidentRow(key=trouble.key, kind=trouble.kind.value, opened_at=now, times=0)
        session.add(row)
    row.severity = trouble.severity.value
    row.title, row.details = trouble.title[:_LONGEST_TITLE], trouble.details[:_LONGEST_DETAILS]
    row.place, row.next_step = trouble.where, trouble.next_step
    row.last_seen_at, row.resolved_at = now, None
    row.times += 1
    session.flush()
    return row


def _tell(session: Session, row: IncidentRow, telling: Telling, told: _ToldTo, now: datetime) -> None:
    if row.acknowledged_at is not None:
        return
    incident = _incident(row)
    for channel in sorted(set(telling.channels_for(incident.trouble))):
        said = told.get((row.number, channel), ())
        event = next_event(incident.trouble.severity, said, now, telling.remind_after)
        if event is not None:
            _queue(session, row, channel, event, now)


def _queue(session: Session, row: IncidentRow, channel: str, event: NoticeEvent, now: datetime) -> None:
    session.add(
        NotificationRow(
            message_id=secrets.token_hex(16),
            incident_number=row.number,
            channel=channel,
            event=event.value,
            severity=row.severity,
            content=incident_content(_incident(row)),
            made_at=now,
            state=DeliveryState.QUEUED.value,
            attempts=0,
            next_attempt_at=now,
        )
    )


def _known(session: Session, number: int) -> IncidentRow:
    row = session.get(IncidentRow, number)
    if row is None:
        newest = session.scalars(select(IncidentRow.number).order_by(IncidentRow.number.desc())).first()
        raise NotFound(
            f"there is no incident {number}",
            expected=f"1 to {newest}" if newest else "an incident; there is none yet",
            next_step="amalimart incident list --all",
        )
    return row


def _incident(row: IncidentRow) -> Incident:
    return Incident(
        number=row.number,
        trouble=Trouble(
            key=row.key,
            kind=IncidentKind(row.kind),
            severity=Severity(row.severity),
            title=row.title,
            details=row.details,
            where=row.place,
            next_step=row.next_step,
        ),
        opened_at=row.opened_at,
        last_seen_at=row.last_seen_at,
        times=row.times,
        acknowledged_by=row.acknowledged_by,
        acknowledged_at=row.acknowledged_at,
        acknowledgement=row.acknowledgement,
        resolved_at=row.resolved_at,
    )
