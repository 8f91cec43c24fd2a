"""PostgreSQL's binary COPY format, encoded a block of rows at a time with numpy.

Every field becomes a padded byte matrix; the padding and the nulls are then masked out in one step, so
no Python code runs per row. Must not know any table.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from amalimart.demo.generator.rows import NONE, Column, Ints, Kind, Rows, Texts

HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TRAILER = b"\xff\xff"
BLOCK_ROWS = 16_384
_Bytes = NDArray[np.uint8]

# PostgreSQL counts days and microseconds from 2000-01-01.
_EPOCH_DAYS = 10_957
_EPOCH_MICROSECONDS = _EPOCH_DAYS * 86_400_000_000
_NEGATIVE = 0x4000
_LAYOUTS = {
    Kind.BIGINT: (">i8", 0),
    Kind.INTEGER: (">i4", 0),
    Kind.BOOLEAN: (">i1", 0),
    Kind.INSTANT: (">i8", _EPOCH_MICROSECONDS),
    Kind.DATE: (">i4", _EPOCH_DAYS),
}
_SCALES = {Kind.MONEY: 2, Kind.RATE: 4}


def encoded(rows: Rows) -> Iterator[bytes]:
    """The body of a binary COPY (without header and trailer), in blocks of bounded size."""
    for start in range(0, len(rows), BLOCK_ROWS):
        yield _block([_slice(column, start) for column in rows.columns.values()])


def _slice(column: Column, start: int) -> Column:
    return Column(column.kind, column.values[start : start + BLOCK_ROWS])


def _block(columns: list[Column]) -> bytes:
    count = len(columns[0].values)
    fields = [_field(column) for column in columns]
    width = 2 + sum(4 + payload.shape[1] for payload, _ in fields)
    matrix = np.zeros((count, width), dtype=np.uint8)
    kept = np.ones((count, width), dtype=np.bool_)
    matrix[:, :2] = _big_endian(np.full(count, len(columns)), ">i2")
    at = 2
    for payload, lengths in fields:
        size = payload.shape[1]
        matrix[:, at : at + 4] = _big_endian(lengths, ">i4")
        matrix[:, at + 4 : at + 4 + size] = payload
        kept[:, at + 4 : at + 4 + size] = np.arange(size) < lengths[:, None]
        at += 4 + size
    return matrix[kept].tobytes()


def _field(column: Column) -> tuple[_Bytes, Ints]:
    """Payload bytes padded to one width, and the true length of each (-1 for null)."""
    values = column.values
    if column.kind is Kind.TEXT:
        raw: Texts = np.ascontiguousarray(values, dtype=np.bytes_)
        lengths = np.char.str_len(raw).astype(np.int64)
        payload = raw.view(np.uint8).reshape(len(raw), raw.dtype.itemsize)
        return payload, np.where(lengths == 0, -1, lengths)
    numbers = values.astype(np.int64)
    nulls = numbers == NONE
    payload = _fixed(column.kind, np.where(nulls, 0, numbers))
    return payload, np.where(nulls, -1, payload.shape[1])


def _fixed(kind: Kind, numbers: Ints) -> _Bytes:
    if kind in _SCALES:
        return _numeric(numbers, _SCALES[kind])
    layout, epoch = _LAYOUTS[kind]
    return _big_endian(numbers - epoch, layout)


def _numeric(scaled: Ints, scale: int) -> _Bytes:
    """A numeric as four base-10000 digits: three before the point, one after it."""
    whole, part = np.divmod(np.abs(scaled), 10**scale)
    count = len(scaled)
    words = np.empty((count, 8), dtype=">u2")
    words[:, 0] = 4
    words[:, 1] = 2
    words[:, 2] = np.where(scaled < 0, _NEGATIVE, 0)
    words[:, 3] = scale
    words[:, 4] = whole // 10**8
    words[:, 5] = whole // 10**4 % 10**4
    words[:, 6] = whole % 10**4
    words[:, 7] = part * 10 ** (4 - scale)
    return words.view(np.uint8).reshape(count, 16)


def _big_endian(numbers: Ints, layout: str) -> _Bytes:
    ordered = np.ascontiguousarray(numbers.astype(layout))
    return ordered.view(np.uint8).reshape(len(numbers), ordered.dtype.itemsize)
