"""What may be said of scheduled jobs: when, how often again, for how long. Knows no job."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from cronsim import CronSim, CronSimError
from pydantic import Field, field_validator

from amalimart.config.strict_yaml import StrictModel
from amalimart.core.jobs import CatchUp

_FIELDS = ("minute", "hour", "day-of-month", "month", "day-of-week")
_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)


def check_cron(cron: str) -> str:
    """The expression with single spaces. Raises ValueError that says which field cannot be."""
    parts = cron.split()
    if len(parts) != len(_FIELDS):
        raise ValueError(f"`{cron}` has {len(parts)} fields; a cron has five: {', '.join(_FIELDS)}")
    for position, name in enumerate(_FIELDS):
        alone = ["*"] * len(_FIELDS)
        alone[position] = parts[position]
        try:
            CronSim(" ".join(alone), _SOME_DAY)
        except (CronSimError, ValueError, AssertionError) as error:
            raise ValueError(f"`{cron}`: the {name} cannot be {parts[position]!r}") from error
    try:
        next(CronSim(" ".join(parts), _SOME_DAY))
    except (CronSimError, StopIteration) as error:
        raise ValueError(f"`{cron}`: the day-of-month {parts[2]!r} never comes in such a month") from error
    return " ".join(parts)


class ScheduleSettings(StrictModel):
    """When a job runs; what is not said stays as packaged."""

    cron: str | None = None
    enabled: bool | None = None
    catch_up: CatchUp | None = None
    retries: int | None = Field(default=None, ge=0, le=20)
    retry_after_seconds: float | None = Field(default=None, ge=1, le=86_400)
    timeout_minutes: float | None = Field(default=None, ge=1, le=10_080)

    @field_validator("cron")
    @classmethod
    def _possible(cls, cron: str | None) -> str | None:
        return None if cron is None else check_cron(cron)


class BackupSettings(StrictModel):
    """Where the job `backup` keeps its backups, and how many."""

    folder: Path | None = None
    keep: int = Field(default=7, ge=1, le=1000)
