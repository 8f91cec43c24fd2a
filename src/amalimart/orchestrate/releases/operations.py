"""Long operations on the warehouse: one at a time, in a thread of its own, followed by whoever asked.

Also starts a compaction by itself, at a quiet moment, where the file is much larger than it has to be.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from amalimart.core.clock import Clock
from amalimart.core.errors import AmalimartError, Internal, NotFound, OperationUnderWay
from amalimart.core.giving_way import give_way
from amalimart.core.operations import Operation, OperationKind, OperationState
from amalimart.observe.spans import OPERATION
from amalimart.observe.work import Work, working
from amalimart.orchestrate.engine import Engine
from amalimart.orchestrate.releases.rebuilding import TakenOver, Told, compact, copy_beside, rebuild
from amalimart.orchestrate.releases.refresh_loop import RefreshLoop

_REMEMBERED = 20
_LOOK_SECONDS = 60.0
_QUIET_SECONDS = 30.0
_AGAIN_SECONDS = 3600.0
_TOO_LARGE = 2.0
_WORTH_BYTES = 64 * 1024**2

log = logging.getLogger(__name__)

Doing = Callable[[Told], dict[str, Any]]
"""Does an operation, tells how far it is, and returns what it brought."""


class Operations:
    """The operations on one engine's warehouse."""

    def __init__(self, engine: Engine, loop: RefreshLoop, clock: Clock) -> None:
        self._engine = engine
        self._loop = loop
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, Operation] = {}
        self._thread: threading.Thread | None = None
        self._look_at = 0.0
        self._quiet_since: float | None = None

    def start(self, kind: OperationKind, work: Doing | None = None) -> Operation:
        """Begin an operation and return at once. Raises OperationUnderWay.

        `work` does one that needs more than the warehouse, and returns what it brought.
        """
        with self._lock:
            running = next((op for op in self._known.values() if op.state is OperationState.RUNNING), None)
            if running is not None:
                raise OperationUnderWay(
                    f"a {running.kind.value} of the warehouse is under way",
                    where=running.operation_id,
                    next_step="amalimart status shows how far it is",
                )
            begun = Operation(
                secrets.token_hex(6), kind, OperationState.RUNNING, 0.0, "starting", self._clock.now()
            )
            self._known[begun.operation_id] = begun
            for forgotten in list(self._known)[:-_REMEMBERED]:
                del self._known[forgotten]
            name = f"operation {kind.value}"
            self._thread = threading.Thread(target=self._run, args=(begun, work), name=name, daemon=True)
            self._thread.start()
        return begun

    def find(self, operation_id: str) -> Operation:
        """How far an operation is. Raises NotFound."""
        with self._lock:
            found = self._known.get(operation_id)
        if found is None:
            raise NotFound("there is no such operation", where=operation_id, next_step="amalimart status")
        return found

    @property
    def latest(self) -> Operation | None:
        """The one that runs, or the last one."""
        with self._lock:
            return next(reversed(self._known.values()), None)

    def wait(self) -> None:
        """Return when nothing is under way."""
        thread = self._thread
        if thread is not None:
            thread.join()

    def at_rest(self) -> None:
        """Called while there is nothing to publish: compact the file, if it is time to and it is worth it."""
        now = time.monotonic()
        if self._loop.last_report_at is not None and now - self._loop.last_report_at < _QUIET_SECONDS:
            return
        if now < self._look_at:
            return
        self._look_at = now + _LOOK_SECONDS
        size, used = self._engine.hot_file.bytes, self._engine.hot_file.used_bytes()
        if size < _WORTH_BYTES or size <= used * _TOO_LARGE:
            return
        self._look_at = now + _AGAIN_SECONDS
        log.info("compacting the warehouse", extra={"bytes": size, "used_bytes": used})
        try:
            self.start(OperationKind.COMPACT)
        except OperationUnderWay:
            return

    def _run(self, begun: Operation, doing: Doing | None) -> None:
        give_way()
        with working(OPERATION) as work:
            work.set(kind=begun.kind.value)
            self._do(begun, doing, work)

    def _do(self, begun: Operation, doing: Doing | None, work: Work) -> None:
        try:
            result = self._done(begun, doing)
        except AmalimartError as error:
            work.fail(error.code)
            log.error(  # noqa: TRY400 - typed
                "operation failed", extra={"operation": begun.kind.value, "error": error.as_dict()}
            )
            self._end(begun, OperationState.FAILED, error=error.as_dict())
        except Exception as defect:
            work.fail(Internal.code)
            log.exception("operation failed", extra={"operation": begun.kind.value})
            said = Internal(
                f"the {begun.kind.value} failed: {type(defect).__name__}", next_step="see the engine's log"
            )
            self._end(begun, OperationState.FAILED, error=said.as_dict())
        else:
            log.info("operation done", extra={"operation": begun.kind.value, **result})
            self._end(begun, OperationState.DONE, result=result)

    def _done(self, begun: Operation, doing: Doing | None) -> dict[str, Any]:
        def tell(share: float, what: str) -> None:
            self._note(begun.operation_id, share=share, what=what)

        if doing is not None:
            return doing(tell)
        if begun.kind is OperationKind.COPY:
            return {"file": str(copy_beside(self._engine, self._clock, tell))}
        work = rebuild if begun.kind is OperationKind.REBUILD else compact
        taken = work(self._engine, self._clock, tell)
        if taken.report is not None:
            self._loop.took(taken.report)
        return _told(taken)

    def _end(self, begun: Operation, state: OperationState, **said: Any) -> None:
        what = "done" if state is OperationState.DONE else "failed"
        self._note(begun.operation_id, share=1.0, what=what, state=state, ended_at=self._clock.now(), **said)

    def _note(self, operation_id: str, **said: Any) -> None:
        with self._lock:
            self._known[operation_id] = replace(self._known[operation_id], **said)


def _told(taken: TakenOver) -> dict[str, Any]:
    result: dict[str, Any] = {
        "bytes_before": taken.bytes_before,
        "bytes_after": taken.bytes_after,
        "release_id": taken.release_id,
    }
    if taken.comparison is not None:
        differences: list[Mapping[str, Any]] = [asdict(each) for each in taken.comparison.differences]
        result |= {
            "tables": taken.comparison.tables,
            "differences": differences,
            "at_one_position": taken.comparison.at_one_position,
        }
    return result
