-- Gold payments are the accepted staging rows without payments of test orders, to the row and the cent.
{{ config(meta={'compared_by': {'stg_payments': 'payment_id', 'fact_payments': 'payment_id'}}) }}

with test_orders as (
    select order_id
    from {{ ref('stg_orders') }}
    where _rejected is null and is_test = true
),

accepted as (
    select
        currency,
        count(*) as row_count,
        sum(amount) as amount,
        sum(amount) filter (where status = 'SUCCESS') as success_amount
    from {{ ref('stg_payments') }}
    where
        _rejected is null
        and coalesce(order_id not in (select order_id from test_orders), true)
    group by currency
),

published as (
    select
        currency,
        count(*) as row_count,
        sum(amount) as amount,
        sum(amount) filter (where is_success) as success_amount
    from {{ ref('fact_payments') }}
    group by currency
)

select
    currency,
    accepted.row_count as accepted_row_count,
    published.row_count as published_row_count,
    accepted.amount as accepted_amount,
    published.amount as published_amount,
    accepted.success_amount as accepted_success_amount,
    published.success_amount as published_success_amount
from accepted
full outer join published using (currency)
where
    accepted.row_count is distinct from published.row_count
    or accepted.amount is distinct from published.amount
    or accepted.success_amount is distinct from published.success_amount
