"""Staging models written from a mapping: renames, casts, enum values, and why a row is rejected.

One readable dbt model per canonical entity. It keeps the latest version of each key, applies
deletes and the mapping's row filter, types every column, and says in `_rejected` why a row cannot
be used (missing or unreadable required value, duplicate key) and in `_repairs` what was changed to
use it. Nothing is dropped: `reconciliation_sql` counts every landed row into exactly one bucket,
by another formulation than the model's, and the sums are held equal by a check.

Texts from a mapping are data here: names are quoted, values escaped, template braces refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from amalimart.core.errors import ConfigError
from amalimart.core.names import quoted
from amalimart.mapping.entities import ColumnType, Entity, EntityColumn
from amalimart.mapping.parts import EntityPart
from amalimart.mapping.shape import ColumnMapping
from amalimart.warehouse.casts import Cast, cast_expression, folded, present_value
from amalimart.warehouse.moments import text_literal

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
_TEXTS = {ColumnType.ID, ColumnType.TEXT, ColumnType.ENUM}
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
    mapped: EntityPart
    columns: Mapping[str, ColumnMapping]
    relation: str
    landed_types: Mapping[str, str]
    source_zone: str
    business_zone: str


def inert(text: str) -> str:
    """The text itself. Raises ConfigError for one that the template language would read."""
    if "{{" in text or "{%" in text or "{#" in text:
        raise ConfigError(f"a mapping value holds a template brace: {text!r}", expected="plain text")
    return text


def literal(text: str) -> str:
    """A SQL string literal that is also inert to the template language. Raises ConfigError."""
    return text_literal(inert(text))


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
    typed, reasons, repairs = [], [f"when _rank > 1 then {literal(DUPLICATE)}"], []
    for column, spec in staged.entity.columns.items():
        origin = _landed_origin(staged, column)
        present = None if origin is None else _present_name(origin)
        cast = _cast(staged, column, present)
        typed.append(f"        {cast.value} as {column}")
        if present is None:
            if spec.required:
                reasons.append(f"when {column} is null then {literal(f'{column} is missing')}")
            continue
        unreadable = f"{present} is not null and {column} is null"
        if spec.required:
            reasons.append(f"when {present} is null then {literal(f'{column} is missing')}")
            reasons.append(f"when {column} is null then {literal(f'{column} is unreadable')}")
        elif spec.type is not ColumnType.TEXT:
            repairs.append(f"case when {unreadable} then {literal(f'{column} was unreadable')} end")
        if cast.is_changed:
            repairs.append(f"case when {cast.is_changed} then {literal(f'{column} {cast.change}')} end")
    repaired = (
        "nullif(concat_ws('; ',\n            " + ",\n            ".join(repairs) + "\n        ), '')"
        if repairs
        else "cast(null as varchar)"
    )
    present_values = "".join(
        f"        {present_value(_column(source), staged.landed_types[source])} as {_present_name(source)},\n"
        for source in _used_columns(staged)
    )
    rejected = "\n            ".join(reasons)
    columns = "".join(f"        {column},\n" for column in staged.entity.columns)
    types = ",\n".join(typed)
    header = _header(staged.entity, f"{staged.name}: generated from the source mapping.")
    return f"""{header}with landed as (
    select
{present_values}        {_row_filter(staged)} as _matches,
        _op,
        _batch,
        _sequence
    from {staged.relation}
),

ranked as (
    select
        *,
        row_number() over latest as _rank,
        first_value(_batch) over latest as _latest_batch
    from landed
    window latest as (
        partition by {_key(staged, _present_name)}
        order by _batch desc, _sequence desc
    )
),

current_rows as (
    select *
    from ranked
    where
        _op <> 'delete'
        and (_rank = 1 or (_op = 'snapshot' and _batch = _latest_batch))
        and _matches
),

typed as (
    select
        *,
{types}
    from current_rows
),

