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
    JOB_FAILED = "job_failed"  # a scheduled job failed after all its tries


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
