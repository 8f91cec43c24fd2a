-- What was known of a customer at the moment of each order: the orders before it, of any status, since how an
-- order ends is known later only. Amounts are added in the order's own currency and are as they stand now:
-- sources keep no history of them. Documented filters: test orders and orders without a customer.
-- grain: one row per order of a known customer
-- owner: customer data
-- personal data: none
-- kind: view
{{ config(materialized='view') }}

with orders as (
    select
        order_id,
        customer_id,
        ordered_at,
        order_date,
        total_amount,
        currency
    from {{ ref('orders') }}
    where not is_test and customer_id is not null
),

sequenced as (
    select
        order_id,
        customer_id,
        order_date,
        row_number() over (
            partition by customer_id
            order by ordered_at nulls last, {{ in_id_order('order_id') }}
        ) as customer_order_number,
        first_value(order_date) over (
            partition by customer_id
            order by ordered_at nulls last, {{ in_id_order('order_id') }}
        ) as first_order_date,
        lag(order_date) over (
            partition by customer_id
            order by ordered_at nulls last, {{ in_id_order('order_id') }}
        ) as previous_order_date,
        lead(order_date) over (
            partition by customer_id
            order by ordered_at nulls last, {{ in_id_order('order_id') }}
        ) as next_order_date,
        sum(total_amount) over (
            partition by customer_id, currency
            order by ordered_at nulls last, {{ in_id_order('order_id') }}
            rows between unbounded preceding and 1 preceding
        ) as earlier_amount
    from orders
),

customer_order_history as (
    select
        order_id,
        customer_id,
        customer_order_number - 1 as earlier_order_count,
        {{ money('coalesce(earlier_amount, 0)') }} as earlier_order_amount,
        {{ days_between('first_order_date', 'order_date') }} as days_since_first_order,
        {{ days_between('previous_order_date', 'order_date') }} as days_since_previous_order,
        next_order_date
    from sequenced
)

select * from customer_order_history
