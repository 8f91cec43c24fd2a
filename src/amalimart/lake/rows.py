"""What the lake writes beside a source's columns: which change a row is, and where it came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

import pyarrow as pa
import pyarrow.compute as pc

from amalimart.core.errors import LakeError
from amalimart.lake.screening import RowScreen

_COMMITTED_AT = pa.timestamp("us", tz="UTC")
# Named as Parquet names it, so that a file read back has the same type.
_UNCHANGED = pa.list_(pa.field("element", pa.string()))
_BATCH_FIELDS = (
    pa.field("_op", pa.string(), nullable=False),
    pa.field("_batch", pa.int64(), nullable=False),
    pa.field("_sequence", pa.int64(), nullable=False),
    pa.field("_position", pa.string()),
    pa.field("_committed_at", _COMMITTED_AT),
    pa.field("_unchanged", _UNCHANGED),
)
BATCH_COLUMNS = tuple(entry.name for entry in _BATCH_FIELDS)


class Operation(StrEnum):
    """What a row says about its key: it is so (snapshot, upsert), or it is gone (delete).

    A truncate says of every earlier row of its table that it is gone; it has no key itself.
    """

    SNAPSHOT = "snapshot"
    UPSERT = "upsert"
    DELETE = "delete"
    TRUNCATE = "truncate"


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction of a source, or the moment of a snapshot.

    position      as the source's own tools write it: an LSN, a GTID
    committed_at  by the source's clock, UTC
    """

    position: str
    committed_at: datetime


@dataclass(frozen=True, slots=True)
class ChangedRows:
    """Changes of one table, in the order of the source, all with the same columns.

    rows          the source's columns
    operations, transactions   one a row
    sequences     row numbers inside the batch, unique over all its tables
    unchanged     by row: the columns whose value the source did not repeat; usually none
    """

    table: str
    rows: pa.RecordBatch
    operations: Sequence[Operation]
    sequences: Sequence[int]
    transactions: Sequence[Transaction]
    unchanged: Sequence[tuple[str, ...]]

    def screened(self, screen: RowScreen) -> ChangedRows:
        """The changes as they may be kept."""
        return replace(self, rows=screen.screened(self.table, self.rows))

    def in_batch(self, version: int) -> pa.RecordBatch:
        """The rows as they are kept. Raises LakeError for columns the lake cannot hold."""
        check_columns(self.table, self.rows.schema)
        count = self.rows.num_rows
        added = [
            pa.array([operation.value for operation in self.operations], pa.string()),
            pa.repeat(pa.scalar(version, pa.int64()), count),
            pa.array(self.sequences, pa.int64()),
            pa.array([transaction.position for transaction in self.transactions], pa.string()),
            pa.array([transaction.committed_at for transaction in self.transactions], _COMMITTED_AT),
            pa.array([list(columns) or None for columns in self.unchanged], _UNCHANGED),
        ]
        return _joined(self.table, self.rows, added, kept_schema(self.rows.schema))


def stamped(
    table: str,
    rows: pa.RecordBatch,
    schema: pa.Schema,
    operation: Operation,
    version: int,
    first: int,
    transaction: Transaction | None,
) -> pa.RecordBatch:
    """Rows that are all the same kind of change, numbered from `first`, under a `kept_schema`.

    Raises LakeError for rows that do not fit it.
    """
    count = rows.num_rows
    added = [
        pa.repeat(pa.scalar(operation.value, pa.string()), count),
        pa.repeat(pa.scalar(version, pa.int64()), count),
        _numbers(first, count),
        pa.repeat(pa.scalar(transaction.position if transaction else None, pa.string()), count),
        pa.repeat(pa.scalar(transaction.committed_at if transaction else None, _COMMITTED_AT), count),
        pa.nulls(count, _UNCHANGED),
    ]
    return _joined(table, rows, added, schema)


def _numbers(first: int, count: int) -> pa.Array:
    """Consecutive numbers, made without an object for each."""
    return pc.add(pc.cumulative_sum(pa.repeat(pa.scalar(1, pa.int64()), count)), first - 1)


def kept_schema(schema: pa.Schema) -> pa.Schema:
    """The schema of a file that holds rows of a source's schema."""
    return pa.schema([*schema, *_BATCH_FIELDS])


def check_columns(table: str, schema: pa.Schema) -> None:
    """Raises LakeError for a column that stands twice or has a name of the lake's own."""
    names = list(schema.names)
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise LakeError(
            f"the table {table!r} has the column {doubled[0]!r} twice", expected="each column once"
        )
    taken = sorted(set(names) & set(BATCH_COLUMNS))
    if taken:
        raise LakeError(
            f"the table {table!r} has a column {taken[0]!r}, a name the lake uses itself",
            expected=f"any name but {', '.join(BATCH_COLUMNS)}",
            next_step="leave the column out of the mapping",
        )


def _joined(table: str, rows: pa.RecordBatch, added: Sequence[pa.Array], schema: pa.Schema) -> pa.RecordBatch:
    try:
        joined = pa.RecordBatch.from_arrays([*rows.columns, *added], schema=schema)
        joined.validate(full=True)  # also that texts are UTF-8, which no engine may have to doubt
    except (pa.ArrowInvalid, pa.ArrowTypeError, ValueError, TypeError) as error:
        raise LakeError(
            f"rows of the table {table!r} do not fit the schema they came with: {error}",
            expected=", ".join(f"{entry.name} {entry.type}" for entry in schema),
        ) from error
    return joined
