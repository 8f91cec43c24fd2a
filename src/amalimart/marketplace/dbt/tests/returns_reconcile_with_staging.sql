-- Gold returns are the accepted staging rows without returns of test orders, to the row and the cent.
{{ config(meta={'compared_by': {'stg_returns': 'return_id', 'fact_returns': 'return_id'}}) }}

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
        sum(return_amount) as return_amount
    from {{ ref('stg_returns') }}
    where
        _rejected is null
        and coalesce(order_id not in (select order_id from test_orders), true)
        and not (
            order_id is null and coalesce(order_item_id in (select order_item_id from test_items), false)
        )
),

published as (
    select
        count(*) as row_count,
        sum(return_amount) as return_amount
    from {{ ref('fact_returns') }}
)

select
    accepted.row_count as accepted_row_count,
    published.row_count as published_row_count,
    accepted.return_amount as accepted_return_amount,
    published.return_amount as published_return_amount
from accepted
cross join published
where
    accepted.row_count is distinct from published.row_count
    or accepted.return_amount is distinct from published.return_amount
