"""Looks whether the audit log is what was written: every record, every shape, its beginning and its end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice

from sqlalchemy import Connection, Engine, func, select

from amalimart.access.audit_record import BEGINNING, AuditKeys, Link, follows, shape_hash
from amalimart.control.audit.checkpoints import Checkpoint, Reason, read_checkpoint
from amalimart.control.audit.head import HeadFile
from amalimart.control.audit.rows import end_of, records_after
from amalimart.control.tables import AuditLogRow, AuditShapeRow
from amalimart.core.errors import AuditBroken

MOST_BREAKS = 20


@dataclass(frozen=True, slots=True)
class Break:
    """One place where the log is not what was written; `sequence` is None where it is no record."""

    what: str
    sequence: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found.

    records    how many were looked at
    unvouched  how many lie before the place where somebody resealed the log
    end        where the log ends; noted elsewhere, it can be asked for again as a link that must be there
    breaks     the first few
    """

    records: int
    unvouched: int
    begins_after: int
    end: Link
    breaks: tuple[Break, ...] = field(default=())

    @property
    def is_whole(self) -> bool:
        """Whether everything is what was written."""
        return not self.breaks


def verify(engine: Engine, head: HeadFile, keys: AuditKeys, known: Link | None = None) -> Verdict:
    """Look at the whole log as it is at one moment, also while it is written.

    `known` is a link that the log had before, as somebody noted it elsewhere. Raises OSError.
    """
    with engine.connect() as connection:
        breaks: list[Break] = []
        with head.locked():
            connection.exec_driver_sql("begin")
            end = end_of(connection)  # from here on the connection sees what is there now
            try:
                if not head.read().fits(end):
                    breaks.append(
                        Break(f"the log ends at record {end.sequence}, which is not where it was written to")
                    )
            except AuditBroken as error:
                breaks.append(Break(error.what))
        checkpoint = read_checkpoint(connection)
        if checkpoint is not None and not checkpoint.is_signed(keys):
            breaks.append(
                Break("the checkpoint that the log begins after was altered", checkpoint.link.sequence)
            )
        start = checkpoint.link if checkpoint else BEGINNING
        looking = _Looking(connection, keys, start, known)
        found = chain(_before(connection, checkpoint), looking.breaks())
        breaks += islice(found, MOST_BREAKS - len(breaks))
        earlier = select(func.count()).where(AuditLogRow.sequence <= start.sequence)
        return Verdict(
            looking.records, connection.execute(earlier).scalar_one(), start.sequence, end, tuple(breaks)
        )


class _Looking:
    """One walk along the chain."""

    def __init__(self, connection: Connection, keys: AuditKeys, start: Link, known: Link | None) -> None:
        self.records = 0
        self._connection = connection
        self._keys = keys
        self._start = start
        self._known = known

    def breaks(self) -> Iterator[Break]:
        """What is wrong, in the order of the records."""
        shapes: set[str] = set()
        for name, text in self._connection.execute(select(AuditShapeRow.shape_hash, AuditShapeRow.shape)):
            if shape_hash(str(text)) == name:
                shapes.add(name)
            else:
                yield Break(f"the shape {str(name)[:12]} of questions was altered")
        previous, is_known = self._start, self._known is None or self._known == self._start
        for record in records_after(self._connection, self._start.sequence):
            self.records += 1
            is_known = is_known or record.link == self._known
            if record.sequence != previous.sequence + 1:
                yield Break(
                    f"records {previous.sequence + 1} to {record.sequence - 1} are missing", record.sequence
                )
            elif not follows(record, self._keys, previous.mac):
                yield Break("this record, or the one before it, was altered, added or moved", record.sequence)
            elif record.shape_hash not in shapes:
                yield Break("the shape of what was asked is missing", record.sequence)
            previous = record.link
        if not is_known and self._known is not None:
            is_earlier = self._known.sequence < self._start.sequence
            why = "lies before what the log vouches for" if is_earlier else "is not in the log"
            yield Break(f"the link that was noted {why}", self._known.sequence)


def _before(connection: Connection, checkpoint: Checkpoint | None) -> Iterator[Break]:
    """Records where none may be: at zero or below, or before what was removed."""
    least = 0 if checkpoint is None else checkpoint.link.sequence
    if checkpoint is not None and checkpoint.reason == Reason.RESEALED:
        return
    for (sequence,) in connection.execute(select(AuditLogRow.sequence).where(AuditLogRow.sequence <= least)):
        yield Break("a record stands before the beginning of the log", sequence)
