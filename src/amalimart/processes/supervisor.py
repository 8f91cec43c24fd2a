"""Runs a project's processes: starts them, restarts one that dies, stops all of them cleanly.

Each child is a session of its own, so that Ctrl-C reaches only the supervisor, which then stops the
children in the reverse order of their start. The lake outlives all of them.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import FrameType

from amalimart.core.errors import RuntimeTrouble
from amalimart.observe.progress import announce

_GRACE_SECONDS = 15.0
_LOOK_SECONDS = 0.2
_LONGEST_PAUSE = 30.0
_STEADY_SECONDS = 60.0
FATAL_EXIT_CODES = frozenset({2, 3, 8})  # configuration, source refused at the start, busy port


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """One process to keep running: a Python module and its arguments."""

    name: str
    module: str
    arguments: tuple[str, ...]


class _Child:
    def __init__(self, spec: ProcessSpec) -> None:
        self.spec = spec
        self.failures = 0
        self.start_again_at = 0.0
        self.process = self._spawn()

    def _spawn(self) -> subprocess.Popen[bytes]:
        self.started = time.monotonic()
        command = [sys.executable, "-m", self.spec.module, *self.spec.arguments]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603 - ours

    def tend(self) -> int | None:
        """Restart a dead child after a pause that doubles; returns a fatal exit code, if it is one."""
        code = self.process.poll()
        if code is None:
            return None
        now = time.monotonic()
        if self.start_again_at == 0.0:
            early = now - self.started < _STEADY_SECONDS
            if early and self.failures == 0 and code in FATAL_EXIT_CODES:
                return code
            self.failures = self.failures + 1 if early else 1
            pause = min(2.0 ** (self.failures - 1), _LONGEST_PAUSE)
            self.start_again_at = now + pause
            announce(f"  ! {self.spec.name} ended with code {code}; starting it again in {pause:g} s")
        elif now >= self.start_again_at:
            self.start_again_at = 0.0
            self.process = self._spawn()
        return None

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(_GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()


class Supervisor:
    """Keeps processes running until it is stopped, or one of them cannot start."""

    def __init__(self, specs: Sequence[ProcessSpec]) -> None:
        self._specs = specs
        self._stop = threading.Event()

    def stop(self) -> None:
        """Ask the supervisor to end; `run` then returns."""
        self._stop.set()

    def run(self) -> None:
        """Run until SIGINT, SIGTERM or `stop`. Raises RuntimeTrouble where a process cannot start."""
        previous = {
            number: signal.signal(number, self._on_signal) for number in (signal.SIGINT, signal.SIGTERM)
        }
        children = [_Child(spec) for spec in self._specs]
        try:
            while not self._stop.wait(_LOOK_SECONDS):
                for child in children:
                    if (code := child.tend()) is not None:
                        raise RuntimeTrouble(
                            f"{child.spec.name} could not start; what it said stands above",
                            where=f"exit code {code}",
                            next_step="amalimart doctor",
                        )
        finally:
            for child in reversed(children):
                child.stop()
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stop.set()
