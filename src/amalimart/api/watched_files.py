"""What a project's files of one folder say, read anew when they have changed.

A mistake is kept to be told to admins, and what was read last without one stays in use.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from amalimart.core.errors import ConfigError

_LOOK_EVERY = 0.5  # seconds
Read = TypeVar("Read")
_Stamp = tuple[tuple[str, int, int], ...]


class WatchedFiles(Generic[Read]):
    """For many threads; looks at the files at most twice a second."""

    def __init__(
        self, folder: Path, read: Callable[[], Read], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`read` reads them all. Raises ConfigError as it does at the start."""
        self._folder = folder
        self._read = read
        self._clock = clock
        self._lock = threading.Lock()
        self._stamp = self._stamped()
        self._looked_at = clock()
        self._mistake: ConfigError | None = None
        self._last = read()

    def current(self) -> Read:
        """What the files say now, else what they said last without a mistake."""
        with self._lock:
            if self._clock() - self._looked_at >= _LOOK_EVERY:
                self._looked_at = self._clock()
                stamp = self._stamped()
                if stamp != self._stamp:
                    self._stamp = stamp
                    self._reread()
            return self._last

    @property
    def mistake(self) -> ConfigError | None:
        """What is wrong with the files as they are now."""
        self.current()
        return self._mistake

    def _reread(self) -> None:
        try:
            self._last = self._read()
        except ConfigError as error:
            self._mistake = error
        else:
            self._mistake = None

    def _stamped(self) -> _Stamp:
        """When each file was changed; one that goes away between is as good as gone."""
        stamps = []
        for path in sorted(self._folder.rglob("*.yml")):
            try:
                told = path.stat()
            except OSError:
                continue
            stamps.append((str(path), told.st_mtime_ns, told.st_size))
        return tuple(stamps)
