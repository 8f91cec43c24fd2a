"""What a job is, and what it is told while it runs. Knows no schedule and no job by name."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from amalimart.core.errors import JobTimedOut


@dataclass(frozen=True, slots=True)
class JobContext:
    """One run, as its job sees it.

    moment   what it is scheduled for; a run that is tried again has the same one
    stop_at  when it has to have ended, in seconds of `elapsed`, which never go back
    """

    moment: datetime
    attempt: int
    stop_at: float
    elapsed: Callable[[], float]
    stopped: threading.Event = field(default_factory=threading.Event)

    def check(self) -> None:
        """To be called every now and then. Raises JobTimedOut once the run has to stop."""
        if self.stopped.is_set():
            raise JobTimedOut("the run was told to stop", next_step="it is tried again when the engine runs")
        if self.elapsed() >= self.stop_at:
            raise JobTimedOut(
                "the run took longer than it may",
                next_step="raise timeout_minutes of its schedule, or see what it waits for",
            )


def waits_for_a_release() -> Mapping[str, Any]:
    """How a run ends that has nothing to look at before the first release.

    That is no failure: the first snapshot of a shop takes as long as it takes, and what keeps a release from
    being built is a trouble of its own.
    """
    return {"waits_for": "the first release"}


class Job(Protocol):
    """Something to be done at its moments.

    It may be killed at any point, and is then run again for the same moment: it must not matter.
    """

    @property
    def name(self) -> str:
        """The name that its schedule has."""
        ...

    @property
    def does(self) -> str:
        """What it does, in a sentence."""
        ...

    @property
    def off(self) -> str | None:
        """Why it cannot run as the project is set up; None where it can."""
        ...

    def run(self, context: JobContext) -> Mapping[str, Any]:
        """Do it, and return what came of it: a little JSON. Raises AmalimartError."""
        ...


@runtime_checkable
class OccasionalJob(Protocol):
    """A job that has nothing to do at most of its moments: those pass without a run to remember."""

    @property
    def has_work(self) -> bool:
        """Whether a run would do something now. Asked at each of its moments."""
        ...
