"""One dropped file as a table: its columns, and the landed ones as record batches."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from amalimart.core.errors import BrokenFile, SourceUnreachable
from amalimart.sources.exactness import finite_floats
from amalimart.sources.files.csv_records import CsvRecords
from amalimart.sources.port import Stopwatch

BATCH_ROWS = 16_384


class FileTable(Protocol):
    """A file that holds one table."""

    @property
    def path(self) -> Path: ...

    def columns(self) -> dict[str, str]:
        """Column -> type name. Raises BrokenFile, SourceUnreachable."""
        ...

    def schema(self, landed: Sequence[str]) -> pa.Schema:
        """The Arrow types the landed columns come in."""
        ...

    def batches(self, landed: Sequence[str], stopwatch: Stopwatch) -> Iterator[pa.RecordBatch]:
        """The landed columns of every row. Raises BrokenFile, SourceUnreachable."""
        ...


@dataclass(frozen=True, slots=True)
class CsvTable:
    """A CSV file: every value is text, exactly as written."""

    path: Path

    def columns(self) -> dict[str, str]:
        with _reading(self.path), self.path.open("rb") as file:
            return {name: "text" for name in CsvRecords(self.path, file).header if name}

    def schema(self, landed: Sequence[str]) -> pa.Schema:
        return pa.schema([(column, pa.string()) for column in landed])

    def batches(self, landed: Sequence[str], stopwatch: Stopwatch) -> Iterator[pa.RecordBatch]:  # noqa: ARG002
        schema = self.schema(landed)
        with _reading(self.path), self.path.open("rb") as file:
            records = CsvRecords(self.path, file)
            places = [records.header.index(column) for column in landed]
            rows: list[list[str | None]] = []
            for record in records:
                rows.append(record.values)
                if len(rows) == BATCH_ROWS:
                    yield _picked(rows, places, schema)
                    rows = []
            if rows:
                yield _picked(rows, places, schema)


@dataclass(frozen=True, slots=True)
class ParquetTable:
    """A Parquet file: values keep their types; only plain ones can be landed."""

    path: Path

    def columns(self) -> dict[str, str]:
        with _reading(self.path):
            return {entry.name: _type_name(entry.type) for entry in pq.read_schema(self.path)}

    def schema(self, landed: Sequence[str]) -> pa.Schema:
        with _reading(self.path):
            stored = pq.read_schema(self.path)
        return pa.schema([(column, _plain(self.path, stored.field(column))) for column in landed])

    def batches(self, landed: Sequence[str], stopwatch: Stopwatch) -> Iterator[pa.RecordBatch]:
        schema = self.schema(landed)
        with _reading(self.path), pq.ParquetFile(self.path) as parquet:
            for batch in parquet.iter_batches(batch_size=BATCH_ROWS, columns=list(landed)):
                columns = []
                for entry in schema:
                    values = batch.column(entry.name).cast(entry.type)
                    if pa.types.is_floating(entry.type):
                        values, replaced = finite_floats(values)
                        stopwatch.replace(entry.name, replaced)
                    columns.append(values)
                yield pa.RecordBatch.from_arrays(columns, schema=schema)


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes. Raises SourceUnreachable."""
    with _reading(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _picked(rows: list[list[str | None]], places: Sequence[int], schema: pa.Schema) -> pa.RecordBatch:
    columns = list(zip(*rows, strict=True))
    return pa.RecordBatch.from_arrays(
        [pa.array(columns[place], pa.string()) for place in places], schema=schema
    )


def _type_name(kind: pa.DataType) -> str:
    # Nested types are named so that every reader of type names takes them for structures.
    return f"json ({kind})" if pa.types.is_nested(kind) else str(kind)


def _plain(path: Path, entry: pa.Field) -> pa.DataType:
    kind = entry.type.value_type if pa.types.is_dictionary(entry.type) else entry.type
    if pa.types.is_nested(kind):
        raise BrokenFile(
            f"the column {entry.name!r} holds {kind}",
            where=str(path),
            expected="plain values in a mapped column",
            next_step="flatten the column, or leave it out of the mapping",
        )
    return kind


class _reading:  # noqa: N801 - reads as a phrase: with _reading(path)
    """Turns what the operating system and Arrow say about a file into our errors."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, pa.ArrowException) or (isinstance(error, OSError) and error.errno is None):
            raise BrokenFile(
                f"the file cannot be read: {error}",
                where=str(self._path),
                expected="a whole Parquet file",
                next_step="drop the file again",
            ) from error
        if isinstance(error, OSError):
            raise SourceUnreachable(
                f"the file cannot be read: {error.strerror}",
                where=str(self._path),
                next_step="correct the file's rights, then run the command again",
            ) from error
