-- Whether each order was ever delivered, from any of three witnesses: its status now (completed, or returned,
-- which only a delivered order can be), its status at any time in the history, a parcel that proves delivery.
-- A failed delivery counts against the order only while no witness says that it was delivered after all.
-- It was delivered on the first day that the history or a parcel tells, and cancelled on the last that the
-- history tells; what only the status now says, or a day before the order, has no day.
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
        new_status,
        created_at
    from {{ ref('stg_order_status_history') }}
    where _rejected is null and order_id is not null
),

shipments as (
    select
        order_id,
        proves_delivery,
        delivered_date,
        has_negative_days,
        is_failed
    from {{ ref('shipments') }}
    where order_id is not null
),

history_by_order as (
    select
        order_id,
        bool_or(new_status in ('COMPLETED', 'RETURNED') or previous_status in ('COMPLETED', 'RETURNED'))
            as was_delivered,
        min(case when new_status = 'COMPLETED' then {{ day_of('created_at') }} end) as delivered_date,
        max(case when new_status = 'CANCELLED' then {{ day_of('created_at') }} end) as cancelled_date
    from stg_order_status_history
    group by order_id
),

shipments_by_order as (
    select
        order_id,
        bool_or(proves_delivery) as was_delivered,
        min(case when proves_delivery and not has_negative_days then delivered_date end) as delivered_date,
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
        case
            when shipments_by_order.delivered_date < history_by_order.delivered_date
                then shipments_by_order.delivered_date
            else coalesce(history_by_order.delivered_date, shipments_by_order.delivered_date)
        end as delivered_date,
        history_by_order.cancelled_date,
        coalesce(shipments_by_order.has_failed_delivery, false) as has_failed_delivery
    from orders
    left join history_by_order on orders.order_id = history_by_order.order_id
    left join shipments_by_order on orders.order_id = shipments_by_order.order_id
),

order_fulfilment as (
    select
        order_id,
        is_fulfilled,
        delivered_date,
        cancelled_date,
        has_failed_delivery and not is_fulfilled as is_delivery_failed
    from witnessed
)

select * from order_fulfilment
