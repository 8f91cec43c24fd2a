"""API keys: what a program shows instead of a session. Shown once, kept as a hash, revoked at once.

A key acts as one user, with what that user may do at the moment, or for itself in a role and with ids of its
own. Adding and revoking one is an entry of the audit of decisions, in the same transaction.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Engine, select, text, update
from sqlalchemy.orm import Session

from amalimart.access.principal import Principal, Role
from amalimart.control.audit.decisions import AuditEntry, add_entry
from amalimart.control.tables import ApiKeyRow, UserRow
from amalimart.control.users.user import folded_email, user_of
from amalimart.core.clock import Clock
from amalimart.core.errors import ConfigError, NotFound
from amalimart.core.names import nearest

PREFIX = "amk_"
ADDED, REVOKED = "key.added", "key.revoked"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_USED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it may be shown. `user` is whom it acts as; None for one that acts for itself."""

    key_id: str
    name: str
    role: Role
    user: str | None
    vendor_ids: frozenset[str]
    delivery_partner_ids: frozenset[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    business_ids: frozenset[str] = frozenset()

    def is_live(self, now: datetime) -> bool:
        """Whether it opens anything."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Who a request with a key is from."""

    key: ApiKey
    principal: Principal


class ApiKeys:
    """Adds, lists, revokes and resolves keys."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def add(
        self,
        name: str,
        *,
        by: str,
        role: Role | None = None,
        user: str | None = None,
        vendor_ids: Iterable[str] = (),
        business_ids: Iterable[str] = (),
        delivery_partner_ids: Iterable[str] = (),
        expires_after: timedelta | None = None,
    ) -> tuple[ApiKey, str]:
        """A new key and its text, which is kept nowhere. Raises ConfigError, NotFound for an unknown user."""
        vendors, businesses = sorted(vendor_ids), sorted(business_ids)
        partners = sorted(delivery_partner_ids)
        _require(name, role, user, [*vendors, *businesses], partners)
        now = self._clock.now()
        key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        whole = f"{PREFIX}{key_id}_{secret}"
        with Session(self._engine) as session, session.begin():
            session.execute(text("begin immediate"))
            taken = select(ApiKeyRow.key_id).where(ApiKeyRow.name == name, ApiKeyRow.revoked_at.is_(None))
            if session.scalar(taken) is not None:
                raise ConfigError(
                    f"there is already a key {name}",
                    next_step=f"amalimart key revoke {name}, or another name",
                )
            owner = _owner(session, user) if user is not None else None
            row = ApiKeyRow(
                key_id=key_id,
                name=name,
                token_hash=_hash(whole),
                user_id=owner.user_id if owner else None,
                role=owner.role if owner else role.value if role else "",
                vendor_ids=vendors,
                business_ids=businesses,
                delivery_partner_ids=partners,
                created_at=now,
                expires_at=now + expires_after if expires_after else None,
                revoked_at=None,
                last_used_at=None,
            )
            session.add(row)
            details = {"key_id": key_id, "name": name, "role": row.role, "acts_as_user": owner is not None}
            add_entry(session, AuditEntry(now, by, ADDED, details))
            session.flush()
            return _key(row, owner), whole

    def list(self) -> list[ApiKey]:
        """All keys, revoked ones too, in the order of their names."""
        query = (
            select(ApiKeyRow, UserRow)
            .outerjoin(UserRow, UserRow.user_id == ApiKeyRow.user_id)
            .order_by(ApiKeyRow.name, ApiKeyRow.created_at)
        )
        with Session(self._engine) as session:
            return [_key(row, owner) for row, owner in session.execute(query)]

    def revoke(self, name: str, *, by: str) -> None:
        """Let the live key of a name open nothing from now on. Raises NotFound."""
        now = self._clock.now()
        live = ApiKeyRow.revoked_at.is_(None)
        with Session(self._engine) as session, session.begin():
            session.execute(text("begin immediate"))
            row = session.scalar(select(ApiKeyRow).where(ApiKeyRow.name == name, live))
            if row is None:
                known = list(session.scalars(select(ApiKeyRow.name).where(live)))
                raise NotFound(
                    f"there is no key {name!r} that is not revoked",
                    nearest=nearest(name[:100], known),
                    next_step="amalimart key list",
                )
            row.revoked_at = now
            add_entry(session, AuditEntry(now, by, REVOKED, {"key_id": row.key_id, "name": name}))

    def resolve(self, given: str) -> KeyHolder | None:
        """Who a key acts as now; None where it is unknown, revoked or expired, or its user is disabled."""
        found = self._holder(ApiKeyRow.token_hash == _hash(given))
        if found is not None:
            self._note_use(found.key)
        return found

    def find(self, key_id: str) -> KeyHolder | None:
        """The same for a key that is known by its id, without counting as a use."""
        return self._holder(ApiKeyRow.key_id == key_id)

    def named(self, name: str) -> KeyHolder | None:
        """The same for the live key of a name."""
        return self._holder((ApiKeyRow.name == name) & ApiKeyRow.revoked_at.is_(None))

    def _holder(self, condition: ColumnElement[bool]) -> KeyHolder | None:
        query = select(ApiKeyRow, UserRow).outerjoin(UserRow, UserRow.user_id == ApiKeyRow.user_id)
        with Session(self._engine) as session:
            found = session.execute(query.where(condition)).one_or_none()
            if found is None:
                return None
            row, owner = found
            key = _key(row, owner)
            if not key.is_live(self._clock.now()) or (
                row.user_id is not None and not (owner and owner.enabled)
            ):
                return None
            return KeyHolder(key, user_of(owner).principal if owner else _own_principal(key))

    def _note_use(self, key: ApiKey) -> None:
        """Written at most once a minute, so that a busy key does not turn every request into a write."""
        now = self._clock.now()
        if key.last_used_at is not None and now - key.last_used_at < _USED_EVERY:
            return
        with Session(self._engine) as session, session.begin():
            session.execute(update(ApiKeyRow).where(ApiKeyRow.key_id == key.key_id).values(last_used_at=now))


def _require(name: str, role: Role | None, user: str | None, vendors: list[str], partners: list[str]) -> None:
    """`vendors` are ids of vendors or of businesses."""
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{name!r} is no name of a key",
            expected="small letters, digits, dots, dashes and underscores, 63 at most",
        )
    if (role is None) == (user is None):
        raise ConfigError("a key acts as a user or in a role", expected="one of --user and --role")
    if user is not None and (vendors or partners):
        raise ConfigError(
            "a key that acts as a user has the ids of that user", expected="ids with --role only"
        )
    if (role is Role.VENDOR and not vendors) or (role is Role.DELIVERY and not partners):
        raise ConfigError(
            f"a key in the role {role.value} without ids would see nothing",
            expected="--vendor-id or --business-id" if role is Role.VENDOR else "--delivery-partner-id",
        )


def _owner(session: Session, email: str) -> UserRow:
    owner = session.scalar(select(UserRow).where(UserRow.email == folded_email(email)))
    if owner is None:
        raise NotFound(f"there is no user {folded_email(email)}", next_step="amalimart user add")
    return owner


def _own_principal(key: ApiKey) -> Principal:
    return Principal(
        subject=f"key:{key.name}",
        role=key.role,
        display_name=key.name,
        vendor_ids=key.vendor_ids,
        delivery_partner_ids=key.delivery_partner_ids,
        business_ids=key.business_ids,
    )


def _key(row: ApiKeyRow, owner: UserRow | None) -> ApiKey:
    held = owner or row
    return ApiKey(
        key_id=row.key_id,
        name=row.name,
        role=Role(held.role),
        user=owner.email if owner else None,
        vendor_ids=frozenset(held.vendor_ids),
        delivery_partner_ids=frozenset(held.delivery_partner_ids),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
        business_ids=frozenset(held.business_ids),
    )


def _hash(whole: str) -> str:
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()
