"""Being the one process that runs the jobs of a project: taking the lease, keeping it, noticing its loss.

Whether a holder that was not heard of is dead is told by time that has passed here, not by the clock on the
wall, which may be set.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from datetime import timedelta

from amalimart.control.leases import HeldLease, Leases, SeenLease
from amalimart.core.clock import Clock
from amalimart.core.errors import LeaseLost

LEASE = "schedules"
LASTS = timedelta(seconds=30)


class Leadership:
    """This process's part in it. `elapsed` tells seconds that never go back, such as time.monotonic."""

    def __init__(
        self, leases: Leases, clock: Clock, elapsed: Callable[[], float], lasts: timedelta = LASTS
    ) -> None:
        self._leases = leases
        self._clock = clock
        self._elapsed = elapsed
        self._lasts = lasts
        self._holder = f"{os.getpid()}-{secrets.token_hex(8)}"
        self._renewed = 0.0
        self._seen: SeenLease | None = None
        self._seen_since = 0.0
        self.held: HeldLease | None = None

    def keep(self) -> HeldLease | None:
        """Take the lease if it is free, renew it if it is time; the lease while it is held here."""
        if self.held is None:
            self._try()
        elif self._elapsed() - self._renewed >= self._lasts.total_seconds() / 3:
            try:
                self._leases.renew(self.held, self._clock.now(), self._lasts)
            except LeaseLost:
                self.held = None
            else:
                self._renewed = self._elapsed()
        return self.held

    def lost(self) -> None:
        """Somebody found out by a write."""
        self.held = None

    def give_back(self) -> None:
        """Let the next process take over at once."""
        if self.held is not None:
            self._leases.give_back(self.held, self._clock.now())
            self.held = None

    def _try(self) -> None:
        seen, now = self._leases.look(LEASE), self._elapsed()
        if seen != self._seen:
            self._seen, self._seen_since = seen, now
        dead = seen if now - self._seen_since > self._lasts.total_seconds() else None
        self.held = self._leases.take(LEASE, self._holder, self._clock.now(), self._lasts, dead)
        self._renewed = now
