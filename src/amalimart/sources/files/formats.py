"""Reading one dropped file of one format: its columns, and chosen ones of them as record batches.

A CSV value is text, exactly as written; a Parquet value keeps its type, and only plain ones can be
landed. Knows nothing of tables, folders or what was read before.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Literal, Protocol, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from amalimart.core.errors import BrokenFile, SourceMismatch, SourceUnreachable
from amalimart.sources.exactness import finite_floats
from amalimart.sources.files.csv_records import CsvRecords

BATCH_ROWS = 16_384
CSV_TYPE = "text"
_NEXT_STEP = "correct the file and drop it again; nothing of it was taken over"

Replaced = Callable[[str, int], None]
"""Told a column, and how many of its values became null because they have no exact form."""


class FileFormat(Protocol):
    """How files of one kind are read, from their start. `where` names the file in errors."""

    def columns(self, content: BinaryIO, where: str) -> dict[str, str]:
        """Column -> type name. Raises BrokenFile."""
        ...

    def schema(self, content: BinaryIO, where: str, columns: Sequence[str]) -> pa.Schema:
        """The types in which those of the given columns come that the file has. Raises BrokenFile."""
        ...

    def batches(
        self, content: BinaryIO, where: str, schema: pa.Schema, replaced: Replaced
    ) -> Iterator[pa.RecordBatch]:
        """Every row under a schema; a column the file lacks is null.

        Raises BrokenFile, SourceMismatch for a value that does not fit its type exactly.
        """
        ...

    def is_whole(self, content: BinaryIO, where: str, column: str) -> bool:
        """Whether every value of a column of floats is a whole number that fits 64 bits."""
        ...


@dataclass(frozen=True, slots=True)
class CsvFormat:
    """CSV, as it is or compressed."""

    compression: Literal["gzip", "zstd"] | None = None

    def columns(self, content: BinaryIO, where: str) -> dict[str, str]:
        with _reading(where):
            return {name: CSV_TYPE for name in self._records(content, where).header if name}

    def schema(self, content: BinaryIO, where: str, columns: Sequence[str]) -> pa.Schema:
        present = self.columns(content, where)
        return pa.schema([(column, pa.string()) for column in columns if column in present])

    def batches(
        self,
        content: BinaryIO,
        where: str,
        schema: pa.Schema,
        replaced: Replaced,  # noqa: ARG002 - text is exact
    ) -> Iterator[pa.RecordBatch]:
        with _reading(where):
            records = self._records(content, where)
            places = [
                records.header.index(entry.name) if entry.name in records.header else None for entry in schema
            ]
            rows: list[list[str | None]] = []
            for record in records:
                rows.append(record.values)
                if len(rows) == BATCH_ROWS:
                    yield _picked(rows, places, schema)
                    rows = []
            if rows:
                yield _picked(rows, places, schema)

    def is_whole(self, content: BinaryIO, where: str, column: str) -> bool:  # noqa: ARG002
        return False  # it has no floats

    def _records(self, content: BinaryIO, where: str) -> CsvRecords:
        content.seek(0)
        if self.compression is None:
            return CsvRecords(where, content)
        unpacked = pa.CompressedInputStream(pa.PythonFile(_StaysOpen(content), "r"), self.compression)
        return CsvRecords(where, cast("BinaryIO", io.BufferedReader(unpacked, 1 << 16)))


@dataclass(frozen=True, slots=True)
class ParquetFormat:
    """Parquet with plain columns."""

    def columns(self, content: BinaryIO, where: str) -> dict[str, str]:
        with _reading(where), _parquet(content) as parquet:
            stored = parquet.schema_arrow
        doubled = sorted({name for name in stored.names if stored.names.count(name) > 1})
        if doubled:
            raise BrokenFile(
                f"the file has the column {doubled[0]!r} twice",
                where=where,
                expected="each column once",
                next_step=_NEXT_STEP,
            )
        return {entry.name: type_name(entry.type) for entry in stored}

    def schema(self, content: BinaryIO, where: str, columns: Sequence[str]) -> pa.Schema:
        with _reading(where), _parquet(content) as parquet:
            stored = parquet.schema_arrow
        present = [stored.field(column) for column in columns if column in stored.names]
        return pa.schema([(entry.name, _plain(where, entry)) for entry in present])

    def batches(
        self, content: BinaryIO, where: str, schema: pa.Schema, replaced: Replaced
    ) -> Iterator[pa.RecordBatch]:
        with _reading(where), _parquet(content) as parquet:
            present = [name for name in schema.names if name in parquet.schema_arrow.names]
            for batch in parquet.iter_batches(batch_size=BATCH_ROWS, columns=present):
                columns = []
                for entry in schema:
                    if entry.name not in present:
                        columns.append(pa.nulls(batch.num_rows, entry.type))
                        continue
                    columns.append(_typed(where, batch.column(entry.name), entry, replaced))
                yield pa.RecordBatch.from_arrays(columns, schema=schema)

    def is_whole(self, content: BinaryIO, where: str, column: str) -> bool:
        with _reading(where), _parquet(content) as parquet:
            for batch in parquet.iter_batches(batch_size=4 * BATCH_ROWS, columns=[column]):
                values, _ = finite_floats(batch.column(0))
                try:
                    pc.cast(values, pa.int64(), safe=True)
                except pa.ArrowInvalid:
                    return False
            return True


class _StaysOpen(io.RawIOBase):
    """A content that whoever reads it may close: it is read again by others."""

    def __init__(self, content: BinaryIO) -> None:
        self._content = content

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._content.read(size)

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        return self._content.seek(place, whence)

    def tell(self) -> int:
        return self._content.tell()


def type_name(kind: pa.DataType) -> str:
    """Arrow's name of a type, told so that every reader of type names takes a nested one for a structure."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return f"json ({kind})" if pa.types.is_nested(kind) else str(kind)


