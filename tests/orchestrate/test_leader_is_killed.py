"""Two real processes: the one that leads is killed in the middle of a run, and the other runs it again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from amalimart.control.store import open_control_store
from amalimart.core.clock import SystemClock
from amalimart.core.jobs import RunState

PROGRAM = Path(__file__).parent / "leading_process.py"
ROOT = PROGRAM.parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@contextmanager
def leading(database: Path, notes: Path, name: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), str(database), str(notes), name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])},
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip() == str(process.pid)
    try:
        yield process
    finally:
        process.communicate(timeout=30)


def until(holds: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_killed_leaders_run_is_found_abandoned_and_run_again_by_the_other(tmp_path: Path) -> None:
    database, notes = tmp_path / "control.db", tmp_path / "notes.txt"
    notes.touch()
    control = open_control_store(database, SystemClock())
    with ExitStack() as ended:
        processes = {name: ended.enter_context(leading(database, notes, name)) for name in ("one", "two")}
        until(lambda: "begins" in notes.read_text())
        first = notes.read_text().split()
        other = "two" if first[0] == "one" else "one"
        os.kill(processes[first[0]].pid, signal.SIGKILL)
        killed_at = time.monotonic()
        until(lambda: f"{other} ends {first[2]} 2" in notes.read_text())
        assert time.monotonic() - killed_at < 30  # the lease ends after 4 s, and the run takes 2
        until(lambda: any(run.state is RunState.SUCCEEDED for run in control.job_runs.history(None, 99)))
    runs = [
        run for run in control.job_runs.history("noting", 99) if run.scheduled_for.isoformat() == first[2]
    ]
    assert [(run.attempt, run.state) for run in reversed(runs)] == [
        (1, RunState.ABANDONED),
        (2, RunState.SUCCEEDED),
    ]
    assert runs[0].outcome == {"process": other}
    assert f"{first[0]} ends" not in notes.read_text()
    control.close()


def test_a_leader_that_stood_still_finds_out_before_it_writes(tmp_path: Path) -> None:
    database, notes = tmp_path / "control.db", tmp_path / "notes.txt"
    notes.touch()
    control = open_control_store(database, SystemClock())
    with ExitStack() as ended:
        processes = {name: ended.enter_context(leading(database, notes, name)) for name in ("one", "two")}
        until(lambda: "begins" in notes.read_text())
        first = notes.read_text().split()
        other = "two" if first[0] == "one" else "one"
        os.kill(processes[first[0]].pid, signal.SIGSTOP)
        try:
            until(lambda: f"{other} ends {first[2]} 2" in notes.read_text())
        finally:
            os.kill(processes[first[0]].pid, signal.SIGCONT)
        until(lambda: len(control.job_runs.history("noting", 99)) >= 2)
        time.sleep(4)
    runs = control.job_runs.history("noting", 99)
    done = [
        run for run in runs if run.state is RunState.SUCCEEDED and run.scheduled_for.isoformat() == first[2]
    ]
    assert [run.outcome for run in done] == [{"process": other}]
    control.close()
