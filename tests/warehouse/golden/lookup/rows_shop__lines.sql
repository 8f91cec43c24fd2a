-- lines of shop: its rows as they stand now, generated from the mapping.
-- grain: one row per order_no, line_no (rows that one snapshot holds twice aside)
-- owner: data platform
-- personal data: none
-- kind: change-driven
with numbered as not materialized (
    select
        "order_no",
        "line_no",
        "quantity",
        "price",
        "list_price",
        "state",
        "written",
        "shop_code",
        _op,
        _batch,
        _sequence,
        _unchanged,
        cast(_batch as hugeint) * 10000000000000000000 + _sequence as _order
    from {{ source('bronze', 'shop__lines') }}
),

remaining as not materialized (
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
        remaining."order_no" as _key_1,
        remaining."line_no" as _key_2,
        max(_order) as _last,
        arg_max(_op, _order) as _last_op,
        count(*) filter (where _op = 'snapshot') as _snapshots
    from remaining
    where "order_no" is not null and "line_no" is not null
    group by 1, 2
),

incomplete as (
    select
        latest._key_1, latest._key_2,
        latest._last
    from remaining
    inner join latest on remaining._order = latest._last
    where
        latest._last_op <> 'delete'
        and remaining._unchanged is not null
),

told as (
    select
        incomplete._last,
        arg_max(
            struct_pack(told := remaining."quantity", known := remaining._op <> 'delete'),
            remaining._order
        ) filter (
            where
            remaining._op = 'delete'
            or not coalesce(list_contains(remaining._unchanged, 'quantity'), false)
        ) as "quantity",
        arg_max(
            struct_pack(told := remaining."price", known := remaining._op <> 'delete'),
            remaining._order
        ) filter (
            where
            remaining._op = 'delete'
            or not coalesce(list_contains(remaining._unchanged, 'price'), false)
        ) as "price",
        arg_max(
            struct_pack(told := remaining."list_price", known := remaining._op <> 'delete'),
            remaining._order
        ) filter (
            where
            remaining._op = 'delete'
            or not coalesce(list_contains(remaining._unchanged, 'list_price'), false)
        ) as "list_price",
        arg_max(
            struct_pack(told := remaining."state", known := remaining._op <> 'delete'),
            remaining._order
        ) filter (
            where
            remaining._op = 'delete'
            or not coalesce(list_contains(remaining._unchanged, 'state'), false)
        ) as "state",
        arg_max(
            struct_pack(told := remaining."written", known := remaining._op <> 'delete'),
            remaining._order
        ) filter (
            where
            remaining._op = 'delete'
            or not coalesce(list_contains(remaining._unchanged, 'written'), false)
        ) as "written",
        arg_max(
            struct_pack(told := remaining."shop_code", known := remaining._op <> 'delete'),
            remaining._order
        ) filter (
            where
            remaining._op = 'delete'
            or not coalesce(list_contains(remaining._unchanged, 'shop_code'), false)
        ) as "shop_code"
    from remaining
    inner join incomplete on remaining."order_no" = incomplete._key_1 and remaining."line_no" = incomplete._key_2
    group by incomplete._last
),

rows_shop__lines as (
    select
        remaining."order_no",
        remaining."line_no",
        remaining."quantity",
        remaining."price",
        remaining."list_price",
        remaining."state",
        remaining."written",
        remaining."shop_code",
        remaining._op as _op,
        remaining._batch,
        remaining._sequence,
        cast(null as varchar[]) as _unchanged
    from remaining
    inner join latest on remaining._order = latest._last
    where
        latest._last_op <> 'delete'
        and remaining._unchanged is null

    union all

    select
        remaining."order_no",
        remaining."line_no",
        told."quantity".told as "quantity",
        told."price".told as "price",
        told."list_price".told as "list_price",
        told."state".told as "state",
        told."written".told as "written",
        told."shop_code".told as "shop_code",
        remaining._op,
        remaining._batch,
        remaining._sequence,
        nullif(cast([] as varchar[])
            || if(told."quantity".known, [], ['quantity'])
            || if(told."price".known, [], ['price'])
            || if(told."list_price".known, [], ['list_price'])
            || if(told."state".known, [], ['state'])
            || if(told."written".known, [], ['written'])
            || if(told."shop_code".known, [], ['shop_code']), cast([] as varchar[])) as _unchanged
    from remaining
    inner join told on remaining._order = told._last

    union all

    select
        remaining."order_no",
        remaining."line_no",
        remaining."quantity",
        remaining."price",
        remaining."list_price",
        remaining."state",
        remaining."written",
        remaining."shop_code",
        'duplicate' as _op,
        remaining._batch,
        remaining._sequence,
        cast(null as varchar[]) as _unchanged
    from remaining
    inner join latest on remaining."order_no" = latest._key_1 and remaining."line_no" = latest._key_2
    where
        latest._snapshots > 1
        and latest._last_op = 'snapshot'
        and remaining._op = 'snapshot'
        and remaining._order <> latest._last

    union all

    select
        remaining."order_no",
        remaining."line_no",
        remaining."quantity",
        remaining."price",
        remaining."list_price",
        remaining."state",
        remaining."written",
        remaining."shop_code",
        remaining._op as _op,
        remaining._batch,
        remaining._sequence,
        cast(null as varchar[]) as _unchanged
    from remaining
    where
        ("order_no" is null or "line_no" is null)
        and remaining._op in ('snapshot', 'upsert')
)

select * from rows_shop__lines
