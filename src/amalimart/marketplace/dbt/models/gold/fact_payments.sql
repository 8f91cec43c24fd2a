-- Every payment attempt, successful or not. Documented filter: payments of test orders stay out.
-- grain: one row per payment attempt
-- owner: finance data
-- personal data: none
-- kind: view
{{ config(materialized='view') }}

with payments as (
    select
        payment_id,
        order_id,
        customer_id,
        payment_date,
        method,
        status,
        amount,
        currency,
        is_success
    from {{ ref('payments') }}
    where not is_test
),

fact_payments as (
    select
        payment_id,
        order_id,
        customer_id,
        payment_date,
        method,
        status,
        amount,
        currency,
        is_success
    from payments
)

select * from fact_payments
