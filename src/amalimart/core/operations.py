"""A long operation on the warehouse, as every surface tells of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class OperationKind(StrEnum):
    """What may be asked for.

    REBUILD  build everything anew from the lake, beside what serves, and let that take over
    COMPACT  copy what serves into a smaller file, and let that take over
    COPY     leave a copy of what serves beside it, for a backup
    ERASE    take a person out of everything that is kept
    """

    REBUILD = "rebuild"
    COMPACT = "compact"
    COPY = "copy"
    ERASE = "erase"


class OperationState(StrEnum):
    """Where an operation is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, as far as it is.

    share   what is done of it, from 0 to 1
    what    what is being done
    result  what it brought, once it is done
    error   why it failed, in the one shape of an error
    """

    operation_id: str
    kind: OperationKind
    state: OperationState
    share: float
    what: str
    started_at: datetime
    ended_at: datetime | None = None
    result: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None

    def as_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "operation_id": self.operation_id,
            "kind": self.kind.value,
            "state": self.state.value,
            "share": round(self.share, 3),
            "what": self.what,
            "started_at": self.started_at,
            "ended_at": self.ended_at,
            "result": self.result,
            "error": self.error,
        }
