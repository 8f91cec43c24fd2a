-- Will a customer refuse at the door an order that is to be paid in cash? Features: what was known when it
-- was placed. Label: is_refused, its delivery failed and was not made good; false once it was delivered; null
-- before, and for orders that never went out. The label is known when the order is delivered or its delivery
-- fails; sources date the first only, so train on orders older than the longest delivery. The rows are orders
-- whose payment is cash on delivery now. Amounts and places are as they stand now. Documented filter: test
-- orders.
-- grain: one row per order paid in cash on delivery
-- owner: finance data
-- personal data: none
-- kind: change-driven
with fact_orders as (
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
        shipping_city,
        shipping_region,
        shipping_country
    from {{ ref('fact_orders') }}
    where payment_kind = 'COD'
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
        earlier_order_count,
        earlier_order_amount,
        days_since_previous_order
    from {{ ref('customer_order_history') }}
),

features_cod_refusal as (
    select
        fact_orders.order_id,
        fact_orders.customer_id,
        fact_orders.ordered_at as known_at,
        fact_orders.total_amount,
        fact_orders.discount_amount,
        fact_orders.delivery_fee,
        fact_orders.currency,
        fact_orders.channel,
        fact_orders.shipping_city,
        fact_orders.shipping_region,
        fact_orders.shipping_country,
        {{ day_of_week('fact_orders.order_date') }} as order_day_of_week,
        customer_order_history.earlier_order_count,
        customer_order_history.earlier_order_amount,
        customer_order_history.days_since_previous_order,
        case
            when order_fulfilment.is_delivery_failed then true
            when order_fulfilment.is_fulfilled then false
        end as is_refused
    from fact_orders
    left join order_fulfilment on fact_orders.order_id = order_fulfilment.order_id
    left join customer_order_history on fact_orders.order_id = customer_order_history.order_id
)

select * from features_cod_refusal
