"""So many at once, a few more who wait a little, and no more: whoever is too many hears so at once."""

from __future__ import annotations

import threading
import time
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
        self._held = 0
        self._held_since = 0.0
        self._held_before = 0.0
        self._lock = threading.Lock()

    @property
    def held_seconds(self) -> float:
        """For how long, all in all, somebody has had a turn."""
        with self._lock:
            return self._held_before + (time.monotonic() - self._held_since if self._held else 0.0)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """One turn. Raises Busy where too many wait already, or it takes too long."""
        if not self._turns.acquire(blocking=False):
            self._wait()
        self._hold()
        try:
            yield
        finally:
            self._let_go()
            self._turns.release()

    def _hold(self) -> None:
        with self._lock:
            if not self._held:
                self._held_since = time.monotonic()
            self._held += 1

    def _let_go(self) -> None:
        with self._lock:
            self._held -= 1
            if not self._held:
                self._held_before += time.monotonic() - self._held_since

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
