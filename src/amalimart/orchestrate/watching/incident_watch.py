"""Watches for trouble while the engine runs: looks every few seconds, writes down, and has messages sent.

Looking and sending are threads of their own, and each channel has one: whatever hangs delays nothing else.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from amalimart.control.incidents.ledger import Incidents
from amalimart.control.incidents.telling import Telling
from amalimart.core.incidents import Look
from amalimart.delivery.courier import Courier

_LOOK_SECONDS = 5.0
_SEND_SECONDS = 5.0
_LONGEST_GOODBYE = 5.0

log = logging.getLogger(__name__)


class IncidentWatch:
    """A thread that looks, and one for each channel that sends, until told to stop."""

    def __init__(
        self, look: Callable[[], Look], incidents: Incidents, telling: Telling, couriers: Sequence[Courier]
    ) -> None:
        self._look = look
        self._incidents = incidents
        self._telling = telling
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(
                target=self._repeat, args=(self.look_once, _LOOK_SECONDS), name="incidents", daemon=True
            ),
            *(
                threading.Thread(
                    target=self._repeat,
                    args=(lambda courier=courier: courier.send_due(self._stop.is_set), _SEND_SECONDS),
                    name=f"notify {courier.channel}",
                    daemon=True,
                )
                for courier in couriers
            ),
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ask all threads to end. One that waits for a channel is left behind: its message is sent again."""
        self._stop.set()
        deadline = time.monotonic() + _LONGEST_GOODBYE
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def look_once(self) -> None:
        """One look, written down together with the messages that it makes necessary."""
        self._incidents.record(self._look(), self._telling)

    def _repeat(self, work: Callable[[], None], seconds: float) -> None:
        while not self._stop.is_set():
            try:
                work()
            except Exception:
                # The control database may be locked, the disk full: a watch that ends is worse than one late.
                log.exception("watching for trouble failed")
            self._stop.wait(seconds)
