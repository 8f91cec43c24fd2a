-- order_items: generated from the source mapping.
-- grain: one row per order_item_id (rejected duplicates aside)
-- owner: data platform
-- personal data: none
-- kind: change-driven
with source_rows as (
    select
        "order_no" as "from order_no",
        "line_no" as "from line_no",
        "quantity" as "from quantity",
        {{ trimmed('"price"') }} as "from price",
        {{ trimmed('"list_price"') }} as "from list_price",
        {{ trimmed('"state"') }} as "from state",
        {{ trimmed('"written"') }} as "from written",
        {{ trimmed('"shop_code"') }} as "from shop_code",
        _op,
        _batch,
        _sequence,
        _unchanged
    from {{ ref('rows_shop__lines') }}
),

lookup_shop as (
    select
        {{ as_text(trimmed('"code"')) }} as _match_1,
        {{ trimmed('"owner"') }} as "shop.owner",
        {{ trimmed('"opened"') }} as "from opened"
    from {{ ref('rows_shop__shops') }}
    where _op <> 'duplicate'
    qualify row_number() over (partition by _match_1 order by {{ text_to_order_as_number('"from opened"') }} desc nulls last, {{ text_to_order_as_moment('"from opened"') }} desc nulls last, "from opened" desc nulls last, _batch desc, _sequence desc) = 1
),

kept_rows as (
    select
        source_rows.*,
        lookup_shop."shop.owner",
        {{ as_text('"from order_no"') }} || '-' || {{ as_text('"from line_no"') }} as "join for order_item_id",
        {{ trimmed(as_text(formula('COALESCE(TRY_CAST("from price" AS DECIMAL(18, 2)), TRY_CAST("from list_price" AS DECIMAL(18, 2)))'))) }} as "sql for unit_price"
    from source_rows
    left join lookup_shop on {{ as_text('source_rows."from shop_code"') }} = lookup_shop._match_1
    where coalesce("from quantity" > 0
        and not coalesce({{ as_text('"from state"') }} in ('void'), false)
        and case when year({{ text_as_moment('"from written"', 'UTC', 'UTC') }}) between 1 and 9999 then {{ text_as_moment('"from written"', 'UTC', 'UTC') }} end >= {{ moment_literal('2024-01-01 00:00:00') }}, false)
),

typed as (
    select
        *,
        {{ as_text('"join for order_item_id"') }} as order_item_id,
        {{ as_text('"from order_no"') }} as order_id,
        cast(null as {{ text_type() }}) as product_id,
        cast(null as {{ text_type() }}) as variant_id,
        {{ as_text('"shop.owner"') }} as vendor_id,
        try_cast("from quantity" as bigint) as quantity,
        {{ text_as_decimal('"sql for unit_price"', 2) }} as unit_price,
        cast(null as decimal(18, 2)) as line_total,
        cast(null as decimal(18, 2)) as commission_amount,
        cast('GHS' as {{ text_type() }}) as currency,
        cast('UNKNOWN' as {{ text_type() }}) as status,
        cast(null as {{ moment_type() }}) as created_at,
        cast(null as {{ moment_type() }}) as updated_at
    from kept_rows
),

stg_order_items as (
    select
        typed.order_item_id,
        typed.order_id,
        typed.product_id,
        typed.variant_id,
        typed.vendor_id,
        typed.quantity,
        typed.unit_price,
        typed.line_total,
        typed.commission_amount,
        typed.currency,
        typed.status,
        typed.created_at,
        typed.updated_at,
        case
            when typed._op = 'duplicate' then 'another row of the same batch has the same key'
            when typed."join for order_item_id" is null then 'order_item_id is missing'
            when typed.order_item_id is null then 'order_item_id is unreadable'
            when typed."from quantity" is null then 'quantity is missing'
            when typed.quantity is null then 'quantity is unreadable'
            when typed."sql for unit_price" is null then 'unit_price is missing'
            when typed.unit_price is null then 'unit_price is unreadable'
            when typed.currency is null then 'currency is missing'
        end as _rejected,
        nullif(concat_ws('; ',
            case when {{ has_common_texts('typed._unchanged', texts('\'order_no\', \'line_no\', \'quantity\', \'price\', \'list_price\', \'state\', \'written\', \'shop_code\'')) }} then 'the source did not repeat ' || {{ common_texts('typed._unchanged', texts('\'order_no\', \'line_no\', \'quantity\', \'price\', \'list_price\', \'state\', \'written\', \'shop_code\'')) }} end,
            case when typed."from order_no" is not null and typed.order_id is null then 'order_id was unreadable' end,
            case when typed."shop.owner" is not null and typed.vendor_id is null then 'vendor_id was unreadable' end,
            case when try_cast("sql for unit_price" as decimal(38, 18)) <> unit_price then 'unit_price was rounded to the cent' end
        ), '') as _repairs,
        'shop' as _source,
        1 as _part,
        typed._batch,
        typed._sequence
    from typed
)

select * from stg_order_items
