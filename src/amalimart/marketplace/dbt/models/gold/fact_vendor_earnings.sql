-- Every earning of a vendor with its order line: the lines that explain a payout. Documented filter: earnings
-- of test orders stay out.
-- grain: one row per earning
-- owner: finance data
-- personal data: none
-- kind: view
{{ config(materialized='view') }}

with vendor_earnings as (
    select
        earning_id,
        vendor_id,
        payout_id,
        order_item_id,
        order_id,
        product_id,
        earned_date,
        order_date,
        amount,
        currency,
        line_item_amount,
        line_commission_amount
    from {{ ref('vendor_earnings') }}
    where not is_test
),

fact_vendor_earnings as (
    select
        earning_id,
        vendor_id,
        payout_id,
        order_item_id,
        order_id,
        product_id,
        earned_date,
        order_date,
        amount,
        currency,
        line_item_amount,
        line_commission_amount
    from vendor_earnings
)

select * from fact_vendor_earnings
