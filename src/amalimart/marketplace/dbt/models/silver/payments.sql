-- Every accepted payment attempt, dated when it was paid, else when it was attempted, else when its order
-- was placed. Cash on delivery is COD, every other method is PREPAID.
-- grain: one row per payment attempt
-- owner: finance data
-- personal data: none
-- kind: change-driven
with stg_payments as (
    select
        payment_id,
        order_id,
        customer_id,
        method,
        status,
        amount,
        currency,
        paid_at,
        created_at
    from {{ ref('stg_payments') }}
    where _rejected is null
),

orders as (
    select
        order_id,
        customer_id,
        ordered_at,
        is_test
    from {{ ref('orders') }}
),

payments as (
    select
        stg_payments.payment_id,
        stg_payments.order_id,
        coalesce(stg_payments.customer_id, orders.customer_id) as customer_id,
        stg_payments.method,
        case when stg_payments.method = 'CASH_ON_DELIVERY' then 'COD' else 'PREPAID' end as payment_kind,
        stg_payments.status,
        stg_payments.amount,
        stg_payments.currency,
        coalesce(stg_payments.paid_at, stg_payments.created_at, orders.ordered_at) as dated_at,
        {{ day_of('coalesce(stg_payments.paid_at, stg_payments.created_at, orders.ordered_at)') }}
            as payment_date,
        coalesce(stg_payments.created_at, orders.ordered_at, stg_payments.paid_at) as attempted_at,
        stg_payments.status = 'SUCCESS' as is_success,
        coalesce(orders.is_test, false) as is_test
    from stg_payments
    left join orders on stg_payments.order_id = orders.order_id
)

select * from payments
