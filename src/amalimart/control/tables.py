"""Shape of the control database. Every change here needs a migration; the queries live elsewhere."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class UtcInstant(TypeDecorator[datetime]):
    """An aware UTC instant. SQLite keeps no zone, so it is put back on the way out."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive timestamp cannot be stored in the control database")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if isinstance(value, datetime) else None


class Base(DeclarativeBase):
    """The metadata that migrations are compared with."""


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


class AcceptanceRow(Base):
    """Somebody's word that a check may fail, and how it ended: revoked, or lapsed as the check passed."""

    __tablename__ = "check_acceptances"

    acceptance_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    check_name: Mapped[str] = mapped_column(String(500), index=True)
    blocked_number: Mapped[int] = mapped_column(Integer)
    failing_rows: Mapped[int] = mapped_column(BigInteger)
    accepted_by: Mapped[str] = mapped_column(String(200))
    subject: Mapped[str] = mapped_column(String(254))
    reason: Mapped[str] = mapped_column(String(2000))
    accepted_at: Mapped[datetime] = mapped_column(UtcInstant)
    ended_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    ended_as: Mapped[str | None] = mapped_column(String(16))


class ApprovalRow(Base):
    """Somebody's word that one definition is right, by its hash."""

    __tablename__ = "definition_approvals"

    approval_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(200), index=True)
    definition_hash: Mapped[str] = mapped_column(String(64))
    product_version: Mapped[str] = mapped_column(String(32))
    approved_by: Mapped[str] = mapped_column(String(200))
    subject: Mapped[str] = mapped_column(String(254))
    reason: Mapped[str] = mapped_column(String(2000))
    approved_at: Mapped[datetime] = mapped_column(UtcInstant)


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


class AuditRow(Base):
    """Something that a person decided. Rows are added and never changed."""

    __tablename__ = "audit"

    entry_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    happened_at: Mapped[datetime] = mapped_column(UtcInstant, index=True)
    subject: Mapped[str] = mapped_column(String(254))
    action: Mapped[str] = mapped_column(String(64))
    details: Mapped[dict[str, Any]] = mapped_column(JSON)


class AuditLogRow(Base):
    """One call in which something was asked, chained to the one before by its MAC."""

    __tablename__ = "audit_log"

    sequence: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[str] = mapped_column(String(32), index=True)
    subject: Mapped[str] = mapped_column(String(64), index=True)
    role: Mapped[str] = mapped_column(String(32))
    door: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(16))
    shape_hash: Mapped[str] = mapped_column(String(64), index=True)
    policy: Mapped[str] = mapped_column(String(64))
    release_id: Mapped[int | None] = mapped_column(Integer)
    outcome: Mapped[str] = mapped_column(String(16))
    errors: Mapped[str] = mapped_column(String(500))
    mac: Mapped[str] = mapped_column(String(64))


class AuditShapeRow(Base):
    """The shape of what was asked, under its hash: names without values."""

    __tablename__ = "audit_shapes"

    shape_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    shape: Mapped[str] = mapped_column(Text)


class AuditCheckpointRow(Base):
    """Where the chain begins now: the last record that was removed, or up to which somebody resealed it."""

    __tablename__ = "audit_checkpoints"

    sequence: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    mac: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(16))
    made_at: Mapped[str] = mapped_column(String(32))
    signature: Mapped[str] = mapped_column(String(64))


class QualityResultRow(Base):
    """What one run of a monitored check found for one subject and period. `number` counts up."""

    __tablename__ = "quality_results"
    __table_args__ = (Index("ix_quality_results_check_name_number", "check_name", "number"),)

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    run_id: Mapped[str] = mapped_column(String(32), index=True)
    check_name: Mapped[str] = mapped_column(String(63))
    kind: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(200))
    period: Mapped[str | None] = mapped_column(String(32))
    severity: Mapped[str] = mapped_column(String(16))
    verdict: Mapped[str] = mapped_column(String(16))
    expected: Mapped[str] = mapped_column(String(2000))
    actual: Mapped[str] = mapped_column(String(2000))
    message: Mapped[str] = mapped_column(String(4000))
    checked_at: Mapped[datetime] = mapped_column(UtcInstant, index=True)
    release_id: Mapped[int | None] = mapped_column(Integer)
    low: Mapped[float | None] = mapped_column(Float)
    high: Mapped[float | None] = mapped_column(Float)
    value: Mapped[float | None] = mapped_column(Float)
    unit: Mapped[str | None] = mapped_column(String(32))
    samples: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class QualityAcknowledgementRow(Base):
    """Somebody's word that what a check found is known.

    ended_at  when what was acknowledged was over; of a period it never is
    """

    __tablename__ = "quality_acknowledgements"

    acknowledgement_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    check_name: Mapped[str] = mapped_column(String(63), index=True)
    subject: Mapped[str] = mapped_column(String(200))
    period: Mapped[str | None] = mapped_column(String(32))
    acknowledged_by: Mapped[str] = mapped_column(String(200))
    principal: Mapped[str] = mapped_column(String(254))
    reason: Mapped[str] = mapped_column(String(2000))
    acknowledged_at: Mapped[datetime] = mapped_column(UtcInstant)
    ended_at: Mapped[datetime | None] = mapped_column(UtcInstant)


