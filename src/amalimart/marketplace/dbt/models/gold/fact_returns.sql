-- Every return, by the day it was asked for. Documented filter: returns of test orders stay out.
-- grain: one row per return
-- owner: finance data
-- personal data: none
-- kind: view
{{ config(materialized='view') }}

with returns as (
    select
        return_id,
        order_id,
        order_item_id,
        customer_id,
        product_id,
        vendor_id,
        request_date,
        {{ day_of('approved_at') }} as approved_date,
        {{ day_of('refunded_at') }} as refunded_date,
        status,
        reason,
        return_amount,
        currency,
        is_approved,
        refund_days
    from {{ ref('returns') }}
    where not is_test
),

fact_returns as (
    select
        return_id,
        order_id,
        order_item_id,
        customer_id,
        product_id,
        vendor_id,
        request_date,
        approved_date,
        refunded_date,
        status,
        reason,
        return_amount,
        currency,
        is_approved,
        refund_days
    from returns
)

select * from fact_returns
