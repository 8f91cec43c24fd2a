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
        nullif(trim("price", e' \t\n\r' || chr(160)), '') as "from price",
        nullif(trim("list_price", e' \t\n\r' || chr(160)), '') as "from list_price",
        nullif(trim("state", e' \t\n\r' || chr(160)), '') as "from state",
        nullif(trim("written", e' \t\n\r' || chr(160)), '') as "from written",
        nullif(trim("shop_code", e' \t\n\r' || chr(160)), '') as "from shop_code",
        _op,
        _batch,
        _sequence,
        _unchanged
    from {{ ref('rows_shop__lines') }}
),

lookup_shop as (
    select
        cast(nullif(trim("code", e' \t\n\r' || chr(160)), '') as varchar) as _match_1,
        nullif(trim("owner", e' \t\n\r' || chr(160)), '') as "shop.owner",
        nullif(trim("opened", e' \t\n\r' || chr(160)), '') as "from opened"
    from {{ ref('rows_shop__shops') }}
    where _op <> 'duplicate'
    qualify row_number() over (partition by _match_1 order by try_cast("from opened" as decimal(38, 9)) desc nulls last, try_cast("from opened" as timestamp) desc nulls last, "from opened" desc nulls last, _batch desc, _sequence desc) = 1
),

kept_rows as (
    select
        source_rows.*,
        lookup_shop."shop.owner",
        cast("from order_no" as varchar) || '-' || cast("from line_no" as varchar) as "join for order_item_id",
        nullif(trim(cast(try(COALESCE(TRY_CAST("from price" AS DECIMAL(18, 2)), TRY_CAST("from list_price" AS DECIMAL(18, 2)))) as varchar), e' \t\n\r' || chr(160)), '') as "sql for unit_price"
    from source_rows
    left join lookup_shop on cast(source_rows."from shop_code" as varchar) = lookup_shop._match_1
    where coalesce("from quantity" > 0
        and not coalesce(cast("from state" as varchar) in ('void'), false)
        and case when year(case when regexp_full_match("from written", '[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}') then try_cast("from written" as timestamp) when regexp_full_match("from written", '[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}[ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?') then try_cast("from written" as timestamp) when regexp_full_match("from written", '[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}[ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?( ?(Z|z|UTC|GMT)| ?[+-](0[0-9]|1[0-5])(:?[0-5][0-9])?)') then timezone('UTC', try_cast(regexp_replace(regexp_replace("from written", ' ?(Z|z|UTC|GMT)$', '+00'), ' ([+-])', '\1') as timestamptz)) end) between 1 and 9999 then case when regexp_full_match("from written", '[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}') then try_cast("from written" as timestamp) when regexp_full_match("from written", '[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}[ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?') then try_cast("from written" as timestamp) when regexp_full_match("from written", '[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}[ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?( ?(Z|z|UTC|GMT)| ?[+-](0[0-9]|1[0-5])(:?[0-5][0-9])?)') then timezone('UTC', try_cast(regexp_replace(regexp_replace("from written", ' ?(Z|z|UTC|GMT)$', '+00'), ' ([+-])', '\1') as timestamptz)) end end >= timestamp '2024-01-01 00:00:00', false)
),

typed as (
    select
        *,
        cast("join for order_item_id" as varchar) as order_item_id,
        cast("from order_no" as varchar) as order_id,
        cast(null as varchar) as product_id,
        cast(null as varchar) as variant_id,
        cast("shop.owner" as varchar) as vendor_id,
        try_cast("from quantity" as bigint) as quantity,
        case when regexp_full_match("sql for unit_price", '[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)') then try_cast("sql for unit_price" as decimal(18, 2)) when regexp_full_match("sql for unit_price", '[+-]?([0-9]{1,18}([.][0-9]*)?|[.][0-9]+)[eE][+-]?[0-9]{1,3}') then try_cast(try_cast("sql for unit_price" as decimal(38, 18)) as decimal(18, 2)) end as unit_price,
        cast(null as decimal(18, 2)) as line_total,
        cast(null as decimal(18, 2)) as commission_amount,
        cast('GHS' as varchar) as currency,
        cast('UNKNOWN' as varchar) as status,
        cast(null as timestamp) as created_at,
        cast(null as timestamp) as updated_at
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
            case when list_has_any(typed._unchanged, ['order_no', 'line_no', 'quantity', 'price', 'list_price', 'state', 'written', 'shop_code']) then 'the source did not repeat ' || array_to_string(list_sort(list_intersect(typed._unchanged, ['order_no', 'line_no', 'quantity', 'price', 'list_price', 'state', 'written', 'shop_code'])), ', ') end,
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
