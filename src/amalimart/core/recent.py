"""What was used most lately, within bounds, for many threads."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Values by key, each with a size; together they take up at most `most`. The least used goes first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._entries: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._taken = 0
        self._lock = Lock()

    @property
    def taken(self) -> int:
        """How much all entries take up together."""
        return self._taken

    def clear(self) -> None:
        """Let go of everything."""
        with self._lock:
            self._entries.clear()
            self._taken = 0

    def get(self, key: K) -> V | None:
        """The value, which counts as used now."""
        with self._lock:
            found = self._entries.get(key)
            if found is None:
                return None
            self._entries.move_to_end(key)
            return found[0]

    def take(self, key: K) -> V | None:
        """The value, which is not kept any more: of many who ask at once one gets it."""
        with self._lock:
            found = self._entries.pop(key, None)
            if found is None:
                return None
            self._taken -= found[1]
            return found[0]

    def put(self, key: K, value: V, size: int = 1) -> None:
        """Keep a value; one that would take up more than everything may is not kept."""
        with self._lock:
            _, former = self._entries.pop(key, (None, 0))
            self._taken -= former
            if size > self._most:
                return
            self._entries[key] = (value, size)
            self._taken += size
            while self._taken > self._most:
                _, (_, freed) = self._entries.popitem(last=False)
                self._taken -= freed
