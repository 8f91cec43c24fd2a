"""How the generated models follow what lands: current rows, staged parts, ranked unions and accounts.

A row of staging comes from one current row of one table, so it is named by the commit and the row number
that brought that row, whatever the source's ids look like.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from amalimart.core.names import TableRef
from amalimart.warehouse.graph import bronze_id, model_id
from amalimart.warehouse.incremental.recipe import (
    Part,
    Recipe,
    Route,
    Shortcut,
    affected_of,
    before_of,
    by_key,
    came,
    changes_of,
    only,
    part_of,
)
from amalimart.warehouse.staging.casts import id_value
from amalimart.warehouse.staging.doubling import Doubling, doubling
from amalimart.warehouse.staging.entity_sql import read_ctes, staging_sql
from amalimart.warehouse.staging.landed import bronze_view
from amalimart.warehouse.staging.lookups import is_row_key, looked_up
from amalimart.warehouse.staging.macros import INLINED, rendered
from amalimart.warehouse.staging.present_values import origin_of, read
from amalimart.warehouse.staging.reconciliation_sql import account_model, account_sql_of_changes
from amalimart.warehouse.staging.rows_sql import rows_sql
from amalimart.warehouse.staging.staged import DUPLICATE, StagedPart, StagedTable, column_name
from amalimart.warehouse.staging.typed_columns import key_sql
from amalimart.warehouse.staging.union_sql import is_ranked, union_sql

ROW = ("_batch", "_sequence")
"""What names a current row, and the staged row made of it."""
ROW_OF_PART = ("_source", "_part", *ROW)
"""What names a row of an entity that several parts fill."""


def staging_recipes(
    tables: Sequence[StagedTable], staged: Mapping[str, Sequence[StagedPart]]
) -> dict[str, Recipe]:
    """Model -> recipe. A generated model without one is built anew when something it reads changes."""
    found: dict[str, Recipe] = {}
    for table in tables:
        found[table.model] = _of_rows(table)
    for parts in staged.values():
        for number, part in enumerate(parts):
            recipe = _of_part(part)
            if recipe is not None:
                found[part.model] = recipe
            if part.part.deduplicate is None and not is_ranked(parts):
                found[account_model(part, parts)] = _of_account(parts, number)
        if len(parts) > 1 and is_ranked(parts):
            found[f"stg_{parts[0].name}"] = _of_ranked(parts)
    return found


def with_macros(recipe: Recipe) -> Recipe:
    """The recipe with its macros carried out: it is run as it is."""
    return replace(
        recipe,
        sql=rendered(recipe.sql),
        routes=tuple(replace(route, sql=rendered(route.sql)) for route in recipe.routes),
        parts=tuple(replace(part, sql=rendered(part.sql), told=rendered(part.told)) for part in recipe.parts),
    )


def _place(model: str) -> TableRef:
    return TableRef("staging", model)


def bronze_place(table: StagedTable) -> TableRef:
    """The bronze view of a landed table."""
    return TableRef("bronze", bronze_view(table.source, table.table))


def _of_rows(table: StagedTable) -> Recipe:
    """The rows of a key so far are folded with what arrived: the newest says what the row is now."""
    place, landed = _place(table.model), bronze_place(table)
    news = changes_of(landed)
    keys = [column_name(column) for column in table.key]
    listed = ", ".join(keys)
    columns = ", ".join(column_name(column) for column in table.columns)
    told = " and ".join(f"{key} is not null" for key in keys)
    so_far = (
        f"select {columns}, if(_op = '{DUPLICATE}', 'snapshot', _op) as _op, _batch, _sequence, _unchanged"
        f" from {before_of(place)}"
    )
    folded = rows_sql(replace(table, relation=f"({so_far} union all by name select * from {news})"))
    return Recipe(
        unit=table.key,
        identity=ROW,
        routes=(Route((bronze_id(landed.name),), f"select distinct {listed} from {news} where {told}"),),
        sql=_plain(folded.replace(f"as {INLINED}", "as materialized ")),
        is_exact=True,
        shortcut=_newest(table, news),
    )


def _newest(table: StagedTable, news: str) -> Shortcut:
    """The newest of what arrived says all of a row, unless there is more to know than single whole rows."""
    keys = [column_name(column) for column in table.key]
    unclear = [f"{key} is null" for key in keys]
    if table.tells_unchanged:
        unclear.append("_unchanged is not null")
    own = ", ".join([*map(column_name, table.columns), "_op", "_batch", "_sequence"])
    newest = f"row_number() over (partition by {', '.join(keys)} order by _batch desc, _sequence desc) = 1"
    other = " or ".join(["_op not in ('upsert', 'delete')", *unclear])
    return Shortcut(
        unless=f"select 1 from {news} where {other} limit 1",
        sql=(
            f"select {own}, cast(null as varchar[]) as _unchanged"
            f" from {news} qualify _op <> 'delete' and {newest}"
        ),
    )


def _of_part(staged: StagedPart) -> Recipe | None:
    """The staged rows of current rows that changed, or whose looked-up values did, and of their doubles."""
    doubled = doubling(staged) is not Doubling.NEVER
    if doubled and any(
        origin is not None and (origin.lookup is not None)
        for origin in (origin_of(staged, column) for column in staged.entity.key)
    ):
        return None  # what the key was before the lookup changed cannot be told any more
    place, rows = _place(staged.model), _place(staged.table.model)
    lookups = {name: table for name, table in staged.lookups.items() if name in staged.part.lookups}
    if any(table.model == staged.table.model for table in lookups.values()):
        return None  # a table that looks itself up
    routes = [Route((model_id(staged.table.model),), f"select _batch, _sequence from {changes_of(rows)}")]
    routes += [
        Route((model_id(table.model),), _looking_up(staged, name, table)) for name, table in lookups.items()
    ]
    if doubled:
        parents = tuple(parent for route in routes for parent in route.parents)
        routes = [Route(parents, _with_doubles(staged, " union ".join(route.sql for route in routes)))]
    row = dict(zip(ROW, ROW, strict=True))
    affected = f"from {affected_of(place)}"
    name = part_of(rows, place)
    whole = (model_id(staged.table.model), rows)
    if doubled:
        part = Part(name, only(rows, row, affected))
    elif lookups:
        part = by_key(name, whole, row, affected)
    else:  # the affected rows are those that came
        part = Part(name, only(rows, row, affected), model_id(staged.table.model), told=came(rows))
    return Recipe(
        unit=ROW,
        identity=ROW,
        routes=tuple(routes),
        parts=(part,),
        sql=_with_places(staging_sql(replace(staged, table=replace(staged.table, rows=name))), staged),
    )


def _looking_up(staged: StagedPart, name: str, table: StagedTable) -> str:
    """Current rows that look up a row that changed in what is looked up of it."""
    lookup = staged.part.lookups[name]
    own = [id_value(read(staged.table, column, "r"), staged.table.types[column]) for column in lookup.match]
    others = [id_value(read(table, column), table.types[column]) for column in lookup.match.values()]
    told = {*lookup.match.values(), *looked_up(staged, name)}
    if lookup.deduplicate is not None or not is_row_key(table, lookup.match.values()):
        told |= set(ROW)
    if lookup.deduplicate is not None and lookup.deduplicate.by is not None:
        told.add(lookup.deduplicate.by)
    apart = ", ".join(column_name(column) for column in sorted(told))
    matches = ", ".join(f"{other} as _match_{place}" for place, other in enumerate(others, 1))
    changed = (
        f"select {matches} from (select {apart}, _op = '{DUPLICATE}' as _doubled"
        f" from {changes_of(_place(table.model))} group by all having sum(_sign) <> 0)"
    )
    joined = " and ".join(f"{each} = c._match_{place}" for place, each in enumerate(own, 1))
    return (
        f"select r._batch, r._sequence from {_place(staged.table.model).sql} as r"
        f" semi join ({changed}) as c on {joined}"
    )


def _with_doubles(staged: StagedPart, affected: str) -> str:
    """The affected rows and every other row that has, or had, the same key of the entity as one of them."""
    keys = [f"_key_{place}" for place in range(1, len(staged.entity.key) + 1)]
    now = _keyed(staged, _place(staged.table.model).sql)
    went = _keyed(staged, changes_of(_place(staged.table.model)))
    same = ", ".join(keys)
    return (
        f"with affected as ({affected}), now as materialized ({now}), went as ({went}), "
        f"same as (select {same} from now semi join affected using (_batch, _sequence) "
        f"union select {same} from went) "
        f"select _batch, _sequence from affected union "
        f"select _batch, _sequence from now semi join same using ({same})"
    )


def _keyed(staged: StagedPart, rows: str) -> str:
    """The rows of a relation with the key of the entity that each makes."""
    ctes, last = read_ctes(replace(staged, table=replace(staged.table, rows=rows)))
    before = ", ".join(f"{name} as ({sql})" for name, sql in ctes)
    listed = ", ".join(f"{key} as _key_{place}" for place, key in enumerate(key_sql(staged), 1))
    return _with_places(f"with {before} select {listed}, _batch, _sequence from {last}", staged)


def _of_ranked(parts: Sequence[StagedPart]) -> Recipe:
    """The rows of parts that changed, and every row of any part that has or had one of their keys."""
    place = _place(f"stg_{parts[0].name}")
    row, key = ", ".join(ROW_OF_PART), ", ".join(parts[0].entity.key)
    changed = " union all ".join(
        f"select {row}, {key} from {changes_of(_place(part.model))}" for part in parts
    )
    now = " union all ".join(f"select {row}, {key} from {_place(part.model).sql}" for part in parts)
    sql = (
        f"with changed as ({changed}) select {row} from changed union "
        f"select {row} from ({now}) as now semi join changed using ({key})"
    )
    on = dict(zip(ROW_OF_PART, ROW_OF_PART, strict=True))
    affected = f"from {affected_of(place)}"
    read_as = {part.model: f"({only(_place(part.model), on, affected)})" for part in parts}
    return Recipe(
        unit=ROW_OF_PART,
        identity=ROW_OF_PART,
        routes=(Route(tuple(model_id(part.model) for part in parts), sql),),
        sql=_plain(union_sql(parts, read_as)),
    )


def _of_account(parts: Sequence[StagedPart], number: int) -> Recipe:
    """An account is carried on by what arrived, counted apart from the models that did the work."""
    staged = parts[number]
    own = _place(account_model(staged, parts))
    entity = _place(staged.model)
    landed = bronze_place(staged.table)
    parents = (bronze_id(landed.name), model_id(staged.table.model), model_id(staged.model))
    sql = account_sql_of_changes(
        staged,
        account=own.sql,
        arrived=changes_of(landed),
        rows=changes_of(_place(staged.table.model)),
        entities=changes_of(entity),
    )
    return Recipe(unit=(), identity=(), routes=(Route(parents, ""),), sql=sql, is_exact=True)


def _with_places(sql: str, staged: StagedPart) -> str:
    """The query with the tables it looks up under their names instead of dbt's references."""
    for table in staged.lookups.values():
        sql = sql.replace(table.rows, _place(table.model).sql)
    return _plain(sql)


def _plain(sql: str) -> str:
    """The query without its opening comment."""
    lines = sql.splitlines()
    return "\n".join(line for line in lines if not line.startswith("--"))
