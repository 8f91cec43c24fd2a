"""Runs the jobs of a project at their moments: one at a time, in the one process that holds the lease.

Every look is a turn: keep the lease, record a run that has ended, begin the next one. What a job does goes on
in a thread of its own, so that the lease is renewed meanwhile.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from amalimart.control.job_runs import JobRuns, Tries
from amalimart.control.leases import HeldLease
from amalimart.core.clock import Clock
from amalimart.core.errors import LeaseLost, RuntimeTrouble
from amalimart.core.jobs import AskedRun, JobRun, RunState
from amalimart.orchestrate.scheduling.due import due, retry_at
from amalimart.orchestrate.scheduling.job import JobContext, OccasionalJob
from amalimart.orchestrate.scheduling.leadership import Leadership
from amalimart.orchestrate.scheduling.moments import next_moment
from amalimart.orchestrate.scheduling.timetable import Timetable
from amalimart.orchestrate.scheduling.working import Start, Working, in_a_thread

_LOOK_SECONDS = 1.0
_TROUBLED_SECONDS = 10.0
_LAST_WORD_SECONDS = 5.0
_REMEMBERED = timedelta(days=400)

log = logging.getLogger(__name__)


class Scheduler:
    """The jobs of one project. `turn` is called by `start`'s thread, or by hand."""

    def __init__(
        self,
        timetable: Timetable,
        runs: JobRuns,
        leadership: Leadership,
        clock: Clock,
        elapsed: Callable[[], float] = time.monotonic,
        start_work: Start = in_a_thread,
    ) -> None:
        self._timetable = timetable
        self._runs = runs
        self._leadership = leadership
        self._clock = clock
        self._elapsed = elapsed
        self._start_work = start_work
        self._asked: deque[tuple[AskedRun, str]] = deque()
        self._working: Working | None = None
        self._known_token: int | None = None
        self._coming: dict[str, tuple[datetime, datetime | None]] = {}
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
        working = self._working
        try:
            if working is not None:
                working.tell_to_stop()
                if working.wait(_LAST_WORD_SECONDS) and working.has_succeeded:
                    working.record(self._runs, self._clock)
            self._leadership.give_back()
        except Exception:
            log.exception("schedules not closed")  # the lease then ends by itself

    @property
    def is_leading(self) -> bool:
        """Whether the jobs run in this process, as far as it knows."""
        return self._leadership.held is not None

    @property
    def waiting(self) -> int:
        """How many runs that were asked for have not begun."""
        return len(self._asked)

    def run_soon(self, asked: AskedRun, by: str) -> None:
        """Begin a run before all that is due."""
        self._asked.append((asked, by))

    def wake(self, job: str, by: str) -> None:
        """Begin a run of a job soon, where none waits already."""
        if all(asked.job != job for asked, _ in tuple(self._asked)):
            self.run_soon(AskedRun(job, self._clock.now()), by)

    def turn(self) -> None:
        """One look. Raises whatever keeps the control database from answering."""
        try:
            lease = self._leadership.keep()
            working = self._working
            if working is not None:
                if lease is None or lease.token != working.lease.token:
                    working.tell_to_stop()
                if not working.has_ended:
                    return
                working.record(self._runs, self._clock)
                self._working = None
            if lease is not None:
                self._lead(lease)
        except LeaseLost as error:
            log.warning("schedules lost to another process", extra={"error": error.as_dict()})
            self._leadership.lost()
            self._working = None

    def _loop(self) -> None:
        pause = _LOOK_SECONDS
        while not self._stop.wait(pause):
            pause = _LOOK_SECONDS
            try:
                self.turn()
            except Exception:
                # A defect, or a database that does not answer: a later look may do better.
                log.exception("schedules not looked at")
                pause = _TROUBLED_SECONDS

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
        for moment, name in sorted(self._due(lease)):
            run = self._runs.begin(lease, name, moment, self._clock.now())
            if run is not None:
                self._begin(lease, run)
                return

    def _take_over(self, lease: HeldLease) -> None:
        gone = RuntimeTrouble("the process that ran it ended, or was taken for dead").as_dict()
        for run in self._runs.abandon(lease, self._clock.now(), gone):
            log.warning("run abandoned", extra={"job": run.job, "run_id": run.run_id})
        self._runs.unsettle(lease, [name for name in self._timetable.jobs if self._timetable.off(name)])
        self._runs.forget(lease, self._clock.now() - _REMEMBERED)

    def _due(self, lease: HeldLease) -> list[tuple[datetime, str]]:
        """The moments that are to be run, each with its job."""
        now, settled, tries = self._clock.now(), self._runs.settled(), self._runs.newest_tries()
        found = []
        for name, schedule in self._timetable.schedules.items():
            if self._timetable.off(name) or self._is_quiet(name, settled.get(name), tries.get(name), now):
                continue
            wanted = due(schedule, self._timetable.zone, settled.get(name), tries.get(name), now)
            if wanted.settled_until is not None:
                self._runs.settle(lease, name, wanted.settled_until)
            if wanted.is_bounded:
                log.warning("missed moments are passed over", extra={"job": name})
            if wanted.moment is None:
                continue
            if self._may_rest(name, tries.get(name)):
                self._runs.settle(lease, name, wanted.moment)
            else:
                found.append((wanted.moment, name))
        return found

    def _may_rest(self, name: str, tries: Tries | None) -> bool:
        """Whether a moment may pass without a run; after one that failed the next shows that all is well."""
        job = self._timetable.jobs[name]
        has_failed = tries is not None and tries.newest.state is not RunState.SUCCEEDED
        return isinstance(job, OccasionalJob) and not has_failed and not job.has_work

    def _is_quiet(self, name: str, settled: datetime | None, tries: Tries | None, now: datetime) -> bool:
        """Whether nothing can be due: the next moment is known, and none is to be tried again.

        Spares most turns the arithmetic of moments.
        """
        schedule = self._timetable.schedules[name]
        if settled is None or settled > now or retry_at(schedule, tries, now) is not None:
            return False
        if name not in self._coming or self._coming[name][0] != settled:
            self._coming[name] = (settled, next_moment(schedule.cron, self._timetable.zone, settled))
        coming = self._coming[name][1]
        return coming is None or now < coming

    def _begin(self, lease: HeldLease, run: JobRun) -> None:
        stop_at = self._elapsed() + self._timetable.schedules[run.job].timeout_minutes * 60
        context = JobContext(run.scheduled_for, run.attempt, stop_at, self._elapsed)
        self._working = Working(run, self._timetable.jobs[run.job], lease, context)
        log.info("job begun", extra={"job": run.job, "run_id": run.run_id, "attempt": run.attempt})
        self._start_work(self._working.do)
