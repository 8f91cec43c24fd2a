"""Writing a data file again without what a screen takes out of its rows. Commits nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from amalimart.lake.checking import check_file
from amalimart.lake.commit import DataFile
from amalimart.lake.durable import make_folder
from amalimart.lake.layout import new_file
from amalimart.lake.parquet import ROW_GROUP_ROWS, ParquetSink
from amalimart.lake.screening import RowScreen
from amalimart.lake.storage import Storage


def rewritten_file(
    storage: Storage, table: str, file: DataFile, screen: RowScreen, version: int
) -> DataFile | None:
    """A new file with the same rows in the same order, screened; None where the old one needs no change.

    Only the columns that the screen looks at are read to find out. Memory holds a row group. Raises
    DamagedLake where the file is not what was committed, OSError where the disk refuses.
    """
    looked_at = sorted(screen.looks_at(table, [column.name for column in file.columns]))
    if not looked_at:
        return None
    (path,) = storage.paths(table, [file])
    if all(screen.screened(table, rows) is rows for rows in _batches(path, looked_at)):
        return None
    check_file(path, table, file)
    relative, written = new_file(storage.folder, table, version)
    make_folder(written.parent)
    with pq.ParquetFile(path) as parquet:
        schema = parquet.schema_arrow
    with ParquetSink(written, schema) as sink:
        for rows in _batches(path):
            sink.write(screen.screened(table, rows))
        return sink.finish(relative, file.first_batch, file.last_batch)


def _batches(path: Path, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path) as parquet:
        yield from parquet.iter_batches(batch_size=ROW_GROUP_ROWS, columns=columns)
