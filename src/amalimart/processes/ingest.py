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
from contextlib import closing
from pathlib import Path

from amalimart.config.project import Project, open_project
from amalimart.core.clock import SystemClock
from amalimart.core.errors import AmalimartError
from amalimart.lake import Commit, Lake
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.observe.logs import log_to_file
from amalimart.observe.progress import step
from amalimart.orchestrate.engine import load_mappings
from amalimart.orchestrate.runtime_files import remove_report, write_report
from amalimart.orchestrate.source_opening import open_source, rows_in
from amalimart.sources import Source, ingest_once

_LONGEST_PAUSE = 60.0
_COMPACT_EVERY = 50

log = logging.getLogger(__name__)


def report_name(source: str) -> str:
    """Name of a source's ingest process in the run folder."""
    return f"ingest-{source}"


class IngestLoop:
    """Snapshot once, then poll until told to stop."""

    def __init__(self, project: Project, name: str, stop: threading.Event) -> None:
        self._project = project
        self._name = name
        self._settings = project.settings.sources[name]
        self._mapping: SourceMapping = load_mappings(project)[name]
        self._lake = Lake(project.lake, SystemClock())
        self._stop = stop
        self._failures = 0

    def run(self) -> None:
        """Follow the source until the stop event is set."""
        with closing(open_source(self._project, self._name, self._settings)) as source:
            while not self._stop.is_set():
                self._stop.wait(self._once(source))

    def _once(self, source: Source) -> float:
        """One round; returns the seconds to pause before the next."""
        try:
            commit = self._ingest(source)
        except AmalimartError as error:
            self._failures += 1
            pause = min(self._settings.poll_seconds * 2.0**self._failures, _LONGEST_PAUSE)
            log.error("ingest failed", extra={"source": self._name, "error": error.as_dict()})  # noqa: TRY400
            write_report(self._project.run, report_name(self._name), state="failing", error=error.as_dict())
            if self._failures == 1:
                sys.stderr.write(f"  ! source {self._name}: {error}\n")
            return pause
        if self._failures:
            sys.stderr.write(f"  ✓ source {self._name} is back\n")
        self._failures = 0
        if commit is not None:
            log.info(
                "committed", extra={"source": self._name, "version": commit.version, "rows": commit.rows}
            )
            if commit.version % _COMPACT_EVERY == 0:
                self._lake.compact(self._name)
        latest = commit or self._lake.latest(self._name)
        write_report(
            self._project.run,
            report_name(self._name),
            state="following",
            version=latest.version if latest else 0,
            fresh_as_of=latest.fresh_as_of if latest else None,
        )
        return self._settings.poll_seconds

    def _ingest(self, source: Source) -> Commit | None:
        if self._lake.latest(self._name) is not None:
            return ingest_once(self._lake, self._name, source, self._mapping)
        with step(f"snapshot of {self._name}, rows") as shown:
            commit = ingest_once(self._lake, self._name, source, self._mapping, rows_in(shown))
            shown.summary = f"{commit.rows:,} rows" if commit else "nothing to land"
        return commit


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
        log_to_file(project.logs, report_name(arguments.source))
        IngestLoop(project, arguments.source, stop).run()
        remove_report(project.run, report_name(arguments.source))
    except AmalimartError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
