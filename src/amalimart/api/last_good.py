"""What a project's files of one folder say, or said last without a mistake.

A mistake is kept to be told to admins.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from amalimart.config.watched_files import WatchedFiles, stamp_of
from amalimart.core.errors import ConfigError

_LOOK_EVERY = 0.5  # seconds
T = TypeVar("T")


class LastGood(Generic[T]):
    """For many threads; looks at the files at most twice a second."""

    def __init__(
        self,
        folder: Path,
        read: Callable[[], T],
        check: Callable[[T], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`read` reads them all, `check` holds what was read against what it names.

        Raises ConfigError as these do at the start.
        """
        self._last: T | None = None
        self._read, self._check = read, check
        self._files = WatchedFiles(
            lambda: stamp_of(folder, "**/*.yml"), self._read_or_told, look_every=_LOOK_EVERY, clock=clock
        )

    def current(self) -> T:
        """What the files say now, else what they said last without a mistake."""
        return self._files.current()[0]

    @property
    def mistake(self) -> ConfigError | None:
        """What is wrong with the files as they are now."""
        return self._files.current()[1]

    def _read_or_told(self) -> tuple[T, ConfigError | None]:
        try:
            read = self._read()
            self._check(read)
        except ConfigError as error:
            if self._last is None:
                raise
            return self._last, error
        self._last = read
        return read, None
