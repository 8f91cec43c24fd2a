"""Changes on their way from a stream to the lake: collected row by row, handed on as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from amalimart.core.errors import SourceError
from amalimart.lake import ChangedRows, Operation, Transaction
from amalimart.sources.port import RowChange, TableShape


@dataclass(slots=True)
class _Group:
    """The changes of one shape, in the order they came."""

    values: list[Sequence[Any]] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    sequences: list[int] = field(default_factory=list)
    transactions: list[Transaction] = field(default_factory=list)
    unchanged: list[tuple[str, ...]] = field(default_factory=list)


class ChangeBuffer:
    """Holds changes until they are drained; numbers them through until a batch ends."""

    def __init__(self) -> None:
        self._groups: dict[TableShape, _Group] = {}
        self._sequence = 0
        self.rows = 0
        self.replaced: dict[str, dict[str, int]] = {}

    def add(self, change: RowChange) -> None:
        """Take one change."""
        group = self._groups.get(change.shape)
        if group is None:
            group = self._groups[change.shape] = _Group()
        self._sequence += 1
        self.rows += 1
        group.values.append(change.values)
        group.operations.append(change.operation)
        group.sequences.append(self._sequence)
        group.transactions.append(change.transaction)
        group.unchanged.append(change.unchanged)

    def drain(self) -> list[ChangedRows]:
        """Everything held, by table; empty afterwards. Raises SourceError for a value that fits no column."""
        drained = [self._changed(shape, group) for shape, group in self._groups.items()]
        self._groups, self.rows = {}, 0
        return drained

    def end_batch(self) -> None:
        """Number the next change 1 again."""
        self._sequence = 0

    def _changed(self, shape: TableShape, group: _Group) -> ChangedRows:
        try:
            rows, replaced = shape.landed(list(zip(*group.values, strict=True)))
        except (pa.ArrowInvalid, pa.ArrowTypeError, ValueError, TypeError, OverflowError) as error:
            raise SourceError(
                f"a changed row of {shape.table!r} has a value without an exact form in the lake: {error}",
                where=shape.table,
                expected=", ".join(f"{entry.name} {entry.type}" for entry in shape.schema),
                next_step="leave the column out of the mapping, or correct the value in the source",
            ) from error
        self._note(shape.table, replaced)
        return ChangedRows(
            shape.table, rows, group.operations, group.sequences, group.transactions, group.unchanged
        )

    def _note(self, table: str, replaced: Mapping[str, int]) -> None:
        for column, count in replaced.items():
            if count:
                counts = self.replaced.setdefault(table, {})
                counts[column] = counts.get(column, 0) + count
