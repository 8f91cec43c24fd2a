"""What went wrong and has to reach a person, as every room speaks of it: plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from amalimart.core.quality import Severity


class IncidentKind(StrEnum):
    """What kind of trouble it is."""

    BUILD_FAILED = "build_failed"  # a build failed for another reason than a check
    RELEASE_BLOCKED = "release_blocked"  # a check holds the release back
    SOURCE_FAILING = "source_failing"  # a source cannot be read, or its slot is lost
    SOURCE_STALE = "source_stale"  # a source is read, but brings nothing new
    CHECK_FAILED = "check_failed"  # a monitored check failed
    POLICY_BROKEN = "policy_broken"  # a policy file cannot be read, and keeps its role out
    JOB_FAILED = "job_failed"  # a scheduled job failed after all its tries
    ACCESS_REVIEW = "access_review"  # a review of who may see what waits to be signed off


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is wrong at this moment; the same `key` is the same trouble, however often it is seen.

    where, next_step  as in an error; None where nothing can be said
    """

    key: str
    kind: IncidentKind
    severity: Severity
    title: str
    details: str
    where: str | None = None
    next_step: str | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """A trouble from when it was first seen until it is gone.

    times            how often it was seen
    acknowledged_by  who took it on; nothing more is sent about it then
    resolved_at      when it was no longer there
    """

    number: int
    trouble: Trouble
    opened_at: datetime
    last_seen_at: datetime
    times: int
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    acknowledgement: str | None = None
    resolved_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What is wrong at one moment.

    unseen  kinds that could not be looked for: nothing of theirs is over because it was not found
    """

    troubles: tuple[Trouble, ...]
    unseen: frozenset[IncidentKind] = frozenset()


class NoticeEvent(StrEnum):
    """What a message says of its incident."""

    OPENED = "opened"
    WORSENED = "worsened"  # a warning has become an error
    REMINDER = "reminder"  # nobody has acknowledged it for a while
    RESOLVED = "resolved"
    DIGEST = "digest"  # no incident of its own: it lists what several messages say
    TEST = "test"  # no incident: somebody tries the channel


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to one channel.

    message_id  stays the same however often it is sent, so that a receiver can tell a repeat
    incident    as it was when the message was made; None for a test, and for a digest
    at          when the message was made
    listed      what a digest lists, in the order it was made
    """

    message_id: str
    event: NoticeEvent
    incident: Incident | None
    at: datetime
    listed: tuple[Notice, ...] = ()


class DeliveryState(StrEnum):
    """Where a message is."""

    QUEUED = "queued"  # not tried yet
    SENT = "sent"
    FAILED = "failed"  # tried, and to be tried again
    GIVEN_UP = "given_up"  # not tried any more


@dataclass(frozen=True, slots=True)
class Delivery:
    """How far one message has come on its way.

    last_error  why it did not go the last time, without secrets; of one that was sent, what did not arrive
    """

    message_id: str
    incident: int
    channel: str
    event: NoticeEvent
    state: DeliveryState
    attempts: int
    made_at: datetime
    next_attempt_at: datetime
    sent_at: datetime | None = None
    last_error: str | None = None
