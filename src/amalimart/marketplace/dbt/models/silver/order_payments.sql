-- How each order was paid: the kind and method of its successful payment (the latest, if several), else of
-- its last attempt. An order whose payment failed and did not succeed at that time or later counts as
-- failed. first_payment_kind is that of the first attempt, which no later one changes. An order without
-- payments has no row.
-- grain: one row per order with a payment
-- owner: finance data
-- personal data: none
-- kind: change-driven
with payments as (
    select
        payment_id,
        order_id,
        method,
        payment_kind,
        status,
        dated_at,
        attempted_at,
        is_success
    from {{ ref('payments') }}
    where order_id is not null
),

ranked as (
    select
        order_id,
        method,
        payment_kind,
        status,
        dated_at,
        row_number() over (
            partition by order_id
            order by is_success desc, dated_at desc nulls last, {{ in_id_order('payment_id', 'desc') }}
        ) as preference,
        row_number() over (
            partition by order_id
            order by attempted_at nulls last, {{ in_id_order('payment_id') }}
        ) as attempt,
        max(case when is_success then dated_at end) over (partition by order_id) as last_success_at
    from payments
),

order_payments as (
    select
        order_id,
        max(case when preference = 1 then payment_kind end) as payment_kind,
        max(case when preference = 1 then method end) as payment_method,
        max(case when attempt = 1 then payment_kind end) as first_payment_kind,
        coalesce(
            bool_or(status = 'FAILED' and (last_success_at is null or last_success_at < dated_at)), false
        ) as is_payment_failed
    from ranked
    group by order_id
)

select * from order_payments
