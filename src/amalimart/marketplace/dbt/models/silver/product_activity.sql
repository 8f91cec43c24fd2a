-- What happened to products, one event a row: a line sold (on its order's day), a return asked for, an active
-- review written. An event without a product belongs to the product 'unknown'. Documented filters: events of
-- test orders, and lines without a day since their order is unknown. A review has no currency.
-- grain: one row per order line, return or review
-- owner: catalogue data
-- personal data: none
-- kind: view
{{ config(materialized='view') }}

with product_activity as (
    select
        order_item_id as event_id,
        'sale' as event_kind,
        coalesce(product_id, 'unknown') as product_id,
        order_date as activity_date,
        currency,
        order_id,
        quantity as units_sold,
        item_amount,
        cast(1 as bigint) as line_count,
        cast(0 as bigint) as return_count,
        cast(0 as bigint) as approved_return_count,
        cast(null as decimal(18, 2)) as return_amount,
        cast(0 as bigint) as review_count,
        cast(null as bigint) as rating
    from {{ ref('order_items') }}
    where not is_test and order_date is not null
    union all
    select
        return_id as event_id,
        'return' as event_kind,
        coalesce(product_id, 'unknown') as product_id,
        request_date as activity_date,
        currency,
        cast(null as {{ text_type() }}) as order_id,
        cast(0 as bigint) as units_sold,
        cast(null as decimal(18, 2)) as item_amount,
        cast(0 as bigint) as line_count,
        cast(1 as bigint) as return_count,
        case when is_approved then cast(1 as bigint) else cast(0 as bigint) end as approved_return_count,
        return_amount,
        cast(0 as bigint) as review_count,
        cast(null as bigint) as rating
    from {{ ref('returns') }}
    where not is_test and request_date is not null
    union all
    select
        review_id as event_id,
        'review' as event_kind,
        coalesce(product_id, 'unknown') as product_id,
        review_date as activity_date,
        cast(null as {{ text_type() }}) as currency,
        cast(null as {{ text_type() }}) as order_id,
        cast(0 as bigint) as units_sold,
        cast(null as decimal(18, 2)) as item_amount,
        cast(0 as bigint) as line_count,
        cast(0 as bigint) as return_count,
        cast(0 as bigint) as approved_return_count,
        cast(null as decimal(18, 2)) as return_amount,
        cast(1 as bigint) as review_count,
        rating
    from {{ ref('reviews') }}
    where not is_test and status = 'ACTIVE' and review_date is not null
)

select * from product_activity
