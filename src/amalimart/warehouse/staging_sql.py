"""Staging models written from a mapping: renames, casts, enum values, and why a row is rejected.

One readable dbt model per canonical entity. It keeps the latest version of each key, applies
deletes and the mapping's row filter, types every column, and says in `_rejected` why a row cannot
be used (missing or unreadable required value, duplicate key) and in `_repairs` what was changed to
use it. Nothing is dropped: `reconciliation_sql` counts every landed row into exactly one bucket,
by another formulation than the model's, and the sums are held equal by a check.

Texts from a mapping are data here: names are quoted, values escaped, template braces refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from amalimart.core.errors import ConfigError
from amalimart.core.names import quoted
from amalimart.mapping.entities import ColumnType, Entity, EntityColumn
from amalimart.mapping.source_mapping import ColumnMapping, EntityMapping
from amalimart.warehouse.casts import Cast, cast_expression

_EMPTY_TYPES = {
    ColumnType.ID: "varchar",
    ColumnType.TEXT: "varchar",
    ColumnType.ENUM: "varchar",
    ColumnType.INTEGER: "bigint",
    ColumnType.DECIMAL: "decimal(18, 6)",
    ColumnType.MONEY: "decimal(18, 2)",
    ColumnType.BOOLEAN: "boolean",
    ColumnType.TIMESTAMP: "timestamp",
    ColumnType.DATE: "date",
}
DUPLICATE = "another row of the same batch has the same key"


@dataclass(frozen=True, slots=True)
class StagedEntity:
    """What one staging model is made from.

    relation       the dbt source call or relation that holds the landed rows
    landed_types   landed source column -> engine type name, lower case
    source_zone    zone of timestamps that carry none
    business_zone  zone of every canonical timestamp
    """

    name: str
    entity: Entity
    mapped: EntityMapping
    columns: Mapping[str, ColumnMapping]
    relation: str
    landed_types: Mapping[str, str]
    source_zone: str
    business_zone: str


def literal(text: str) -> str:
    """A SQL string literal that is also inert to the template language. Raises ConfigError."""
    if "{{" in text or "{%" in text or "{#" in text:
        raise ConfigError(f"a mapping value holds a template brace: {text!r}", expected="plain text")
    escaped = text.replace("'", "''")
    return f"'{escaped}'"


def _column(name: str) -> str:
    if "{" in name or "}" in name:
        raise ConfigError(f"a source column name holds a brace: {name!r}", expected="a plain name")
    return quoted(name)


def _header(entity: Entity, detail: str) -> str:
    personal = [column for column, spec in entity.columns.items() if spec.sensitivity == "personal"]
    return (
        f"-- {detail}\n"
        f"-- grain: one row per {', '.join(entity.key)} (rejected duplicates aside)\n"
        f"-- owner: data platform\n"
        f"-- personal data: {', '.join(personal) or 'none'}\n"
        f"-- kind: change-driven\n"
    )


def empty_staging_sql(name: str, entity: Entity) -> str:
    """An empty, typed staging model for an entity the source lacks."""
    columns = ",\n".join(
        f"    cast(null as {_EMPTY_TYPES[spec.type]}) as {column}" for column, spec in entity.columns.items()
    )
    return (
        f"{_header(entity, f'{name}: the source has none, so this is empty and typed.')}"
        f"select\n{columns},\n"
        "    cast(null as varchar) as _rejected,\n"
        "    cast(null as varchar) as _repairs,\n"
        "    cast(null as bigint) as _batch,\n"
        "    cast(null as bigint) as _sequence\n"
        "where false\n"
    )


def staging_sql(staged: StagedEntity) -> str:
    """The staging model of one mapped entity."""
    casts = {column: _cast(staged, column, spec) for column, spec in staged.entity.columns.items()}
    typed = ",\n".join(f"        {cast.value} as {column}" for column, cast in casts.items())
    reasons = [f"when _rank > 1 then {literal(DUPLICATE)}"]
    repairs = []
    for column, spec in staged.entity.columns.items():
        cast = casts[column]
        if spec.required:
            reasons.append(f"when {cast.is_missing} then {literal(f'{column} is missing')}")
            if cast.is_unreadable:
                reasons.append(f"when {cast.is_unreadable} then {literal(f'{column} is unreadable')}")
        elif cast.is_unreadable:
            repairs.append(f"case when {cast.is_unreadable} then {literal(f'{column} was unreadable')} end")
        if cast.is_changed:
            repairs.append(f"case when {cast.is_changed} then {literal(f'{column} {cast.change}')} end")
    rejected = "\n            ".join(reasons)
    repaired = (
        "nullif(concat_ws('; ',\n            " + ",\n            ".join(repairs) + "\n        ), '')"
        if repairs
        else "cast(null as varchar)"
    )
    matches = _row_filter(staged)
    header = _header(staged.entity, f"{staged.name}: generated from the source mapping.")
    return f"""{header}with landed as (
    select * from {staged.relation}
),

