"""What a part of an entity takes from other tables: one row for each key that can be looked up."""

from __future__ import annotations

from collections.abc import Iterable

from amalimart.warehouse.staging.casts import id_value, is_whole
from amalimart.warehouse.staging.doubling import ordering
from amalimart.warehouse.staging.present_values import lookup_name, origin_of, quoted_own, read
from amalimart.warehouse.staging.staged import DUPLICATE, StagedPart, StagedTable


def looked_up(staged: StagedPart, name: str) -> list[str]:
    """The columns that the part takes from one lookup."""
    found: dict[str, None] = {}
    for canonical in staged.entity.columns:
        origin = origin_of(staged, canonical)
        if origin is not None and origin.lookup == name and origin.source is not None:
            found[origin.source] = None
    return list(found)


def lookup_sql(staged: StagedPart, name: str, table: StagedTable) -> str:
    """One row for each key that can be looked up, whatever the other table holds."""
    lookup = staged.part.lookups[name]
    keys = [id_value(read(table, column), table.types[column]) for column in lookup.match.values()]
    listed = [f"{key} as _match_{number}" for number, key in enumerate(keys, 1)]
    listed += [f"{read(table, column)} as {lookup_name(name, column)}" for column in looked_up(staged, name)]
    matches = ", ".join(f"_match_{number}" for number in range(1, len(keys) + 1))
    by = lookup.deduplicate.by if lookup.deduplicate is not None else None
    if by is not None:
        listed.append(f"{read(table, by)} as {quoted_own(by)}")
    order = ", ".join(ordering(lookup.deduplicate, table, ""))
    selected = ",\n        ".join(listed)
    rows = f"    select\n        {selected}\n    from {table.rows}\n    where _op <> '{DUPLICATE}'"
    if lookup.deduplicate is None and is_row_key(table, lookup.match.values()):
        return rows
    return f"{rows}\n    qualify row_number() over (partition by {matches} order by {order}) = 1"


def is_row_key(table: StagedTable, columns: Iterable[str]) -> bool:
    """Whether no two current rows can have the same ids in these columns."""
    return set(table.key) <= set(columns) and all(is_whole(table.types[column]) for column in table.key)


def match_sql(staged: StagedPart, name: str) -> str:
    """Whether a row of the source is one that a row of the lookup is for."""
    own = staged.table.types
    return " and ".join(
        f"{id_value(f'source_rows.{quoted_own(column)}', own[column])} = lookup_{name}._match_{number}"
        for number, column in enumerate(staged.part.lookups[name].match, 1)
    )
