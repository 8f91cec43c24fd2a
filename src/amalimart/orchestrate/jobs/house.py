"""Every job of the house, put together for one engine; marketplace/schedules.yml says when each runs."""

from __future__ import annotations

from amalimart.control.store import ControlStore
from amalimart.core.clock import Clock
from amalimart.orchestrate.engine import Engine
from amalimart.orchestrate.jobs.backing_up import BackupJob
from amalimart.orchestrate.jobs.compacting import CompactJob
from amalimart.orchestrate.jobs.forgetting import ForgetJob
from amalimart.orchestrate.jobs.full_checks import FullChecksJob
from amalimart.orchestrate.jobs.monitored_checks import MonitoredChecksJob
from amalimart.orchestrate.jobs.question_files import QuestionFilesJob
from amalimart.orchestrate.jobs.reviewing_access import AccessReviewJob
from amalimart.orchestrate.quality.desk import QualityDesk
from amalimart.orchestrate.releases.operations import Operations
from amalimart.orchestrate.scheduling.job import Job
from amalimart.quality.shapes import Every


def house_jobs(
    engine: Engine,
    operations: Operations,
    desk: QualityDesk,
    control: ControlStore,
    clock: Clock,
    question_files: QuestionFilesJob,
) -> tuple[Job, ...]:
    """The jobs, in the order of their schedules."""
    return (
        CompactJob(engine, operations),
        FullChecksJob(engine),
        BackupJob(engine.project, clock),
        *(MonitoredChecksJob(desk, every) for every in Every),
        AccessReviewJob(engine.project, control.access_reviews, clock),
        ForgetJob(engine.project, control.incident_trimming),
        question_files,
    )