ranked as (
    select
        *,
        row_number() over latest as _rank,
        first_value(_batch) over latest as _latest_batch
    from landed
    window latest as (
        partition by {_key(staged)}
        order by _batch desc, _sequence desc
    )
),

current_rows as (
    select *
    from ranked
    where
        _op <> 'delete'
        and (_rank = 1 or (_op = 'snapshot' and _batch = _latest_batch))
        and {matches}
),

stg_{staged.name} as (
    select
{typed},
        case
            {rejected}
        end as _rejected,
        {repaired} as _repairs,
        _batch,
        _sequence
    from current_rows
)

select * from stg_{staged.name}
"""


def reconciliation_sql(staged: StagedEntity) -> str:
    """Counts of one entity: every landed row is in exactly one of the buckets."""
    return f"""-- {staged.name}: where every landed row went, counted apart from the staging model.
-- grain: one row
-- owner: data platform
-- personal data: none
-- kind: change-driven
with keys as (
    select
        {_key(staged)} as _key,
        count(*) as versions,
        arg_max(_op, (_batch, _sequence)) as last_op,
        arg_max(coalesce({_row_filter(staged)}, false), (_batch, _sequence)) as last_matches
    from {staged.relation}
    group by 1
),

landed as (
    select
        coalesce(sum(versions), 0) as landed_rows,
        count(*) as distinct_keys,
        count(*) filter (where last_op = 'delete') as deleted_rows,
        count(*) filter (where last_op <> 'delete' and not last_matches) as filtered_rows
    from keys
),

staged as (
    select
        count(*) filter (where _rejected is null) as accepted_rows,
        count(*) filter (where _rejected is not null) as quarantined_rows,
        count(*) filter (where _rejected = {literal(DUPLICATE)}) as duplicate_rows,
        count(*) filter (where _rejected is null and _repairs is not null) as repaired_rows
    from {{{{ ref('stg_{staged.name}') }}}}
)

select
    {literal(staged.name)} as entity,
    landed.landed_rows,
    landed.landed_rows - landed.distinct_keys - staged.duplicate_rows as superseded_rows,
    landed.deleted_rows,
    landed.filtered_rows,
    staged.accepted_rows,
    staged.quarantined_rows,
    staged.repaired_rows
from landed
cross join staged
"""


def _key(staged: StagedEntity) -> str:
    """The key as one text; a row without a key is a key of its own, so that it is counted."""
    parts = []
    for column in staged.entity.key:
        cast = _cast(staged, column, staged.entity.columns[column])
        parts.append(cast.value)
    joined = parts[0] if len(parts) == 1 else " || chr(31) || ".join(parts)
    return f"coalesce({joined}, '?' || _batch || ':' || _sequence)"


def _row_filter(staged: StagedEntity) -> str:
    if not staged.mapped.where:
        return "true"
    conditions = [
        f"cast({_column(column)} as varchar) in ({', '.join(literal(value) for value in values)})"
        for column, values in staged.mapped.where.items()
    ]
    return " and ".join(conditions)


def _cast(staged: StagedEntity, column: str, spec: EntityColumn) -> Cast:
    origin = staged.columns.get(column)
    if origin is None or (origin.source is not None and origin.source not in staged.landed_types):
        default = literal(spec.default) if spec.default is not None else "null"
        return Cast.constant(f"cast({default} as {_EMPTY_TYPES[spec.type]})")
    if origin.constant is not None:
        return Cast.constant(f"cast({literal(origin.constant)} as {_EMPTY_TYPES[spec.type]})")
    assert origin.source is not None  # noqa: S101 - a column mapping has one of the two
    values = None
    if spec.type is ColumnType.ENUM:
        targets = origin.values.values() if origin.values is not None else spec.values
        values = {target: target for target in targets} | dict(origin.values or {})
    return cast_expression(
        _column(origin.source),
        source_type=staged.landed_types[origin.source],
        target=spec.type,
        values=values,
        default=origin.default or spec.default,
        text_format=origin.format,
        source_zone=staged.source_zone,
        business_zone=staged.business_zone,
    )
