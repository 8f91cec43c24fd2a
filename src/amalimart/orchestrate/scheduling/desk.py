"""What people ask of schedules: how each job stands, how its runs went, and having one run now."""

from __future__ import annotations

from amalimart.control.deciding import Decider
from amalimart.control.job_runs import JobRuns
from amalimart.core.clock import Clock
from amalimart.core.errors import EngineUnavailable, RequestError
from amalimart.core.jobs import AskedRun, JobRun, JobStatus
from amalimart.orchestrate.scheduling.due import is_given_up, next_run
from amalimart.orchestrate.scheduling.scheduler import Scheduler
from amalimart.orchestrate.scheduling.timetable import Timetable
from amalimart.orchestrate.watching.troubles import JobFailure

_MOST_ASKED = 20


class ScheduleDesk:
    """The schedules of one project, for the doors to ask. Who may is theirs to say."""

    def __init__(self, timetable: Timetable, scheduler: Scheduler, runs: JobRuns, clock: Clock) -> None:
        self._timetable = timetable
        self._scheduler = scheduler
        self._runs = runs
        self._clock = clock

    def status(self) -> tuple[JobStatus, ...]:
        """Every job: what it does, when it runs next, and how it went."""
        now, settled = self._clock.now(), self._runs.settled()
        all_tries, last = self._runs.newest_tries(), self._runs.last_runs()
        told = []
        for name, schedule in self._timetable.schedules.items():
            off, tries = self._timetable.off(name), all_tries.get(name)
            coming = None if off else next_run(schedule, self._timetable.zone, settled.get(name), tries, now)
            given_up = is_given_up(schedule, tries, now)
            does = self._timetable.job(name).does
            told.append(JobStatus(schedule, does, off, coming, last.get(name), given_up))
        return tuple(told)

    def failing(self) -> tuple[JobFailure, ...]:
        """Jobs whose last moment failed after all its tries."""
        return tuple(
            JobFailure(
                each.schedule.job,
                str((each.last_run.error or {}).get("code", "internal")),
                each.last_run.ended_at or each.last_run.started_at,
                each.last_run.attempt,
            )
            for each in self.status()
            if each.is_given_up and each.last_run is not None
        )

    def history(self, job: str | None, limit: int) -> tuple[JobRun, ...]:
        """The newest runs, newest first. Raises NotFound."""
        if job is not None:
            self._timetable.job(job)
        return self._runs.history(job, limit)

    def ask(self, name: str, decider: Decider) -> AskedRun:
        """Have a job run as soon as nothing else does.

        Raises NotFound, RequestError for one that cannot run, EngineUnavailable where another process has
        the lease.
        """
        job = self._timetable.job(name)
        if job.off is not None:
            raise RequestError(f"the job {name} cannot run: {job.off}", next_step="correct the settings")
        if not self._scheduler.is_leading:
            raise EngineUnavailable(
                "this engine does not run the schedules at the moment: another one still holds their lease",
                next_step="try again in half a minute",
            )
        if self._scheduler.waiting >= _MOST_ASKED:
            raise RequestError(f"{_MOST_ASKED} runs are asked for already", next_step="wait for them")
        asked = AskedRun(name, self._clock.now())
        self._runs.note_asked(name, asked.scheduled_for, decider)
        self._scheduler.run_soon(asked, decider.name)
        return asked
