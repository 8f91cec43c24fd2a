"""Writing the batches of a journal segment into files, one a table. Commits nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from amalimart.lake.commit import DataFile
from amalimart.lake.durable import make_folder, sync_folder
from amalimart.lake.journal import JournalPart
from amalimart.lake.layout import new_file
from amalimart.lake.parquet import ParquetSink
from amalimart.lake.schemas import TypesSoFar, united, widened


def seal_tables(
    folder: Path, tables: Mapping[str, Sequence[JournalPart]], version: int
) -> Iterator[tuple[str, DataFile]]:
    """Write and name the files of each table, durable when they are told.

    A table whose column changed its type on the way gets a file for each stretch. Raises DamagedLake,
    and OSError where the disk refuses.
    """
    for table, parts in sorted(tables.items()):
        for run in _runs(parts):
            yield table, _sealed(folder, table, run, version)


def _sealed(folder: Path, table: str, run: Sequence[JournalPart], version: int) -> DataFile:
    read = [part.read() for part in run]
    schema = united([rows.schema for rows in read])
    relative, path = new_file(folder, table, version)
    make_folder(path.parent)
    with ParquetSink(path, schema) as sink:
        for rows in read:
            for batch in rows.to_batches():
                sink.write(widened(batch, schema))
        file = sink.finish(relative, run[0].version, run[-1].version)
    sync_folder(path.parent)
    return file


def _runs(parts: Sequence[JournalPart]) -> list[list[JournalPart]]:
    runs: list[list[JournalPart]] = []
    types = TypesSoFar()
    for part in parts:
        if not runs or not types.accepts(part.columns):
            runs.append([])
            types = TypesSoFar()
            types.accepts(part.columns)
        runs[-1].append(part)
    return runs
