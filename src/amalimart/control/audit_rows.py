"""The rows of the audit log as records, in the caller's transaction. Checks nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import Connection, Row, insert, select
from sqlalchemy.dialects.sqlite import insert as insert_or

from amalimart.access.audit_record import BEGINNING, AuditRecord, Link
from amalimart.control.audit_checkpoints import read_checkpoint
from amalimart.control.tables import AuditLogRow, AuditShapeRow

COLUMNS = tuple(getattr(AuditLogRow, field.name) for field in fields(AuditRecord))
_AT_ONCE = 1_000


def record_of(row: Row[Any]) -> AuditRecord:
    """The record that a row of COLUMNS holds, whatever it holds."""
    return AuditRecord(*row[: len(COLUMNS)])


def records_after(connection: Connection, sequence: int, most: int | None = None) -> Iterator[AuditRecord]:
    """The records after one, in order, a few in memory at a time."""
    query = select(*COLUMNS).where(AuditLogRow.sequence > sequence).order_by(AuditLogRow.sequence).limit(most)
    streamed = connection.execution_options(yield_per=_AT_ONCE).execute(query)
    return (record_of(row) for row in streamed)


def end_of(connection: Connection) -> Link:
    """Where the log ends: its last record, or the checkpoint where there is none."""
    last = select(AuditLogRow.sequence, AuditLogRow.mac).order_by(AuditLogRow.sequence.desc()).limit(1)
    if (row := connection.execute(last).one_or_none()) is not None:
        return Link(row.sequence, row.mac)
    checkpoint = read_checkpoint(connection)
    return checkpoint.link if checkpoint else BEGINNING


def add_records(connection: Connection, records: Sequence[AuditRecord], shapes: dict[str, str]) -> None:
    """Add records, and the shapes that are not there yet."""
    named = [{"shape_hash": name, "shape": text} for name, text in shapes.items()]
    connection.execute(insert_or(AuditShapeRow).on_conflict_do_nothing(), named)
    connection.execute(insert(AuditLogRow), [asdict(record) for record in records])
