"""Merging many small files of a table into one, row by row the same. Chooses and copies; commits nothing."""

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
from amalimart.lake.schemas import TypesSoFar, united, widened
from amalimart.lake.storage import Storage


def mergeable_runs(
    files: Sequence[DataFile], *, small_below: int, at_least: int
) -> list[tuple[DataFile, ...]]:
    """Runs of neighbouring small files (bytes below `small_below`) whose columns agree in type.

    Only neighbours are merged, so that the files stay in the order of their batches. A run shorter
    than `at_least` is not worth a commit.
    """
    runs: list[list[DataFile]] = [[]]
    types = TypesSoFar()
    for file in files:
        if file.bytes >= small_below:
            runs.append([])
            types = TypesSoFar()
            continue
        if not types.accepts(file.columns):
            runs.append([])
            types = TypesSoFar()
            types.accepts(file.columns)
        runs[-1].append(file)
    return [tuple(run) for run in runs if len(run) >= max(at_least, 2)]


def merge(storage: Storage, table: str, run: Sequence[DataFile], version: int) -> DataFile:
    """Copy the rows of a run into one new file, `_op`, `_batch` and `_sequence` untouched.

    A column that an older file lacks is null there. Memory holds a few row groups. Raises DamagedLake
    where a file is missing or is not what was committed (a merge must not give damage a new
    checksum), OSError where the disk refuses.
    """
    paths = storage.paths(table, run)
    for file, path in zip(run, paths, strict=True):
        check_file(path, table, file)
    schema = united([_schema(path) for path in paths])
    relative, merged = new_file(storage.folder, table, version)
    make_folder(merged.parent)
    with ParquetSink(merged, schema) as sink:
        for path in paths:
            for batch in _batches(path):
                sink.write(widened(batch, schema))
        return sink.finish(relative, run[0].first_batch, max(file.last_batch for file in run))


def _schema(path: Path) -> pa.Schema:
    with pq.ParquetFile(path) as parquet:
        return parquet.schema_arrow


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path) as parquet:
        yield from parquet.iter_batches(batch_size=ROW_GROUP_ROWS)
