"""A mapping's formulas held against the types of the columns they read, before anything is built."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import duckdb

from amalimart.core.errors import ConfigError
from amalimart.mapping.scalar_sql import scalar_sql
from amalimart.warehouse.staging.present_values import origin_of, own_name, quoted_own
from amalimart.warehouse.staging.staged import StagedPart

_DECIMAL = re.compile(r"decimal\d+\((\d+), (-?\d+)\)")
_TYPES = {
    "varchar": "varchar", "bool": "boolean", "date": "date", "timestamp": "timestamp",
    "timestamp with time zone": "timestamptz", "double": "double", "float": "float", "halffloat": "float",
    "int8": "tinyint", "int16": "smallint", "int32": "integer", "int64": "bigint",
    "uint8": "utinyint", "uint16": "usmallint", "uint32": "uinteger", "uint64": "ubigint",
}  # fmt: skip


def check_formulas(parts: Sequence[StagedPart]) -> None:
    """Raises ConfigError for a formula that the engine cannot apply to the columns as they landed."""
    for staged in parts:
        for label, text, wanted in _formulas(staged):
            formula = scalar_sql(text)
            given = ", ".join(
                f"cast(null as {_engine_type(staged.table.types[column])}) as {quoted_own(column)}"
                for column in formula.columns
            )
            sql = f"select cast(try({formula.rendered(own_name)}) as {wanted}) from (select {given})"
            with duckdb.connect() as engine:
                try:
                    engine.execute(f"explain {sql}")
                except duckdb.Error as error:
                    kinds = ", ".join(
                        f"{column} is {staged.table.types[column]}" for column in formula.columns
                    )
                    said = str(error).splitlines()[0]
                    raise ConfigError(
                        f"{label}: the formula {text!r} does not fit its columns: {said}",
                        where=staged.part.where,
                        expected=f"a formula over these types: {kinds}",
                        next_step="read a text as a number or a time by cast(column as decimal(18, 2))",
                    ) from error


def _formulas(staged: StagedPart) -> Iterator[tuple[str, str, str]]:
    """What it is for, its text, and the engine type it must come to."""
    row_filter = staged.part.row_filter
    if row_filter.sql is not None and set(scalar_sql(row_filter.sql).columns) <= set(staged.table.columns):
        yield f"the filter of {staged.name}", row_filter.sql, "boolean"
    for canonical in staged.entity.columns:
        origin = origin_of(staged, canonical)
        if origin is not None and origin.sql is not None:
            yield f"{staged.name}.{canonical}", origin.sql, "varchar"


def _engine_type(landed: str) -> str:
    decimal = _DECIMAL.fullmatch(landed)
    return f"decimal({decimal[1]}, {decimal[2]})" if decimal else _TYPES.get(landed, "varchar")
