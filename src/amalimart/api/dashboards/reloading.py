"""Dashboards read anew when their files have changed, so that an edit shows at the next look at the page.

A mistake is kept to be told to admins, and what was read last without one stays in use.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from amalimart.access.principal import Principal, Role
from amalimart.api.dashboards.definition import Dashboard
from amalimart.api.dashboards.library import DashboardLibrary, NameUse, load_dashboards
from amalimart.core.errors import ConfigError

_LOOK_EVERY = 0.5  # seconds
_Stamp = tuple[tuple[str, int, int], ...]


class ReloadingDashboards:
    """The dashboards of a project. For many threads; reads files at most twice a second."""

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
        self._overlay = overlay
        self._check = check
        self._roles = roles
        self._clock = clock
        self._lock = threading.Lock()
        self._stamp = self._stamped()
        self._looked_at = clock()
        self._mistake: ConfigError | None = None
        self._library = self._read()

    def current(self) -> DashboardLibrary:
        """What the files say now, else what they said last without a mistake."""
        with self._lock:
            if self._clock() - self._looked_at >= _LOOK_EVERY:
                self._looked_at = self._clock()
                stamp = self._stamped()
                if stamp != self._stamp:
                    self._stamp = stamp
                    self._reread()
            return self._library

    @property
    def mistake(self) -> ConfigError | None:
        """What is wrong with the files as they are now."""
        self.current()
        return self._mistake

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

    def _reread(self) -> None:
        try:
            self._library = self._read()
        except ConfigError as error:
            self._mistake = error
        else:
            self._mistake = None

    def _read(self) -> DashboardLibrary:
        library = load_dashboards(self._overlay, roles=self._roles())
        self._check(library)
        return library

    def _stamped(self) -> _Stamp:
        """When each file was changed; one that goes away between is as good as gone."""
        stamps = []
        for path in sorted(self._overlay.rglob("*.yml")):
            try:
                told = path.stat()
            except OSError:
                continue
            stamps.append((str(path), told.st_mtime_ns, told.st_size))
        return tuple(stamps)
