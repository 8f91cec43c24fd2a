-- Every use of a discount: an order that names a discount code or whose total holds a discount. Documented
-- filter: test orders stay out. A discount that no order names by code has discount_id null.
-- grain: one row per order with a discount
-- owner: marketing data
-- personal data: none
-- kind: view
{{ config(materialized='view') }}

with orders as (
    select
        order_id,
        discount_id,
        customer_id,
        order_date,
        status,
        channel,
        discount_amount,
        total_amount,
        currency
    from {{ ref('orders') }}
    where not is_test and (discount_id is not null or coalesce(discount_amount, 0) <> 0)
),

fact_discounts as (
    select
        order_id,
        discount_id,
        customer_id,
        order_date,
        status,
        channel,
        discount_amount,
        total_amount,
        currency
    from orders
)

select * from fact_discounts
