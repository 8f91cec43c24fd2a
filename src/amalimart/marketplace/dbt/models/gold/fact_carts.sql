-- Every cart, by the day it was opened. Documented filter: carts that became a test order stay out.
-- grain: one row per cart
-- owner: customer data
-- personal data: none
-- kind: view
{{ config(materialized='view') }}

with carts as (
    select
        cart_id,
        customer_id,
        order_id,
        opened_date,
        opened_at,
        last_added_at,
        line_count,
        unit_count,
        cart_value,
        currency,
        has_mixed_currencies,
        is_converted
    from {{ ref('carts') }}
    where not is_test
),

fact_carts as (
    select
        cart_id,
        customer_id,
        order_id,
        opened_date,
        opened_at,
        last_added_at,
        line_count,
        unit_count,
        cart_value,
        currency,
        has_mixed_currencies,
        is_converted
    from carts
)

select * from fact_carts
