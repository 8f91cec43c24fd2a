"""The rows of the audit log as records, in the caller's transaction. Checks nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, select

from amalimart.access.audit_record import BEGINNING, AuditRecord, Link
from amalimart.control.audit.checkpoints import read_checkpoint
from amalimart.control.tables import AuditLogRow, AuditShapeRow

COLUMNS = tuple(getattr(AuditLogRow, field.name) for field in fields(AuditRecord))
_AT_ONCE = 1_000
_NAMES = tuple(field.name for field in fields(AuditRecord))
_cells = attrgetter(*_NAMES)
# Every question waits for these, so they are text for the driver: to compose them anew takes longer than to
# run them. Names come from the tables, values are bound.
_LOG, _SHAPES = AuditLogRow.__tablename__, AuditShapeRow.__tablename__
_LAST = f"select sequence, mac from {_LOG} order by sequence desc limit 1"
_ADD = f"insert into {_LOG} ({', '.join(_NAMES)}) values ({', '.join('?' for _ in _NAMES)})"
_ADD_SHAPE = f"insert into {_SHAPES} (shape_hash, shape) values (?, ?) on conflict do nothing"


def record_of(row: Sequence[Any]) -> AuditRecord:
    """The record that a row of COLUMNS holds, whatever it holds."""
    return AuditRecord(*row[: len(COLUMNS)])


def records_after(connection: Connection, sequence: int, most: int | None = None) -> Iterator[AuditRecord]:
    """The records after one, in order, a few in memory at a time."""
    query = select(*COLUMNS).where(AuditLogRow.sequence > sequence).order_by(AuditLogRow.sequence).limit(most)
    streamed = connection.execution_options(yield_per=_AT_ONCE).execute(query)
    return (record_of(row) for row in streamed)


def end_of(connection: Connection) -> Link:
    """Where the log ends: its last record, or the checkpoint where there is none."""
    if (row := connection.exec_driver_sql(_LAST).one_or_none()) is not None:
        return Link(row.sequence, row.mac)
    checkpoint = read_checkpoint(connection)
    return checkpoint.link if checkpoint else BEGINNING


def add_records(connection: Connection, records: Sequence[AuditRecord], shapes: dict[str, str]) -> None:
    """Add records, and the shapes that are not there yet."""
    connection.exec_driver_sql(_ADD_SHAPE, list(shapes.items()))
    connection.exec_driver_sql(_ADD, [_cells(record) for record in records])
