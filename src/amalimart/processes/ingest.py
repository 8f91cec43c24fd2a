"""One ingest process: follows one source and commits what it reads to the lake.

It meets the engine only at the commit log. Trouble with the source is reported and tried again with
a growing pause: what was committed stays committed, and nothing else stops for it.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from amalimart.config.project import Project, open_project
from amalimart.core.clock import SystemClock
from amalimart.core.errors import AmalimartError
from amalimart.lake import Commit
from amalimart.observe.exposition import KeptExposition
from amalimart.observe.instruments import Owner
from amalimart.observe.logs import log_to_file
from amalimart.observe.metrics import INGEST_FAILURES
from amalimart.observe.progress import announce
from amalimart.observe.sdk.starting import Telemetry, TelemetryOptions
from amalimart.orchestrate.project.lake_opening import open_lake
from amalimart.orchestrate.project.mapping_files import load_mappings
from amalimart.orchestrate.project.runtime_files import (
    figures_file,
    ingest_process,
    remove_report,
    write_report,
)
from amalimart.orchestrate.sources.keeping_up import SourceKeeper
from amalimart.orchestrate.sources.opening import open_source
from amalimart.sources import Follower, stopped_reasons

_FIRST_PAUSE = 2.0
_LONGEST_PAUSE = 60.0
_REPORT_SECONDS = 1.0

log = logging.getLogger(__name__)


class IngestLoop:
    """Keeps up with one source until told to stop, whatever goes wrong on the way."""

    def __init__(self, project: Project, name: str, stop: threading.Event) -> None:
        self._project = project
        self._name = name
        self._settings = project.settings.sources[name]
        self._mapping = load_mappings(project)[name]
        self._lake = open_lake(project, SystemClock())
        self._stop = stop
        self._failures = 0
        self._reported_at = 0.0
        self._stopped: set[str] = set()

    def run(self) -> None:
        """Follow the source until the stop event is set."""
        self._say(state="starting")
        while not self._stop.is_set():
            try:
                with (
                    self._lake.writer(self._name) as writer,
                    closing(open_source(self._project, self._name, self._settings)) as source,
                ):
                    SourceKeeper(
                        self._project,
                        self._name,
                        self._mapping,
                        writer,
                        source,
                        self._stop,
                        self._note,
                        self._reading,
                    ).run()
            except AmalimartError as error:
                self._stop.wait(self._failed(error))

    def _failed(self, error: AmalimartError) -> float:
        """Say what went wrong; returns the seconds to pause before the next try."""
        self._failures += 1
        INGEST_FAILURES.add(source=self._name, reason=error.code)
        log.error("ingest failed", extra={"source": self._name, "error": error.as_dict()})
        self._say(state="failing", error=error.as_dict())
        if self._failures == 1:
            announce(f"  ! source {self._name}: {error}")
        return min(_FIRST_PAUSE * 2.0 ** (self._failures - 1), _LONGEST_PAUSE)

    def _note(self, commit: Commit | None, follower: Follower | None) -> None:
        if self._failures:
            announce(f"  ✓ source {self._name} is back")
            self._failures, self._reported_at = 0, 0.0
        if commit is not None:
            if commit.rows:
                log.info(
                    "committed", extra={"source": self._name, "version": commit.version, "rows": commit.rows}
                )
            self._warn_of_stopped(commit)
        now = time.monotonic()
        if now - self._reported_at >= _REPORT_SECONDS:
            self._reported_at = now
            self._report(follower)

    def _reading(self, done: int, total: int, what: str) -> None:
        now = time.monotonic()
        if now - self._reported_at >= _REPORT_SECONDS:
            self._reported_at = now
            self._say(state="starting", reading={"rows": done, "of": total, "what": what})

    def _warn_of_stopped(self, commit: Commit) -> None:
        reasons = stopped_reasons(commit.position)
        for table in sorted(set(reasons) - self._stopped):
            log.error("table stopped", extra={"source": self._name, "table": table, "why": reasons[table]})
            announce(f"  ! source {self._name}: {table} is stopped: {reasons[table]}")
        self._stopped = set(reasons)

    def _report(self, follower: Follower | None) -> None:
        latest = self._lake.latest(self._name)
        self._say(
            state="following",
            capture=self._settings.capture if self._settings.kind != "files" else "files",
            version=latest.version if latest else 0,
            fresh_as_of=latest.fresh_as_of if latest else None,
            stopped=stopped_reasons(latest.position if latest else None),
            replaced=follower.replaced if follower else {},
        )

    def _say(self, **fields: Any) -> None:
        """Leave a report. Where the disk is full there is none: the process must live to go on later."""
        try:
            write_report(self._project.run, ingest_process(self._name), **fields)
        except OSError as error:
            log.warning("report not written", extra={"source": self._name, "error": error.strerror})


def main() -> None:
    """Entry of `python -m amalimart.processes.ingest --home HOME --source NAME`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--source", required=True)
    arguments = parser.parse_args()
    os.umask(0o077)  # what a project's processes write is its owner's alone
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    try:
        project = open_project(arguments.home)
        process = ingest_process(arguments.source)
        log_to_file(project.logs, process)
        options = TelemetryOptions(process, Owner.INGEST, project.settings.telemetry.otlp_endpoint)
        with (
            Telemetry(options) as telemetry,
            KeptExposition(figures_file(project.run, process), telemetry.exposition),
        ):
            IngestLoop(project, arguments.source, stop).run()
        remove_report(project.run, process)
    except AmalimartError as error:
        announce(f"error: {error}")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