def _parquet(content: BinaryIO) -> pq.ParquetFile:
    content.seek(0)
    return pq.ParquetFile(pa.PythonFile(_StaysOpen(content), "r"))


def _picked(rows: list[list[str | None]], places: Sequence[int | None], schema: pa.Schema) -> pa.RecordBatch:
    columns = list(zip(*rows, strict=True))
    arrays = [
        pa.nulls(len(rows), entry.type) if place is None else pa.array(columns[place], pa.string())
        for place, entry in zip(places, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _typed(where: str, values: pa.Array, entry: pa.Field, replaced: Replaced) -> pa.Array:
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_floating(values.type):
        values, count = finite_floats(values)
        replaced(entry.name, count)
    try:
        return values.cast(entry.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise SourceMismatch(
            f"a value of the column {entry.name!r} does not fit {entry.type}: {error}",
            where=where,
            expected=f"values of the type {entry.type}, which the table's other files have",
            next_step="write the column in the type of the other files, and drop the file again",
        ) from error


def _plain(where: str, entry: pa.Field) -> pa.DataType:
    kind = entry.type.value_type if pa.types.is_dictionary(entry.type) else entry.type
    if pa.types.is_nested(kind):
        raise BrokenFile(
            f"the column {entry.name!r} holds {kind}",
            where=where,
            expected="plain values in a mapped column",
            next_step="flatten the column, or leave it out of the mapping",
        )
    return kind


@contextmanager
def _reading(where: str) -> Iterator[None]:
    """Turns what the operating system and Arrow say about a file into our errors."""
    try:
        yield
    except pa.ArrowException as error:
        raise _unreadable(where, error) from error
    except OSError as error:
        if error.errno is None:  # Arrow's own
            raise _unreadable(where, error) from error
        raise SourceUnreachable(
            f"the file cannot be read: {error.strerror}",
            where=where,
            next_step="check the disk it lies on, then run the command again",
        ) from error


def _unreadable(where: str, error: Exception) -> BrokenFile:
    return BrokenFile(
        f"the file cannot be read: {error}",
        where=where,
        expected="a whole file of the kind its name says",
        next_step=_NEXT_STEP,
    )
