-- Payment attempts by method and day. Success and failure as the attempts stand now. Every column but
-- order_count may be added over days and methods, money within one currency. Documented filters: payments of
-- test orders, and attempts without any date.
-- grain: one row per method, day and currency
-- owner: finance data
-- personal data: none
-- kind: change-driven
with fact_payments as (
    select
        payment_date,
        method,
        currency,
        order_id,
        status,
        amount
    from {{ ref('fact_payments') }}
    where payment_date is not null
),

payment_methods as (
    select
        method,
        payment_date,
        currency,
        count(*) as payment_count,
        count(distinct order_id) as order_count,
        {{ money('sum(amount)') }} as payment_amount,
        count(*) filter (where status = 'SUCCESS') as success_count,
        {{ money("coalesce(sum(amount) filter (where status = 'SUCCESS'), 0)") }} as success_amount,
        count(*) filter (where status = 'FAILED') as failed_count,
        {{ money("coalesce(sum(amount) filter (where status = 'FAILED'), 0)") }} as failed_amount,
        count(*) filter (where status = 'PENDING') as pending_count,
        {{ money("coalesce(sum(amount) filter (where status = 'PENDING'), 0)") }} as pending_amount,
        count(*) filter (where status = 'REFUNDED') as refunded_count,
        {{ money("coalesce(sum(amount) filter (where status = 'REFUNDED'), 0)") }} as refunded_amount
    from fact_payments
    group by method, payment_date, currency
)

select * from payment_methods
