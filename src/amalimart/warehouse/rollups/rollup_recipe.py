"""How a rollup follows its base: what came and went is added to what is there.

A least or greatest value that goes leaves no trace of the next, so a rollup that holds one reads the rows
of the changed groups again.
"""

from __future__ import annotations

from amalimart.core.names import quoted
from amalimart.core.rollups import KEY, ROWS, RollupTable, Stored, StoredColumn
from amalimart.warehouse.graph import model_id
from amalimart.warehouse.incremental.recipe import Recipe, Route, affected_of, changes_of
from amalimart.warehouse.rollups.rollup_sql import bucket, buckets, key_of, rollup_sql


def rollup_recipe(rollup: RollupTable) -> Recipe:
    """The recipe of one rollup."""
    changed = f"select distinct {', '.join(buckets(rollup))} from {changes_of(rollup.base)}"
    return Recipe(
        unit=(KEY,),
        identity=(KEY,),
        routes=(Route((model_id(rollup.base.name),), f"select {key_of(rollup)} as {KEY} from ({changed})"),),
        sql=_added(rollup) if rollup.adds_up else rollup_sql(rollup, f"({_of_groups(rollup, changed)})"),
        of_changes=True,
    )


def _added(rollup: RollupTable) -> str:
    """The rows of the affected groups as they were, and what came less what went, added up."""
    groups = ", ".join(map(quoted, rollup.groups))
    kept = ", ".join([ROWS, *(quoted(column.name) for column in rollup.stored)])
    moved = ", ".join(
        [f"sum(_sign) as {ROWS}", *(f"{_moved(column)} as {quoted(column.name)}" for column in rollup.stored)]
    )
    added = ", ".join(
        [
            f"cast(sum({ROWS}) as bigint) as {ROWS}",
            *(f"{_together(column)} as {quoted(column.name)}" for column in rollup.stored),
        ]
    )
    listed = f"{groups}, " if groups else ""
    taken = ", ".join([*buckets(rollup), moved])
    return (
        f"with moved as (select {taken} from {changes_of(rollup.base)} group by all),"
        f" there as (select {listed}{kept} from {rollup.table.sql}"
        f" semi join {affected_of(rollup.table)} using ({KEY})),"
        f" added as (select {listed}{added} from (select * from there union all by name select * from moved)"
        f" group by all having sum({ROWS}) > 0)"
        f" select {key_of(rollup)} as {KEY}, {listed}{kept} from added"
    )


def _moved(column: StoredColumn) -> str:
    field = quoted(column.field)
    if column.how is Stored.COUNT:
        return f"sum(case when {field} is null then 0 else _sign end)"
    return f"sum(case when _sign > 0 then {field} else -{field} end)"


def _together(column: StoredColumn) -> str:
    """What is there and what moved. A sum of nothing but missing values is missing, as that of the base."""
    total = f"sum({quoted(column.name)})"
    if column.how is Stored.COUNT:
        return f"cast({total} as bigint)"
    told = quoted(StoredColumn(column.field, Stored.COUNT).name)
    return f"case when sum({told}) > 0 then {f'cast({total} as bigint)' if column.is_whole else total} end"


def _of_groups(rollup: RollupTable, changed: str) -> str:
    """The rows of the base that are in a changed group."""
    same = " and ".join(
        f"{_alone(rollup, column)} is not distinct from c.{quoted(column)}" for column in rollup.groups
    )
    return f"select b.* from {rollup.base.sql} as b semi join ({changed}) as c on {same}"


def _alone(rollup: RollupTable, column: str) -> str:
    """A group as an expression over the base, under the name b."""
    told = bucket(rollup, column)
    plain = quoted(column)
    return told.removesuffix(f" as {plain}").replace(plain, f"b.{plain}", 1)
