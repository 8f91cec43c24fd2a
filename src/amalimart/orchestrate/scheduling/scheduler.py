"""Runs the jobs of a project at their moments: one at a time, in the one process that holds the lease.

Every look is a turn: keep the lease, record a run that has ended, begin the next one. What a job does goes on
in a thread of its own, so that the lease is renewed meanwhile.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from amalimart.control.acceptances import Decider
from amalimart.control.job_runs import JobRuns, Tries
from amalimart.control.leases import HeldLease
from amalimart.core.clock import Clock
from amalimart.core.errors import (
    AmalimartError,
    EngineUnavailable,
    Internal,
    LeaseLost,
    NotFound,
    RequestError,
    RuntimeTrouble,
)
from amalimart.core.jobs import AskedRun, JobRun, JobSchedule, JobStatus
from amalimart.core.names import nearest
from amalimart.core.wire import dumps
from amalimart.orchestrate.scheduling.due import due, is_given_up, next_run, retry_at
from amalimart.orchestrate.scheduling.job import Job, JobContext
from amalimart.orchestrate.scheduling.leadership import Leadership
from amalimart.orchestrate.scheduling.moments import next_moment

_LOOK_SECONDS = 1.0
_LAST_WORD_SECONDS = 5.0
_REMEMBERED = timedelta(days=400)
_MOST_ASKED = 20

log = logging.getLogger(__name__)

Start = Callable[[Callable[[], None]], None]
"""Has something done, beside what is going on or at once."""


def in_a_thread(work: Callable[[], None]) -> None:
    """Have it done beside what is going on."""
    threading.Thread(target=work, name="scheduled job", daemon=True).start()


@dataclass(slots=True)
class _Current:
    """The run under way, and how it ended once `ended` is set."""

    run: JobRun
    lease: HeldLease
    context: JobContext
    ended: threading.Event
    outcome: Mapping[str, Any] | None = None
    error: AmalimartError | None = None


class Scheduler:
    """The jobs of one project. `turn` is called by `start`'s thread, or by hand."""

    def __init__(
        self,
        jobs: Sequence[Job],
        schedules: Mapping[str, JobSchedule],
        zone: ZoneInfo,
        runs: JobRuns,
        leadership: Leadership,
        clock: Clock,
        elapsed: Callable[[], float] = time.monotonic,
        start_work: Start = in_a_thread,
    ) -> None:
        self._jobs = {job.name: job for job in jobs}
        self._schedules = schedules
        self._zone = zone
        self._runs = runs
        self._leadership = leadership
        self._clock = clock
        self._elapsed = elapsed
        self._start_work = start_work
        self._asked: deque[tuple[AskedRun, str]] = deque()
        self._current: _Current | None = None
        self._known_token: int | None = None
        self._quiet_until: dict[str, tuple[datetime, datetime]] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="schedules", daemon=True)

    def start(self) -> None:
        """Begin to look by itself."""
        self._thread.start()

    def stop(self) -> None:
        """Tell a run to stop, wait for it a little, and let the next process take over.

        A run that did not succeed by then is found abandoned by that one, and tried again.
        """
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        current = self._current
        try:
            if current is not None:
                current.context.stopped.set()
                if current.ended.wait(_LAST_WORD_SECONDS) and current.error is None:
                    self._record(current)
            self._leadership.give_back()
        except Exception:
            log.exception("schedules not closed")  # the lease then ends by itself

    def turn(self) -> None:
        """One look. Raises whatever keeps the control database from answering."""
        try:
            lease = self._leadership.keep()
            current = self._current
            if current is not None:
                if lease is None or lease.token != current.lease.token:
                    current.context.stopped.set()
                if not current.ended.is_set():
                    return
                self._record(current)
                self._current = None
            if lease is not None:
                self._lead(lease)
        except LeaseLost as error:
            log.warning("schedules lost to another process", extra={"error": error.as_dict()})
            self._leadership.lost()
            self._current = None

    def status(self) -> tuple[JobStatus, ...]:
        """Every job: what it does, when it runs next, and how it went."""
        now, settled = self._clock.now(), self._runs.settled()
        tries, last = self._runs.newest_tries(), self._runs.last_runs()
        told = []
        for name, schedule in self._schedules.items():
            off = self._off(name)
            coming = None if off else next_run(schedule, self._zone, settled.get(name), tries.get(name), now)
            given_up = is_given_up(schedule, tries.get(name), now)
            told.append(JobStatus(schedule, self._jobs[name].does, off, coming, last.get(name), given_up))
        return tuple(told)

    def history(self, job: str | None, limit: int) -> tuple[JobRun, ...]:
        """The newest runs, newest first. Raises NotFound."""
        if job is not None:
            self._known(job)
        return self._runs.history(job, limit)

    def ask(self, name: str, decider: Decider) -> AskedRun:
        """Have a job run as soon as nothing else does.

        Raises NotFound, RequestError for one that cannot run, EngineUnavailable where another process has
        the lease.
        """
        job = self._known(name)
        if job.off is not None:
            raise RequestError(f"the job {name} cannot run: {job.off}", next_step="correct the settings")
        if self._leadership.held is None:
            raise EngineUnavailable(
                "this engine does not run the schedules at the moment: another one still holds their lease",
                next_step="try again in half a minute",
            )
        if len(self._asked) >= _MOST_ASKED:
            raise RequestError(f"{_MOST_ASKED} runs are asked for already", next_step="wait for them")
        asked = AskedRun(name, self._clock.now())
        self._runs.note_asked(name, asked.scheduled_for, decider)
        self._asked.append((asked, decider.name))
        return asked

    def _known(self, name: str) -> Job:
        if name not in self._jobs:
            raise NotFound(
                f"there is no job {name[:100]!r}",
                expected=", ".join(self._jobs),
                nearest=nearest(name[:100], self._jobs),
                next_step="amalimart schedule list",
            )
        return self._jobs[name]

    def _off(self, name: str) -> str | None:
        return self._jobs[name].off or (None if self._schedules[name].enabled else "it is disabled")

    def _loop(self) -> None:
        while not self._stop.wait(_LOOK_SECONDS):
            try:
                self.turn()
            except Exception:
                # A defect, or a database that does not answer: the next look may do better.
                log.exception("schedules not looked at")

    def _lead(self, lease: HeldLease) -> None:
        if lease.token != self._known_token:
            self._take_over(lease)
            self._known_token = lease.token
        while self._asked:
            asked, by = self._asked[0]
            run = self._runs.begin(lease, asked.job, asked.scheduled_for, self._clock.now(), by)
            self._asked.popleft()
            if run is not None:
                self._begin(lease, run)
                return
        for _, name, moment in sorted(self._due(lease)):
            run = self._runs.begin(lease, name, moment, self._clock.now())
            if run is not None:
                self._begin(lease, run)
                return

    def _take_over(self, lease: HeldLease) -> None:
        gone = RuntimeTrouble("the process that ran it ended, or was taken for dead").as_dict()
        for run in self._runs.abandon(lease, self._clock.now(), gone):
            log.warning("run abandoned", extra={"job": run.job, "run_id": run.run_id})
        self._runs.unsettle(lease, [name for name in self._schedules if self._off(name)])
        self._runs.forget(lease, self._clock.now() - _REMEMBERED)

    def _due(self, lease: HeldLease) -> list[tuple[datetime, str, datetime]]:
        """The runs that are due: moment, job, moment."""
        now, settled, tries = self._clock.now(), self._runs.settled(), self._runs.newest_tries()
        found = []
        for name, schedule in self._schedules.items():
            if self._off(name) or self._is_quiet(name, settled.get(name), tries.get(name), now):
                continue
            wanted = due(schedule, self._zone, settled.get(name), tries.get(name), now)
            if wanted.settled_until is not None:
                self._runs.settle(lease, name, wanted.settled_until)
            if wanted.is_bounded:
                log.warning("missed moments are passed over", extra={"job": name})
            if wanted.moment is not None:
                found.append((wanted.moment, name, wanted.moment))
        return found

    def _is_quiet(self, name: str, settled: datetime | None, tries: Tries | None, now: datetime) -> bool:
        """Whether nothing can be due: the next moment is known, and none is to be tried again."""
        schedule = self._schedules[name]
        if settled is None or settled > now or retry_at(schedule, tries, now) is not None:
            return False
        known = self._quiet_until.get(name)
        if known is None or known[0] != settled:
            coming = next_moment(schedule.cron, self._zone, settled)
            if coming is None:
                return True
            known = self._quiet_until[name] = (settled, coming)
        return now < known[1]

    def _begin(self, lease: HeldLease, run: JobRun) -> None:
        stop_at = self._elapsed() + self._schedules[run.job].timeout_minutes * 60
        context = JobContext(run.scheduled_for, run.attempt, stop_at, self._elapsed)
        current = self._current = _Current(run, lease, context, threading.Event())
        log.info("job begun", extra={"job": run.job, "run_id": run.run_id, "attempt": run.attempt})
        self._start_work(lambda: self._work(current))

    def _work(self, current: _Current) -> None:
        try:
            # What cannot be written down is the job's defect, and is told here and not in every later turn.
            current.outcome = json.loads(dumps(self._jobs[current.run.job].run(current.context)))
        except AmalimartError as error:
            current.error = error
        except Exception as defect:
            log.exception("job failed", extra={"job": current.run.job, "run_id": current.run.run_id})
            current.error = Internal(
                f"the job {current.run.job} failed: {type(defect).__name__}",
                next_step="see the engine's log",
            )
        finally:
            current.ended.set()

    def _record(self, current: _Current) -> None:
        """Write down how a run ended. Raises LeaseLost: whoever holds the lease runs it again then."""
        run, now = current.run, self._clock.now()
        told = {"job": run.job, "run_id": run.run_id}
        if current.error is None:
            self._runs.succeed(current.lease, run.run_id, now, current.outcome or {})
            log.info("job done", extra=told)
        else:
            self._runs.fail(current.lease, run.run_id, now, current.error.as_dict())
            log.error("job failed", extra={**told, "error": current.error.as_dict()})
