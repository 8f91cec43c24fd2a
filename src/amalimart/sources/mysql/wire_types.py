"""The type of a column in the binary log, in the words in which types are compared."""

from __future__ import annotations

from amalimart.sources.mysql.binlog_events import WireColumn
from amalimart.sources.mysql.character_sets import CharacterSets
from amalimart.sources.mysql.table_definitions import Wire
from amalimart.sources.mysql.types import SourceType

_NUMBERS = {
    Wire.TINY: "tinyint",
    Wire.SHORT: "smallint",
    Wire.INT24: "mediumint",
    Wire.LONG: "int",
    Wire.LONGLONG: "bigint",
}
_PLAIN = {
    Wire.FLOAT: "float",
    Wire.DOUBLE: "double",
    Wire.YEAR: "year",
    Wire.DATE: "date",
    Wire.NEWDATE: "date",
    Wire.JSON: "json",
    Wire.GEOMETRY: "geometry",
    Wire.VECTOR: "vector",
}
_SIZED = {
    Wire.DATETIME2: "datetime",
    Wire.TIMESTAMP2: "timestamp",
    Wire.TIME2: "time",
    Wire.DATETIME: "datetime",
    Wire.TIMESTAMP: "timestamp",
    Wire.TIME: "time",
    Wire.NEWDECIMAL: "decimal",
    Wire.BIT: "bit",
}
_LABELLED = {Wire.ENUM: "enum", Wire.SET: "set"}
_COUNTED = {Wire.BLOB, Wire.VARCHAR, Wire.VAR_STRING, Wire.STRING}
_KINDS = {*_NUMBERS, *_PLAIN, *_SIZED, *_LABELLED, *_COUNTED}
_ADDRESSES = {"uuid": 16, "inet6": 16, "inet4": 4}


def wire_type(column: WireColumn, known: SourceType | None, sets: CharacterSets) -> SourceType:
    """The column's type; what the log does not tell apart is taken to be what it is `known` as.

    Raises KeyError for a type that cannot be read.
    """
    kind = Wire(column.type) if column.type in _KINDS else None
    if kind in _NUMBERS:
        return SourceType(_NUMBERS[kind], unsigned=column.unsigned)
    if kind in _PLAIN:
        return SourceType(_PLAIN[kind])
    if kind in _SIZED:
        return SourceType(_SIZED[kind], precision=column.size, scale=column.scale)
    if kind in _LABELLED:
        return SourceType(_LABELLED[kind], labels=_labels(column, sets))
    if kind is Wire.STRING and known is not None and _ADDRESSES.get(known.name) == column.size:
        return known
    return _text_or_bytes(column, sets)


def _text_or_bytes(column: WireColumn, sets: CharacterSets) -> SourceType:
    if column.type not in _COUNTED:
        raise KeyError(column.type)
    octets = (1 << 8 * column.size) - 1 if column.type == Wire.BLOB else column.size
    if sets.name(column.collation) not in {None, "binary"}:
        return SourceType("text", octets=octets)
    if column.type == Wire.STRING:
        return SourceType("binary", precision=octets)
    return SourceType("blob", octets=octets)


def _labels(column: WireColumn, sets: CharacterSets) -> tuple[str, ...]:
    convert = sets.conversion(sets.name(column.collation) or "utf8mb4")
    return tuple((convert(label) if convert else label).decode(errors="replace") for label in column.labels)
