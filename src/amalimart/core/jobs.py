"""Scheduled jobs and their runs, as every room speaks of them: plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class RunState(StrEnum):
    """Where a run is, or how it ended."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ABANDONED = "abandoned"  # whoever ran it is gone: it was killed, or lost its lease


class CatchUp(StrEnum):
    """What becomes of moments that passed while nothing ran."""

    LATEST = "latest"  # one run, for the newest of them
    ALL = "all"  # one run for each, in their order
    NONE = "none"  # no run; the next moment is waited for


@dataclass(frozen=True, slots=True)
class JobRun:
    """One try of a job for one moment.

    scheduled_for  the moment of its schedule, or when somebody asked for it
    attempt        1 for the first try of that moment
    outcome        what came of it, where it succeeded
    error          why not, in the one shape of an error
    asked_by       who asked for it; None where the schedule did
    """

    run_id: int
    job: str
    scheduled_for: datetime
    attempt: int
    state: RunState
    started_at: datetime
    ended_at: datetime | None = None
    outcome: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None
    asked_by: str | None = None


@dataclass(frozen=True, slots=True)
class JobSchedule:
    """When a job runs, and what happens when it does not work out.

    cron                 five fields, in the business time zone
    retries              how often a failed run is tried again
    retry_after_seconds  the pause before the first of those; it doubles with each
    timeout_minutes      when a run is told to stop
    """

    job: str
    cron: str
    enabled: bool
    catch_up: CatchUp
    retries: int
    retry_after_seconds: float
    timeout_minutes: float


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job as people look at it.

    does         in a sentence
    off          why it does not run by itself; None where it does
    next_run     the next moment of its schedule, or when a failed run is tried again
    is_given_up  whether its last moment failed after all its tries
    """

    schedule: JobSchedule
    does: str
    off: str | None
    next_run: datetime | None
    last_run: JobRun | None
    is_given_up: bool = False


@dataclass(frozen=True, slots=True)
class AskedRun:
    """A run that was asked for and begins as soon as nothing else runs: its moment names it."""

    job: str
    scheduled_for: datetime
