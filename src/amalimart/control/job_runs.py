"""Runs of scheduled jobs: begun and ended by the holder of the lease, in the transaction that proves it.

Of one moment of a schedule, one run at most succeeds; what becomes of moments is for the scheduler to decide.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, delete, func, select, update
from sqlalchemy.orm import Session

from amalimart.control.audit.decisions import AuditEntry, add_entry
from amalimart.control.deciding import Decider
from amalimart.control.leases import HeldLease, require
from amalimart.control.tables import JobMarkRow, JobRunRow
from amalimart.core.errors import LeaseLost
from amalimart.core.jobs import JobRun, RunState

ASKED = "schedule.run"


@dataclass(frozen=True, slots=True)
class Tries:
    """What became of one moment so far: its newest run, and how many failed and how many were abandoned."""

    newest: JobRun
    failed: int
    abandoned: int


class JobRuns:
    """The history of one control database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(
        self, lease: HeldLease, job: str, moment: datetime, now: datetime, asked_by: str | None = None
    ) -> JobRun | None:
        """The next run of a moment, which is settled with it; None where one has succeeded already.

        Raises LeaseLost.
        """
        with Session(self._engine) as session, session.begin():
            require(session, lease)
            if asked_by is None:
                _settle(session, job, moment)
            before = session.execute(
                select(JobRunRow.state).where(JobRunRow.job == job, JobRunRow.scheduled_for == moment)
            ).scalars()
            states = [RunState(state) for state in before]
            if {RunState.SUCCEEDED, RunState.RUNNING} & set(states):
                return None
            row = JobRunRow(
                job=job,
                scheduled_for=moment,
                attempt=len(states) + 1,
                lease_token=lease.token,
                state=RunState.RUNNING.value,
                started_at=now,
                asked_by=asked_by,
            )
            session.add(row)
            session.flush()
            return _run(row)

    def succeed(self, lease: HeldLease, run_id: int, now: datetime, outcome: Mapping[str, Any]) -> None:
        """Raises LeaseLost; the run is then another's to judge."""
        self._end(lease, run_id, now, RunState.SUCCEEDED, outcome=dict(outcome))

    def fail(self, lease: HeldLease, run_id: int, now: datetime, error: Mapping[str, Any]) -> None:
        """Raises LeaseLost; the run is then another's to judge."""
        self._end(lease, run_id, now, RunState.FAILED, error=dict(error))

    def abandon(self, lease: HeldLease, now: datetime, error: Mapping[str, Any]) -> tuple[JobRun, ...]:
        """End what earlier holders began and will not end any more. Raises LeaseLost."""
        with Session(self._engine) as session, session.begin():
            require(session, lease)
            rows = session.scalars(
                select(JobRunRow).where(
                    JobRunRow.state == RunState.RUNNING.value, JobRunRow.lease_token != lease.token
                )
            ).all()
            for row in rows:
                row.state, row.ended_at, row.error = RunState.ABANDONED.value, now, dict(error)
            return tuple(map(_run, rows))

    def settle(self, lease: HeldLease, job: str, until: datetime) -> None:
        """Note that no run of the job's schedule is missing up to then. Raises LeaseLost."""
        with Session(self._engine) as session, session.begin():
            require(session, lease)
            _settle(session, job, until)

    def unsettle(self, lease: HeldLease, jobs: Collection[str]) -> None:
        """Forget how far the schedules of jobs are settled, as if never seen. Raises LeaseLost."""
        with Session(self._engine) as session, session.begin():
            require(session, lease)
            session.execute(delete(JobMarkRow).where(JobMarkRow.job.in_(jobs)))

    def forget(self, lease: HeldLease, before: datetime) -> None:
        """Forget runs that ended before then. Raises LeaseLost."""
        with Session(self._engine) as session, session.begin():
            require(session, lease)
            session.execute(delete(JobRunRow).where(JobRunRow.ended_at < before))

    def settled(self) -> Mapping[str, datetime]:
        """Job -> up to which moment its schedule is settled."""
        with Session(self._engine) as session:
            return {row.job: row.settled_until for row in session.scalars(select(JobMarkRow))}

    def newest_tries(self) -> Mapping[str, Tries]:
        """Job -> what became of the last moment of its schedule for which a run has begun."""
        with Session(self._engine) as session:
            newest = (
                select(func.max(JobRunRow.run_id)).where(JobRunRow.asked_by.is_(None)).group_by(JobRunRow.job)
            )
            found = {}
            for row in session.scalars(select(JobRunRow).where(JobRunRow.run_id.in_(newest))).all():
                states = session.scalars(
                    select(JobRunRow.state).where(
                        JobRunRow.job == row.job, JobRunRow.scheduled_for == row.scheduled_for
                    )
                ).all()
                found[row.job] = Tries(
                    _run(row), states.count(RunState.FAILED.value), states.count(RunState.ABANDONED.value)
                )
            return found

    def history(self, job: str | None, limit: int) -> tuple[JobRun, ...]:
        """The newest runs, of one job or of all, newest first."""
        wanted = select(JobRunRow).order_by(JobRunRow.run_id.desc()).limit(limit)
        if job is not None:
            wanted = wanted.where(JobRunRow.job == job)
        with Session(self._engine) as session:
            return tuple(map(_run, session.scalars(wanted)))

    def last_runs(self) -> Mapping[str, JobRun]:
        """Job -> its newest run, whoever asked for it."""
        newest = select(func.max(JobRunRow.run_id)).group_by(JobRunRow.job)
        with Session(self._engine) as session:
            rows = session.scalars(select(JobRunRow).where(JobRunRow.run_id.in_(newest)))
            return {row.job: _run(row) for row in rows}

    def note_asked(self, job: str, moment: datetime, decider: Decider) -> None:
        """Remember in the audit who asked for a run."""
        details = {"job": job, "by": decider.name}
        with Session(self._engine) as session, session.begin():
            add_entry(session, AuditEntry(moment, decider.subject, ASKED, details))

    def _end(self, lease: HeldLease, run_id: int, now: datetime, state: RunState, **said: object) -> None:
        with Session(self._engine) as session, session.begin():
            require(session, lease)
            ended = session.execute(
                update(JobRunRow)
                .where(
                    JobRunRow.run_id == run_id,
                    JobRunRow.lease_token == lease.token,
                    JobRunRow.state == RunState.RUNNING.value,
                )
                .values(state=state.value, ended_at=now, **said)
                .returning(JobRunRow.run_id)
            ).scalar()
            if ended is None:
                raise LeaseLost("the run was given up by another holder of the lease", where=f"run {run_id}")


def _settle(session: Session, job: str, until: datetime) -> None:
    row = session.get(JobMarkRow, job)
    if row is None:
        session.add(JobMarkRow(job=job, settled_until=until))
    else:
        row.settled_until = until


def _run(row: JobRunRow) -> JobRun:
    return JobRun(
        row.run_id,
        row.job,
        row.scheduled_for,
        row.attempt,
        RunState(row.state),
        row.started_at,
        row.ended_at,
        row.outcome,
        row.error,
        row.asked_by,
    )
