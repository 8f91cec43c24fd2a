-- Every order with its header money. Documented filter: test orders stay out.
-- Failed: rejected, or a delivery that failed and was not made good, or a payment that failed without later
-- success; a cancellation is not a failure. customer_order_number counts the customer's orders of any status.
-- The share of orders without a known region is the share of shipping_region = 'unknown'.
-- grain: one row per order
-- owner: finance data
-- personal data: none
-- kind: change-driven
with orders as (
    select
        order_id,
        customer_id,
        order_date,
        ordered_at,
        status,
        total_amount,
        discount_amount,
        delivery_fee,
        tax_amount,
        currency,
        channel,
        discount_id
    from {{ ref('orders') }}
    where not is_test
),

order_payments as (
    select
        order_id,
        payment_kind,
        payment_method,
        is_payment_failed
    from {{ ref('order_payments') }}
),

order_destinations as (
    select
        order_id,
        shipping_city,
        shipping_region,
        shipping_country
    from {{ ref('order_destinations') }}
),

order_fulfilment as (
    select
        order_id,
        is_fulfilled,
        delivered_date,
        cancelled_date,
        is_delivery_failed
    from {{ ref('order_fulfilment') }}
),

customer_orders as (
    select
        order_id,
        customer_order_number
    from {{ ref('customer_orders') }}
),

fact_orders as (
    select
        orders.order_id,
        orders.customer_id,
        orders.order_date,
        orders.ordered_at,
        orders.status,
        orders.total_amount,
        orders.discount_amount,
        orders.delivery_fee,
        orders.tax_amount,
        orders.currency,
        orders.channel,
        orders.discount_id,
        coalesce(order_payments.payment_kind, 'NONE') as payment_kind,
        order_payments.payment_method,
        order_destinations.shipping_city,
        order_destinations.shipping_region,
        order_destinations.shipping_country,
        orders.status = 'COMPLETED' as is_completed,
        orders.status = 'CANCELLED' as is_cancelled,
        orders.status = 'REJECTED' as is_rejected,
        order_fulfilment.is_fulfilled,
        order_fulfilment.delivered_date,
        order_fulfilment.cancelled_date,
        orders.status = 'REJECTED'
        or order_fulfilment.is_delivery_failed
        or coalesce(order_payments.is_payment_failed, false) as is_failed,
        customer_orders.customer_order_number
    from orders
    left join order_payments on orders.order_id = order_payments.order_id
    left join order_destinations on orders.order_id = order_destinations.order_id
    left join order_fulfilment on orders.order_id = order_fulfilment.order_id
    left join customer_orders on orders.order_id = customer_orders.order_id
)

select * from fact_orders
