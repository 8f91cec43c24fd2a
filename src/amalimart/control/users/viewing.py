"""Looking at pages as somebody else: which session looks as whom, and until when. For admins alone.

What is looked at is named in the session, never in an address, so that no link can make anybody look.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from amalimart.access.principal import Principal, Role
from amalimart.control.audit.decisions import AuditEntry, add_entry
from amalimart.control.tables import SessionRow, UserRow
from amalimart.control.users.role_scope import checked_scope
from amalimart.control.users.sessions import Sessions, token_hash
from amalimart.control.users.user import folded_email
from amalimart.core.clock import Clock
from amalimart.core.errors import Denied, NotFound, NotSignedIn, UserInvalid

BEGUN, ENDED = "viewing.begun", "viewing.ended"


class Viewing:
    """Begins and ends it. Sessions say who is looked as."""

    def __init__(self, engine: Engine, clock: Clock, sessions: Sessions) -> None:
        self._engine = engine
        self._clock = clock
        self._sessions = sessions

    def begin_as_user(self, token: str, email: str) -> Principal:
        """Look as a user. Raises NotSignedIn, Denied for all but admins, NotFound, UserInvalid."""
        with Session(self._engine) as session:
            row = session.scalar(select(UserRow).where(UserRow.email == folded_email(email), UserRow.enabled))
            user_id = row.user_id if row else None
        return self._begin(token, {"user_id": user_id} if user_id is not None else None)

    def begin_as_vendors(self, token: str, vendor_ids: Iterable[str]) -> Principal:
        """Look as a vendor account of these vendors, whether anybody has one or not."""
        scope = checked_scope(Role.VENDOR, vendor_ids)
        return self._begin(token, {"vendor_ids": scope.lists[0]})

    def end(self, token: str) -> None:
        """Look as oneself again; nothing happens where one does."""
        with Session(self._engine) as session, session.begin():
            session.execute(text("begin immediate"))
            found = session.get(SessionRow, token_hash(token))
            if found is None or found.viewing is None:
                return
            owner = session.get(UserRow, found.user_id)
            if owner is not None:
                add_entry(session, AuditEntry(self._clock.now(), owner.email, ENDED, found.viewing))
            found.viewing = None

    def _begin(self, token: str, wanted: dict[str, Any] | None) -> Principal:
        admin = self._sessions.resolve(token)
        if admin is None:
            raise NotSignedIn("You are not signed in, or the session has ended.", next_step="sign in")
        if admin.role is not Role.ADMIN:
            raise Denied("Only admins look at pages as somebody else.", next_step="ask an admin")
        if wanted is None:
            raise NotFound("There is no such user who may sign in.", next_step="choose one of the list")
        if wanted.get("user_id") == admin.user_id:
            raise UserInvalid("You look at pages as yourself already.", next_step="choose somebody else")
        with Session(self._engine) as session, session.begin():
            session.execute(text("begin immediate"))
            found = session.get(SessionRow, token_hash(token))
            if found is None or found.viewing is not None:
                raise Denied(
                    "You look at pages as somebody already.", next_step="go back to your own pages first"
                )
            found.viewing = wanted
            add_entry(session, AuditEntry(self._clock.now(), admin.email, BEGUN, wanted))
        principal = self._sessions.principal(token)
        if principal is None:
            raise NotSignedIn("The session has ended.", next_step="sign in")
        return principal
