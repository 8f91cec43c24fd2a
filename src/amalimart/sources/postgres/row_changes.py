"""From the rows of one table's messages to changes of landed columns, for as long as its shape holds.

Unchanged values. An update does not repeat a large value (TOAST) that it left alone. With the whole old
row at hand (REPLICA IDENTITY FULL) the value is in there. Otherwise, where the row kept its key and the
column lands as text, the change says that the column is unchanged, and the earlier row of that key has
it. Where the key changed too, no earlier row has it: it is asked for by the new key. What comes back may
be newer than the change, or nothing if the row is gone. Both converge: whatever made it newer is itself a
later change of the stream, as is the delete of a row that is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import pyarrow as pa

from amalimart.lake import Operation, Transaction
from amalimart.sources.port import RowChange, TableShape
from amalimart.sources.postgres.pgoutput import UNCHANGED, Delete, Insert, Row, Update
from amalimart.sources.postgres.text_values import TextColumn

AskAgain = Callable[[Sequence[str], Mapping[str, bytes | None]], Sequence[bytes | None]]
"""Present values of some columns of the row with that key."""


class KeyNotToldError(Exception):
    """A change does not say which row it is about."""


def shape_of(table: str, columns: Sequence[TextColumn]) -> TableShape:
    """How rows of these columns land."""
    schema = pa.schema([(column.name, column.type) for column in columns])

    def landed(raw: Sequence[Sequence[Any]]) -> tuple[pa.RecordBatch, Mapping[str, int]]:
        arrays, replaced = [], {}
        for column, values in zip(columns, raw, strict=True):
            array, count = column.landed(values)
            arrays.append(array)
            if count:
                replaced[column.name] = count
        return pa.RecordBatch.from_arrays(arrays, schema=schema), replaced

    return TableShape(table, schema, landed)


class RowReader:
    """Reads one table's rows.

    names  of the columns as they come, in order; the shape's and the key's are among them
    """

    def __init__(
        self, shape: TableShape, names: Sequence[str], key: Sequence[str], ask_again: AskAgain
    ) -> None:
        self.shape = shape
        self.table = shape.table
        self._places = [names.index(name) for name in shape.schema.names]
        self._key = {name: names.index(name) for name in key}
        self._is_key = [name in self._key for name in shape.schema.names]
        self._is_text = [pa.types.is_string(kind) for kind in shape.schema.types]
        self._ask_again = ask_again
        self._picked = _picker(self._places)

    def inserted(self, transaction: Transaction, message: Insert) -> tuple[RowChange, ...]:
        """A new row."""
        return (RowChange(transaction, self.shape, Operation.UPSERT, self._picked(message.new)),)

    def updated(self, transaction: Transaction, message: Update) -> tuple[RowChange, ...]:
        """A changed row; where its key changed, the old one is deleted first. Raises KeyNotToldError."""
        new, old = message.new, message.old
        if UNCHANGED in new:
            new = self._completed(new, old, whole=message.whole)
        moved = old is not None and any(old[place] != new[place] for place in self._key.values())
        deleted = (self._deletion(transaction, old, whole=message.whole),) if moved and old else ()
        values = self._picked(new)
        if UNCHANGED not in values:
            return (*deleted, RowChange(transaction, self.shape, Operation.UPSERT, values))
        values, unchanged = self._resolved(new, moved=moved)
        return (*deleted, RowChange(transaction, self.shape, Operation.UPSERT, values, unchanged))

    def deleted(self, transaction: Transaction, message: Delete) -> tuple[RowChange, ...]:
        """A row that is gone. Raises KeyNotToldError."""
        return (self._deletion(transaction, message.old, whole=message.whole),)

    def truncated(self, transaction: Transaction) -> RowChange:
        """Every row is gone."""
        return RowChange(transaction, self.shape, Operation.TRUNCATE, (None,) * len(self._places))

    def _deletion(self, transaction: Transaction, old: Row, *, whole: bool) -> RowChange:
        if not whole and any(old[place] is None for place in self._key.values()):
            raise KeyNotToldError
        values = [
            old[place] if is_key else None for place, is_key in zip(self._places, self._is_key, strict=True)
        ]
        return RowChange(transaction, self.shape, Operation.DELETE, values)

    def _completed(self, new: Row, old: Row | None, *, whole: bool) -> Row:
        """The new row with what the old one knows: all of it, or the columns of the replica identity."""
        known = list(new)
        if old is not None:
            for place, value in enumerate(new):
                if value is UNCHANGED and (whole or old[place] is not None):
                    known[place] = old[place]
        if any(known[place] is UNCHANGED for place in self._key.values()):
            raise KeyNotToldError
        return known

    def _resolved(self, new: Row, *, moved: bool) -> tuple[Sequence[Any], tuple[str, ...]]:
        values = [new[place] for place in self._places]
        names = self.shape.schema.names
        open_places = [place for place, value in enumerate(values) if value is UNCHANGED]
        told = [] if moved else [place for place in open_places if self._is_text[place]]
        asked = [place for place in open_places if place not in told]
        if asked:
            key = {name: new[place] for name, place in self._key.items()}
            answers = self._ask_again([names[place] for place in asked], key)  # type: ignore[arg-type]
            for place, answer in zip(asked, answers, strict=True):
                values[place] = answer
        for place in told:
            values[place] = None
        return values, tuple(names[place] for place in told)


def _picker(places: Sequence[int]) -> Callable[[Row], Sequence[Any]]:
    if len(places) == 1:
        only = places[0]
        return lambda row: (row[only],)
    return itemgetter(*places)
