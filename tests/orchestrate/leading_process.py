"""A process that leads for as long as it lives: a scheduler whose one job takes its time and takes notes.

python leading_process.py CONTROL_DATABASE NOTES NAME
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from amalimart.control.store import open_control_store
from amalimart.core.clock import SystemClock
from amalimart.core.jobs import CatchUp, JobSchedule
from amalimart.orchestrate.scheduling.job import JobContext
from amalimart.orchestrate.scheduling.leadership import Leadership
from amalimart.orchestrate.scheduling.scheduler import Scheduler
from amalimart.orchestrate.scheduling.timetable import timetable


class NotingJob:
    """Notes that it begins, waits, and notes that it ends."""

    name = "noting"
    does = "Notes what it is run for."
    off = None

    def __init__(self, notes: Path, process: str) -> None:
        self._notes = notes
        self._process = process

    def run(self, context: JobContext) -> Mapping[str, Any]:
        self._note("begins", context)
        for _ in range(20):
            context.check()
            time.sleep(0.1)
        self._note("ends", context)
        return {"process": self._process}

    def _note(self, what: str, context: JobContext) -> None:
        with self._notes.open("a") as stream:
            stream.write(f"{self._process} {what} {context.moment.isoformat()} {context.attempt}\n")


def main() -> None:
    database, notes, name = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    clock = SystemClock()
    control = open_control_store(database, clock)
    rule = JobSchedule("noting", "* * * * *", True, CatchUp.ALL, 0, 1.0, 5.0)
    scheduler = Scheduler(
        timetable([NotingJob(notes, name)], {"noting": rule}, ZoneInfo("Africa/Accra")),
        control.job_runs,
        Leadership(control.leases, clock, time.monotonic, timedelta(seconds=4)),
        clock,
    )
    scheduler.start()
    sys.stdout.write(f"{os.getpid()}\n")
    sys.stdout.flush()
    sys.stdin.read()  # until who started it closes the pipe
    scheduler.stop()


if __name__ == "__main__":
    main()
