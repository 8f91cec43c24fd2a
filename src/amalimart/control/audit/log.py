"""Writes the audit log: who waits for a record returns when it is on the disk, and many share one commit.

There is no thread of its own. Whoever comes while nobody writes does, for all who wait then; those who come
meanwhile wait for the next group, and one of them writes it. Questions are answered beside each other as
before: only their records stand in line.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from amalimart.access.audit_record import Asked, AuditKeys, AuditRecord, chained, shape_text
from amalimart.control.audit.head import Head, HeadFile
from amalimart.control.audit.rows import add_records, end_of
from amalimart.control.audit.trimming import trim
from amalimart.core.clock import Clock
from amalimart.core.errors import AuditBroken, AuditUnavailable

MOST_TOGETHER = 500
_TRIMMED_EVERY = timedelta(minutes=1)  # what is past its days may wait so long


@dataclass(slots=True)
class _Waiting:
    """Somebody who waits for a record, or for the turn to write the next group."""

    asked: Asked
    is_over: bool = False
    error: Exception | None = None
    called: threading.Event = field(default_factory=threading.Event)


class AuditLog:
    """The log of one project, for many threads."""

    def __init__(
        self, engine: Engine, head: HeadFile, keys: AuditKeys, clock: Clock, *, keep_days: int
    ) -> None:
        """`engine` syncs what it commits to the disk."""
        self._engine = engine
        self._head = head
        self._keys = keys
        self._clock = clock
        self._keep_days = keep_days
        self._queue: deque[_Waiting] = deque()
        self._lock = threading.Lock()
        self._is_writing = False
        self._trimmed_at: datetime | None = None

    def record(self, asked: Asked) -> None:
        """Return when the record is durable. Raises AuditUnavailable, AuditBroken where it cannot be."""
        waiting = _Waiting(asked)
        with self._lock:
            self._queue.append(waiting)
            is_called = not self._is_writing
            self._is_writing = True
        if not is_called:
            waiting.called.wait()
        if not waiting.is_over:
            self._write_for_all(waiting)
        if isinstance(waiting.error, AuditBroken):
            raise AuditBroken(
                waiting.error.what, where=waiting.error.where, next_step="amalimart audit verify"
            ) from waiting.error
        if waiting.error is not None:
            raise AuditUnavailable(
                "What was asked could not be recorded, so it is not answered.",
                next_step="try again; if it stays, look at the disk and the log of the engine",
            ) from waiting.error

    def _write_for_all(self, waiting: _Waiting) -> None:
        """Write until one's own record is written, then let another one write, if anybody waits."""
        try:
            while not waiting.is_over:
                self._write_group()
        finally:
            with self._lock:
                if self._queue:
                    self._queue[0].called.set()
                else:
                    self._is_writing = False

    def _write_group(self) -> None:
        with self._lock:
            group = [self._queue.popleft() for _ in range(min(len(self._queue), MOST_TOGETHER))]
        error: Exception | None = RuntimeError("the writer was interrupted")
        try:
            self._commit([each.asked for each in group])
            error = None
        except (AuditBroken, SQLAlchemyError, OSError) as caught:
            error = caught
        finally:
            for each in group:
                each.error, each.is_over = error, True
                each.called.set()

    def _commit(self, asked: Sequence[Asked]) -> None:
        with self._head.locked(), self._engine.connect() as connection:
            connection.exec_driver_sql("begin immediate")
            head, end = self._head.read(), end_of(connection)
            if not head.fits(end):
                raise AuditBroken(
                    f"the audit log ends at record {end.sequence}, and its head at {head.reached.sequence}",
                    where=str(self._head.path),
                )
            now = self._clock.now()
            is_due = self._trimmed_at is None or now - self._trimmed_at >= _TRIMMED_EVERY
            removed = trim(connection, self._keys, now, self._keep_days) if is_due else 0
            records: list[AuditRecord] = []
            last = end
            for each in asked:
                records.append(chained(each, self._keys, last))
                last = records[-1].link
            texts = (shape_text(each.shape_under(self._keys)) for each in asked)
            shapes = {record.shape_hash: text for record, text in zip(records, texts, strict=True)}
            add_records(connection, records, shapes)
            self._head.write(Head(end, last))
            connection.commit()
            if is_due and not removed:  # else there may be more to remove
                self._trimmed_at = now
            self._head.write(Head(last), is_synced=False)
