-- orders: generated from the source mapping.
-- grain: one row per order_id (rejected duplicates aside)
-- owner: data platform
-- personal data: none
-- kind: change-driven
with source_rows as {{ inlined() }}(
    select
        {{ trimmed('"number"') }} as "from number",
        {{ trimmed('"buyer"') }} as "from buyer",
        {{ trimmed('"placed"') }} as "from placed",
        {{ trimmed('"state"') }} as "from state",
        {{ trimmed('"total"') }} as "from total",
        {{ trimmed('"kind"') }} as "from kind",
        _op,
        _batch,
        _sequence,
        _unchanged,
        {{ has_outer_blanks('"number"') }} as _edged
    from {{ ref('rows_shop__orders') }}
),

kept_rows as {{ inlined() }}(
    select
        source_rows.*
    from source_rows
    where coalesce({{ as_text('"from kind"') }} in ('sale'), false)
),

typed as {{ inlined() }}(
    select
        *,
        {{ as_text('"from number"') }} as order_id,
        {{ as_text('"from buyer"') }} as customer_id,
        case when year({{ from_zone(text_by_format('"from placed"', '%d/%m/%Y %H:%M'), 'Africa/Lagos', 'UTC') }}) between 1 and 9999 then {{ from_zone(text_by_format('"from placed"', '%d/%m/%Y %H:%M'), 'Africa/Lagos', 'UTC') }} end as order_date,
        case
            when {{ spelling('"from state"') }} in ('completed', 'done') then 'COMPLETED'
            when {{ spelling('"from state"') }} in ('dispatched', 'sent_out') then 'DISPATCHED'
            else 'UNKNOWN'
        end as status,
        {{ text_as_decimal('"from total"', 2) }} as total_amount,
        cast(null as decimal(18, 2)) as discount_amount,
        cast(null as decimal(18, 2)) as delivery_fee,
        cast(null as decimal(18, 2)) as tax_amount,
        cast('NGN' as {{ text_type() }}) as currency,
        cast(null as {{ text_type() }}) as discount_id,
        cast(null as {{ text_type() }}) as channel,
        cast(null as {{ text_type() }}) as shipping_city,
        cast(null as boolean) as is_test,
        cast(null as {{ moment_type() }}) as created_at,
        cast(null as {{ moment_type() }}) as updated_at
    from kept_rows
),

edged as (
    select distinct
        typed.order_id
    from typed
    where typed._edged
),

doubled as (
    select
        typed.order_id
    from typed
    inner join edged on typed.order_id = edged.order_id
    where
        typed._op <> 'duplicate'
        and typed.order_id is not null
    group by 1
    having count(*) > 1
),

ranked as (
    select
        typed._batch,
        typed._sequence,
        row_number() over (
            partition by typed.order_id
            order by typed._batch desc, typed._sequence desc
        ) as _rank
    from typed
    inner join doubled on typed.order_id = doubled.order_id
    where typed._op <> 'duplicate'
),

passed_over as (
    select
        _batch,
        _sequence
    from ranked
    where _rank > 1
),

stg_orders as (
    select
        typed.order_id,
        typed.customer_id,
        typed.order_date,
        typed.status,
        typed.total_amount,
        typed.discount_amount,
        typed.delivery_fee,
        typed.tax_amount,
        typed.currency,
        typed.discount_id,
        typed.channel,
        typed.shipping_city,
        typed.is_test,
        typed.created_at,
        typed.updated_at,
        case
            when typed._op = 'duplicate' then 'another row of the same batch has the same key'
            when passed_over._batch is not null then 'another row of the table has the same key'
            when typed."from number" is null then 'order_id is missing'
            when typed.order_id is null then 'order_id is unreadable'
            when typed."from placed" is null then 'order_date is missing'
            when typed.order_date is null then 'order_date is unreadable'
            when typed."from total" is null then 'total_amount is missing'
            when typed.total_amount is null then 'total_amount is unreadable'
            when typed.currency is null then 'currency is missing'
        end as _rejected,
        nullif(concat_ws('; ',
            case when typed."from buyer" is not null and typed.customer_id is null then 'customer_id was unreadable' end,
            case when typed."from state" is not null and typed.status is null then 'status was unreadable' end,
            case when "from state" is not null and status = 'UNKNOWN' then 'status was not mapped and became UNKNOWN' end,
            case when try_cast("from total" as decimal(38, 18)) <> total_amount then 'total_amount was rounded to the cent' end
        ), '') as _repairs,
        'shop' as _source,
        1 as _part,
        typed._batch,
        typed._sequence
    from typed
    left join passed_over
        on typed._batch = passed_over._batch and typed._sequence = passed_over._sequence
)

select * from stg_orders
