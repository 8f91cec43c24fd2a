"""Which user a person is whom the identity provider vouches for: found, brought up to date, or made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, delete, select, text
from sqlalchemy.orm import Session

from amalimart.access.principal import Role
from amalimart.control.audit.decisions import AuditEntry, add_entry
from amalimart.control.single_sign_on.claims import Person
from amalimart.control.tables import SessionRow, UserIdentityRow, UserRow
from amalimart.control.users.accounts import access_of, changed_access
from amalimart.control.users.administration import ADDED, CHANGED, keep_an_admin
from amalimart.control.users.user import User, insert_user, new_user_row, user_of
from amalimart.core.clock import Clock
from amalimart.core.errors import NotSignedIn

LINKED, TURNED_AWAY = "user.linked", "user.turned_away"
_NO_PASSWORD = ""  # matches none


@dataclass(frozen=True, slots=True)
class Linking:
    """Users and their identities at the provider; where claims give roles, they decide at each sign-in."""

    engine: Engine
    clock: Clock
    maps_roles: bool

    def user_of(self, person: Person) -> User:
        """The user, who may sign in.

        Raises NotSignedIn for one who may not, LastAdmin where the claims take the role of the last one.
        """
        with Session(self.engine) as session, session.begin():
            session.execute(text("begin immediate"))
            row = session.scalar(select(UserRow).where(UserRow.email == person.email))
            known = session.scalar(
                select(UserIdentityRow).where(
                    UserIdentityRow.issuer == person.issuer, UserIdentityRow.subject == person.subject
                )
            )
            _refuse_strangers(session, row, known)
            if row is None and not self.maps_roles:
                raise NotSignedIn(
                    "There is no user with your e-mail address here.", next_step="ask an admin to add you"
                )
            is_turned_away = self.maps_roles and person.scope is None
            if is_turned_away and row is not None:
                session.execute(delete(SessionRow).where(SessionRow.user_id == row.user_id))
                self._note(session, person, TURNED_AWAY, row, {})
            elif not is_turned_away:
                row = self._made(session, person) if row is None else self._updated(session, person, row)
                if known is None:
                    self._link(session, person, row)
            found = user_of(row) if row is not None else None
        if is_turned_away or found is None:
            raise NotSignedIn(
                "No role of this site goes with your account.",
                next_step="ask an admin which group you have to be in, then sign in again",
            )
        return found

    def _made(self, session: Session, person: Person) -> UserRow:
        if person.scope is None:
            raise ValueError("a user is made only in a role that the claims give")
        role = person.scope.role
        row = new_user_row(person.email, person.name, role, _NO_PASSWORD, self.clock.now())
        row.vendor_ids, row.business_ids, row.delivery_partner_ids = person.scope.lists
        insert_user(session, row)
        self._note(session, person, ADDED, row, access_of(row))
        return row

    def _updated(self, session: Session, person: Person, row: UserRow) -> UserRow:
        if person.scope is None:
            return row
        before = access_of(row)
        if person.scope.role is not Role.ADMIN:
            keep_an_admin(session, row)
        row.role = person.scope.role.value
        row.vendor_ids, row.business_ids, row.delivery_partner_ids = person.scope.lists
        if details := changed_access(before, access_of(row)):
            row.updated_at = self.clock.now()
            self._note(session, person, CHANGED, row, details)
        return row

    def _link(self, session: Session, person: Person, row: UserRow) -> None:
        session.add(
            UserIdentityRow(
                user_id=row.user_id,
                issuer=person.issuer,
                subject=person.subject,
                linked_at=self.clock.now(),
            )
        )
        self._note(session, person, LINKED, row, {})

    def _note(
        self, session: Session, person: Person, action: str, row: UserRow, details: Mapping[str, Any]
    ) -> None:
        entry = AuditEntry(
            self.clock.now(), f"oidc:{person.issuer}", action, {"user_id": row.user_id, **details}
        )
        add_entry(session, entry)


def _refuse_strangers(session: Session, row: UserRow | None, known: UserIdentityRow | None) -> None:
    """An address is no identity: who had it before, or has another one now, is not taken for its user."""
    linked = session.get(UserIdentityRow, row.user_id) if row is not None else None
    if (known is not None and (row is None or known.user_id != row.user_id)) or (
        linked is not None and linked is not known
    ):
        raise NotSignedIn(
            "This account and this e-mail address belong to different users here.",
            next_step="ask an admin to link your account anew",
        )
    if row is not None and not row.enabled:
        raise NotSignedIn("Your account is disabled.", next_step="ask an admin")
