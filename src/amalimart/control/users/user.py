"""Users: who may sign in, with which role and rows. Password rules are in `passwords`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from amalimart.access.principal import Principal, Role
from amalimart.control.tables import SessionRow, UserRow
from amalimart.control.users.passwords import Passwords
from amalimart.core.clock import Clock
from amalimart.core.errors import NotFound, UserInvalid
from amalimart.core.names import nearest

_EMAIL = re.compile(r"^[^@\s<>\"',;:\\]{1,64}@[^@\s<>\"',;:\\]{1,189}$")


@dataclass(frozen=True, slots=True)
class User:
    """One person; `enabled` is False for one who may no longer sign in."""

    user_id: int
    email: str
    display_name: str
    role: Role
    vendor_ids: frozenset[str]
    delivery_partner_ids: frozenset[str]
    enabled: bool
    business_ids: frozenset[str] = frozenset()

    @property
    def principal(self) -> Principal:
        """The one who asks, for the access and semantic rooms."""
        return Principal(
            subject=self.email,
            role=self.role,
            display_name=self.display_name,
            vendor_ids=self.vendor_ids,
            delivery_partner_ids=self.delivery_partner_ids,
            business_ids=self.business_ids,
        )


@dataclass(frozen=True, slots=True)
class UserUse:
    """A person and how they use it: when they last signed in, if that is known, and open sessions."""

    user: User
    last_signed_in_at: datetime | None
    sessions: int


def folded_email(email: str) -> str:
    """The form an e-mail address is stored and compared in."""
    return email.encode("utf-8", "replace").decode().strip().casefold()


def user_of(row: UserRow | Row[Any]) -> User:
    """The user whom a stored row describes, or a result that has its columns under their names."""
    return User(
        user_id=row.user_id,
        email=row.email,
        display_name=row.display_name,
        role=Role(row.role),
        vendor_ids=frozenset(row.vendor_ids),
        delivery_partner_ids=frozenset(row.delivery_partner_ids),
        enabled=row.enabled,
        business_ids=frozenset(row.business_ids),
    )


def new_user_row(email: str, display_name: str, role: Role, password_hash: str, now: datetime) -> UserRow:
    """An enabled user without ids, to be inserted. Raises UserInvalid for what is no e-mail address."""
    address = folded_email(email)
    if not _EMAIL.match(address):
        raise UserInvalid(
            f"{email!r} is not an e-mail address", expected="name@domain", next_step="correct the address"
        )
    return UserRow(
        email=address,
        display_name=display_name.strip() or address,
        role=role.value,
        vendor_ids=[],
        business_ids=[],
        delivery_partner_ids=[],
        password_hash=password_hash,
        enabled=True,
        created_at=now,
        updated_at=now,
    )


def insert_user(session: Session, row: UserRow) -> None:
    """Insert a user, in the caller's transaction. Raises UserInvalid for a taken e-mail address."""
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:
        raise UserInvalid(
            f"there is already a user {row.email}",
            expected="an e-mail address that is not in use",
            next_step="change that user instead: amalimart user edit",
        ) from error


class Users:
    """Adds, changes and finds users."""

    def __init__(self, engine: Engine, clock: Clock, passwords: Passwords) -> None:
        self._engine = engine
        self._clock = clock
        self._passwords = passwords

    def add(
        self,
        email: str,
        *,
        display_name: str,
        role: Role,
        password: str,
        vendor_ids: Iterable[str] = (),
        business_ids: Iterable[str] = (),
        delivery_partner_ids: Iterable[str] = (),
    ) -> User:
        """A new, enabled user. Raises UserInvalid, and ConfigError for a weak password."""
        row = new_user_row(email, display_name, role, self._passwords.hash(password), self._clock.now())
        row.vendor_ids, row.business_ids = sorted(vendor_ids), sorted(business_ids)
        row.delivery_partner_ids = sorted(delivery_partner_ids)
        with Session(self._engine) as session, session.begin():
            insert_user(session, row)
            return user_of(row)

    def update(
        self,
        email: str,
        *,
        display_name: str | None = None,
        role: Role | None = None,
        password: str | None = None,
        vendor_ids: Iterable[str] | None = None,
        business_ids: Iterable[str] | None = None,
        delivery_partner_ids: Iterable[str] | None = None,
        enabled: bool | None = None,
    ) -> User:
        """Change what is given and leave the rest; takes effect at the user's next request.

        A new password, or disabling the user, also ends the user's sessions.
        Raises NotFound for an unknown user, ConfigError for a weak password.
        """
        given: dict[str, object] = {"updated_at": self._clock.now()}
        if display_name is not None:
            given["display_name"] = display_name
        if role is not None:
            given["role"] = role.value
        if password is not None:
            given["password_hash"] = self._passwords.hash(password)
        if vendor_ids is not None:
            given["vendor_ids"] = sorted(vendor_ids)
        if business_ids is not None:
            given["business_ids"] = sorted(business_ids)
        if delivery_partner_ids is not None:
            given["delivery_partner_ids"] = sorted(delivery_partner_ids)
        if enabled is not None:
            given["enabled"] = enabled
        with Session(self._engine) as session, session.begin():
            session.execute(update(UserRow).where(UserRow.email == folded_email(email)).values(given))
            if password is not None or enabled is False:
                owner = select(UserRow.user_id).where(UserRow.email == folded_email(email))
                session.execute(delete(SessionRow).where(SessionRow.user_id.in_(owner)))
        return self.get(email)

    def find(self, email: str) -> User | None:
        """The user of an e-mail address, enabled or not; None where there is none."""
        with Session(self._engine) as session:
            row = session.scalar(select(UserRow).where(UserRow.email == folded_email(email)))
            return user_of(row) if row else None

    def get(self, email: str) -> User:
        """The user of an e-mail address, enabled or not. Raises NotFound."""
        if user := self.find(email):
            return user
        raise NotFound(
            f"there is no user {folded_email(email)}",
            nearest=nearest(folded_email(email), [user.email for user in self.list()]),
            next_step="list the users, or add this one",
        )

    def list(self) -> list[User]:
        """All users in the order of their e-mail addresses."""
        with Session(self._engine) as session:
            return [user_of(row) for row in session.scalars(select(UserRow).order_by(UserRow.email))]

    def uses(self) -> tuple[UserUse, ...]:
        """All users in the order of their e-mail addresses, with how each uses the product."""
        now = self._clock.now()
        with Session(self._engine) as session:
            counted = session.execute(
                select(SessionRow.user_id, func.count())
                .where(SessionRow.expires_at > now)
                .group_by(SessionRow.user_id)
            )
            open_ones = {user_id: count for user_id, count in counted}  # noqa: C416 - rows, not pairs
            rows = session.scalars(select(UserRow).order_by(UserRow.email))
            return tuple(
                UserUse(user_of(row), row.last_signed_in_at, open_ones.get(row.user_id, 0)) for row in rows
            )
