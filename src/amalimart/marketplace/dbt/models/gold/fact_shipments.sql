-- Every parcel. Documented filter: parcels of test orders stay out.
-- On time: delivered on or before the promised day (a parcel dated before its order is not late, but has no
-- delivery days). Due: delivered, or the promised day is over and the order was neither cancelled nor
-- rejected. The share of parcels without a known region is the share of region = 'unknown'.
-- grain: one row per shipment
-- owner: logistics data
-- personal data: none
-- kind: day-driven
with shipments as (
    select
        shipment_id,
        order_id,
        delivery_partner_id,
        order_date,
        delivered_date,
        status,
        city,
        region,
        country,
        delivery_fee,
        currency,
        is_express,
        delivery_days,
        has_negative_days,
        promised_date,
        is_delivered,
        is_failed
    from {{ ref('shipments') }}
    where not is_test
),

orders as (
    select
        order_id,
        status
    from {{ ref('orders') }}
),

run_context as (
    select business_day
    from {{ source('meta', 'run_context') }}
),

fact_shipments as (
    select
        shipments.shipment_id,
        shipments.order_id,
        shipments.delivery_partner_id,
        shipments.order_date,
        shipments.delivered_date,
        shipments.status,
        shipments.city,
        shipments.region,
        shipments.country,
        shipments.delivery_fee,
        shipments.currency,
        shipments.is_express,
        shipments.delivery_days,
        shipments.has_negative_days,
        shipments.promised_date,
        shipments.is_delivered
        or (
            coalesce(shipments.promised_date < run_context.business_day, false)
            and coalesce(orders.status not in ('CANCELLED', 'REJECTED'), true)
        ) as is_due,
        coalesce(shipments.delivered_date <= shipments.promised_date, false) as is_on_time,
        shipments.is_failed
    from shipments
    cross join run_context
    left join orders on shipments.order_id = orders.order_id
)

select * from fact_shipments
