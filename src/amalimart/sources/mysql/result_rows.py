"""The rows of a query as Arrow arrays of raw bytes, taken apart column by column instead of value by value.

The text protocol sends one packet a row: for each value its length and its bytes. The packets of a
block are found one after the other; from there on one step of arithmetic moves all rows of the block
over one column. No value becomes a Python object. Knows nothing of types.
"""

from __future__ import annotations

import struct
from collections.abc import Generator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pymysql.connections import Connection  # type: ignore[import-untyped]
from pymysql.constants import COMMAND  # type: ignore[import-untyped]
from pymysql.err import OperationalError, raise_mysql_exception  # type: ignore[import-untyped]

from amalimart.sources.mysql.wire import SocketReader

_BLOCK = 4 * 1024 * 1024
# A short value is read together with what follows it; that must not lead out of the buffer.
_SPARE = 32
_CONTINUED = 0xFFFFFF
_NULL, _TWO_BYTES, _THREE_BYTES = 0xFB, 0xFC, 0xFD
_ERROR, _END = 0xFF, 0xFE
_LONGEST_END = 9
_INLINE = 12
_HEADER = struct.Struct("<I")

_Bytes = npt.NDArray[np.uint8]
_Places = npt.NDArray[np.int64]


def read_rows(connection: Connection, statement: str, columns: int) -> Generator[list[pa.Array], None, None]:
    """Run a query and yield its rows block by block, one binary array a column; memory holds one block.

    To be read to the end: whoever stops before has to close the connection. Raises pymysql errors, OSError.
    """
    connection._execute_command(COMMAND.COM_QUERY, statement)  # noqa: SLF001 - rows are read here, not there
    first = connection._read_packet()  # noqa: SLF001
    for _ in range(first.read_length_encoded_integer() + 1):
        connection._read_packet()  # noqa: SLF001 - descriptions, then their end
    blocks = _Blocks(connection._rfile)  # noqa: SLF001 - put there by `buffered`
    while (starts := blocks.next_rows()) is not None:
        if len(starts):
            yield _columns(blocks.content, starts, columns)


class _Blocks:
    """The stream of packets in one buffer that is used over and over."""

    def __init__(self, reader: SocketReader) -> None:
        self._reader = reader
        self._buffer = bytearray(_BLOCK + _SPARE)
        self._used = self._end = 0
        self._finished = False

    @property
    def content(self) -> bytearray:
        """The buffer; valid until the next call of `next_rows`."""
        return self._buffer

    def next_rows(self) -> _Places | None:
        """Where in the buffer the next rows begin; None after the last one."""
        if self._finished:
            return None
        self._make_room()
        starts: list[int] = []
        while not self._finished and (self._end < len(self._buffer) - _SPARE or not starts):
            if self._end == len(self._buffer) - _SPARE:
                self._buffer = self._buffer + bytearray(len(self._buffer))
            received = self._reader.read_into(memoryview(self._buffer)[self._end : -_SPARE])
            if not received:
                raise OperationalError(2013, "the connection was lost in the middle of a table")
            self._end += received
            self._find_packets(starts)
        return np.array(starts, np.int64)

    def _make_room(self) -> None:
        rest = self._buffer[self._used : self._end]
        if len(self._buffer) > _BLOCK + _SPARE and len(rest) < _BLOCK:
            self._buffer = bytearray(_BLOCK + _SPARE)
        self._buffer[: len(rest)] = rest
        self._used, self._end = 0, len(rest)

    def _find_packets(self, starts: list[int]) -> None:
        buffer, at, end = self._buffer, self._used, self._end
        while end - at >= _HEADER.size:
            length = _HEADER.unpack_from(buffer, at)[0] & _CONTINUED
            if length == _CONTINUED:
                joined = self._join(at)
                if joined is None:
                    break
                length, end = joined, self._end
            after = at + _HEADER.size + length
            if after > end:
                break
            first = buffer[at + _HEADER.size]
            if first >= _END and (first == _ERROR or length < _LONGEST_END):
                self._finished = True
                if first == _ERROR:
                    raise_mysql_exception(bytes(buffer[at + _HEADER.size : after]))
                break
            starts.append(at + _HEADER.size)
            at = after
        self._used = at

    def _join(self, at: int) -> int | None:
        """Make one packet of a row that came in several: the length, or None where some is still to come."""
        pieces: list[tuple[int, int]] = []
        while self._end - at >= _HEADER.size:
            length = _HEADER.unpack_from(self._buffer, at)[0] & _CONTINUED
            begin = at + _HEADER.size
            if begin + length > self._end:
                return None
            pieces.append((begin, length))
            at = begin + length
            if length < _CONTINUED:
                break
        else:
            return None
        to = pieces[0][0]
        for begin, length in pieces:
            self._buffer[to : to + length] = self._buffer[begin : begin + length]
            to += length
        rest = self._end - at
        self._buffer[to : to + rest] = self._buffer[at : self._end]
        self._end = to + rest
        return to - pieces[0][0]


def _columns(buffer: bytearray, starts: _Places, columns: int) -> list[pa.Array]:
    content = np.frombuffer(buffer, np.uint8)
    windows = np.lib.stride_tricks.sliding_window_view(content, _INLINE)
    shared = pa.py_buffer(buffer)
    arrays = []
    at = starts
    for _ in range(columns):
        lengths, at, nulls = _lengths(content, at)
        arrays.append(_views(windows, shared, at, lengths, nulls))
        at = at + lengths
    return arrays


def _lengths(content: _Bytes, at: _Places) -> tuple[_Places, _Places, npt.NDArray[np.bool_] | None]:
    """Length and place of each value, and which are null."""
    first = content[at].astype(np.int64)
    at = at + 1
    if not len(first) or int(first.max()) < _NULL:
        return first, at, None
    nulls = first == _NULL
    lengths = np.where(nulls, 0, first)
    for mark, width in ((_TWO_BYTES, 2), (_THREE_BYTES, 3), (_END, 8)):
        rows = np.flatnonzero(first == mark)
        if len(rows):
            size = np.zeros(len(rows), np.int64)
            for byte in range(width):
                size |= content[at[rows] + byte].astype(np.int64) << (8 * byte)
            lengths[rows] = size
            at[rows] += width
    return lengths, at, nulls if nulls.any() else None


def _views(
    windows: npt.NDArray[np.uint8],
    shared: pa.Buffer,
    at: _Places,
    lengths: _Places,
    nulls: npt.NDArray[np.bool_] | None,
) -> pa.Array:
    """A binary array of the values, copied out of the buffer."""
    count = len(at)
    views = np.empty((count, 16), np.uint8)
    views[:, :4] = lengths.astype("<i4").view(np.uint8).reshape(count, 4)
    views[:, 4:] = windows[at]
    long = np.flatnonzero(lengths > _INLINE)
    if len(long):
        views[long, 8:12] = 0
        views[long, 12:] = at[long].astype("<i4").view(np.uint8).reshape(len(long), 4)
    validity: Any = None
    if nulls is not None:
        validity = pa.py_buffer(np.packbits(~nulls, bitorder="little"))
    array = pa.Array.from_buffers(pa.binary_view(), count, [validity, pa.py_buffer(views), shared])
    return array.cast(pa.binary())
