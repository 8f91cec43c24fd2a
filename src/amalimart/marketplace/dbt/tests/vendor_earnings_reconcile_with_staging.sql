-- Gold earnings are the accepted staging rows without earnings of test orders, to the row and the cent.
{{ config(meta={'compared_by': {
    'stg_vendor_earnings': 'earning_id', 'fact_vendor_earnings': 'earning_id'
}}) }}

with test_orders as (
    select order_id
    from {{ ref('stg_orders') }}
    where _rejected is null and is_test = true
),

test_items as (
    select order_item_id
    from {{ ref('stg_order_items') }}
    where _rejected is null and order_id in (select order_id from test_orders)
),

accepted as (
    select
        count(*) as row_count,
        sum(amount) as amount
    from {{ ref('stg_vendor_earnings') }}
    where
        _rejected is null
        and coalesce(order_item_id not in (select order_item_id from test_items), true)
),

published as (
    select
        count(*) as row_count,
        sum(amount) as amount
    from {{ ref('fact_vendor_earnings') }}
)

select
    accepted.row_count as accepted_row_count,
    published.row_count as published_row_count,
    accepted.amount as accepted_amount,
    published.amount as published_amount
from accepted
cross join published
where
    accepted.row_count is distinct from published.row_count
    or accepted.amount is distinct from published.amount
