"""The query of a rollup, over all rows of its base or over some.

The key is made of the groups' texts, each with its length before it, so that two groups never have one key;
it is computed once a group, and a missing value is a value.
"""

from __future__ import annotations

from amalimart.core.calendar import Grain
from amalimart.core.names import quoted
from amalimart.core.rollups import KEY, ROWS, RollupTable, Stored, StoredColumn


def rollup_sql(rollup: RollupTable, source: str) -> str:
    """One row a group of the rows of `source`, which is the base or a part of it."""
    read = sorted({*rollup.groups, *(column.field for column in rollup.stored)})
    base, name = quoted(rollup.base.name), quoted(rollup.table.name)
    names = [quoted(column.name) for column in rollup.stored]
    taken = [f"{_taken(column)} as {name}" for column, name in zip(rollup.stored, names, strict=True)]
    kept = [*map(quoted, rollup.groups), ROWS, *names]
    return (
        f"with {base} as (\n    select\n        {_listed(read)}\n    from {source}\n),\n\n"
        f"grouped as (\n    select\n        {_listed([*buckets(rollup), f'count(*) as {ROWS}', *taken])}\n"
        f"    from {base}\n    group by all\n),\n\n"
        f"{name} as (\n    select\n        {key_of(rollup)} as {KEY},\n"
        f"        {_listed(kept)}\n"
        f"    from grouped\n)\n\nselect * from {name}"
    )


def buckets(rollup: RollupTable) -> list[str]:
    """The groups as they are read from a row of the base."""
    return [bucket(rollup, column) for column in rollup.groups]


def bucket(rollup: RollupTable, column: str) -> str:
    """One group, under its name."""
    if rollup.time is None or column != rollup.time[0] or rollup.time[1] is Grain.DAY:
        return quoted(column)
    return f"cast(date_trunc('{rollup.time[1].value}', {quoted(column)}) as date) as {quoted(column)}"


def key_of(rollup: RollupTable) -> str:
    """The key of a row of groups."""
    texts = [f"cast({quoted(column)} as varchar)" for column in rollup.groups]
    parts = [f"coalesce(length({text}) || ':' || {text}, '-')" for text in texts]
    return f"md5({' || '.join(parts)})" if parts else "'all'"


def _taken(column: StoredColumn) -> str:
    field = quoted(column.field)
    if column.how is Stored.SUM and column.is_whole:
        return f"cast(sum({field}) as bigint)"
    return f"{column.how.value}({field})"


def _listed(columns: list[str]) -> str:
    return ",\n        ".join(columns)
