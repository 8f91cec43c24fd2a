"""Whether anybody still waits for what is being done, for whoever does it deep below.

Whoever takes a request runs the work within `wanted`; whoever does something long names a way to stop it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from amalimart.core.errors import Abandoned


class Wanted:
    """One piece of work that somebody waits for, until they go away."""

    def __init__(self) -> None:
        self._is_abandoned = False
        self._stops: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    @property
    def is_abandoned(self) -> bool:
        """Whether nobody waits any more."""
        return self._is_abandoned

    def abandon(self) -> None:
        """Nobody waits any more: stop what is going on. May be said again, where a stop came too early."""
        with self._lock:
            self._is_abandoned = True
            for stop in self._stops:
                stop()

    @contextmanager
    def stopping(self, stop: Callable[[], None]) -> Iterator[None]:
        """Do something that `stop` ends early, from another thread. Raises Abandoned if it is too late."""
        with self._lock:
            self._refuse()
            self._stops.append(stop)
        try:
            yield
        finally:
            with self._lock:
                self._stops.remove(stop)

    def _refuse(self) -> None:
        if self._is_abandoned:
            raise Abandoned("whoever asked has gone away")


_current: ContextVar[Wanted | None] = ContextVar("wanted", default=None)


@contextmanager
def wanted(by: Wanted) -> Iterator[None]:
    """Do work that is wanted as long as this says so."""
    token = _current.set(by)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def while_wanted(stop: Callable[[], None]) -> Iterator[None]:
    """Do something that `stop` ends early when nobody waits for it any more. Raises Abandoned."""
    current = _current.get()
    if current is None:
        yield
        return
    with current.stopping(stop):
        try:
            yield
        except Exception as error:
            if current.is_abandoned:
                raise Abandoned("whoever asked has gone away") from error
            raise
