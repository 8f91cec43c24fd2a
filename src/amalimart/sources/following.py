"""Moving a change stream into the lake: commit first, acknowledge after.

A batch ends only where a transaction of the source does. It goes to the journal, which makes it
durable, and only then the source is told that it may forget it. A transaction too large for memory is
written to files piece by piece and becomes one commit when it ends.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from amalimart.lake import BatchWriter, Commit, CommitKind, SourceWriter
from amalimart.sources.change_buffer import ChangeBuffer
from amalimart.sources.port import ChangeStream, RowChange, Settled

BATCH_SECONDS = 0.2
BATCH_ROWS = 20_000


class Follower:
    """Takes a stream's events and commits them, batch by batch. Not to be shared between threads.

    Each commit is acknowledged at once, or, where the journal's disk may vanish with the machine, by
    `acknowledge` after a seal.
    """

    def __init__(
        self,
        writer: SourceWriter,
        stream: ChangeStream,
        *,
        batch_seconds: float = BATCH_SECONDS,
        batch_rows: int = BATCH_ROWS,
        acknowledge_at_once: bool = True,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._writer = writer
        self._stream = stream
        self._batch_seconds = batch_seconds
        self._batch_rows = batch_rows
        self._acknowledge_at_once = acknowledge_at_once
        self._elapsed = elapsed
        self._buffer = ChangeBuffer()
        self._large: BatchWriter | None = None
        self._settled: Settled | None = None
        self._since: float | None = None
        self.batch_seconds_taken = 0.0
        """Of the last batch: from its first change until it was durable."""

    @property
    def replaced(self) -> Mapping[str, Mapping[str, int]]:
        """Table -> column -> values without an exact form that became null, since the start."""
        return self._buffer.replaced

    @property
    def at_rest(self) -> bool:
        """Whether no transaction is half way into files: the lake may be tidied."""
        return self._large is None

    def step(self, wait: float) -> Commit | None:
        """Commit the next batch; None where none came to its end within `wait` seconds.

        A batch is committed when its first change is `batch_seconds` old, or when it is large. Raises
        SourceError, LakeError; what was not committed is then told again by the next stream.
        """
        deadline = self._elapsed() + wait
        while (left := self._next_look(deadline) - self._elapsed()) > 0:
            for event in self._stream.events(left):
                if isinstance(event, RowChange):
                    self._take(event)
                else:
                    self._settled = event
                    if self._elapsed() >= self._next_look(deadline) or self._buffer.rows >= self._batch_rows:
                        return self._commit(event)
                    if self._since is not None:
                        break  # a batch is waiting: the stream may be listened to only until it is due
        return self._commit(self._settled) if self._settled is not None else None

    def acknowledge(self, commit: Commit) -> None:
        """Tell the source that it may forget everything up to a commit. Raises SourceError."""
        self._stream.confirm(commit.position)

    def close(self) -> None:
        """Let go of a batch that did not come to its end."""
        if self._large is not None:
            self._large.abandon()
            self._large = None

    def _next_look(self, deadline: float) -> float:
        """When to stop collecting: for a transaction that has not ended, not before the deadline."""
        if self._settled is None or self._since is None:
            return deadline
        return min(deadline, self._since + self._batch_seconds)

    def _take(self, change: RowChange) -> None:
        if self._since is None:
            self._since = self._elapsed()
        self._settled = None
        self._buffer.add(change)
        if self._buffer.rows >= self._batch_rows:
            if self._large is None:
                self._large = self._writer.begin(CommitKind.CHANGES)
            self._spill(self._large)

    def _spill(self, large: BatchWriter) -> None:
        for change in self._buffer.drain():
            large.add(change)

    def _commit(self, settled: Settled) -> Commit:
        in_files = self._large is not None
        if self._large is not None:
            self._spill(self._large)
            before = self._writer.latest
            position = {**(before.position if before else {}), **settled.position}
            commit = self._large.commit(position, settled.fresh_as_of)
            self._large = None
        else:
            commit = self._writer.append(self._buffer.drain(), settled.position, settled.fresh_as_of)
        self._buffer.end_batch()
        self.batch_seconds_taken = self._elapsed() - self._since if self._since is not None else 0.0
        self._settled = self._since = None
        if in_files or self._acknowledge_at_once:
            self.acknowledge(commit)
        return commit
