"""Where every landed row of one part of an entity went, counted apart from the models that did the work.

The rows of each key are counted instead of picked, the filter is asked of the current rows alone, and
what the staging model holds is only counted. Every landed row is in exactly one bucket:

    superseded   it told a row that a later one of its key, a deletion, or the row that stands for its
                 entity took the place of
    deleted      it says that its key, or the whole table, is gone
    filtered     the mapping does not want it
    accepted     it is in the staging model
    quarantined  it is there with the reason why it cannot be used
"""

from __future__ import annotations

from collections.abc import Sequence

from amalimart.warehouse.staging.entity_sql import read_ctes
from amalimart.warehouse.staging.macros import INLINED, TEXT, call
from amalimart.warehouse.staging.present_values import quoted_own, read, used_columns
from amalimart.warehouse.staging.row_filters import filter_sql
from amalimart.warehouse.staging.rows_sql import ORDER
from amalimart.warehouse.staging.staged import DUPLICATE, StagedPart, column_name, header, literal
from amalimart.warehouse.staging.typed_columns import key_sql
from amalimart.warehouse.staging.union_sql import LAST, is_ranked

ACCOUNT = {
    "entity": (TEXT, "The entity."),
    "source": (TEXT, "The source that fills it."),
    "part": ("integer", "Which part of the source's mapping of the entity, from 1."),
    "table_name": (TEXT, "The source's table."),
    "landed_rows": ("bigint", "Rows of the table in the lake."),
    "superseded_rows": ("bigint", "Rows whose place a later row, a deletion or a row of the same key took."),
    "deleted_rows": ("bigint", "Rows that say that a row, or all, are gone."),
    "filtered_rows": ("bigint", "Rows the mapping does not want."),
    "accepted_rows": ("bigint", "Rows that can be used."),
    "quarantined_rows": ("bigint", "Rows that cannot, each with its reason in quarantine."),
    "repaired_rows": ("bigint", "Accepted rows of which a value was altered or left out."),
}
"""Column -> type and meaning of an account."""


_JOIN_OUTRANKED = "\ncross join outranked"


def account_model(part: StagedPart, parts: Sequence[StagedPart]) -> str:
    """Name of the model that counts a part."""
    return f"rec_{part.name}" if len(parts) == 1 else f"rec_{part.model.removeprefix('part_')}"


def reconciliation_sql(parts: Sequence[StagedPart], number: int) -> str:
    """Counts of one of an entity's parts. Raises ConfigError."""
    staged = parts[number]
    table, name = staged.table, staged.name
    keys = [column_name(column) for column in table.key]
    listed = ",\n        ".join(f"{key} as _key_{place}" for place, key in enumerate(keys, 1))
    told = " and ".join(f"_key_{place} is not null" for place in range(1, len(keys) + 1))
    places = ", ".join(f"_key_{place}" for place in range(1, len(keys) + 1))
    ranked = is_ranked(parts)
    opening = header(
        f"{name}: where the rows of {table.table} of {table.source} went, counted apart from staging.",
        grain="one row",
        personal=(),
    )
    return f"""{opening}with landed as {INLINED}(
    select
        {listed},
        _op,
        {ORDER} as _order
    from {table.relation}
),

truncated as (
    select max(_order) as _at
    from landed
    where _op = 'truncate'
),

remaining as {INLINED}(
    select landed.*
    from landed
    cross join truncated
    where landed._order > coalesce(truncated._at, -1)
),

keys as (
    select
        max(_order) as last_row,
        max(_order) filter (where _op = 'delete') as last_delete,
        max(_order) filter (where _op = 'snapshot') as last_snapshot,
        count(*) filter (where _op = 'snapshot') as snapshots
    from remaining
    where {told}
    group by {places}
),

of_keys as (
    select
        count(*) filter (where last_row is distinct from last_delete) as standing,
        coalesce(sum(snapshots - 1) filter (where last_row = last_snapshot), 0) as doubled
    from keys
),

without_key as (
    select count(*) filter (where _op <> 'delete') as standing
    from remaining
    where not ({told})
),

bronze as (
    select
        (select count(*) from landed) as landed_rows,
        (select count(*) from landed where _op in ('delete', 'truncate')) as deleted_rows,
        of_keys.standing + of_keys.doubled + without_key.standing as current_rows
    from of_keys
    cross join without_key
),

{_wanted(staged)}

{_passed_over(staged)}

{_outranked(parts, number)}staged as (
    select
        count(*) filter (where _rejected is null) as accepted_rows,
        count(*) filter (where _rejected is not null) as quarantined_rows,
        count(*) filter (where _rejected is null and _repairs is not null) as repaired_rows
    from {{{{ ref('stg_{name}') }}}}
    where
        _source = {literal(table.source)}
        and _part = {staged.part.number}
)

select
    {literal(name)} as entity,
    {literal(table.source)} as source,
    {staged.part.number} as part,
    {literal(table.table)} as table_name,
    bronze.landed_rows,
    bronze.landed_rows - bronze.current_rows - bronze.deleted_rows
    + passed_over.rows{" + outranked.rows" if ranked else ""} as superseded_rows,
    bronze.deleted_rows,
    wanted.filtered_rows,
    staged.accepted_rows,
    staged.quarantined_rows,
    staged.repaired_rows
from bronze
cross join wanted
cross join passed_over{_JOIN_OUTRANKED if ranked else ""}
cross join staged
"""


