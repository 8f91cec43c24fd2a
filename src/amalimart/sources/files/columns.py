"""The columns of a table over its many files: what one more file may bring, and what it may not.

Columns may be added and stand in any order. A type may widen as long as every value keeps its exact
form and, read as text, its meaning; text of CSV files goes with every type, as CSV tells none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

import pyarrow as pa

from amalimart.core.errors import SourceMismatch
from amalimart.core.names import nearest
from amalimart.sources.files.formats import CSV_TYPE

NO_TYPE = "null"
"""Of a column in which no file has had a value yet."""

_DECIMAL = re.compile(r"decimal(?:32|64|128|256)\((\d+), (-?\d+)\)")
_TIMESTAMP = re.compile(r"timestamp\[(s|ms|us|ns)(?:, tz=(.+))?\]")
_UNITS = ("s", "ms", "us", "ns")
_WHOLE_DIGITS = {8: 3, 16: 5, 32: 10, 64: 20}
_MOST_DIGITS = 38
_TEXTS = {"string", "large_string", "string_view"}
_BINARIES = {"binary", "large_binary", "binary_view"}


def plain_type(name: str) -> pa.DataType:
    """The Arrow type of a name that `type_name` gave. Raises ValueError for a nested one."""
    if name == CSV_TYPE:
        return pa.string()
    if found := _DECIMAL.fullmatch(name):
        precision, scale = int(found[1]), int(found[2])
        return (
            pa.decimal128(precision, scale) if precision <= _MOST_DIGITS else pa.decimal256(precision, scale)
        )
    if found := _TIMESTAMP.fullmatch(name):
        return pa.timestamp(found[1], tz=found[2])
    return pa.lib.ensure_type(name)


def check_present(
    present: Mapping[str, str], known: Mapping[str, str], needed: Collection[str], where: str
) -> None:
    """A file may lack a column only if no file before it had it. Raises SourceMismatch."""
    for column in needed:
        if column not in present and column in known:
            raise SourceMismatch(
                f"the file has no column {column!r}, which the table's earlier files have",
                where=where,
                expected=f"one of {', '.join(present)}",
                nearest=nearest(column, present),
                next_step="correct the file and drop it again, or mark the column `optional: true`",
            )


def widened(
    known: Mapping[str, str],
    present: Mapping[str, str],
    landed: Collection[str],
    where: str,
    is_whole: Callable[[str], bool],
) -> dict[str, str]:
    """The columns of the table once this file is taken: those known, then those it adds.

    A landed column keeps its type or gets a wider one. `is_whole` says of a column of floats in the
    file whether all its values are whole numbers. Raises SourceMismatch where a type changes.
    """
    columns = dict(known)
    for column, kind in present.items():
        before = known.get(column)
        if before is None or column not in landed:
            columns[column] = kind
            continue
        after = _common(before, kind, lambda column=column: is_whole(column))  # type: ignore[misc]
        if after is None:
            raise SourceMismatch(
                f"the column {column!r} is {kind}, and {before} in the table's earlier files",
                where=where,
                expected=f"values of the type {before}, or of a wider one",
                next_step="write the column in the type of the other files, and drop the file again",
            )
        columns[column] = after
    return columns


def _common(known: str, new: str, is_whole: Callable[[], bool]) -> str | None:
    if known == new or new in {CSV_TYPE, NO_TYPE}:
        return known
    if known in {CSV_TYPE, NO_TYPE}:
        return new
    for alike in (_TEXTS, _BINARIES):
        if {known, new} <= alike:
            return min(alike, key=len)
    try:
        left, right = plain_type(known), plain_type(new)
    except (ValueError, pa.ArrowException):
        return None
    if pa.types.is_integer(left) and pa.types.is_floating(right) and is_whole():
        return known  # a program that writes whole numbers as floats where one of them is missing
    found = _wider(left, right)
    return None if found is None else str(found)


def _wider(left: pa.DataType, right: pa.DataType) -> pa.DataType | None:
    if pa.types.is_timestamp(left) and pa.types.is_timestamp(right):
        if left.tz != right.tz:
            return None
        return pa.timestamp(max(left.unit, right.unit, key=_UNITS.index), tz=left.tz)
    if pa.types.is_date(left) and pa.types.is_date(right):
        return pa.date32()
    if pa.types.is_floating(left) or pa.types.is_floating(right):
        return _wider_float(left, right)
    if _is_exact_number(left) and _is_exact_number(right):
        return _wider_exact(left, right)
    return None


def _wider_float(left: pa.DataType, right: pa.DataType) -> pa.DataType | None:
    if not all(pa.types.is_floating(kind) or pa.types.is_integer(kind) for kind in (left, right)):
        return None
    return pa.float32() if {str(left), str(right)} <= {"float", "halffloat"} else pa.float64()


def _is_exact_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_decimal(kind))


def _wider_exact(left: pa.DataType, right: pa.DataType) -> pa.DataType | None:
    if pa.types.is_integer(left) and pa.types.is_integer(right):
        if pa.types.is_signed_integer(left) == pa.types.is_signed_integer(right):
            return max(left, right, key=lambda kind: kind.bit_width)
        signed, unsigned = sorted((left, right), key=pa.types.is_unsigned_integer)
        if unsigned.bit_width < 64:
            bits = max(signed.bit_width, 2 * unsigned.bit_width)
            return {16: pa.int16(), 32: pa.int32(), 64: pa.int64()}[bits]
    scale = max(_scale(left), _scale(right))
    digits = max(_whole_digits(left), _whole_digits(right)) + scale
    return pa.decimal128(digits, scale) if digits <= _MOST_DIGITS else None


def _scale(kind: pa.DataType) -> int:
    return kind.scale if pa.types.is_decimal(kind) else 0


def _whole_digits(kind: pa.DataType) -> int:
    return kind.precision - kind.scale if pa.types.is_decimal(kind) else _WHOLE_DIGITS[kind.bit_width]
