-- Whether each order was ever delivered, from any of three witnesses: its status now (completed, or returned,
-- which only a delivered order can be), its status at any time in the history, a parcel that proves delivery.
-- A failed delivery counts against the order only while no witness says that it was delivered after all.
-- grain: one row per order
-- owner: logistics data
-- personal data: none
-- kind: change-driven
with orders as (
    select
        order_id,
        status
    from {{ ref('orders') }}
),

stg_order_status_history as (
    select
        order_id,
        previous_status,
        new_status
    from {{ ref('stg_order_status_history') }}
    where _rejected is null and order_id is not null
),

shipments as (
    select
        order_id,
        proves_delivery,
        is_failed
    from {{ ref('shipments') }}
    where order_id is not null
),

history_by_order as (
    select
        order_id,
        bool_or(new_status in ('COMPLETED', 'RETURNED') or previous_status in ('COMPLETED', 'RETURNED'))
            as was_delivered
    from stg_order_status_history
    group by order_id
),

shipments_by_order as (
    select
        order_id,
        bool_or(proves_delivery) as was_delivered,
        bool_or(is_failed) as has_failed_delivery
    from shipments
    group by order_id
),

witnessed as (
    select
        orders.order_id,
        orders.status in ('COMPLETED', 'RETURNED')
        or coalesce(history_by_order.was_delivered, false)
        or coalesce(shipments_by_order.was_delivered, false) as is_fulfilled,
        coalesce(shipments_by_order.has_failed_delivery, false) as has_failed_delivery
    from orders
    left join history_by_order on orders.order_id = history_by_order.order_id
    left join shipments_by_order on orders.order_id = shipments_by_order.order_id
),

order_fulfilment as (
    select
        order_id,
        is_fulfilled,
        has_failed_delivery and not is_fulfilled as is_delivery_failed
    from witnessed
)

select * from order_fulfilment