class ErasureRow(Base):
    """A person who was erased, by the mark of the lake; done once nothing was left to do.

    counts  rows and files of each table, when it began
    """

    __tablename__ = "erasures"

    person: Mapped[str] = mapped_column(String(32), primary_key=True)
    begun_at: Mapped[datetime] = mapped_column(UtcInstant)
    done_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    erased_by: Mapped[str] = mapped_column(String(200))
    subject: Mapped[str] = mapped_column(String(254))
    reason: Mapped[str] = mapped_column(String(2000))
    counts: Mapped[dict[str, Any]] = mapped_column(JSON)


class BackupRow(Base):
    """A backup that was taken of the project, and where it was put then."""

    __tablename__ = "backups_taken"

    folder: Mapped[str] = mapped_column(String(1000), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcInstant)


class SourceShapeRow(Base):
    """Tables, columns and types of a source: those that somebody knows of, and those seen last."""

    __tablename__ = "source_shapes"

    source: Mapped[str] = mapped_column(String(63), primary_key=True)
    known: Mapped[dict[str, dict[str, str]]] = mapped_column(JSON)
    seen: Mapped[dict[str, dict[str, str]]] = mapped_column(JSON)
    seen_at: Mapped[datetime] = mapped_column(UtcInstant)


class IncidentRow(Base):
    """A trouble from when it was first seen; alive until it is settled, and one of a key is alive at most."""

    __tablename__ = "incidents"
    __table_args__ = (
        Index("ux_incidents_alive_key", "key", unique=True, sqlite_where=text("settled_at is null")),
    )

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(String(500))
    kind: Mapped[str] = mapped_column(String(32))
    severity: Mapped[str] = mapped_column(String(16))
    title: Mapped[str] = mapped_column(String(300))
    details: Mapped[str] = mapped_column(String(2000))
    place: Mapped[str | None] = mapped_column(String(500))
    next_step: Mapped[str | None] = mapped_column(String(500))
    opened_at: Mapped[datetime] = mapped_column(UtcInstant, index=True)
    last_seen_at: Mapped[datetime] = mapped_column(UtcInstant)
    times: Mapped[int] = mapped_column(BigInteger)
    acknowledged_by: Mapped[str | None] = mapped_column(String(200))
    acknowledged_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    acknowledgement: Mapped[str | None] = mapped_column(String(2000))
    resolved_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    settled_at: Mapped[datetime | None] = mapped_column(UtcInstant)


class NotificationRow(Base):
    """One message to one channel: what it says of its incident, and how far it has come.

    letter_id  of the letter in which it goes out with others
    """

    __tablename__ = "notifications"

    notification_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    message_id: Mapped[str] = mapped_column(String(32), unique=True)
    letter_id: Mapped[str | None] = mapped_column(String(32), index=True)
    incident_number: Mapped[int] = mapped_column(ForeignKey("incidents.number"), index=True)
    channel: Mapped[str] = mapped_column(String(63))
    event: Mapped[str] = mapped_column(String(16))
    severity: Mapped[str] = mapped_column(String(16))
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    made_at: Mapped[datetime] = mapped_column(UtcInstant)
    state: Mapped[str] = mapped_column(String(16), index=True)
    attempts: Mapped[int] = mapped_column(Integer)
    next_attempt_at: Mapped[datetime] = mapped_column(UtcInstant)
    sent_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    last_error: Mapped[str | None] = mapped_column(String(500))


class AccessReviewRow(Base):
    """A review of who may see what, as it was made by itself on a day."""

    __tablename__ = "access_reviews"

    review_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    made_at: Mapped[datetime] = mapped_column(UtcInstant, index=True)
    report_hash: Mapped[str] = mapped_column(String(64))
    report: Mapped[dict[str, Any]] = mapped_column(JSON)


class SignInAttemptRow(Base):
    """Attempts on one account since its last success, known or not, under a hash of the e-mail address."""

    __tablename__ = "sign_in_attempts"

    account_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    attempts: Mapped[int] = mapped_column(Integer)
    last_at: Mapped[datetime] = mapped_column(UtcInstant, index=True)
    locked_until: Mapped[datetime | None] = mapped_column(UtcInstant)


