-- What each customer has ordered: cohort, first and last order, lifetime value, and the parts of RFM that do
-- not depend on the day (customer_recency has those that do). Who ordered counts, whatever the role, also
-- where the account is unknown. Dates and total_order_count are the customer's; counts and money those of one
-- currency. Lifetime value counts orders of any status, net lifetime value none that was cancelled, rejected
-- or returned. Documented filters: test orders and orders without a customer.
-- grain: one row per customer and currency
-- owner: customer data
-- personal data: none
-- kind: change-driven
with orders as (
    select
        customer_id,
        order_date,
        status,
        total_amount,
        currency
    from {{ ref('orders') }}
    where not is_test and customer_id is not null
),

customers as (
    select
        customer_id,
        min(order_date) as first_order_date,
        max(order_date) as last_order_date,
        count(distinct order_date) as order_days,
        count(*) as total_order_count
    from orders
    group by customer_id
),

money_by_customer as (
    select
        customer_id,
        currency,
        count(*) as order_count,
        count(*) filter (where status = 'COMPLETED') as completed_order_count,
        count(*) filter (where status = 'CANCELLED') as cancelled_order_count,
        {{ money('sum(total_amount)') }} as lifetime_value,
        {{ money(
            "coalesce(sum(total_amount) filter (where status not in ('CANCELLED', 'REJECTED', 'RETURNED')), 0)"
        ) }} as net_lifetime_value
    from orders
    group by customer_id, currency
),

customer_insights as (
    select
        money_by_customer.customer_id,
        money_by_customer.currency,
        {{ start_of('month', 'customers.first_order_date') }} as cohort_month,
        customers.first_order_date,
        customers.last_order_date,
        {{ days_between('customers.first_order_date', 'customers.last_order_date') }} as tenure_days,
        customers.order_days,
        customers.total_order_count,
        customers.total_order_count > 1 as is_repeat_customer,
        money_by_customer.order_count,
        money_by_customer.completed_order_count,
        money_by_customer.cancelled_order_count,
        money_by_customer.lifetime_value,
        money_by_customer.net_lifetime_value
    from money_by_customer
    inner join customers on money_by_customer.customer_id = customers.customer_id
)

select * from customer_insights
