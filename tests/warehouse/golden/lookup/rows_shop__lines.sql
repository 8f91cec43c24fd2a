-- lines of shop: its rows as they stand now, generated from the mapping.
-- grain: one row per order_no, line_no (rows that one snapshot holds twice aside)
-- owner: data platform
-- personal data: none
-- kind: change-driven
with numbered as {{ inlined() }}(
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
        {{ arrival_order('_batch', '_sequence') }} as _order
    from {{ source('bronze', 'shop__lines') }}
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
        remaining."order_no" as _key_1,
        remaining."line_no" as _key_2,
        max(_order) as _last,
        {{ value_of_last('_op', '_order') }} as _last_op,
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
        {{ value_of_last(told_value('remaining."quantity"', 'remaining._op <> \'delete\''), 'remaining._order') }} filter (
            where
            remaining._op = 'delete'
            or not {{ has_text('remaining._unchanged', '\'quantity\'') }}
        ) as "quantity",
        {{ value_of_last(told_value('remaining."price"', 'remaining._op <> \'delete\''), 'remaining._order') }} filter (
            where
            remaining._op = 'delete'
            or not {{ has_text('remaining._unchanged', '\'price\'') }}
        ) as "price",
        {{ value_of_last(told_value('remaining."list_price"', 'remaining._op <> \'delete\''), 'remaining._order') }} filter (
            where
            remaining._op = 'delete'
            or not {{ has_text('remaining._unchanged', '\'list_price\'') }}
        ) as "list_price",
        {{ value_of_last(told_value('remaining."state"', 'remaining._op <> \'delete\''), 'remaining._order') }} filter (
            where
            remaining._op = 'delete'
            or not {{ has_text('remaining._unchanged', '\'state\'') }}
        ) as "state",
        {{ value_of_last(told_value('remaining."written"', 'remaining._op <> \'delete\''), 'remaining._order') }} filter (
            where
            remaining._op = 'delete'
            or not {{ has_text('remaining._unchanged', '\'written\'') }}
        ) as "written",
        {{ value_of_last(told_value('remaining."shop_code"', 'remaining._op <> \'delete\''), 'remaining._order') }} filter (
            where
            remaining._op = 'delete'
            or not {{ has_text('remaining._unchanged', '\'shop_code\'') }}
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
        cast(null as {{ texts_type() }}) as _unchanged
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
        nullif({{ no_texts() }}
            || if(told."quantity".known, {{ texts('') }}, {{ texts('\'quantity\'') }})
            || if(told."price".known, {{ texts('') }}, {{ texts('\'price\'') }})
            || if(told."list_price".known, {{ texts('') }}, {{ texts('\'list_price\'') }})
            || if(told."state".known, {{ texts('') }}, {{ texts('\'state\'') }})
            || if(told."written".known, {{ texts('') }}, {{ texts('\'written\'') }})
            || if(told."shop_code".known, {{ texts('') }}, {{ texts('\'shop_code\'') }}), {{ no_texts() }}) as _unchanged
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
        cast(null as {{ texts_type() }}) as _unchanged
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
        cast(null as {{ texts_type() }}) as _unchanged
    from remaining
    where
        ("order_no" is null or "line_no" is null)
        and remaining._op in ('snapshot', 'upsert')
)

select * from rows_shop__lines
