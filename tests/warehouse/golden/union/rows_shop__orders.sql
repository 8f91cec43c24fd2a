-- orders of shop: its rows as they stand now, generated from the mapping.
-- grain: one row per id (rows that one snapshot holds twice aside)
-- owner: data platform
-- personal data: none
-- kind: change-driven
with numbered as {{ inlined() }}(
    select
        "id",
        "label",
        _op,
        _batch,
        _sequence,
        {{ arrival_order('_batch', '_sequence') }} as _order
    from {{ source('bronze', 'shop__orders') }}
),

remaining as {{ inlined() }}(
    select *
    from numbered
    where
        _order > (
            select coalesce(max(_order), -1)
            from numbered
            where _op = 'truncate'
        )
),

latest as (
    select
        remaining."id" as _key_1,
        max(_order) as _last,
        {{ value_of_last('_op', '_order') }} as _last_op,
        count(*) filter (where _op = 'snapshot') as _snapshots
    from remaining
    where "id" is not null
    group by 1
),

rows_shop__orders as (
    select
        remaining."id",
        remaining."label",
        remaining._op as _op,
        remaining._batch,
        remaining._sequence,
        cast(null as {{ texts_type() }}) as _unchanged
    from remaining
    inner join latest on remaining._order = latest._last
    where
        latest._last_op <> 'delete'

    union all

    select
        remaining."id",
        remaining."label",
        'duplicate' as _op,
        remaining._batch,
        remaining._sequence,
        cast(null as {{ texts_type() }}) as _unchanged
    from remaining
    inner join latest on remaining."id" = latest._key_1
    where
        latest._snapshots > 1
        and latest._last_op = 'snapshot'
        and remaining._op = 'snapshot'
        and remaining._order <> latest._last

    union all

    select
        remaining."id",
        remaining."label",
        remaining._op as _op,
        remaining._batch,
        remaining._sequence,
        cast(null as {{ texts_type() }}) as _unchanged
    from remaining
    where
        ("id" is null)
        and remaining._op in ('snapshot', 'upsert')
)

select * from rows_shop__orders
