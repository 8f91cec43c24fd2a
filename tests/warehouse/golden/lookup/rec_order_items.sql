-- order_items: where the rows of lines of shop went, counted apart from staging.
-- grain: one row
-- owner: data platform
-- personal data: none
-- kind: change-driven
with landed as {{ inlined() }}(
    select
        "order_no" as _key_1,
        "line_no" as _key_2,
        _op,
        {{ arrival_order('_batch', '_sequence') }} as _order
    from {{ source('bronze', 'shop__lines') }}
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
    where _key_1 is not null and _key_2 is not null
    group by _key_1, _key_2
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
    where not (_key_1 is not null and _key_2 is not null)
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
    select count(*) filter (where not coalesce("from quantity" > 0
        and not coalesce({{ as_text('"from state"') }} in ('void'), false)
        and case when year({{ text_as_moment('"from written"', 'UTC', 'UTC') }}) between 1 and 9999 then {{ text_as_moment('"from written"', 'UTC', 'UTC') }} end >= {{ moment_literal('2024-01-01 00:00:00') }}, false)) as filtered_rows
    from (
        select
            "order_no" as "from order_no",
            "line_no" as "from line_no",
            "quantity" as "from quantity",
            {{ trimmed('"price"') }} as "from price",
            {{ trimmed('"list_price"') }} as "from list_price",
            {{ trimmed('"state"') }} as "from state",
            {{ trimmed('"written"') }} as "from written",
            {{ trimmed('"shop_code"') }} as "from shop_code"
        from {{ ref('rows_shop__lines') }}
    ) as current_rows
),

passed_over as (
    select 0 as rows
),

staged as (
    select
        count(*) filter (where _rejected is null) as accepted_rows,
        count(*) filter (where _rejected is not null) as quarantined_rows,
        count(*) filter (where _rejected is null and _repairs is not null) as repaired_rows
    from {{ ref('stg_order_items') }}
    where
        _source = 'shop'
        and _part = 1
)

select
    'order_items' as entity,
    'shop' as source,
    1 as part,
    'lines' as table_name,
    bronze.landed_rows,
    bronze.landed_rows - bronze.current_rows - bronze.deleted_rows
    + passed_over.rows as superseded_rows,
    bronze.deleted_rows,
    wanted.filtered_rows,
    staged.accepted_rows,
    staged.quarantined_rows,
    staged.repaired_rows
from bronze
cross join wanted
cross join passed_over
cross join staged
