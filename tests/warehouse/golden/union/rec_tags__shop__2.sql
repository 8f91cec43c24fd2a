-- tags: where the rows of orders_archive of shop went, counted apart from staging.
-- grain: one row
-- owner: data platform
-- personal data: none
-- kind: change-driven
with landed as {{ inlined() }}(
    select
        "id" as _key_1,
        _op,
        {{ arrival_order('_batch', '_sequence') }} as _order
    from {{ source('bronze', 'shop__orders_archive') }}
),

truncated as (
    select max(_order) as _at
    from landed
    where _op = 'truncate'
),

remaining as {{ inlined() }}(
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
    where _key_1 is not null
    group by _key_1
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
    where not (_key_1 is not null)
),

bronze as (
    select
        (select count(*) from landed) as landed_rows,
        (select count(*) from landed where _op in ('delete', 'truncate')) as deleted_rows,
        of_keys.standing + of_keys.doubled + without_key.standing as current_rows
    from of_keys
    cross join without_key
),

wanted as (
    select 0 as filtered_rows
),

passed_over as (
    select 0 as rows
),

claimed as (
    select distinct tag_id
    from (
        select tag_id from {{ ref('part_tags__shop__1') }}
    ) as ids
),

outranked as (
    select count(*) as rows
    from {{ ref('part_tags__shop__2') }} as own
    inner join claimed on own.tag_id = claimed.tag_id
),

staged as (
    select
        count(*) filter (where _rejected is null) as accepted_rows,
        count(*) filter (where _rejected is not null) as quarantined_rows,
        count(*) filter (where _rejected is null and _repairs is not null) as repaired_rows
    from {{ ref('stg_tags') }}
    where
        _source = 'shop'
        and _part = 2
)

select
    'tags' as entity,
    'shop' as source,
    2 as part,
    'orders_archive' as table_name,
    bronze.landed_rows,
    bronze.landed_rows - bronze.current_rows - bronze.deleted_rows
    + passed_over.rows + outranked.rows as superseded_rows,
    bronze.deleted_rows,
    wanted.filtered_rows,
    staged.accepted_rows,
    staged.quarantined_rows,
    staged.repaired_rows
from bronze
cross join wanted
cross join passed_over
cross join outranked
cross join staged
