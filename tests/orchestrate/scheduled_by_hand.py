"""Schedulers without threads and sleeping: time is moved by hand, and a job ends when a test says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from amalimart.control.job_runs import JobRuns
from amalimart.control.leases import Leases
from amalimart.control.store import ControlStore
from amalimart.core.errors import AmalimartError, SourceUnreachable
from amalimart.core.jobs import CatchUp, JobSchedule
from amalimart.orchestrate.scheduling.desk import ScheduleDesk
from amalimart.orchestrate.scheduling.job import JobContext
from amalimart.orchestrate.scheduling.leadership import Leadership
from amalimart.orchestrate.scheduling.scheduler import Scheduler
from amalimart.orchestrate.scheduling.timetable import timetable

ACCRA = ZoneInfo("Africa/Accra")


@dataclass
class HandTime:
    """The clock on the wall, which may be set, and time that passes."""

    wall: datetime
    passed: float = 0.0

    def now(self) -> datetime:
        return self.wall

    def elapsed(self) -> float:
        return self.passed

    def forward(self, by: timedelta) -> None:
        self.wall += by
        self.passed += by.total_seconds()


@dataclass
class Deed:
    """A job that notes what it is run for, and fails while it is told to."""

    name: str
    off: str | None = None
    trouble: AmalimartError | Exception | None = None
    run_for: list[datetime] = field(default_factory=list)

    @property
    def does(self) -> str:
        return f"Does {self.name}."

    def run(self, context: JobContext) -> Mapping[str, Any]:
        context.check()
        self.run_for.append(context.moment)
        if self.trouble is not None:
            raise self.trouble
        return {"attempt": context.attempt}


class Works:
    """What was begun and has not been done."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def start(self, work: Callable[[], None]) -> None:
        self.waiting.append(work)

    def finish(self) -> None:
        while self.waiting:
            self.waiting.pop(0)()


@dataclass
class Process:
    """One process with a scheduler of its own on a shared control database."""

    time: HandTime
    jobs: Sequence[Deed]
    schedules: Mapping[str, JobSchedule]
    runs: JobRuns
    leases: Leases
    zone: ZoneInfo = ACCRA

    def __post_init__(self) -> None:
        self.works = Works()
        self.leadership = Leadership(self.leases, self.time, self.time.elapsed)
        table = timetable(self.jobs, self.schedules, self.zone)
        self.scheduler = Scheduler(
            table, self.runs, self.leadership, self.time, self.time.elapsed, self.works.start
        )
        self.desk = ScheduleDesk(table, self.scheduler, self.runs, self.time)

    def turn(self) -> None:
        """Look, do what is begun, and note how it ended."""
        self.scheduler.turn()
        if self.works.waiting:
            self.works.finish()
            self.scheduler.turn()


def process(
    time: HandTime, control: ControlStore, *pairs: tuple[Deed, JobSchedule], zone: ZoneInfo = ACCRA
) -> Process:
    """A process that has these jobs."""
    jobs = [deed for deed, _ in pairs]
    schedules = {deed.name: schedule for deed, schedule in pairs}
    return Process(time, jobs, schedules, control.job_runs, control.leases, zone)


def schedule(job: str, cron: str, catch_up: CatchUp = CatchUp.LATEST, **more: Any) -> JobSchedule:
    usual = {"enabled": True, "retries": 0, "retry_after_seconds": 60.0, "timeout_minutes": 10.0}
    return JobSchedule(job=job, cron=cron, catch_up=catch_up, **{**usual, **more})


def trouble() -> AmalimartError:
    return SourceUnreachable("the shop does not answer", where="shop")
