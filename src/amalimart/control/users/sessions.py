"""Sessions: a random token in a cookie, its hash here, an idle and an absolute end."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, bindparam, delete, func, select, update
from sqlalchemy.orm import Session

from amalimart.access.principal import Principal, Role
from amalimart.control.tables import SessionRow, UserRow
from amalimart.control.users.user import User, user_of
from amalimart.core.clock import Clock

# Every request asks this: composed once, and read as columns.
_HELD = (
    select(
        SessionRow.expires_at.label("session_expires_at"),
        SessionRow.last_seen_at.label("session_last_seen_at"),
        SessionRow.viewing.label("session_viewing"),
        *UserRow.__table__.columns,
    )
    .join(UserRow, UserRow.user_id == SessionRow.user_id)
    .where(SessionRow.token_hash == bindparam("token_hash"))
)


@dataclass(frozen=True, slots=True)
class SessionRule:
    """How long a session lives: since its last request, and in all.

    seen_every  the last request is written at most this often, so that a live page does not
                turn every poll into a write
    """

    idle: timedelta = timedelta(hours=8)
    absolute: timedelta = timedelta(days=7)
    seen_every: timedelta = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A new session: the token to hand to the browser once, and its absolute end."""

    token: str
    expires_at: datetime


class Sessions:
    """Opens, resolves and closes sessions."""

    def __init__(self, engine: Engine, clock: Clock, rule: SessionRule) -> None:
        self._engine = engine
        self._clock = clock
        self._rule = rule

    def open(self, user: User) -> OpenedSession:
        """A new session for a verified user; sessions that have ended are cleared on the way."""
        now = self._clock.now()
        token = secrets.token_urlsafe(32)
        expires_at = now + self._rule.absolute
        with Session(self._engine) as session, session.begin():
            session.execute(
                delete(SessionRow).where(
                    (SessionRow.expires_at <= now) | (SessionRow.last_seen_at <= now - self._rule.idle)
                )
            )
            session.execute(
                update(UserRow).where(UserRow.user_id == user.user_id).values(last_signed_in_at=now)
            )
            session.add(
                SessionRow(
                    token_hash=token_hash(token),
                    user_id=user.user_id,
                    created_at=now,
                    last_seen_at=now,
                    expires_at=expires_at,
                )
            )
        return OpenedSession(token, expires_at)

    def resolve(self, token: str) -> User | None:
        """The user of a live session as they are now, or None: ended, unknown, or no longer enabled."""
        found = self._found(token)
        return found[0] if found else None

    def principal(self, token: str) -> Principal | None:
        """Whom a live session asks as: its user, or whom its user looks at pages as; None as for `resolve`.

        Where an admin may not look any more, or there is nobody to look as, the session ends: the next
        answer must not be the admin's own on a page that says otherwise.
        """
        found = self._found(token)
        if found is None:
            return None
        user, viewing = found
        if viewing is None:
            return user.principal
        viewed = self._viewed(viewing) if user.role is Role.ADMIN else None
        if viewed is None:
            self.close(token)
            return None
        return replace(viewed, viewed_by=user.email)

    def _viewed(self, viewing: Mapping[str, Any]) -> Principal | None:
        if "vendor_ids" in viewing:
            vendors = frozenset(viewing["vendor_ids"])
            name = ", ".join(sorted(vendors))
            return Principal(f"vendor:{name}", Role.VENDOR, name, vendor_ids=vendors)
        with Session(self._engine) as session:
            row = session.get(UserRow, viewing["user_id"])
            return user_of(row).principal if row is not None and row.enabled else None

    def _found(self, token: str) -> tuple[User, dict[str, Any] | None] | None:
        now = self._clock.now()
        with self._engine.connect() as connection:
            row = connection.execute(_HELD, {"token_hash": token_hash(token)}).one_or_none()
        if row is None:
            return None
        last_seen_at: datetime = row.session_last_seen_at
        if now >= row.session_expires_at or now >= last_seen_at + self._rule.idle or not row.enabled:
            return None
        user, viewing = user_of(row), row.session_viewing
        if now - last_seen_at >= self._rule.seen_every:
            with Session(self._engine) as session, session.begin():
                session.execute(
                    update(SessionRow)
                    .where(SessionRow.token_hash == token_hash(token))
                    .values(last_seen_at=now)
                )
        return user, viewing

    def count_open(self) -> int:
        """How many sessions have not ended."""
        now = self._clock.now()
        with Session(self._engine) as session:
            return (
                session.scalar(
                    select(func.count())
                    .select_from(SessionRow)
                    .where(SessionRow.expires_at > now, SessionRow.last_seen_at > now - self._rule.idle)
                )
                or 0
            )

    def close(self, token: str) -> None:
        """End a session; nothing happens where it has ended already."""
        with Session(self._engine) as session, session.begin():
            session.execute(delete(SessionRow).where(SessionRow.token_hash == token_hash(token)))

    def close_all(self, user: User) -> None:
        """End every session of a user."""
        with Session(self._engine) as session, session.begin():
            session.execute(delete(SessionRow).where(SessionRow.user_id == user.user_id))


def token_hash(token: str) -> str:
    """Under which a session is stored."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
