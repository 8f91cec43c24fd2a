"""What some files of a project say, read anew once one of them was written, added or removed.

Nothing runs in the background: whoever asks looks, at most so often. What a mistake in a file means is the
reader's to decide: `read` may raise, which leaves what was read before for the next look to try again, or
return what is to hold meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")

Stamp = tuple[tuple[str, int, int, int, int], ...]
"""Path, times of writing and of change, size and number of each file."""


def stamp_of(folder: Path, pattern: str = "*.yml") -> Stamp:
    """Another one as soon as a file of the folder was written, added, replaced or removed.

    `**/*.yml` looks below it, too. A folder that is not there has no files; a file that goes away meanwhile
    is as good as gone.
    """
    found = []
    for path in sorted(folder.glob(pattern)):
        try:
            told = path.stat()
        except OSError:
            continue
        found.append(
            (str(path.relative_to(folder)), told.st_mtime_ns, told.st_ctime_ns, told.st_size, told.st_ino)
        )
    return tuple(found)


class WatchedFiles(Generic[T]):
    """What was read of some files, and is as they stand. For many threads."""

    def __init__(
        self,
        stamp: Callable[[], Stamp],
        read: Callable[[], T],
        *,
        look_every: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Reads at once. Raises whatever `read` does. look_every: seconds between two looks at the files."""
        self._stamp, self._read = stamp, read
        self._look_every, self._clock = look_every, clock
        self._lock = threading.Lock()
        self._looked_at = clock()
        self._seen = stamp()
        self._current = read()

    def current(self) -> T:
        """What the files say now. Raises whatever `read` does, each time until it does not."""
        if self._clock() - self._looked_at < self._look_every:
            return self._current
        if self._stamp() != self._seen:
            with self._lock:
                seen = self._stamp()  # before reading: what is written meanwhile is read next time
                if seen != self._seen:
                    # In this order: who sees the new stamp without the lock must find what belongs to it.
                    self._current = self._read()
                    self._seen = seen
        self._looked_at = self._clock()
        return self._current
