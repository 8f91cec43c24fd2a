"""Who may sign in, by what, and what was said of their rights."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from amalimart.control.tables.base import Base, UtcInstant


class UserRow(Base):
    """A person who may sign in; `email` is folded to lower case."""

    __tablename__ = "users"

    user_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    display_name: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(32))
    vendor_ids: Mapped[list[str]] = mapped_column(JSON)
    business_ids: Mapped[list[str]] = mapped_column(JSON, server_default="[]")
    delivery_partner_ids: Mapped[list[str]] = mapped_column(JSON)
    password_hash: Mapped[str] = mapped_column(String(256))
    enabled: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[datetime] = mapped_column(UtcInstant)
    updated_at: Mapped[datetime] = mapped_column(UtcInstant)
    last_signed_in_at: Mapped[datetime | None] = mapped_column(UtcInstant)


class UserIdentityRow(Base):
    """Who a user is to the identity provider by which they sign in; one of each."""

    __tablename__ = "user_identities"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("users.user_id", ondelete="CASCADE"), primary_key=True)
    issuer: Mapped[str] = mapped_column(String(500))
    subject: Mapped[str] = mapped_column(String(255))
    linked_at: Mapped[datetime] = mapped_column(UtcInstant)


class SessionRow(Base):
    """A signed-in browser. Only the SHA-256 of its token is kept.

    viewing  as whom an admin looks at pages: `{"user_id": 7}` or `{"vendor_ids": ["17"]}`
    """

    __tablename__ = "sessions"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.user_id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcInstant)
    last_seen_at: Mapped[datetime] = mapped_column(UtcInstant)
    expires_at: Mapped[datetime] = mapped_column(UtcInstant, index=True)
    viewing: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class ApiKeyRow(Base):
    """What a program shows, not a session; only its SHA-256 is kept. Without a user it acts for itself."""

    __tablename__ = "api_keys"

    key_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(63), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.user_id", ondelete="CASCADE"), index=True)
    role: Mapped[str] = mapped_column(String(32))
    vendor_ids: Mapped[list[str]] = mapped_column(JSON)
    business_ids: Mapped[list[str]] = mapped_column(JSON, server_default="[]")
    delivery_partner_ids: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcInstant)
    expires_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcInstant)


class SignInAttemptRow(Base):
    """Attempts on one account since its last success, known or not, under a hash of the e-mail address."""

    __tablename__ = "sign_in_attempts"

    account_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    attempts: Mapped[int] = mapped_column(Integer)
    last_at: Mapped[datetime] = mapped_column(UtcInstant, index=True)
    locked_until: Mapped[datetime | None] = mapped_column(UtcInstant)


class AccessReviewRow(Base):
    """A review of who may see what, as it was made by itself on a day."""

    __tablename__ = "access_reviews"

    review_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    made_at: Mapped[datetime] = mapped_column(UtcInstant, index=True)
    report_hash: Mapped[str] = mapped_column(String(64))
    report: Mapped[dict[str, Any]] = mapped_column(JSON)


class SignOffRow(Base):
    """Somebody's word that an access review was looked at, by the hash of the review."""

    __tablename__ = "access_sign_offs"

    sign_off_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    report_hash: Mapped[str] = mapped_column(String(64))
    users: Mapped[int] = mapped_column(Integer)
    signed_by: Mapped[str] = mapped_column(String(200))
    subject: Mapped[str] = mapped_column(String(254))
    reason: Mapped[str] = mapped_column(String(2000))
    signed_at: Mapped[datetime] = mapped_column(UtcInstant)
