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
    "date": (pa.date32(), "'0001-01-01' and '9999-12-31'"),
    "timestamp": (pa.timestamp("us"), "'0001-01-01' and '9999-12-31 23:59:59.999999'"),
    "timestamptz": (pa.timestamp("us", tz="UTC"), "'0001-01-01+00' and '9999-12-31 23:59:59.999999+00'"),
}


@dataclass(frozen=True, slots=True)
class Selected:
    """One landed column: the SQL that asks for it and the Arrow type it lands in.

    outside  SQL that is true where the value cannot be represented; asked for beside the value
    """

    name: str
    sql: str
    type: pa.DataType
    outside: str | None = None


def selected(column: SourceColumn) -> Selected:
    """How to ask for a column."""
    name = quoted(column.name)
    base = column.base if column.built_in else ""
    if base in _SAME:
        return Selected(column.name, f"{name}::{base}", _SAME[base])
    if base in _TIMES:
        kind, span = _TIMES[base]
        inside = f"{name} between {span}"
        return Selected(column.name, f"case when {inside} then {name} end", kind, f"not ({inside})")
    if base == "numeric" and (decimal := decimal_type(column.modifier)) is not None:
        return Selected(column.name, f"{name}::numeric", decimal)
    if base == "money":
        return Selected(column.name, f"{name}::numeric::text", pa.string())
    if base == "xml":
        # A cast would keep an encoding declaration that is no longer true.
        return Selected(column.name, f"case when {name} is not null then concat({name}) end", pa.string())
    return Selected(column.name, f"{name}::text", pa.string())


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
    """The query for the landed columns, in order, followed by the `outside` flags."""
    asked = [f"{column.sql} as c{place}" for place, column in enumerate(columns)]
    flags = [f"{column.outside} as o{place}" for place, column in enumerate(columns) if column.outside]
    where = f" where {condition}" if condition else ""
    return f"select {', '.join(asked + flags)} from {relation_sql} as source_table{where}"


def landed_schema(columns: Sequence[Selected]) -> pa.Schema:
    """The Arrow schema the rows land in."""
    return pa.schema([(column.name, column.type) for column in columns])


def landed_batch(batch: pa.RecordBatch, columns: Sequence[Selected], stopwatch: Stopwatch) -> pa.RecordBatch:
    """A batch as the driver delivers it, made exact. Raises pa.ArrowInvalid where a type is unexpected."""
    arrays = []
    flag = len(columns)
    for place, column in enumerate(columns):
        values = batch.column(place)
        if isinstance(values, pa.ExtensionArray):
            values = values.storage
        replaced = 0
        if column.outside:
            replaced = batch.column(flag).true_count
            flag += 1
        elif pa.types.is_decimal(column.type):
            values, replaced = exact_decimals(values, column.type)
        elif pa.types.is_floating(column.type):
            values, replaced = finite_floats(values)
        stopwatch.replace(column.name, replaced)
        arrays.append(values if values.type == column.type else values.cast(column.type))
    return pa.RecordBatch.from_arrays(arrays, schema=landed_schema(columns))