class LeaseRow(Base):
    """Who alone may do something, until when. The token grows with every holder and is never given twice."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    holder: Mapped[str] = mapped_column(String(64))
    token: Mapped[int] = mapped_column(BigInteger)
    renewals: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[datetime] = mapped_column(UtcInstant)


class JobRunRow(Base):
    """One try of a scheduled job for one moment. Of a moment, one try at most succeeds."""

    __tablename__ = "job_runs"
    __table_args__ = (
        Index("ix_job_runs_attempt", "job", "scheduled_for", "attempt", unique=True),
        Index(
            "ix_job_runs_succeeded",
            "job",
            "scheduled_for",
            unique=True,
            sqlite_where=text("state = 'succeeded'"),
            postgresql_where=text("state = 'succeeded'"),
        ),
    )

    run_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    job: Mapped[str] = mapped_column(String(64))
    scheduled_for: Mapped[datetime] = mapped_column(UtcInstant)
    attempt: Mapped[int] = mapped_column(Integer)
    lease_token: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(16), index=True)
    started_at: Mapped[datetime] = mapped_column(UtcInstant, index=True)
    ended_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    outcome: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    asked_by: Mapped[str | None] = mapped_column(String(254))


class JobMarkRow(Base):
    """Up to which moment a job's schedule is settled: its runs have begun, or were passed over."""

    __tablename__ = "job_marks"

    job: Mapped[str] = mapped_column(String(64), primary_key=True)
    settled_until: Mapped[datetime] = mapped_column(UtcInstant)


class QuestionShapeRow(Base):
    """How often a shape of a question was answered on a day: names of metrics and dimensions, no values."""

    __tablename__ = "question_shapes"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    shape_hash: Mapped[str] = mapped_column(String(32), primary_key=True)
    shape: Mapped[dict[str, Any]] = mapped_column(JSON)
    count: Mapped[int] = mapped_column(BigInteger)
    seconds: Mapped[float] = mapped_column(Float)


class SavedQuestionRow(Base):
    """A question that somebody keeps. `saved_as` is the role and ids under which it was written."""

    __tablename__ = "saved_questions"

    question_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.user_id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    sharing: Mapped[str] = mapped_column(String(16), index=True)
    question: Mapped[dict[str, Any]] = mapped_column(JSON)
    saved_as: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcInstant)
    changed_at: Mapped[datetime] = mapped_column(UtcInstant)


class BoardTileRow(Base):
    """One saved question on the board of one person, in its place."""

    __tablename__ = "board_tiles"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.user_id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    question_id: Mapped[str] = mapped_column(ForeignKey("saved_questions.question_id", ondelete="CASCADE"))


class QuestionScheduleRow(Base):
    """When a kept question is answered by itself for one person, who may be another than its owner.

    settled_until  moments up to then have been run, or passed over
    """

    __tablename__ = "question_schedules"
    __table_args__ = (UniqueConstraint("question_id", "user_id"),)

    schedule_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    question_id: Mapped[str] = mapped_column(ForeignKey("saved_questions.question_id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.user_id", ondelete="CASCADE"), index=True)
    every: Mapped[str] = mapped_column(String(16))
    at: Mapped[str] = mapped_column(String(5))
    weekdays: Mapped[list[str]] = mapped_column(JSON)
    day: Mapped[str | None] = mapped_column(String(4))
    form: Mapped[str] = mapped_column(String(8))
    language: Mapped[str] = mapped_column(String(8))
    is_paused: Mapped[bool] = mapped_column(Boolean)
    settled_until: Mapped[datetime] = mapped_column(UtcInstant)
    changed_at: Mapped[datetime] = mapped_column(UtcInstant)


class QuestionRunRow(Base):
    """What became of one due moment of such a schedule; of each moment there is one row.

    question  what was asked, as it was kept then
    policy    a mark of the rights under which it was answered
    told_at   when those were told who bring the file to its recipient
    """

    __tablename__ = "question_runs"
    __table_args__ = (UniqueConstraint("schedule_id", "due_at"),)

    run_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    schedule_id: Mapped[str] = mapped_column(ForeignKey("question_schedules.schedule_id", ondelete="CASCADE"))
    due_at: Mapped[datetime] = mapped_column(UtcInstant)
    tries: Mapped[int] = mapped_column(Integer)
    outcome: Mapped[str] = mapped_column(String(16))
    begun_at: Mapped[datetime] = mapped_column(UtcInstant)
    ended_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    form: Mapped[str] = mapped_column(String(8))
    release_id: Mapped[int | None] = mapped_column(Integer)
    rows: Mapped[int | None] = mapped_column(BigInteger)
    bytes: Mapped[int | None] = mapped_column(BigInteger)
    file: Mapped[str | None] = mapped_column(String(80))
    file_end: Mapped[str | None] = mapped_column(String(16))
    policy: Mapped[str | None] = mapped_column(String(64))
    question: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    told_at: Mapped[datetime | None] = mapped_column(UtcInstant)


class PageVisitRow(Base):
    """How often people of a role opened a dashboard on a day; nobody by name."""

    __tablename__ = "page_visits"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    page: Mapped[str] = mapped_column(String(63), primary_key=True)
    role: Mapped[str] = mapped_column(String(32), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)
