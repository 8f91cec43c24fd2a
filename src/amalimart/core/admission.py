"""So many at once, a few more who wait a little, and no more: whoever is too many hears so at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from amalimart.core.errors import Busy


class Admission:
    """Turns at something that few can do at a time; for many threads."""

    def __init__(self, what: str, *, at_once: int, waiting: int, wait_seconds: float) -> None:
        self._what = what
        self._at_once = at_once
        self._most_waiting = waiting
        self._wait_seconds = wait_seconds
        self._turns = threading.BoundedSemaphore(at_once)
        self._waiting = 0
        self._lock = threading.Lock()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """One turn. Raises Busy where too many wait already, or it takes too long."""
        if not self._turns.acquire(blocking=False):
            self._wait()
        try:
            yield
        finally:
            self._turns.release()

    def _wait(self) -> None:
        with self._lock:
            if self._waiting >= self._most_waiting:
                raise self._busy()
            self._waiting += 1
        try:
            if not self._turns.acquire(timeout=self._wait_seconds):
                raise self._busy()
        finally:
            with self._lock:
                self._waiting -= 1

    def _busy(self) -> Busy:
        return Busy(
            f"too many {self._what} are being answered at once",
            expected=f"at most {self._at_once} at a time, and {self._most_waiting} that wait",
            next_step="try again in a moment",
        )
