"""How many requests one reader may send: so many a second, and some at once (a token bucket each)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from amalimart.core.errors import RateLimited
from amalimart.core.recent import Recent

_READERS_REMEMBERED = 10_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


class RateLimit:
    """For every reader by name; one who has not been here for long starts with a full bucket."""

    def __init__(
        self, per_second: float = 20, burst: int = 100, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second = per_second
        self._burst = burst
        self._now = now
        self._buckets: Recent[str, _Bucket] = Recent(_READERS_REMEMBERED)
        self._lock = Lock()

    def take(self, subject: str) -> None:
        """Count one request. Raises RateLimited."""
        with self._lock:
            now = self._now()
            bucket = self._buckets.get(subject)
            if bucket is None:
                bucket = _Bucket(self._burst, now)
                self._buckets.put(subject, bucket)
            refilled = bucket.tokens + (now - bucket.filled_at) * self._per_second
            bucket.tokens, bucket.filled_at = min(self._burst, refilled), now
            if bucket.tokens < 1:
                raise RateLimited(
                    "You are asking too often.",
                    expected=f"{self._per_second:g} requests a second, {self._burst} at once",
                    next_step="wait a moment, then ask again",
                    retry_after_seconds=(1 - bucket.tokens) / self._per_second,
                )
            bucket.tokens -= 1
