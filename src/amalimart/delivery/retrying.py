"""How long to wait before a message is tried again: longer each time, and never all at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class RetryRule:
    """Exponential back-off with a limit.

    first, longest  the pause after the first try, and the longest one
    most            tries in all; as they are here, they span six to nine hours
    """

    first: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(hours=1)
    most: int = 16

    def pause(self, tries_before: int, jitter: float) -> timedelta:
        """The pause after a try; `jitter` from 0 to 1 puts it between half of it and all of it."""
        doubled: timedelta = self.first * (1 << min(tries_before, 20))
        return min(doubled, self.longest) * (0.5 + 0.5 * jitter)