stg_{staged.name} as (
    select
{columns}        case
            {rejected}
        end as _rejected,
        {repaired} as _repairs,
        _batch,
        _sequence
    from typed
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
        {_key(staged, lambda source: present_value(_column(source), staged.landed_types[source]))} as _key,
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


def _key(staged: StagedEntity, present: Callable[[str], str]) -> str:
    """The key as one text, different for different keys; a row without a key is a key of its own."""
    parts = []
    for column in staged.entity.key:
        origin = _landed_origin(staged, column)
        value = _cast(staged, column, None if origin is None else present(origin)).value
        is_text = staged.entity.columns[column].type in _TEXTS
        parts.append(value if is_text else f"cast({value} as varchar)")
    joined = (
        parts[0] if len(parts) == 1 else " || ".join(f"length({part}) || ':' || {part}" for part in parts)
    )
    return f"coalesce('=' || {joined}, '?' || _batch || ':' || _sequence)"


def _row_filter(staged: StagedEntity) -> str:
    conditions = staged.mapped.row_filter.conditions
    if not conditions:
        return "true"
    return " and ".join(
        f"cast({_column(column)} as varchar) in ({', '.join(map(literal, condition.one_of or ()))})"
        for column, condition in conditions.items()
    )


def _landed_origin(staged: StagedEntity, column: str) -> str | None:
    """The landed source column behind a canonical one; None for a constant and for what the source lacks."""
    origin = staged.columns.get(column)
    return origin.source if origin is not None and origin.source in staged.landed_types else None


def _used_columns(staged: StagedEntity) -> list[str]:
    """The landed source columns that the entity reads, each once. Raises ConfigError for a clash of case."""
    origins = (_landed_origin(staged, column) for column in staged.entity.columns)
    used = list(dict.fromkeys(origin for origin in origins if origin is not None))
    spelled: dict[str, str] = {}
    for column in staged.landed_types:
        other = spelled.setdefault(column.lower(), column)
        if other != column and {other, column} & set(used):
            raise ConfigError(
                f"{staged.mapped.table} has the columns {other!r} and {column!r}, which differ in case only",
                expected="landed columns that the engine can tell apart",
                next_step="map one of them",
            )
    return used


def _present_name(source: str) -> str:
    """The name of a source column's value inside the model: no canonical column can have it."""
    return _column(f"from {source}")


def _cast(staged: StagedEntity, column: str, present: str | None) -> Cast:
    spec = staged.entity.columns[column]
    origin = staged.columns.get(column)
    if origin is None or present is None:
        stated = origin.constant if origin is not None and origin.source is None else spec.default
        return Cast(f"cast({literal(stated) if stated is not None else 'null'} as {_EMPTY_TYPES[spec.type]})")
    source = _landed_origin(staged, column)
    assert source is not None  # noqa: S101 - what is present has landed
    try:
        return cast_expression(
            present,
            source_type=staged.landed_types[source],
            target=spec.type,
            result=column,
            values=_enum_values(origin, spec),
            default=origin.default or spec.default,
            text_format=None if origin.format is None else inert(origin.format),
            source_zone=staged.source_zone,
            business_zone=staged.business_zone,
        )
    except ConfigError as error:
        raise ConfigError(
            f"{staged.name}.{column}: {error.what}", expected=error.expected, next_step=error.next_step
        ) from error


def _enum_values(origin: ColumnMapping, spec: EntityColumn) -> dict[str, str] | None:
    """Folded spelling -> canonical value; what the mapping writes comes before a value's own name."""
    if spec.type is not ColumnType.ENUM:
        return None
    written: dict[str, str] = {}
    for text, target in (origin.values or {}).items():
        if written.setdefault(folded(inert(text)), target) != target:
            raise ConfigError(
                f"the value {text!r} is mapped twice, to {written[folded(text)]} and to {target}",
                expected="values that differ in more than case, blanks and hyphens",
            )
    targets = origin.values.values() if origin.values is not None else spec.values
    return {folded(target): target for target in targets} | written
