"""Counts what is asked and opened in memory, and hands the counts to the log in groups.

An answer waits for no disk: one thread writes once a minute, and at the end. Who is killed loses a minute of
counts, which advice can spare.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlalchemy.exc import SQLAlchemyError

from amalimart.core.asked import AskedShape, Tally
from amalimart.core.clock import Clock, business_day

_log = logging.getLogger(__name__)

SECONDS_BETWEEN_WRITES = 60.0
MOST_SHAPES_WAITING = 2_000


class _Log(Protocol):
    def add(self, day: date, asked: Mapping[AskedShape, Tally]) -> None: ...


class _Visits(Protocol):
    def add(self, day: date, visits: Mapping[tuple[str, str], int]) -> None: ...


class QuestionTally:
    """The port by which the semantic layer notes what it answered, and the pages who opened them."""

    def __init__(self, kept: _Log, clock: Clock, zone: ZoneInfo, visits: _Visits) -> None:
        self._kept = kept
        self._visits = visits
        self._opened: dict[date, Counter[tuple[str, str]]] = defaultdict(Counter)
        self._clock = clock
        self._zone = zone
        self._waiting: dict[tuple[date, AskedShape], Tally] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write_on, name="question-tally", daemon=True)

    def note(self, shape: AskedShape, seconds: float) -> None:
        """Count one answer. What is asked in more shapes than can wait is not counted."""
        key = (business_day(self._clock, self._zone), shape)
        with self._lock:
            if key in self._waiting or len(self._waiting) < MOST_SHAPES_WAITING:
                self._waiting[key] = self._waiting.get(key, Tally(0, 0.0)) + Tally(1, seconds)

    def opened(self, dashboard: str, role: str) -> None:
        """Count that somebody of a role opened a dashboard. There are as many as are declared."""
        with self._lock:
            self._opened[business_day(self._clock, self._zone)][dashboard, role] += 1

    def start(self) -> None:
        """Begin to write now and then."""
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, and end."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self.write()

    def write(self) -> None:
        """Hand over what waits: one transaction a day. What cannot be written is dropped, and logged."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
            opened, self._opened = self._opened, defaultdict(Counter)
        by_day: dict[date, dict[AskedShape, Tally]] = {}
        for (day, shape), tally in waiting.items():
            by_day.setdefault(day, {})[shape] = tally
        for day, asked in by_day.items():
            try:
                self._kept.add(day, asked)
            except SQLAlchemyError:
                _log.exception("what was asked could not be counted")
        for day, visits in opened.items():
            try:
                self._visits.add(day, visits)
            except SQLAlchemyError:
                _log.exception("what was opened could not be counted")

    def _write_on(self) -> None:
        while not self._stop.wait(SECONDS_BETWEEN_WRITES):
            self.write()
