-- Every accepted order, test orders included: they are filtered where facts are made.
-- grain: one row per order
-- owner: finance data
-- personal data: none
-- kind: view
{{ config(materialized='view') }}

with stg_orders as (
    select
        order_id,
        customer_id,
        order_date,
        status,
        total_amount,
        discount_amount,
        delivery_fee,
        tax_amount,
        currency,
        channel,
        discount_id,
        shipping_city,
        is_test
    from {{ ref('stg_orders') }}
    where _rejected is null
),

orders as (
    select
        order_id,
        customer_id,
        order_date as ordered_at,
        {{ day_of('order_date') }} as order_date,
        status,
        total_amount,
        discount_amount,
        delivery_fee,
        tax_amount,
        currency,
        channel,
        discount_id,
        shipping_city,
        coalesce(is_test, false) as is_test
    from stg_orders
)

select * from orders