def account_sql_of_changes(
    staged: StagedPart, *, account: str, arrived: str, rows: str, entities: str
) -> str:
    """An account carried on: what it said, and what has happened since.

    account   the account as it stands
    arrived   the rows that the table received since
    rows      change set of the table's current rows
    entities  change set of the staged entity
    """
    keys = [column_name(column) for column in staged.table.key]
    listed = ", ".join(f"{key} as _key_{place}" for place, key in enumerate(keys, 1))
    told = " and ".join(f"_key_{place} is not null" for place in range(1, len(keys) + 1))
    places = ", ".join(f"_key_{place}" for place in range(1, len(keys) + 1))
    last = call("value_of_last", "_op", "_order")
    return f"""
with arrived as (select {listed}, _op, {ORDER} as _order from {arrived}),
newest as (select {last} as _op from arrived where {told} group by {places}),
told as (
    select
        (select count(*) from arrived) as landed,
        (select count(*) from arrived where _op = 'delete') as deleted,
        (select count(*) from newest where _op <> 'delete')
        + (select count(*) from arrived where not ({told}) and _op <> 'delete')
        - (select count(*) from {rows} where _sign = -1) as current
),
{_filtered(staged, rows)}
staged as (
    select
        coalesce(sum(_sign) filter (where _rejected is null), 0) as accepted,
        coalesce(sum(_sign) filter (where _rejected is not null), 0) as quarantined,
        coalesce(sum(_sign) filter (where _rejected is null and _repairs is not null), 0) as repaired
    from {entities}
)
select
    account.entity,
    account.source,
    account.part,
    account.table_name,
    account.landed_rows + told.landed as landed_rows,
    account.superseded_rows + told.landed - told.deleted - told.current as superseded_rows,
    account.deleted_rows + told.deleted as deleted_rows,
    account.filtered_rows + filtered.rows as filtered_rows,
    account.accepted_rows + staged.accepted as accepted_rows,
    account.quarantined_rows + staged.quarantined as quarantined_rows,
    account.repaired_rows + staged.repaired as repaired_rows
from {account} as account
cross join told
cross join filtered
cross join staged
"""


def _filtered(staged: StagedPart, rows: str) -> str:
    """By how many the current rows that the mapping does not want became more."""
    kept = filter_sql(staged)
    if not kept:
        return "filtered as (select 0 as rows),"
    listed = ", ".join(
        f"{read(staged.table, column)} as {quoted_own(column)}" for column in used_columns(staged)
    )
    return (
        f"filtered as (select coalesce(sum(_sign) filter (where not {kept}), 0) as rows\n"
        f"    from (select {listed}, _sign from {rows}) as changed),"
    )


def _wanted(staged: StagedPart) -> str:
    """How many current rows the mapping does not want, asked of the table's own columns alone."""
    kept = filter_sql(staged)
    if not kept:
        return "wanted as (\n    select 0 as filtered_rows\n),"
    used = [
        f"            {read(staged.table, column)} as {quoted_own(column)}" for column in used_columns(staged)
    ]
    listed = ",\n".join(used)
    return (
        f"wanted as (\n    select count(*) filter (where not {kept}) as filtered_rows\n    from (\n"
        f"        select\n{listed}\n        from {staged.table.rows}\n    ) as current_rows\n),"
    )


def _passed_over(staged: StagedPart) -> str:
    """How many rows another row of the same entity key stands for, where the mapping says so."""
    if staged.part.deduplicate is None:
        return "passed_over as (\n    select 0 as rows\n),"
    ctes, rows = read_ctes(staged)
    before = "".join(f"{name} as {INLINED}(\n{sql}\n),\n\n" for name, sql in ctes)
    keys = key_sql(staged)
    listed = ",\n            ".join(f"{key} as _key_{place}" for place, key in enumerate(keys, 1))
    told = " and ".join(f"_key_{place} is not null" for place in range(1, len(keys) + 1))
    together = ", ".join(f"_key_{place}" for place in range(1, len(keys) + 1))
    return (
        f"{before}passed_over as (\n    select count(*) - count(distinct ({together})) as rows\n    from (\n"
        f"        select\n            {listed}\n        from {rows}\n        where _op <> '{DUPLICATE}'\n"
        f"    ) as keyed\n    where {told}\n),"
    )


def _outranked(parts: Sequence[StagedPart], number: int) -> str:
    """How many rows of the part have an id that a part of lower precedence has, too."""
    if not is_ranked(parts):
        return ""
    staged = parts[number]
    key = ", ".join(staged.entity.key)
    better = [part for part in parts if (part.part.precedence or LAST) < (staged.part.precedence or LAST)]
    if not better:
        return "outranked as (\n    select 0 as rows\n),\n\n"
    claimed = "\n        union\n".join(
        f"        select {key} from {{{{ ref('{part.model}') }}}}" for part in better
    )
    same = " and ".join(f"own.{column} = claimed.{column}" for column in staged.entity.key)
    return (
        f"claimed as (\n    select distinct {key}\n    from (\n{claimed}\n    ) as ids\n),\n\n"
        "outranked as (\n    select count(*) as rows\n"
        f"    from {{{{ ref('{staged.model}') }}}} as own\n    inner join claimed on {same}\n),\n\n"
    )
