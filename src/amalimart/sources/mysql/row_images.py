"""Values in the binary log's row images, as the text MySQL itself would show for them.

A table's reader is made once for its definition. Columns that are not landed are stepped over by their
length alone: their values, secrets among them, never become Python objects.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache, lru_cache, partial
from ipaddress import IPv4Address
from uuid import UUID

from amalimart.sources.mysql.binlog_events import TableDefinition, WireColumn
from amalimart.sources.mysql.character_sets import CharacterSets
from amalimart.sources.mysql.json_binary import json_text
from amalimart.sources.mysql.table_definitions import Wire
from amalimart.sources.mysql.types import SourceType

Value = bytes | None
Read = Callable[[bytes, int], tuple[Value, int]]
Skip = Callable[[bytes, int], int]
_Maker = Callable[[WireColumn, CharacterSets], Callable[[bytes], Value]]

_INTEGERS = {Wire.TINY: 1, Wire.SHORT: 2, Wire.INT24: 3, Wire.LONG: 4, Wire.LONGLONG: 8}
_FIXED = _INTEGERS | {Wire.FLOAT: 4, Wire.DOUBLE: 8, Wire.YEAR: 1, Wire.DATE: 3, Wire.NEWDATE: 3}
_FIXED |= {Wire.TIME: 3, Wire.DATETIME: 8, Wire.TIMESTAMP: 4}
_WITH_FRACTION = {Wire.TIMESTAMP2: 4, Wire.DATETIME2: 5, Wire.TIME2: 3}
_TEXTS = {Wire.VARCHAR, Wire.VAR_STRING, Wire.STRING, Wire.VARCHAR_COMPRESSED}
_BLOBS = {Wire.BLOB, Wire.GEOMETRY, Wire.JSON, Wire.VECTOR, Wire.BLOB_COMPRESSED}
_DAYS_BEFORE_1970 = date(1970, 1, 1).toordinal()
_DIGITS_IN = (0, 1, 1, 2, 2, 3, 3, 4, 4, 4)
_ADDRESSES: Mapping[str, Callable[[bytes], str]] = {
    "uuid": lambda value: str(UUID(bytes=value.ljust(16, b"\0"))),
    "inet6": lambda value: _inet6(value.ljust(16, b"\0")),
    "inet4": lambda value: str(IPv4Address(value.ljust(4, b"\0"))),
}


class RowReader:
    """Reads the images of one table; yields the landed columns in their order."""

    def __init__(
        self, definition: TableDefinition, landed: Mapping[str, SourceType], sets: CharacterSets
    ) -> None:
        """`landed` names columns that the definition has. Raises KeyError otherwise."""
        places = {column.name: place for place, column in enumerate(definition.columns)}
        self._order = [places[name] for name in landed]
        self._all = [
            (1 << place, reading(column, landed[column.name], sets), None)
            if column.name in landed
            else (1 << place, None, skipping(column))
            for place, column in enumerate(definition.columns)
        ]
        self.needed = sum(1 << place for place in self._order)

    def read(self, images: bytes, at: int, present: int) -> tuple[list[Value], int]:
        """The values of one image that begins there, and where the next begins."""
        row: list[Value] = [None] * len(self._all)
        width = (present.bit_count() + 7) // 8
        nulls = int.from_bytes(images[at : at + width], "little")
        at += width
        null = 1
        for place, (bit, read, skip) in enumerate(self._all):
            if not present & bit:
                continue
            if not nulls & null:
                if read is not None:
                    row[place], at = read(images, at)
                else:
                    at = skip(images, at)  # type: ignore[misc]
            null <<= 1
        return [row[place] for place in self._order], at


def skipping(column: WireColumn) -> Skip:
    """What steps over a value. Raises KeyError for a type without a known length."""
    size = fixed_size(column)
    if size is not None:
        return lambda _, at: at + size
    prefix = _prefix(column)
    return lambda images, at: at + prefix + int.from_bytes(images[at : at + prefix], "little")


def fixed_size(column: WireColumn) -> int | None:
    """Bytes of every value; None where each tells its own length."""
    kind = column.type
    if kind in _WITH_FRACTION:
        return _WITH_FRACTION[Wire(kind)] + (column.size + 1) // 2
    if kind == Wire.NEWDECIMAL:
        return _decimal_size(column.size, column.scale)
    if kind == Wire.BIT:
        return (column.size + 7) // 8
    if kind in {Wire.ENUM, Wire.SET}:
        return column.size
    return _FIXED[Wire(kind)] if kind in _FIXED else None


def reading(column: WireColumn, landed: SourceType, sets: CharacterSets) -> Read:
    """What reads a value. Raises KeyError for a type that cannot be read."""
    size = fixed_size(column)
    if size is not None:
        convert = _fixed_conversion(column, sets)
        return lambda images, at: (convert(images[at : at + size]), at + size)
    prefix, convert = _prefix(column), _counted_conversion(column, landed, sets)

    def read(images: bytes, at: int) -> tuple[Value, int]:
        begin = at + prefix
        end = begin + int.from_bytes(images[at:begin], "little")
        return convert(images[begin:end]), end

    return read


def _prefix(column: WireColumn) -> int:
    if column.type in _BLOBS:
        return column.size
    if column.type in _TEXTS:
        return 2 if column.size > 255 else 1
    raise KeyError(column.type)


def _counted_conversion(
    column: WireColumn, landed: SourceType, sets: CharacterSets
) -> Callable[[bytes], Value]:
    if column.type == Wire.JSON:
        return json_text
    if landed.name in _ADDRESSES:
        shown = _ADDRESSES[landed.name]
        return lambda value: shown(value).encode()
    name = sets.name(column.collation)
    if landed.name == "binary":
        # The log leaves out the zeros at the end that the column is filled up with.
        width = column.size
        return lambda value: value.ljust(width, b"\0").hex().encode()
    if name is None or name == "binary":
        return lambda value: value.hex().encode()
    return sets.conversion(name) or _as_it_is


def _as_it_is(value: bytes) -> bytes:
    return value


def _fixed_conversion(column: WireColumn, sets: CharacterSets) -> Callable[[bytes], Value]:
    if column.type in _INTEGERS:
        return _unsigned if column.unsigned else _signed
    return _CONVERSIONS[Wire(column.type)](column, sets)


def _signed(value: bytes) -> bytes:
    return b"%d" % int.from_bytes(value, "little", signed=True)


def _unsigned(value: bytes) -> bytes:
    return b"%d" % int.from_bytes(value, "little")


def _converted(labels: Sequence[bytes], column: WireColumn, sets: CharacterSets) -> list[bytes]:
    name = sets.name(column.collation)
    convert = sets.conversion(name) if name not in {None, "binary"} else None
    return [convert(label) if convert else label for label in labels]


def _label(column: WireColumn, sets: CharacterSets) -> Callable[[bytes], Value]:
    # Number 0 is the empty text that MySQL keeps in place of a value that is none of the labels.
    labels = [b"", *_converted(column.labels, column, sets)]
    return lambda value: labels[int.from_bytes(value, "little")]


def _labels(column: WireColumn, sets: CharacterSets) -> Callable[[bytes], Value]:
    labels = list(enumerate(_converted(column.labels, column, sets)))

    @lru_cache(maxsize=1024)
    def joined(value: bytes) -> bytes:
        mask = int.from_bytes(value, "little")
        return b",".join(label for place, label in labels if mask >> place & 1)

    return joined


def _decimal_size(precision: int, scale: int) -> int:
    whole, fraction = divmod(precision - scale, 9), divmod(scale, 9)
    return 4 * (whole[0] + fraction[0]) + _DIGITS_IN[whole[1]] + _DIGITS_IN[fraction[1]]


@cache
def _decimal_groups(
    precision: int, scale: int
) -> tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]:
    """(bytes, digits) of each group before and after the point."""
    wholes, first = divmod(precision - scale, 9)
    fractions, last = divmod(scale, 9)
    before = (((_DIGITS_IN[first], first),) if first else ()) + ((4, 9),) * wholes
    return before, ((4, 9),) * fractions + (((_DIGITS_IN[last], last),) if last else ())


def _decimal(precision: int, scale: int, value: bytes) -> bytes:
    negative = not value[0] & 0x80
    mask = (1 << 8 * len(value)) - 1
    number = int.from_bytes(value, "big") ^ (1 << 8 * len(value) - 1)
    raw = (number ^ mask if negative else number).to_bytes(len(value), "big")
    at, digits = 0, ["", ""]
    for side, groups in enumerate(_decimal_groups(precision, scale)):
        for size, count in groups:
            digits[side] += f"{int.from_bytes(raw[at : at + size], 'big'):0{count}d}"
            at += size
    whole = digits[0].lstrip("0") or "0"
    text = f"{whole}.{digits[1]}" if scale else whole
    return f"-{text}".encode() if negative and text.strip("0.") else text.encode()


def _fraction(value: bytes, digits: int) -> str:
    """The digits after the point, point included; kept in pairs of digits."""
    return f".{int.from_bytes(value, 'big'):0{2 * len(value)}d}"[: digits + 1] if digits else ""


def _day(year: int, month: int, day: int) -> str:
    return f"{year:04d}-{month:02d}-{day:02d}"


def _date(value: bytes) -> bytes:
    packed = int.from_bytes(value, "little")
    return _day(packed >> 9, packed >> 5 & 15, packed & 31).encode()


def _datetime2(digits: int, value: bytes) -> bytes:
    packed = int.from_bytes(value[:5], "big") - (1 << 39)
    month, day = packed >> 22, packed >> 17 & 31
    clock = f"{packed >> 12 & 31:02d}:{packed >> 6 & 63:02d}:{packed & 63:02d}"
    return f"{_day(month // 13, month % 13, day)} {clock}{_fraction(value[5:], digits)}".encode()


def _timestamp2(digits: int, value: bytes) -> bytes:
    return _instant(int.from_bytes(value[:4], "big"), _fraction(value[4:], digits))


def _instant(seconds: int, fraction: str) -> bytes:
    if not seconds:
        return b"0000-00-00 00:00:00"
    days, clock = divmod(seconds, 86_400)
    shown = f"{clock // 3600:02d}:{clock // 60 % 60:02d}:{clock % 60:02d}"
    return f"{_day_after_1970(days)} {shown}{fraction}".encode()


@lru_cache(maxsize=4096)
def _day_after_1970(days: int) -> str:
    return date.fromordinal(_DAYS_BEFORE_1970 + days).isoformat()


def _time2(digits: int, value: bytes) -> bytes:
    size = 8 * (len(value) - 3)
    packed = int.from_bytes(value, "big") - (0x800000 << size)
    clock, fraction = abs(packed) >> size, abs(packed) & ((1 << size) - 1)
    sign = "-" if packed < 0 else ""
    shown = f"{clock >> 12 & 1023:02d}:{clock >> 6 & 63:02d}:{clock & 63:02d}"
    return f"{sign}{shown}{_fraction(fraction.to_bytes(size // 8, 'big'), digits)}".encode()


def _old_datetime(value: bytes) -> bytes:
    digits = f"{int.from_bytes(value, 'little'):014d}"
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:8]} {digits[8:10]}:{digits[10:12]}:{digits[12:14]}".encode()


def _old_time(value: bytes) -> bytes:
    number = int.from_bytes(value, "little", signed=True)
    clock = abs(number)
    sign = "-" if number < 0 else ""
    return f"{sign}{clock // 10_000:02d}:{clock // 100 % 100:02d}:{clock % 100:02d}".encode()


def _inet6(value: bytes) -> str:
    """An address the way MariaDB shows it: the first of the longest runs of zeros goes, be it one alone."""
    words = struct.unpack(">8H", value)
    begin, length = 0, 0
    for place in range(8):
        run = next((ahead for ahead in range(8 - place) if words[place + ahead]), 8 - place)
        if run > length:
            begin, length = place, run
    shown = [f"{word:x}" for word in words]
    if begin == 0 and (length == 6 or (length == 5 and words[5] == 0xFFFF)):
        shown[6:] = [str(IPv4Address(value[12:]))]
    if not length:
        return ":".join(shown)
    return ":".join(shown[:begin]) + "::" + ":".join(shown[begin + length :])


def _always(convert: Callable[[bytes], Value]) -> _Maker:
    return lambda _column, _sets: convert


def _sized(convert: Callable[[int, bytes], Value]) -> _Maker:
    return lambda column, _sets: partial(convert, column.size)


_CONVERSIONS: Mapping[Wire, _Maker] = {
    Wire.FLOAT: _always(lambda value: repr(struct.unpack("<f", value)[0]).encode()),
    Wire.DOUBLE: _always(lambda value: repr(struct.unpack("<d", value)[0]).encode()),
    Wire.YEAR: _always(lambda value: b"%d" % (1900 + value[0] if value[0] else 0)),
    Wire.NEWDECIMAL: lambda column, _sets: partial(_decimal, column.size, column.scale),
    Wire.BIT: _sized(lambda bits, value: format(int.from_bytes(value, "big"), f"0{bits}b").encode()),
    Wire.DATE: _always(_date),
    Wire.NEWDATE: _always(_date),
    Wire.DATETIME2: _sized(_datetime2),
    Wire.TIMESTAMP2: _sized(_timestamp2),
    Wire.TIME2: _sized(_time2),
    Wire.DATETIME: _always(_old_datetime),
    Wire.TIMESTAMP: _always(lambda value: _instant(int.from_bytes(value, "little"), "")),
    Wire.TIME: _always(_old_time),
    Wire.ENUM: _label,
    Wire.SET: _labels,
}
