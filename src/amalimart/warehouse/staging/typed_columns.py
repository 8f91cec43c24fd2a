"""Canonical columns, typed, over the present values of what has landed."""

from __future__ import annotations

from amalimart.core.errors import ConfigError
from amalimart.mapping.entities import ColumnType
from amalimart.mapping.enum_values import spellings
from amalimart.warehouse.staging.casts import Cast, cast_expression
from amalimart.warehouse.staging.macros import MOMENT, TEXT
from amalimart.warehouse.staging.present_values import origin_of, present_of
from amalimart.warehouse.staging.staged import StagedPart, inert, literal

EMPTY_TYPES = {
    ColumnType.ID: TEXT,
    ColumnType.TEXT: TEXT,
    ColumnType.ENUM: TEXT,
    ColumnType.INTEGER: "bigint",
    ColumnType.DECIMAL: "decimal(18, 6)",
    ColumnType.MONEY: "decimal(18, 2)",
    ColumnType.BOOLEAN: "boolean",
    ColumnType.TIMESTAMP: MOMENT,
    ColumnType.DATE: "date",
}
"""Engine type of a canonical column."""


def key_sql(staged: StagedPart) -> list[str]:
    """The columns of the entity's key, typed, over the present values. Raises ConfigError."""
    return [cast_of(staged, column).value for column in staged.entity.key]


def typed_column(staged: StagedPart, column: str) -> str:
    """A canonical column, typed, over the present values. Raises ConfigError."""
    return cast_of(staged, column).value


def cast_of(staged: StagedPart, column: str) -> Cast:
    """How a canonical column is typed, and how one sees that its value was changed. Raises ConfigError."""
    spec = staged.entity.columns[column]
    origin, present = origin_of(staged, column), present_of(staged, column)
    if origin is None or present is None:
        stated = origin.constant if origin is not None else spec.default
        return Cast(f"cast({literal(stated) if stated is not None else 'null'} as {EMPTY_TYPES[spec.type]})")
    name, source_type = present
    for text in origin.values or ():
        inert(text)
    try:
        cast = cast_expression(
            name,
            source_type=source_type,
            target=spec.type,
            result=column,
            values=spellings(origin, spec) if spec.type is ColumnType.ENUM else None,
            default=origin.default or spec.default,
            text_format=None if origin.format is None else inert(origin.format),
            source_zone=staged.source_zone,
            business_zone=staged.business_zone,
        )
    except ConfigError as error:
        raise ConfigError(
            f"{staged.name}.{column}: {error.what}",
            where=staged.part.where,
            expected=error.expected,
            next_step=error.next_step,
        ) from error
    if column in staged.part.namespaces:
        return Cast(f"{literal(staged.part.namespaces[column] + ':')} || {cast.value}")
    return cast
