"""Dashboards read anew when their files have changed, so that an edit shows at the next look at the page."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from amalimart.access.principal import Principal, Role
from amalimart.api.dashboards.definition import Dashboard
from amalimart.api.dashboards.library import DashboardLibrary, NameUse, load_dashboards
from amalimart.api.last_good import LastGood
from amalimart.core.errors import ConfigError


class ReloadingDashboards:
    """The dashboards of a project. For many threads."""

    def __init__(
        self,
        overlay: Path,
        check: Callable[[DashboardLibrary], None],
        roles: Callable[[], Iterable[Role]] = lambda: Role,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`check` holds a library against what it names, `roles` are those that there are then.

        Raises ConfigError as reading does at the start.
        """
        self._files = LastGood(overlay, lambda: load_dashboards(overlay, roles=roles()), check, clock)

    def current(self) -> DashboardLibrary:
        """What the files say now, else what they said last without a mistake."""
        return self._files.current()

    @property
    def mistake(self) -> ConfigError | None:
        """What is wrong with the files as they are now."""
        return self._files.mistake

    @property
    def dashboards(self) -> Mapping[str, Dashboard]:
        """All of them by name."""
        return self.current().dashboards

    @property
    def uses(self) -> Mapping[str, tuple[NameUse, ...]]:
        """What each of them names."""
        return self.current().uses

    @property
    def texts(self) -> Mapping[str, Mapping[str, str]]:
        """Their texts in other languages."""
        return self.current().texts

    def for_principal(self, principal: Principal) -> list[Dashboard]:
        """As the library does."""
        return self.current().for_principal(principal)

    def get(self, name: str, principal: Principal) -> Dashboard:
        """As the library does. Raises NotFound."""
        return self.current().get(name, principal)

    def home(self, principal: Principal) -> Dashboard:
        """As the library does. Raises NotFound."""
        return self.current().home(principal)
