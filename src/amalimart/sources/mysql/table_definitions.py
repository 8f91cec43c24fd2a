"""Reading the definition of a table that comes before its rows in the binary log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from amalimart.sources.mysql.binlog_events import TableDefinition, WireColumn, counted_texts, packed_integer


class Wire(IntEnum):
    """The log's numbers of types."""

    TINY = 1
    SHORT = 2
    LONG = 3
    FLOAT = 4
    DOUBLE = 5
    TIMESTAMP = 7
    LONGLONG = 8
    INT24 = 9
    DATE = 10
    TIME = 11
    DATETIME = 12
    YEAR = 13
    NEWDATE = 14
    VARCHAR = 15
    BIT = 16
    TIMESTAMP2 = 17
    DATETIME2 = 18
    TIME2 = 19
    BLOB_COMPRESSED = 140
    VARCHAR_COMPRESSED = 141
    VECTOR = 242
    JSON = 245
    NEWDECIMAL = 246
    ENUM = 247
    SET = 248
    BLOB = 252
    VAR_STRING = 253
    STRING = 254
    GEOMETRY = 255


NUMERIC = {
    *(Wire.TINY, Wire.SHORT, Wire.INT24, Wire.LONG, Wire.LONGLONG),
    *(Wire.NEWDECIMAL, Wire.FLOAT, Wire.DOUBLE, Wire.YEAR),
}
_ONE_BYTE = {
    *(Wire.FLOAT, Wire.DOUBLE, Wire.TIMESTAMP2, Wire.DATETIME2, Wire.TIME2, Wire.BLOB, Wire.BLOB_COMPRESSED),
    *(Wire.GEOMETRY, Wire.JSON, Wire.VECTOR),
}
_TWO_BYTES = {
    *(Wire.VARCHAR, Wire.VARCHAR_COMPRESSED, Wire.VAR_STRING, Wire.STRING),
    *(Wire.BIT, Wire.NEWDECIMAL, Wire.ENUM, Wire.SET),
}
_CHARACTERS = {Wire.STRING, Wire.VAR_STRING, Wire.VARCHAR, Wire.BLOB}
_MARIADB_CHARACTERS = _CHARACTERS | {Wire.GEOMETRY, Wire.BLOB_COMPRESSED, Wire.VARCHAR_COMPRESSED}
_LABELLED = {Wire.ENUM, Wire.SET}


class _Metadata(IntEnum):
    SIGNS = 1
    DEFAULT_COLLATION = 2
    COLLATIONS = 3
    NAMES = 4
    SET_LABELS = 5
    ENUM_LABELS = 6
    LABEL_DEFAULT_COLLATION = 10
    LABEL_COLLATIONS = 11


@dataclass(slots=True)
class _Found:
    signs: Sequence[bool] = ()
    names: Sequence[str] = ()
    collations: Sequence[int] = ()
    label_collations: Sequence[int] = ()
    labels: dict[int, list[tuple[bytes, ...]]] = field(default_factory=dict)


def table_id(body: bytes) -> int:
    """The number by which rows name their table until the log's next file."""
    return int.from_bytes(body[:6], "little")


def read_definition(body: bytes, *, mariadb: bool) -> TableDefinition:
    """The definition in a table map event. Raises IndexError, KeyError, ValueError where it is none."""
    schema, at = _name(body, 8)
    table, at = _name(body, at)
    count, at = packed_integer(body, at)
    types = list(body[at : at + count])
    length, at = packed_integer(body, at + count)
    shapes = _shapes(types, body[at : at + length])
    at += length + (count + 7) // 8
    characters = _MARIADB_CHARACTERS if mariadb else _CHARACTERS
    found = _metadata(body, at, [kind for kind, _, _ in shapes], characters)
    columns = []
    numbers, collations, label_collations = (
        iter(found.signs),
        iter(found.collations),
        iter(found.label_collations),
    )
    labels = {kind: iter(lists) for kind, lists in found.labels.items()}
    for place, (kind, size, scale) in enumerate(shapes):
        collation = None
        if kind in characters:
            collation = next(collations, None)
        elif kind in _LABELLED:
            collation = next(label_collations, None)
        columns.append(
            WireColumn(
                name=found.names[place] if found.names else "",
                type=kind,
                size=size,
                scale=scale,
                unsigned=next(numbers, False) if kind in NUMERIC else False,
                collation=collation,
                labels=next(labels[kind]) if kind in labels else (),
            )
        )
    return TableDefinition(schema, table, tuple(columns), named=bool(found.names))


