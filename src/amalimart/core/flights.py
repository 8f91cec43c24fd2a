"""Many who want the same at once: one does the work, the others wait for what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Event, Lock
from typing import Generic, TypeVar

from amalimart.core.errors import Abandoned

V = TypeVar("V")


class _Flight(Generic[V]):
    def __init__(self) -> None:
        self.is_over = Event()
        self.landed: tuple[V] | None = None
        self.error: Exception | None = None


class Flights(Generic[V]):
    """Work that is under way, by its key."""

    def __init__(self) -> None:
        self._under_way: dict[Hashable, _Flight[V]] = {}
        self._lock = Lock()

    def run(self, key: Hashable, work: Callable[[], V]) -> V:
        """What the work gives, or its error, done once for all who ask for it meanwhile.

        Who does it may give it up (Abandoned), since nobody waits for their own answer any more: then one of
        the others does it.
        """
        while True:
            with self._lock:
                flight = self._under_way.get(key)
                is_mine = flight is None
                if flight is None:
                    flight = self._under_way[key] = _Flight()
            if is_mine:
                return self._flown(key, flight, work)
            flight.is_over.wait()
            if flight.landed is not None:
                return flight.landed[0]
            if flight.error is not None and not isinstance(flight.error, Abandoned):
                raise flight.error

    def _flown(self, key: Hashable, flight: _Flight[V], work: Callable[[], V]) -> V:
        try:
            flight.landed = (work(),)
        except Exception as error:
            flight.error = error
            raise
        finally:
            with self._lock:
                del self._under_way[key]
            flight.is_over.set()
        return flight.landed[0]
