"""What was accepted, as the engine asks for it: kept in the control database, opened when it is needed.

A build must not wait for a database of users that a project may not even have.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from pathlib import Path

from amalimart.control.database import open_database
from amalimart.control.deciding import Decider
from amalimart.control.releases.acceptances import CheckAcceptances
from amalimart.core.clock import Clock
from amalimart.core.releases import Acceptance


class AcceptanceLedger:
    """The acceptances of one project. Close it when done."""

    def __init__(self, database: Path, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._kept: CheckAcceptances | None = None
        self._opening = threading.Lock()

    def standing(self) -> tuple[Acceptance, ...]:
        """Those that were neither revoked nor have lapsed. Raises ConfigError for a broken database."""
        if self._kept is None and not self._database.is_file():
            return ()
        return self._opened().standing()

    def lapse(self, acceptance_ids: Collection[str]) -> None:
        """Their checks pass again."""
        self._opened().lapse(acceptance_ids)

    def accept(
        self, blocked_number: int, failing: Mapping[str, int], decider: Decider, reason: str
    ) -> tuple[Acceptance, ...]:
        """Let these checks fail for so many rows. Raises RequestError."""
        return self._opened().accept(blocked_number, failing, decider, reason)

    def revoke(self, blocked_number: int, decider: Decider, reason: str | None) -> tuple[Acceptance, ...]:
        """Take back what was accepted of a blocked build. Raises NotFound, RequestError."""
        return self._opened().revoke(blocked_number, decider, reason)

    def close(self) -> None:
        """Let go of the database."""
        if self._kept is not None:
            self._kept.close()

    def _opened(self) -> CheckAcceptances:
        with self._opening:
            if self._kept is None:
                self._kept = CheckAcceptances(open_database(self._database), self._clock)
            return self._kept
