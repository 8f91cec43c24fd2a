"""Rows of one table whose columns came and went, under one schema. Changes no value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa

from amalimart.lake.commit import Column


class TypesSoFar:
    """The column types of a run of files or batches, which may gain columns but not change one's type."""

    def __init__(self) -> None:
        self._types: dict[str, str] = {}

    def accepts(self, columns: Iterable[Column]) -> bool:
        """Whether the columns agree with those so far; if so, they count from now on."""
        own: Mapping[str, str] = {column.name: column.type for column in columns}
        if any(self._types.get(name, kind) != kind for name, kind in own.items()):
            return False
        self._types |= own
        return True


def united(schemas: Sequence[pa.Schema]) -> pa.Schema:
    """All columns, the lake's own last."""
    schema = pa.unify_schemas(schemas)
    own = [entry for entry in schema if entry.name.startswith("_")]
    return pa.schema([*(entry for entry in schema if not entry.name.startswith("_")), *own])


def widened(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The batch with every column of the schema; one that it lacks is null."""
    present = set(batch.schema.names)
    columns = [
        batch.column(entry.name) if entry.name in present else pa.nulls(batch.num_rows, entry.type)
        for entry in schema
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
