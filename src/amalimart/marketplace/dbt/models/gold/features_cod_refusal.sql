-- Will a customer refuse at the door an order that is to be paid in cash? Features: what was known when it
-- was placed. Label: is_refused, its delivery failed and was not made good; false once it was delivered; null
-- before, and for orders that never went out. The label is known when the order is delivered or its delivery
-- fails; sources date the first only, so train on orders older than the longest delivery. The rows are those
-- orders whose first payment attempt is cash on delivery, whatever was tried later. City: the order's own.
-- Region and country: where the customer lived then, by dim_customers_history. Amounts are as they stand now:
-- sources keep no history of them. Documented filter: test orders.
-- grain: one row per order to be paid in cash on delivery
-- owner: finance data
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
        discount_amount,
        delivery_fee,
        currency,
        channel,
        shipping_city
    from {{ ref('orders') }}
    where not is_test
),

order_payments as (
    select
        order_id,
        first_payment_kind
    from {{ ref('order_payments') }}
),

order_fulfilment as (
    select
        order_id,
        is_fulfilled,
        is_delivery_failed
    from {{ ref('order_fulfilment') }}
),

customer_order_history as (
    select
        order_id,
        customer_id,
        earlier_order_count,
        earlier_order_amount,
        days_since_previous_order
    from {{ ref('customer_order_history') }}
),

dim_customers_history as (
    select
        customer_id,
        valid_from,
        valid_to,
        region,
        country
    from {{ ref('dim_customers_history') }}
),

features_cod_refusal as (
    select
        orders.order_id,
        orders.customer_id,
        orders.ordered_at as known_at,
        orders.total_amount,
        orders.discount_amount,
        orders.delivery_fee,
        orders.currency,
        orders.channel,
        coalesce(orders.shipping_city, 'unknown') as shipping_city,
        coalesce(dim_customers_history.region, 'unknown') as customer_region,
        coalesce(dim_customers_history.country, 'unknown') as customer_country,
        {{ day_of_week('orders.order_date') }} as order_day_of_week,
        customer_order_history.earlier_order_count,
        customer_order_history.earlier_order_amount,
        customer_order_history.days_since_previous_order,
        case
            when order_fulfilment.is_delivery_failed then true
            when order_fulfilment.is_fulfilled then false
        end as is_refused
    from orders
    inner join order_payments on orders.order_id = order_payments.order_id
    left join order_fulfilment on orders.order_id = order_fulfilment.order_id
    left join customer_order_history
        on
            orders.customer_id = customer_order_history.customer_id
            and orders.order_id = customer_order_history.order_id
    left join dim_customers_history
        on {{ as_was('orders', 'customer_id', 'ordered_at', 'dim_customers_history') }}
    where order_payments.first_payment_kind = 'COD'
)

select * from features_cod_refusal
