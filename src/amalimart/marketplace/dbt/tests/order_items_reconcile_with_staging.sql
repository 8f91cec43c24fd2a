-- Gold order lines are the accepted staging rows without lines of test orders, to the row and the cent.
{{ config(meta={'compared_by': {'stg_order_items': 'order_item_id', 'fact_order_items': 'order_item_id'}}) }}

with test_orders as (
    select order_id
    from {{ ref('stg_orders') }}
    where _rejected is null and is_test = true
),

accepted as (
    select
        currency,
        count(*) as row_count,
        sum(quantity) as quantity,
        sum({{ money('quantity * unit_price') }}) as item_amount,
        sum(line_total) as line_total
    from {{ ref('stg_order_items') }}
    where
        _rejected is null
        and coalesce(order_id not in (select order_id from test_orders), true)
    group by currency
),

published as (
    select
        currency,
        count(*) as row_count,
        sum(quantity) as quantity,
        sum(item_amount) as item_amount,
        sum(line_total) as line_total
    from {{ ref('fact_order_items') }}
    group by currency
)

select
    currency,
    accepted.row_count as accepted_row_count,
    published.row_count as published_row_count,
    accepted.quantity as accepted_quantity,
    published.quantity as published_quantity,
    accepted.item_amount as accepted_item_amount,
    published.item_amount as published_item_amount,
    accepted.line_total as accepted_line_total,
    published.line_total as published_line_total
from accepted
full outer join published using (currency)
where
    accepted.row_count is distinct from published.row_count
    or accepted.quantity is distinct from published.quantity
    or accepted.item_amount is distinct from published.item_amount
    or accepted.line_total is distinct from published.line_total
