"""What admins do with users: add, change, disable, end sessions, give a new password. Decides no sign-in.

Every change is one transaction with its entry of the audit, and holds from the user's next request. The last
admin who may sign in stays one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, delete, func, select, text
from sqlalchemy.orm import Session

from amalimart.access.principal import Role
from amalimart.control.audit.decisions import AuditEntry, add_entry
from amalimart.control.tables import SessionRow, UserIdentityRow, UserRow
from amalimart.control.users.accounts import UserAccount, access_of, account_of, changed_access
from amalimart.control.users.passwords import Passwords, new_password
from amalimart.control.users.role_scope import RoleScope, checked_scope
from amalimart.control.users.user import folded_email, insert_user, new_user_row
from amalimart.core.clock import Clock
from amalimart.core.errors import LastAdmin, NotFound
from amalimart.core.names import nearest

ADDED, CHANGED, DISABLED, ENABLED = "user.added", "user.changed", "user.disabled", "user.enabled"
SESSIONS_ENDED, PASSWORD_RESET, UNLINKED = "user.sessions_ended", "user.password_reset", "user.unlinked"


class UserAdministration:
    """Lists and changes users. `by` is the subject of whoever does."""

    def __init__(self, engine: Engine, clock: Clock, passwords: Passwords, idle: timedelta) -> None:
        """`idle` is how long a session lives after its last request."""
        self._engine = engine
        self._clock = clock
        self._passwords = passwords
        self._idle = idle

    def list(self) -> tuple[UserAccount, ...]:
        """All users in the order of their e-mail addresses."""
        with Session(self._engine) as session:
            rows = session.scalars(select(UserRow).order_by(UserRow.email))
            return tuple(account_of(session, row, self._clock.now(), self._idle) for row in rows)

    def get(self, user_id: int) -> UserAccount:
        """One user. Raises NotFound."""
        with Session(self._engine) as session:
            return account_of(session, _row(session, user_id), self._clock.now(), self._idle)

    def named(self, email: str) -> UserAccount:
        """The user of an e-mail address. Raises NotFound."""
        with Session(self._engine) as session:
            row = session.scalar(select(UserRow).where(UserRow.email == folded_email(email)))
            if row is None:
                known = list(session.scalars(select(UserRow.email)))
                raise NotFound(
                    f"there is no user {folded_email(email)}",
                    nearest=nearest(folded_email(email), known),
                    next_step="amalimart user list",
                )
            return account_of(session, row, self._clock.now(), self._idle)

    def add(
        self,
        email: str,
        *,
        by: str,
        role: Role,
        display_name: str = "",
        vendor_ids: Iterable[str] = (),
        business_ids: Iterable[str] = (),
        delivery_partner_ids: Iterable[str] = (),
    ) -> tuple[UserAccount, str]:
        """A new user and the password, which is kept nowhere. Raises UserInvalid."""
        scope = checked_scope(role, vendor_ids, business_ids, delivery_partner_ids)
        password = new_password()
        row = new_user_row(email, display_name, role, self._passwords.hash(password), self._clock.now())
        row.vendor_ids, row.business_ids, row.delivery_partner_ids = scope.lists
        with Session(self._engine) as session, session.begin():
            insert_user(session, row)
            self._note(session, by, ADDED, row, access_of(row))
            return account_of(session, row, self._clock.now(), self._idle), password

    def edit(
        self,
        user_id: int,
        *,
        by: str,
        display_name: str | None = None,
        role: Role | None = None,
        vendor_ids: Iterable[str] | None = None,
        business_ids: Iterable[str] | None = None,
        delivery_partner_ids: Iterable[str] | None = None,
    ) -> UserAccount:
        """Change what is given; with another role go the ids of the former. Raises UserInvalid, LastAdmin."""

        def change(session: Session, row: UserRow) -> None:
            before = access_of(row)
            given = (vendor_ids, business_ids, delivery_partner_ids)
            if role is not None or any(ids is not None for ids in given):
                scope = _scope_of(row, role, *given)
                if scope.role is not Role.ADMIN:
                    keep_an_admin(session, row)
                row.role = scope.role.value
                row.vendor_ids, row.business_ids, row.delivery_partner_ids = scope.lists
            details = changed_access(before, access_of(row))
            if display_name is not None and (display_name.strip() or row.email) != row.display_name:
                row.display_name = display_name.strip() or row.email
                details["display_name"] = {"changed": True}  # the audit names nobody
            if details:
                self._note(session, by, CHANGED, row, details)

        return self._changed(user_id, change)

    def disable(self, user_id: int, *, by: str) -> UserAccount:
        """Let a user in no more, and end their sessions; their keys open nothing. Raises LastAdmin."""

        def change(session: Session, row: UserRow) -> None:
            keep_an_admin(session, row)
            row.enabled = False
            ended = _end_sessions(session, row)
            self._note(session, by, DISABLED, row, {"sessions_ended": ended})

        return self._changed(user_id, change)

    def enable(self, user_id: int, *, by: str) -> UserAccount:
        """Let a user in again."""

        def change(session: Session, row: UserRow) -> None:
            row.enabled = True
            self._note(session, by, ENABLED, row, {})

        return self._changed(user_id, change)

    def end_sessions(self, user_id: int, *, by: str) -> UserAccount:
        """Sign a user out everywhere; they may sign in again."""

        def change(session: Session, row: UserRow) -> None:
            self._note(session, by, SESSIONS_ENDED, row, {"sessions_ended": _end_sessions(session, row)})

        return self._changed(user_id, change)

    def reset_password(self, user_id: int, *, by: str) -> tuple[UserAccount, str]:
        """A new password, which is kept nowhere; the sessions end with the old one."""
        password = new_password()
        hashed = self._passwords.hash(password)  # slow on purpose: not while the database is locked

        def change(session: Session, row: UserRow) -> None:
            row.password_hash = hashed
            self._note(session, by, PASSWORD_RESET, row, {"sessions_ended": _end_sessions(session, row)})

        return self._changed(user_id, change), password

    def unlink(self, user_id: int, *, by: str) -> UserAccount:
        """Forget who a user is to the identity provider: their next sign-in there links them anew."""

        def change(session: Session, row: UserRow) -> None:
            session.execute(delete(UserIdentityRow).where(UserIdentityRow.user_id == row.user_id))
            self._note(session, by, UNLINKED, row, {"sessions_ended": _end_sessions(session, row)})

        return self._changed(user_id, change)

    def _changed(self, user_id: int, change: Callable[[Session, UserRow], None]) -> UserAccount:
        with Session(self._engine) as session, session.begin():
            session.execute(text("begin immediate"))  # two who demote each other's last admin stand in line
            row = _row(session, user_id)
            change(session, row)
            row.updated_at = self._clock.now()
            session.flush()
            return account_of(session, row, self._clock.now(), self._idle)

    def _note(self, session: Session, by: str, action: str, row: UserRow, details: Mapping[str, Any]) -> None:
        add_entry(session, AuditEntry(self._clock.now(), by, action, {"user_id": row.user_id, **details}))


def keep_an_admin(session: Session, row: UserRow) -> None:
    """Raises LastAdmin where this user is the only one who may administer users."""
    if Role(row.role) is not Role.ADMIN or not row.enabled:
        return
    others = select(func.count()).where(
        UserRow.role == Role.ADMIN.value, UserRow.enabled, UserRow.user_id != row.user_id
    )
    if not session.scalar(others):
        raise LastAdmin(
            "This is the last admin: nobody could administer users any more.",
            next_step="make somebody else an admin first",
        )


def _row(session: Session, user_id: int) -> UserRow:
    row = session.get(UserRow, user_id)
    if row is None:
        raise NotFound(f"there is no user {user_id}", next_step="list the users")
    return row


def _scope_of(
    row: UserRow,
    role: Role | None,
    vendor_ids: Iterable[str] | None,
    business_ids: Iterable[str] | None,
    delivery_partner_ids: Iterable[str] | None,
) -> RoleScope:
    """What is given, and where nothing is, what was, as far as the role has such ids."""
    wanted = role or Role(row.role)
    keeps = wanted is Role(row.role)
    vendors = row.vendor_ids if keeps or wanted is Role.VENDOR else ()
    businesses = row.business_ids if keeps or wanted is Role.VENDOR else ()
    partners = row.delivery_partner_ids if keeps or wanted is Role.DELIVERY else ()
    return checked_scope(
        wanted,
        vendors if vendor_ids is None else vendor_ids,
        businesses if business_ids is None else business_ids,
        partners if delivery_partner_ids is None else delivery_partner_ids,
    )


def _end_sessions(session: Session, row: UserRow) -> int:
    open_ones = session.scalar(select(func.count()).where(SessionRow.user_id == row.user_id)) or 0
    session.execute(delete(SessionRow).where(SessionRow.user_id == row.user_id))
    return open_ones
