"""The rows a lake already holds, for a source that has to know them to tell what is gone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from amalimart.core.errors import DamagedLake
from amalimart.lake import Lake

VERSION_COLUMNS = ("_op", "_batch", "_sequence")


class LandedRows(Protocol):
    """Every live version of a table's rows."""

    def versions(self, table: str, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Those columns, then `_op`, `_batch` and `_sequence`, in no order; nothing where the table is new.

        A column that some rows lack is null there. Raises LakeError.
        """
        ...


class LakeRows:
    """The committed rows of one source."""

    def __init__(self, lake: Lake, source: str) -> None:
        self._lake = lake
        self._source = source

    def versions(self, table: str, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """See LandedRows; memory holds one batch of a file, or one part of the journal."""
        files = self._lake.live_files(self._source).get(table)
        asked = (*columns, *VERSION_COLUMNS)
        for path in files.paths if files else ():
            try:
                with pq.ParquetFile(path) as file:
                    present = [column for column in asked if column in file.schema_arrow.names]
                    for batch in file.iter_batches(columns=present):
                        yield _selected(batch, asked)
            except (OSError, pa.ArrowException) as error:
                raise DamagedLake(
                    f"a file of the lake cannot be read: {error}",
                    where=str(path),
                    next_step="restore the file from a backup, or take a new snapshot of the source",
                ) from error
        for part in files.journal if files else ():
            for batch in part.read().to_batches():
                yield _selected(batch, asked)


def _selected(batch: pa.RecordBatch, columns: Sequence[str]) -> pa.RecordBatch:
    present = set(batch.schema.names)
    arrays = [batch.column(column) if column in present else pa.nulls(batch.num_rows) for column in columns]
    return pa.RecordBatch.from_arrays(arrays, names=list(columns))
