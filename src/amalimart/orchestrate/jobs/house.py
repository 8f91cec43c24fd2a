"""Every job of the house, put together for one engine; marketplace/schedules.yml says when each runs."""

from __future__ import annotations

from amalimart.core.clock import Clock
from amalimart.orchestrate.engine import Engine
from amalimart.orchestrate.jobs.backing_up import BackupJob
from amalimart.orchestrate.jobs.compacting import CompactJob
from amalimart.orchestrate.jobs.full_checks import FullChecksJob
from amalimart.orchestrate.operations import Operations
from amalimart.orchestrate.scheduling.job import Job


def house_jobs(engine: Engine, operations: Operations, clock: Clock) -> tuple[Job, ...]:
    """The jobs, in the order of their schedules."""
    return (
        CompactJob(engine, operations),
        FullChecksJob(engine),
        BackupJob(engine.project, clock),
    )
