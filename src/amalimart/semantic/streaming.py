"""An answer too large to hold: its rows in batches of the engine's own types, its receipt at the end.

Holds one batch at a time. What `answering` checks over all rows is gathered here as they pass.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from amalimart.semantic.answer import Column, ColumnKind, Receipt
from amalimart.semantic.answering import (
    bucket_cells,
    bucket_columns,
    currencies_of,
    left_out_of,
    receipt_of,
    with_currencies,
)
from amalimart.semantic.planner import Plan
from amalimart.semantic.question import Question
from amalimart.warehouse.file.reading import Release

_TYPES = {"text": pa.string(), "boolean": pa.bool_()}


class StreamedAnswer:
    """Read `batches` to their end: then `columns` know their currency, `receipt` what was left out.

    rows  how many have been given so far
    """

    def __init__(
        self,
        plan: Plan,
        found: Iterator[pa.RecordBatch],
        question: Question,
        release: Release,
        *,
        is_open: bool,
    ) -> None:
        self._plan = plan
        self._found = found
        self._question = question
        self._release = release
        self._is_open = is_open
        self._currencies: dict[str, frozenset[str]] = {each.name: frozenset() for each in plan.metrics}
        self._left_out = dict.fromkeys(left_out_of(plan), 0)
        self._added = bucket_columns(plan)
        self.rows = 0

    @property
    def columns(self) -> tuple[Column, ...]:
        """Of each batch, in their order."""
        return (*with_currencies(self._plan.columns, self._currencies), *self._added)

    @property
    def receipt(self) -> Receipt:
        """Where the rows given so far come from."""
        return receipt_of(self._plan, self._left_out, self._release, is_open=self._is_open)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows, in one schema. Raises QueryTooLarge and MixedCurrencies."""
        names = [column.name for column in self.columns]
        for batch in self._found:
            self._gather(batch)
            arrays = [
                _plain(batch.column(position), column) for position, column in enumerate(self._plan.columns)
            ]
            starts = self._plan.position(ColumnKind.TIME)
            if self._added and starts is not None:
                arrays += self._of_buckets(batch.column(starts))
            yield pa.RecordBatch.from_arrays(arrays, names=names)

    def _gather(self, batch: pa.RecordBatch) -> None:
        self.rows += batch.num_rows
        for metric in self._plan.metrics:
            positions = {position for pair in metric.currencies for position in pair}
            told = {tuple(row.values()) for row in _each_once(batch, positions)}
            self._currencies[metric.name] |= currencies_of(metric, told)
        totalled = self._plan.position(ColumnKind.TOTALLED)
        if totalled is not None:  # a total counts them again
            batch = batch.filter(pc.equal(pc.fill_null(batch.column(totalled), 0), 0))
        for position in self._left_out:
            self._left_out[position] += int(pc.sum(batch.column(position)).as_py() or 0)

    def _of_buckets(self, starts: pa.Array) -> list[pa.Array]:
        known = pc.unique(starts).to_pylist()
        told = {start: bucket_cells(start, self._plan, self._question) for start in known}
        cells = [told[start] for start in starts.to_pylist()]
        return [
            pa.array([row[place] for row in cells], _TYPES[column.unit])
            for place, column in enumerate(self._added)
        ]


def _each_once(batch: pa.RecordBatch, positions: Collection[int]) -> list[dict[str, str | None]]:
    """What the rows hold at these places, each combination once."""
    if not positions:
        return []
    columns = {str(position): batch.column(position) for position in positions}
    return pa.table(columns).group_by(list(columns)).aggregate([]).to_pylist()  # type: ignore[no-any-return]


def _plain(array: pa.Array, column: Column) -> pa.Array:
    """Texts as texts, and whole numbers as such: the engine gives sums of them as decimals of 38 digits."""
    if pa.types.is_dictionary(array.type):
        return array.cast(pa.string())
    if column.unit != "money" and pa.types.is_decimal(array.type) and array.type.scale == 0:
        return array.cast(pa.int64())
    return array
