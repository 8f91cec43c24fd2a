-- What the business day says of each customer who ever ordered: how long ago the last order was, and how many
-- came lately. A window of 90 days is the business day and the 89 before it; orders dated after the business
-- day are in no window. Documented filters: test orders and orders without a customer.
-- grain: one row per customer with an order
-- owner: customer data
-- personal data: none
-- kind: day-driven
with orders as (
    select
        customer_id,
        order_date
    from {{ ref('orders') }}
    where not is_test and customer_id is not null
),

run_context as (
    select business_day
    from {{ source('meta', 'run_context') }}
),

dated as (
    select
        orders.customer_id,
        orders.order_date,
        run_context.business_day,
        {{ days_between('orders.order_date', 'run_context.business_day') }} as days_ago
    from orders
    cross join run_context
),

customer_recency as (
    select
        customer_id,
        business_day,
        min(days_ago) as recency_days,
        max(days_ago) as age_days,
        count(*) filter (where days_ago between 0 and 29) as orders_30_days,
        count(*) filter (where days_ago between 0 and 89) as orders_90_days,
        count(*) filter (where days_ago between 0 and 364) as orders_365_days
    from dated
    group by customer_id, business_day
)

select * from customer_recency
