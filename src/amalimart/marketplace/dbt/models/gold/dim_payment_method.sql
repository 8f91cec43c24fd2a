-- Every payment method in use. Cash on delivery is COD, every other method is PREPAID, as for payments.
-- grain: one row per payment method
-- owner: finance data
-- personal data: none
-- kind: change-driven
with payment_methods as (
    select
        method,
        payment_date
    from {{ ref('payment_methods') }}
),

dim_payment_method as (
    select
        method,
        case when method = 'CASH_ON_DELIVERY' then 'COD' else 'PREPAID' end as payment_kind,
        min(payment_date) as first_payment_date,
        max(payment_date) as last_payment_date
    from payment_methods
    group by method
)

select * from dim_payment_method
