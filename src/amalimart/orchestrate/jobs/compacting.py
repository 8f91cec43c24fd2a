"""The job `compact`: gives back what deleted rows took in the served file, where that is much of it.

The engine also does so by itself, at a quiet moment, where the file is far too large; a shop that is never
quiet needs an hour of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from amalimart.core.errors import rebuilt
from amalimart.core.operations import OperationKind, OperationState
from amalimart.orchestrate.engine import Engine
from amalimart.orchestrate.releases.operations import Operations
from amalimart.orchestrate.scheduling.job import JobContext

_MUCH_BYTES = 64 * 1024**2
_MUCH = 0.25
_LOOK_SECONDS = 0.5


class CompactJob:
    """Compacts one engine's file as an operation, so that it waits for one that is under way."""

    name = "compact"
    does = "Makes the warehouse's file smaller where at least a quarter of it is dead space."
    off = None

    def __init__(
        self, engine: Engine, operations: Operations, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._engine = engine
        self._operations = operations
        self._sleep = sleep

    def run(self, context: JobContext) -> Mapping[str, Any]:
        """Raises OperationUnderWay, and whatever the compaction failed with.

        A run that is told to stop leaves the compaction going on: it can be waited for, not undone.
        """
        size, used = self._engine.hot_file.bytes, self._engine.hot_file.used_bytes()
        if size - used < max(_MUCH_BYTES, size * _MUCH):
            return {"compacted": False, "bytes": size, "used_bytes": used}
        begun = self._operations.start(OperationKind.COMPACT)
        while (now := self._operations.find(begun.operation_id)).state is OperationState.RUNNING:
            context.check()
            self._sleep(_LOOK_SECONDS)
        if now.error is not None:
            raise rebuilt(dict(now.error))
        return {"compacted": True, **(now.result or {})}
