"""The types of columns, how a snapshot asks for each, and which Arrow type it lands in.

| type                              | in bronze                                                           |
|-----------------------------------|---------------------------------------------------------------------|
| tinyint ... bigint, also unsigned | the same width, signed or unsigned; mediumint as 32 bits            |
| bit(1)                            | int8, 0 or 1; longer ones as text of 0 and 1                        |
| decimal(p, s), p up to 38         | decimal128(p, s); wider as text, all digits                         |
| float, double                     | the same, all digits of the stored value                            |
| date, datetime, timestamp         | date32, timestamp[us], timestamp[us, UTC]; zero dates, dates with a |
|                                   | zero part, impossible dates and the year 0 become null, counted     |
| time                              | text                                                                |
| year                              | int16                                                               |
| char, varchar, text, enum, set    | text; bytes that are none in its character set become null, counted |
| json                              | text; as it was on MariaDB, one form for one value on MySQL         |
| binary, blob, geometry, vector    | text of hexadecimal digits                                          |
| uuid, inet4, inet6                | text                                                                |
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import pyarrow as pa

from amalimart.sources.mysql.connection import quoted

INTEGER_BYTES = {"tinyint": 1, "smallint": 2, "mediumint": 3, "int": 4, "bigint": 8}
WIDEST_DECIMAL = 38
_TEXTS = {"char", "varchar", "tinytext", "text", "mediumtext", "longtext"}
_BLOBS = {"varbinary", "tinyblob", "blob", "mediumblob", "longblob"}
_GEOMETRIES = {
    *("geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon"),
    *("geometrycollection", "geomcollection"),
}
_SIZED = {"bit": 1, "binary": 1, "datetime": 0, "timestamp": 0, "time": 0}
_MOMENTS = {"date": pa.date32(), "datetime": pa.timestamp("us"), "timestamp": pa.timestamp("us", tz="UTC")}
_TYPE_TEXT = re.compile(r"(?P<name>[a-z0-9]+)(\((?P<arguments>.*)\))?(?P<unsigned> unsigned)?", re.DOTALL)
_LABEL = re.compile(r"'((?:[^'\\]|''|\\.)*)'", re.DOTALL)
_ESCAPE = re.compile(r"''|\\.", re.DOTALL)
_MEANT = {"0": "\0", "n": "\n", "r": "\r", "t": "\t", "b": "\b", "Z": "\x1a"}
_WRITTEN = {"'": "''", "\\": "\\\\", "\0": "\\0", "\n": "\\n", "\r": "\\r"}


class Family(StrEnum):
    """What a column is about: a change from one family to another changes what its values mean."""

    NUMBER = "number"
    TIME = "time"
    TEXT = "text"
    BYTES = "bytes"


@dataclass(frozen=True, slots=True)
class SourceType:
    """One column's type, as far as values depend on it.

    name       MySQL's word, all kinds of character columns being `text` and all of bytes `blob`; a
               binary(n), whose values are filled up, keeps its own
    precision  digits of a decimal, bits of a bit, length of a binary, fractional digits of a time
    octets     how much a text or blob may hold; None where that is not known
    labels     of an enum or a set
    """

    name: str
    unsigned: bool = False
    precision: int = 0
    scale: int = 0
    octets: int | None = None
    labels: tuple[str, ...] = ()

    def __str__(self) -> str:
        match self.name:
            case "decimal":
                arguments = f"({self.precision},{self.scale})"
            case "bit" | "binary" | "datetime" | "timestamp" | "time":
                arguments = f"({self.precision})"
            case "text" | "blob" if self.octets is not None:
                arguments = f"({self.octets})"
            case "enum" | "set":
                arguments = "({})".format(",".join(f"'{_escaped(label)}'" for label in self.labels))
            case _:
                arguments = ""
        return f"{self.name}{arguments}{' unsigned' if self.unsigned else ''}"

    @classmethod
    def parse(cls, text: str, octets: int | None = None) -> SourceType:
        """Read this form, or what MySQL calls a column type. Raises ValueError."""
        matched = _TYPE_TEXT.match(text.strip().lower() if "'" not in text else text.strip())
        if matched is None:
            raise ValueError(f"{text!r} is no type")
        name, arguments = matched["name"].lower(), matched["arguments"] or ""
        if name in {"enum", "set"}:
            return cls(name, labels=tuple(map(unescaped, _LABEL.findall(arguments))))
        numbers = [int(part) for part in arguments.split(",") if part.strip().isdigit()]
        if name in INTEGER_BYTES:
            return cls(name, unsigned=matched["unsigned"] is not None)
        if name == "decimal":
            precision, scale = (numbers + [10, 0][len(numbers) :])[:2]
            return cls(name, precision=precision, scale=scale)
        if name in _SIZED:
            return cls(name, precision=numbers[0] if numbers else _SIZED[name])
        return cls._unsized(name, numbers[0] if numbers and octets is None else octets)

    @classmethod
    def _unsized(cls, name: str, octets: int | None) -> SourceType:
        if name in _TEXTS or name in _BLOBS:
            return cls("text" if name in _TEXTS else "blob", octets=octets)
        return cls("geometry" if name in _GEOMETRIES else name)

    @property
    def family(self) -> Family:
        if self.name in INTEGER_BYTES or self.name in {"decimal", "float", "double", "bit", "year"}:
            return Family.TEXT if self.name == "bit" and self.precision > 1 else Family.NUMBER
        if self.name in {"date", "datetime", "timestamp"}:
            return Family.TIME
        return Family.BYTES if self.name in {"binary", "blob", "geometry", "vector"} else Family.TEXT

    @property
    def arrow(self) -> pa.DataType:
        """What the column lands in."""
        if self.name in INTEGER_BYTES:
            width = {3: 32}.get(INTEGER_BYTES[self.name], 8 * INTEGER_BYTES[self.name])
            return _WHOLE[self.unsigned, width]
        if self.name == "decimal" and self.precision <= WIDEST_DECIMAL:
            return pa.decimal128(self.precision, self.scale)
        if self.name == "bit" and self.precision == 1:
            return pa.int8()
        return {**_MOMENTS, **_PLAIN}.get(self.name, pa.string())

    def unsized(self) -> SourceType:
        """The same without what it may hold."""
        return replace(self, octets=None)


_WHOLE = {
    (False, 8): pa.int8(),
    (False, 16): pa.int16(),
    (False, 32): pa.int32(),
    (False, 64): pa.int64(),
    (True, 8): pa.uint8(),
    (True, 16): pa.uint16(),
    (True, 32): pa.uint32(),
    (True, 64): pa.uint64(),
}
_PLAIN = {"float": pa.float32(), "double": pa.float64(), "year": pa.int16()}


def unescaped(text: str) -> str:
    """What a text between single quotes stands for."""
    return _ESCAPE.sub(lambda found: _MEANT.get(found[0][1], found[0][1]), text)


def _escaped(text: str) -> str:
    return "".join(_WRITTEN.get(letter, letter) for letter in text)


def select_expression(name: str, kind: SourceType) -> str:
    """SQL that asks for a column in the text form."""
    column = quoted(name)
    match kind.name:
        case "float" | "double":
            # Without the cast a float shows six digits and a double(m, d) its d.
            return f"cast({column} as double)"
        case "bit":
            return (
                f"{column} + 0" if kind.precision == 1 else f"lpad(bin({column} + 0), {kind.precision}, '0')"
            )
        case "decimal" if kind.precision > WIDEST_DECIMAL:
            # A zerofill column would show its zeros.
            return f"cast({column} as decimal({kind.precision}, {kind.scale}))"
        case "binary" | "blob" | "geometry" | "vector":
            return f"lower(hex({column}))"
    return column


def landed_schema(columns: Sequence[tuple[str, SourceType]]) -> pa.Schema:
    """The Arrow schema the rows land in."""
    return pa.schema([(name, kind.arrow) for name, kind in columns])
