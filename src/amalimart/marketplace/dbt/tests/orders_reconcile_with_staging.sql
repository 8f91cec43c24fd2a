-- Gold orders are the accepted staging rows without test orders, to the row and the cent, by day.
{{ config(meta={'compared_by': {'stg_orders': 'order_id', 'fact_orders': 'order_id'}}) }}

with accepted as (
    select
        currency,
        {{ day_of('order_date') }} as order_date,
        count(*) as row_count,
        sum(total_amount) as amount
    from {{ ref('stg_orders') }}
    where _rejected is null and is_test is distinct from true
    group by currency, {{ day_of('order_date') }}
),

published as (
    select
        currency,
        order_date,
        count(*) as row_count,
        sum(total_amount) as amount
    from {{ ref('fact_orders') }}
    group by currency, order_date
)

select
    currency,
    order_date,
    accepted.row_count as accepted_rows,
    published.row_count as published_rows,
    accepted.amount as accepted_amount,
    published.amount as published_amount
from accepted
full outer join published using (currency, order_date)
where
    accepted.row_count is distinct from published.row_count
    or accepted.amount is distinct from published.amount
