"""A bounded queue with a thread of its own: who puts something in never waits, nor hears of trouble.

What does not fit, or cannot be delivered, is dropped, counted and logged.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
_LOG_EVERY_SECONDS = 60.0

log = logging.getLogger(__name__)


class Outbox(Generic[T]):
    """Delivers what it is given, one after the other. The thread begins with the first.

    deliver   may take its time, and may raise
    attempts  how often each is tried; the pause doubles from `pause` seconds
    """

    def __init__(
        self,
        name: str,
        deliver: Callable[[T], None],
        *,
        capacity: int,
        attempts: int = 1,
        pause: float = 1.0,
    ) -> None:
        self._name = name
        self._deliver = deliver
        self._attempts = attempts
        self._pause = pause
        self._waiting: queue.Queue[T | None] = queue.Queue(capacity)
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._logged_at = -_LOG_EVERY_SECONDS
        self.dropped = 0

    def offer(self, item: T) -> bool:
        """Put something in; False where it was dropped."""
        if self._closing.is_set():
            self._drop("closed")
            return False
        try:
            self._waiting.put_nowait(item)
        except queue.Full:
            self._drop("the queue is full")
            return False
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
        return True

    def close(self, seconds: float) -> None:
        """Take nothing more, and wait so long at most for what is waiting."""
        if self._thread is None:
            self._closing.set()
            return
        deadline = time.monotonic() + seconds
        try:
            self._waiting.put(None, timeout=seconds)
        except queue.Full:
            self._closing.set()
            return
        self._thread.join(max(0.0, deadline - time.monotonic()))
        self._closing.set()

    def _run(self) -> None:
        while (item := self._waiting.get()) is not None:
            self._try(item)

    def _try(self, item: T) -> None:
        for attempt in range(1, self._attempts + 1):
            try:
                self._deliver(item)
            except Exception as error:  # noqa: BLE001 - nothing that is told may disturb who tells it
                if attempt == self._attempts or self._closing.wait(self._pause * 2 ** (attempt - 1)):
                    self._drop(type(error).__name__)
                    return
            else:
                return

    def _drop(self, reason: str) -> None:
        self.dropped += 1
        now = time.monotonic()
        if now - self._logged_at >= _LOG_EVERY_SECONDS:
            self._logged_at = now
            log.warning(
                "lineage events dropped",
                extra={"outbox": self._name, "dropped": self.dropped, "reason": reason},
            )
