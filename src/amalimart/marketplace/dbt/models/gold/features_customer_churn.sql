-- Will a customer who has just ordered order again? Features: what was known when the order was placed.
-- Label: is_churned, no order in the 90 days after the order's day. Known at label_known_on, the day of the
-- next order or the day after the 90 days; null until the business day has come to that. Train on rows with a
-- label, and never on label_known_on. Amounts are as they stand now: sources keep no history of them.
-- Documented filters: test orders and orders without a customer.
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
        currency,
        channel
    from {{ ref('orders') }}
    where not is_test and customer_id is not null
),

customer_order_history as (
    select
        order_id,
        customer_id,
        earlier_order_count,
        earlier_order_amount,
        days_since_first_order,
        days_since_previous_order,
        next_order_date
    from {{ ref('customer_order_history') }}
),

run_context as (
    select business_day
    from {{ source('meta', 'run_context') }}
),

joined as (
    select
        orders.order_id,
        orders.customer_id,
        orders.ordered_at,
        orders.order_date,
        orders.total_amount,
        orders.currency,
        orders.channel,
        customer_order_history.earlier_order_count,
        customer_order_history.earlier_order_amount,
        customer_order_history.days_since_first_order,
        customer_order_history.days_since_previous_order,
        customer_order_history.next_order_date <= {{ add_days('orders.order_date', 90) }} as came_back,
        case
            when customer_order_history.next_order_date <= {{ add_days('orders.order_date', 90) }}
                then customer_order_history.next_order_date
            else {{ add_days('orders.order_date', 91) }}
        end as label_known_on
    from orders
    left join customer_order_history
        on
            orders.customer_id = customer_order_history.customer_id
            and orders.order_id = customer_order_history.order_id
),

features_customer_churn as (
    select
        joined.order_id,
        joined.customer_id,
        joined.ordered_at as known_at,
        joined.total_amount,
        joined.currency,
        joined.channel,
        {{ day_of_week('joined.order_date') }} as order_day_of_week,
        joined.earlier_order_count,
        joined.earlier_order_amount,
        joined.days_since_first_order,
        joined.days_since_previous_order,
        joined.label_known_on,
        case
            when joined.label_known_on <= run_context.business_day then not coalesce(joined.came_back, false)
        end as is_churned
    from joined
    cross join run_context
)

select * from features_customer_churn
