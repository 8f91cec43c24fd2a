"""Runs what a request asks in a thread, and stops it when the reader has gone away.

Questions have threads of their own, so that however many wait, a request that asks nothing is answered.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar

import anyio
import anyio.to_thread
from anyio.lowlevel import RunVar
from starlette.requests import Request

from amalimart.core.abandoning import Wanted, wanted
from amalimart.core.errors import Busy

T = TypeVar("T")

THREADS = 32
_MOST_WAITING = 64
_AGAIN_SECONDS = 0.05

_limiter: RunVar[anyio.CapacityLimiter] = RunVar("question_threads")


class _Outcome(Generic[T]):
    """What became of the work: a task group would wrap its error."""

    def __init__(self) -> None:
        self.value: tuple[T] | None = None
        self.error: Exception | None = None
        self.is_over = False


async def answered(request: Request, work: Callable[[], T]) -> T:
    """What the work gives. Raises its error, Abandoned, or Busy where too many wait for a thread."""
    limiter = _threads()
    if limiter.statistics().tasks_waiting >= _MOST_WAITING:
        raise Busy("too many requests are being answered at once", next_step="try again in a moment")
    reader, outcome = Wanted(), _Outcome[T]()
    async with anyio.create_task_group() as group:
        group.start_soon(_watch, request, reader, outcome)
        await anyio.to_thread.run_sync(partial(_run, reader, work, outcome), limiter=limiter)
        outcome.is_over = True
        group.cancel_scope.cancel()
    if outcome.error is not None:
        raise outcome.error
    if outcome.value is None:
        raise RuntimeError("the work ended without an outcome")
    return outcome.value[0]


def _run(reader: Wanted, work: Callable[[], T], outcome: _Outcome[T]) -> None:
    try:
        with wanted(reader):
            outcome.value = (work(),)
    except Exception as error:  # noqa: BLE001 - raised again where the request is answered
        outcome.error = error


async def _watch(request: Request, reader: Wanted, outcome: _Outcome[T]) -> None:
    """Wait for the reader to go away. Said until the work ends: it may just be about to ask the engine."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    while not outcome.is_over:
        reader.abandon()
        await anyio.sleep(_AGAIN_SECONDS)


def _threads() -> anyio.CapacityLimiter:
    """Of this event loop."""
    try:
        return _limiter.get()
    except LookupError:
        limiter = anyio.CapacityLimiter(THREADS)
        _limiter.set(limiter)
        return limiter
