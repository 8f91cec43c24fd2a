-- Every order line with its item money, the money that may be grouped by vendor, product and category.
-- Documented filter: lines of test orders stay out. Lines of an unknown order, product or vendor stay in.
-- grain: one row per order line
-- owner: finance data
-- personal data: none
-- kind: view
{{ config(materialized='view') }}

with order_items as (
    select
        order_item_id,
        order_id,
        product_id,
        vendor_id,
        customer_id,
        order_date,
        quantity,
        unit_price,
        item_amount,
        line_total,
        commission_amount,
        currency,
        is_first_of_product
    from {{ ref('order_items') }}
    where not is_test
),

fact_order_items as (
    select
        order_item_id,
        order_id,
        product_id,
        vendor_id,
        customer_id,
        order_date,
        quantity,
        unit_price,
        item_amount,
        line_total,
        commission_amount,
        currency,
        is_first_of_product
    from order_items
)

select * from fact_order_items
