"""One run under way: its job is done beside what goes on, and how it ended is kept to be recorded."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from amalimart.control.job_runs import JobRuns
from amalimart.control.leases import HeldLease
from amalimart.core.clock import Clock
from amalimart.core.errors import AmalimartError, Internal
from amalimart.core.jobs import JobRun
from amalimart.core.wire import dumps
from amalimart.orchestrate.scheduling.job import Job, JobContext

log = logging.getLogger(__name__)

Start = Callable[[Callable[[], None]], None]
"""Has something done, beside what is going on or at once."""


def in_a_thread(work: Callable[[], None]) -> None:
    """Have it done beside what is going on."""
    threading.Thread(target=work, name="scheduled job", daemon=True).start()


class Working:
    """A run and its job. It holds the lease under which the run was begun, whatever becomes of that."""

    def __init__(self, run: JobRun, job: Job, lease: HeldLease, context: JobContext) -> None:
        self.lease = lease
        self._run = run
        self._job = job
        self._context = context
        self._ended = threading.Event()
        self._outcome: Mapping[str, Any] = {}
        self._error: AmalimartError | None = None

    def do(self) -> None:
        """Do the job. Whatever goes wrong is how it ended."""
        try:
            # What cannot be written down is the job's defect, and is told here and not in every later turn.
            self._outcome = json.loads(dumps(self._job.run(self._context)))
        except AmalimartError as error:
            self._error = error
        except Exception as defect:
            log.exception("job failed", extra={"job": self._run.job, "run_id": self._run.run_id})
            self._error = Internal(
                f"the job {self._run.job} failed: {type(defect).__name__}",
                next_step="see the engine's log",
            )
        finally:
            self._ended.set()

    def tell_to_stop(self) -> None:
        """The job finds out at its next look."""
        self._context.stopped.set()

    def wait(self, seconds: float) -> bool:
        """Whether it ends within so many seconds."""
        return self._ended.wait(seconds)

    @property
    def has_ended(self) -> bool:
        return self._ended.is_set()

    @property
    def has_succeeded(self) -> bool:
        return self.has_ended and self._error is None

    def record(self, runs: JobRuns, clock: Clock) -> None:
        """Write down how it ended. Raises LeaseLost: whoever holds the lease runs it again then."""
        told = {"job": self._run.job, "run_id": self._run.run_id}
        if self._error is None:
            runs.succeed(self.lease, self._run.run_id, clock.now(), self._outcome)
            log.info("job done", extra=told)
        else:
            runs.fail(self.lease, self._run.run_id, clock.now(), self._error.as_dict())
            log.error("job failed", extra={**told, "error": self._error.as_dict()})
