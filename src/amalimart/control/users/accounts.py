"""Users with all by which they come in, and what gives them access, as it is read. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from amalimart.control.tables import ApiKeyRow, SessionRow, UserIdentityRow, UserRow
from amalimart.control.users.user import User, user_of


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A browser that is signed in."""

    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class HeldKey:
    """An API key that acts as the user, and opens something."""

    name: str
    expires_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class UserAccount:
    """A user, and all by which they come in. `issuer` is the identity provider that they are linked to."""

    user: User
    created_at: datetime
    last_signed_in_at: datetime | None
    issuer: str | None
    has_password: bool
    sessions: tuple[OpenSession, ...]
    keys: tuple[HeldKey, ...]


def account_of(session: Session, row: UserRow, now: datetime, idle: timedelta) -> UserAccount:
    """The account of a stored user; `idle` is how long a session lives after its last request."""
    sessions = session.scalars(
        select(SessionRow)
        .where(
            SessionRow.user_id == row.user_id,
            SessionRow.expires_at > now,
            SessionRow.last_seen_at > now - idle,
        )
        .order_by(SessionRow.last_seen_at.desc())
    )
    keys = session.scalars(
        select(ApiKeyRow)
        .where(ApiKeyRow.user_id == row.user_id, ApiKeyRow.revoked_at.is_(None))
        .order_by(ApiKeyRow.name)
    )
    identity = session.get(UserIdentityRow, row.user_id)
    return UserAccount(
        user_of(row),
        row.created_at,
        row.last_signed_in_at,
        identity.issuer if identity else None,
        bool(row.password_hash),
        tuple(OpenSession(each.created_at, each.last_seen_at, each.expires_at) for each in sessions),
        tuple(
            HeldKey(each.name, each.expires_at, each.last_used_at)
            for each in keys
            if each.expires_at is None or now < each.expires_at
        ),
    )


def access_of(row: UserRow) -> dict[str, Any]:
    """What decides what a user sees, as the audit tells it."""
    return {
        "role": row.role,
        "vendor_ids": row.vendor_ids,
        "business_ids": row.business_ids,
        "delivery_partner_ids": row.delivery_partner_ids,
    }


def changed_access(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What differs, from what to what."""
    return {
        name: {"before": before[name], "after": now} for name, now in after.items() if now != before[name]
    }
