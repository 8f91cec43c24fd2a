"""How each PostgreSQL type is asked for and what becomes of it in Arrow: exact, as text, or counted.

| type                              | in bronze                                                        |
|-----------------------------------|------------------------------------------------------------------|
| smallint, integer, bigint         | the same width                                                   |
| boolean, text, varchar, name      | the same                                                         |
| numeric(p, s), p up to 38         | decimal128(p, s); NaN becomes null, counted                      |
| numeric without or beyond that    | text, all digits (`NaN` stays readable)                          |
| real, double precision            | the same; NaN and infinities become null, counted                |
| date, timestamp, timestamptz      | date32, timestamp[us], timestamp[us, UTC]; infinities and years  |
|                                   | outside 1 to 9999 become null, counted                           |
| money                             | text of the amount, all digits                                   |
| everything else, enums included   | PostgreSQL's own text                                            |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from amalimart.core.names import quoted
from amalimart.sources.exactness import exact_decimals, finite_floats
from amalimart.sources.port import Stopwatch
from amalimart.sources.postgres.relations import SourceColumn

_SAME = {
    "int2": pa.int16(),
    "int4": pa.int32(),
    "int8": pa.int64(),
    "bool": pa.bool_(),
    "text": pa.string(),
    "varchar": pa.string(),
    "name": pa.string(),
    "float4": pa.float32(),
    "float8": pa.float64(),
}
_TIMES = {
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", tz="UTC"),
}
# Year 1 to 9999. The driver adds the years from 1970 to 2000 to the server's number, and an infinity, or
# a year near the end of what the server knows, comes out of that as one long before the first.
_DAYS = (-719_162, 2_932_896)
_MICROSECONDS = (-62_135_596_800_000_000, 253_402_300_799_999_999)
_NOT_A_NUMBER = -(2**63)
_LARGEST = 2**63 - 1
_WHOLE_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Selected:
    """One landed column: the SQL that asks for it and the Arrow type it lands in.

    span  least and greatest of the whole numbers behind the values that have an exact form
    """

    name: str
    sql: str
    type: pa.DataType
    span: tuple[int, int] | None = None


def selected(column: SourceColumn) -> Selected:
    """How to ask for a column."""
    name = quoted(column.name)
    base = column.base if column.built_in else ""
    if base in _SAME:
        return Selected(column.name, f"{name}::{base}", _SAME[base])
    if base in _TIMES:
        span = _DAYS if base == "date" else _MICROSECONDS
        return Selected(column.name, f"{name}::{base}", _TIMES[base], span)
    if base == "numeric" and (decimal := decimal_type(column.modifier)) is not None:
        return _selected_decimal(column.name, decimal)
    if base == "money":
        return Selected(column.name, f"{name}::numeric::text", pa.string())
    if base == "xml":
        # A cast would keep an encoding declaration that is no longer true.
        return Selected(column.name, f"case when {name} is not null then concat({name}) end", pa.string())
    return Selected(column.name, f"{name}::text", pa.string())


def _selected_decimal(column: str, decimal: pa.DataType) -> Selected:
    """A number; where it fits 64 bits it comes as a count of its last digit, read ten times as fast."""
    name = f"{quoted(column)}::numeric"
    if decimal.precision > _WHOLE_DIGITS:
        return Selected(column, f"{name}::text", decimal)
    sql = (
        f"case when {name} = 'NaN' then {_NOT_A_NUMBER + 1} - 1 else ({name} * {10**decimal.scale})::int8 end"
    )
    return Selected(column, sql, decimal, (_NOT_A_NUMBER + 1, _LARGEST))


def decimal_type(modifier: int) -> pa.DataType | None:
    """The Arrow decimal that holds every value of a numeric column; None if there is none."""
    if modifier < 4:
        return None
    packed = modifier - 4
    precision = (packed >> 16) & 0xFFFF
    scale = ((packed & 0x7FF) ^ 1024) - 1024
    if scale < 0:
        precision, scale = precision - scale, 0
    precision = max(precision, scale)
    return pa.decimal128(precision, scale) if precision <= 38 else None


def select_statement(relation_sql: str, columns: Sequence[Selected], condition: str | None) -> str:
    """The query for the landed columns, in order."""
    asked = [f"{column.sql} as c{place}" for place, column in enumerate(columns)]
    where = f" where {condition}" if condition else ""
    return f"select {', '.join(asked)} from {relation_sql} as source_table{where}"


def landed_schema(columns: Sequence[Selected]) -> pa.Schema:
    """The Arrow schema the rows land in."""
    return pa.schema([(column.name, column.type) for column in columns])


def landed_batch(batch: pa.RecordBatch, columns: Sequence[Selected], stopwatch: Stopwatch) -> pa.RecordBatch:
    """A batch as the driver delivers it, made exact. Raises pa.ArrowInvalid where a type is unexpected."""
    arrays = []
    for place, column in enumerate(columns):
        values = batch.column(place)
        if isinstance(values, pa.ExtensionArray):
            values = values.storage
        values, replaced = _exact(values, column)
        stopwatch.replace(column.name, replaced)
        arrays.append(values if values.type == column.type else values.cast(column.type))
    return pa.RecordBatch.from_arrays(arrays, schema=landed_schema(columns))


def _exact(values: pa.Array, column: Selected) -> tuple[pa.Array, int]:
    """The values without those that have no exact form, and how many those were."""
    if column.span is not None:
        values, replaced = _inside(values, column.span)
        return (_with_point(values, column.type) if pa.types.is_decimal(column.type) else values), replaced
    if pa.types.is_decimal(column.type):
        return exact_decimals(values, column.type)
    if pa.types.is_floating(column.type):
        return finite_floats(values)
    return values, 0


def _inside(values: pa.Array, span: tuple[int, int]) -> tuple[pa.Array, int]:
    least, greatest = span
    numbers = values.view(pa.int32() if pa.types.is_date32(values.type) else pa.int64())
    found = pc.min_max(numbers)
    lowest, highest = found["min"].as_py(), found["max"].as_py()
    if lowest is None or (least <= lowest and highest <= greatest):
        return values, 0
    inside = pc.and_(pc.greater_equal(numbers, least), pc.less_equal(numbers, greatest))
    return pc.if_else(inside, values, pa.scalar(None, values.type)), inside.false_count


def _with_point(counts: pa.Array, decimal: pa.DataType) -> pa.Array:
    """Counts of the last digit as decimals: the same 128 bits, with the point where the type has it."""
    if not pa.types.is_int64(counts.type):
        raise pa.ArrowInvalid(f"{counts.type} instead of a count of the last digit")
    whole = counts.cast(pa.decimal128(19, 0))
    return pa.Array.from_buffers(decimal, len(whole), whole.buffers(), whole.null_count, whole.offset)