def _name(body: bytes, at: int) -> tuple[str, int]:
    end = at + 1 + body[at]
    return body[at + 1 : end].decode(), end + 1


def _shapes(types: Sequence[int], described: bytes) -> list[tuple[int, int, int]]:
    """Type, size and scale of each column."""
    shapes, at = [], 0
    for kind in types:
        first = described[at] if kind in _ONE_BYTE | _TWO_BYTES else 0
        second = described[at + 1] if kind in _TWO_BYTES else 0
        at += (kind in _ONE_BYTE) + 2 * (kind in _TWO_BYTES)
        if kind == Wire.NEWDECIMAL:
            shapes.append((kind, first, second))
        elif kind == Wire.BIT:
            shapes.append((kind, second * 8 + first, 0))
        elif kind == Wire.STRING and (first | 0x30) in _LABELLED:
            shapes.append((first | 0x30, second, 0))
        elif kind == Wire.STRING:
            # The two high bits of a length above 255 hide, turned over, in the type.
            shapes.append((kind, (((first << 4) & 0x300) ^ 0x300) + second, 0))
        else:
            shapes.append((kind, first + (second << 8), 0))
    return shapes


def _metadata(body: bytes, at: int, kinds: Sequence[int], characters: set[Wire]) -> _Found:
    found = _Found()
    texts = sum(kind in characters for kind in kinds)
    labelled = sum(kind in _LABELLED for kind in kinds)
    while at < len(body):
        what, (length, begin) = body[at], packed_integer(body, at + 1)
        at = begin + length
        piece = body[begin:at]
        if what == _Metadata.SIGNS:
            numbers = sum(kind in NUMERIC for kind in kinds)
            found.signs = [bool(piece[place // 8] & (0x80 >> place % 8)) for place in range(numbers)]
        elif what == _Metadata.NAMES:
            found.names = [text.decode() for text in counted_texts(piece, 0, len(kinds))[0]]
        elif what == _Metadata.DEFAULT_COLLATION:
            found.collations = _default_and_others(piece, texts)
        elif what == _Metadata.COLLATIONS:
            found.collations = _integers(piece)
        elif what == _Metadata.LABEL_DEFAULT_COLLATION:
            found.label_collations = _default_and_others(piece, labelled)
        elif what == _Metadata.LABEL_COLLATIONS:
            found.label_collations = _integers(piece)
        elif what in {_Metadata.SET_LABELS, _Metadata.ENUM_LABELS}:
            kind = Wire.SET if what == _Metadata.SET_LABELS else Wire.ENUM
            found.labels[kind] = _label_lists(piece)
    return found


def _integers(piece: bytes) -> list[int]:
    numbers, at = [], 0
    while at < len(piece):
        number, at = packed_integer(piece, at)
        numbers.append(number)
    return numbers


def _default_and_others(piece: bytes, count: int) -> list[int]:
    numbers = _integers(piece)
    others = dict(zip(numbers[1::2], numbers[2::2], strict=True))
    return [others.get(place, numbers[0]) for place in range(count)]


def _label_lists(piece: bytes) -> list[tuple[bytes, ...]]:
    lists, at = [], 0
    while at < len(piece):
        count, at = packed_integer(piece, at)
        labels, at = counted_texts(piece, at, count)
        lists.append(tuple(labels))
    return lists
