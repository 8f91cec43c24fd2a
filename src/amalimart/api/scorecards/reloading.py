"""Scorecards read anew when their files have changed, so that an edited band holds from the next look on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from amalimart.access.principal import Principal, Role
from amalimart.api.last_good import LastGood
from amalimart.api.scorecards.definition import Scorecard
from amalimart.api.scorecards.library import ScorecardLibrary, load_scorecards
from amalimart.core.errors import ConfigError


class ReloadingScorecards:
    """The scorecards of a project. For many threads."""

    def __init__(
        self,
        overlay: Path,
        check: Callable[[ScorecardLibrary], None],
        roles: Callable[[], Iterable[Role]] = lambda: Role,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`check` holds a library against what it names, `roles` are those that there are then.

        Raises ConfigError as reading does at the start.
        """
        self._files = LastGood(overlay, lambda: load_scorecards(overlay, roles=roles()), check, clock)

    @property
    def mistake(self) -> ConfigError | None:
        """What is wrong with the files as they are now."""
        return self._files.mistake

    @property
    def uses(self) -> Mapping[str, frozenset[str]]:
        """The metrics and dimensions that each of them names."""
        return self._files.current().uses

    def for_principal(self, principal: Principal) -> list[Scorecard]:
        """As the library does."""
        return self._files.current().for_principal(principal)

    def get(self, name: str, principal: Principal) -> Scorecard:
        """As the library does. Raises NotFound."""
        return self._files.current().get(name, principal)
