"""The rows of a file that is gone, read back from the lake. Reads; changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from amalimart.core.errors import DamagedLake

_POSITION = "_position"


class KeptRows:
    """Finds rows by the position they carry in the lake's files of one table.

    Only row groups that can hold a position are read; asked in the order in which the files were
    taken, each about once.
    """

    def __init__(self, table: str, paths: Sequence[Path]) -> None:
        self._table = table
        self._groups = [group for path in paths for group in self._ranges(path)]
        self._last: tuple[tuple[Path, int, tuple[pa.Field, ...]], pa.Table] | None = None

    def of(self, position: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """The rows of one position with the columns of a schema and its types; text stays text.

        A column they lack is null. Raises DamagedLake.
        """
        for path, group, low, high in self._groups:
            if low <= position <= high:
                rows = self._read(path, group, schema)
                rows = rows.filter(pc.equal(rows.column(_POSITION), position)).drop_columns([_POSITION])
                yield from rows.to_batches()

    def _read(self, path: Path, group: int, schema: pa.Schema) -> pa.Table:
        key = (path, group, tuple(schema))
        if self._last is None or self._last[0] != key:
            try:
                with pq.ParquetFile(path) as parquet:
                    present = [name for name in schema.names if name in parquet.schema_arrow.names]
                    rows = parquet.read_row_group(group, columns=[*present, _POSITION])
            except (OSError, pa.ArrowException) as error:
                raise self._damaged(path, error) from error
            columns = {entry.name: _in_type(rows, entry) for entry in schema}
            self._last = (key, pa.table({**columns, _POSITION: rows.column(_POSITION)}))
        return self._last[1]

    def _ranges(self, path: Path) -> Iterator[tuple[Path, int, str, str]]:
        """Each row group with the range of positions in it."""
        try:
            with pq.ParquetFile(path) as parquet:
                place = parquet.schema_arrow.names.index(_POSITION)
                for group in range(parquet.metadata.num_row_groups):
                    found = _range(parquet, group, place)
                    if found is not None:
                        yield path, group, *found
        except (OSError, pa.ArrowException) as error:
            raise self._damaged(path, error) from error

    def _damaged(self, path: Path, error: Exception) -> DamagedLake:
        return DamagedLake(
            f"the rows of the table {self._table!r} cannot be read: {error}",
            where=str(path),
            next_step="restore the file from a backup, or remove the source's folder and ingest it again",
        )


def _in_type(rows: pa.Table, entry: pa.Field) -> pa.ChunkedArray | pa.Array:
    if entry.name not in rows.schema.names:
        return pa.nulls(rows.num_rows, entry.type)
    values = rows.column(entry.name)
    return values if pa.types.is_string(values.type) else values.cast(entry.type)


def _range(parquet: pq.ParquetFile, group: int, place: int) -> tuple[str, str] | None:
    """The least and greatest position of a row group; None where no row has one."""
    statistics = parquet.metadata.row_group(group).column(place).statistics
    if statistics is not None and statistics.has_min_max:
        return statistics.min, statistics.max
    found = pc.min_max(parquet.read_row_group(group, columns=[_POSITION]).column(0))
    return None if found["min"].as_py() is None else (found["min"].as_py(), found["max"].as_py())
