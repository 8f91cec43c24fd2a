"""The staging model of an entity that several parts fill: their rows one below the other.

Where parts may share ids, the part with the lowest precedence that has an id stands for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from amalimart.core.errors import ConfigError
from amalimart.warehouse.staging.entity_sql import OWN_COLUMNS, entity_header
from amalimart.warehouse.staging.staged import StagedPart

LAST = 1_000_000_000
"""The precedence of a part that states none: its ids are those of no other part."""


def part_model(entity: str, source: str, number: int) -> str:
    """Name of the model of one of several parts."""
    return f"part_{entity}__{source}__{number}"


def is_ranked(parts: Sequence[StagedPart]) -> bool:
    """Whether an id may stand in several of the parts."""
    return any(part.part.precedence is not None for part in parts)


def union_sql(parts: Sequence[StagedPart], read_as: Mapping[str, str] | None = None) -> str:
    """The model over the parts' models. Raises ConfigError for two parts of one precedence.

    `read_as` says what stands for a part's model; without it, dbt's reference to it.
    """
    relations = read_as or {part.model: f"{{{{ ref('{part.model}') }}}}" for part in parts}
    entity, name = parts[0].entity, parts[0].name
    columns = [*entity.columns, *OWN_COLUMNS]
    listed = "".join(f"        {column},\n" for column in columns)
    detail = f"{name}: the rows of its {len(parts)} parts."
    opening = entity_header(entity, detail, None if is_ranked(parts) else "staging")
    if not is_ranked(parts):
        selects = "\n\n    union all\n\n".join(
            f"    select\n{listed.rstrip().removesuffix(',')}\n    from {relations[part.model]}"
            for part in parts
        )
        return f"{opening}with stg_{name} as (\n{selects}\n)\n\nselect * from stg_{name}\n"
    _refuse_ties(parts)
    selects = "\n\n    union all\n\n".join(
        f"    select\n{listed}        {part.part.precedence or LAST} as _precedence\n"
        f"    from {relations[part.model]}"
        for part in parts
    )
    key = entity.key
    keys = ",\n        ".join(key)
    told = "\n        and ".join(f"{column} is not null" for column in key)
    places = ", ".join(str(place) for place in range(1, len(key) + 1))
    same = " and ".join(f"parts.{column} = claimed.{column}" for column in key)
    chosen = "".join(f"        parts.{column},\n" for column in columns).rstrip().removesuffix(",")
    return f"""{opening}with parts as (
{selects}
),

claimed as (
    select
        {keys},
        min(_precedence) as _first
    from parts
    where
        {told}
    group by {places}
),

stg_{name} as (
    select
{chosen}
    from parts
    left join claimed on {same}
    where
        claimed._first is null
        or parts._precedence = claimed._first
)

select * from stg_{name}
"""


def _refuse_ties(parts: Sequence[StagedPart]) -> None:
    stated: dict[int, StagedPart] = {}
    for part in parts:
        if part.part.precedence is None:
            continue
        other = stated.setdefault(part.part.precedence, part)
        if other is not part:
            raise ConfigError(
                f"two parts of {part.name} have the precedence {part.part.precedence}",
                where=part.part.where,
                expected=f"another number than that of {other.part.where}",
            )
