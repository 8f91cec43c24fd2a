"""A project folder and the ingest process of its one source, as the supervisor would run it."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest

from amalimart.config.project import Project, open_project
from amalimart.config.secrets import write_secret
from amalimart.config.source_settings import SourceSettings
from amalimart.orchestrate.project.init import add_source, init_project
from amalimart.orchestrate.project.runtime_files import read_report
from tests.faults.lake_oracle import SOURCE, holds_entry, opened

ROOT = Path(__file__).parents[2]
PLAIN = "amalimart.processes.ingest"
HURRIED = "tests.faults.hurried_ingest"
_SECRET = "SHOP_URL"
_NUMBERS = itertools.count(1)


def make_project(
    home: Path,
    kind: Literal["postgres", "mysql"],
    url: str,
    mapping: str,
    **settings: Any,
) -> Project:
    """A project with the one source `shop`."""
    project = init_project(home, time_zone="Africa/Accra")
    (project.overlay("sources") / "faults.yml").write_text(mapping)
    source = SourceSettings(kind=kind, mapping="faults", url=f"secret:{_SECRET}", **settings)
    return add_source(project, SOURCE, source, url)


def point_at(home: Path, url: str) -> None:
    """Let the source be somewhere else from the next start on."""
    write_secret(home, _SECRET, url)


def no_defect(home: Path) -> None:
    """No ingest process of a project ever met an error that it did not expect."""
    for path in home.glob("printed-*.txt"):
        printed = path.read_text()
        assert "Traceback" not in printed, printed[-6000:]


class IngestProcess:
    """Starts, kills and stops an ingest process of a project; what it prints is kept in a file."""

    def __init__(self, home: Path, module: str = PLAIN) -> None:
        self.home = home
        self.module = module
        self.printed_to = home / f"printed-{next(_NUMBERS)}.txt"
        self._process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def ended(self) -> int | None:
        """Its exit code, if it has ended."""
        return self._process.poll() if self._process is not None else None

    @property
    def printed(self) -> str:
        return self.printed_to.read_text() if self.printed_to.exists() else ""

    def start(self, *, before: Callable[[], None] | None = None) -> None:
        """Run it anew; `before` is called in the child, to take something away from it."""
        self.started_at = time.monotonic()
        with self.printed_to.open("ab") as stream:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self.module, "--home", str(self.home), "--source", SOURCE],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                env={**os.environ, "PYTHONWARNINGS": "error::ResourceWarning"},
                preexec_fn=before,  # noqa: PLW1509 - no threads hold locks that the child would need
            )

    def kill(self) -> None:
        """kill -9, and wait until the kernel has taken it away."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """Ask it to end, as the supervisor does; it must end well."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(20) == 0, self.printed[-3000:]

    def give_up(self) -> None:
        """Make sure that nothing is left running."""
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def report(self) -> dict[str, Any]:
        """What the running process says of itself; empty where it said nothing yet."""
        found = read_report(open_project(self.home).run, f"ingest-{SOURCE}")
        ours = found is not None and self._process is not None and found.pid == self._process.pid
        return dict(found.fields) if found is not None and ours else {}

    def wait(self, what: str, holds: Callable[[], bool], seconds: float = 60.0) -> float:
        """Wait until something holds, and say how long that took."""
        started = time.monotonic()
        while not holds():
            waited = time.monotonic() - started
            if waited > seconds or self.ended is not None:
                pytest.fail(
                    f"waited in vain for {what}; it says {self.report()}, ended {self.ended}\n"
                    f"{self.printed[-3000:]}"
                )
            time.sleep(0.05)
        return time.monotonic() - started

    def wait_for_entry(self, number: int, seconds: float = 60.0) -> float:
        """Wait until the lake holds a transaction, and with it all before."""
        lake = opened(self.home)
        return self.wait(f"transaction {number}", lambda: holds_entry(lake, number), seconds)
