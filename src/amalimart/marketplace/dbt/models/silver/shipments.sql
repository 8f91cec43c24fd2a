-- Every accepted parcel: where it goes, when it was promised, when it arrived.
-- Region: the parcel's own, else through the table of cities, else the customer's default address, else
-- unknown; region_basis says which, so the share of unknown regions can be shown. City and country follow
-- the same order. Promised: the shop's promise, else the order's day plus the SLA days of express or standard
-- delivery. Delivery days are calendar days; a parcel delivered before its order was placed has none, is
-- marked, and does not prove that the order was ever delivered unless the source states so.
-- grain: one row per shipment
-- owner: logistics data
-- personal data: none
-- kind: change-driven
with stg_shipments as (
    select
        shipment_id,
        order_id,
        delivery_partner_id,
        status,
        city,
        region,
        country,
        delivery_fee,
        currency,
        promised_at,
        dispatched_at,
        delivered_at,
        failure_reason,
        coalesce(is_express, false) as is_express,
        coalesce(status = 'DELIVERED' or (delivered_at is not null and status <> 'FAILED'), false)
            as is_delivered
    from {{ ref('stg_shipments') }}
    where _rejected is null
),

orders as (
    select
        order_id,
        customer_id,
        order_date,
        currency,
        shipping_city,
        is_test
    from {{ ref('orders') }}
),

default_addresses as (
    select
        user_id,
        city,
        region,
        country
    from {{ ref('user_addresses') }}
    where is_default
),

places as (
    select
        city_key,
        region,
        country
    from {{ ref('places') }}
),

located as (
    select
        stg_shipments.shipment_id,
        stg_shipments.order_id,
        stg_shipments.delivery_partner_id,
        orders.order_date,
        case
            when stg_shipments.status <> 'UNKNOWN' then stg_shipments.status
            when stg_shipments.delivered_at is not null then 'DELIVERED'
            when stg_shipments.dispatched_at is not null then 'IN_TRANSIT'
            else 'UNKNOWN'
        end as status,
        coalesce(stg_shipments.city, orders.shipping_city, default_addresses.city, 'unknown') as city,
        coalesce(stg_shipments.region, places.region, default_addresses.region, 'unknown') as region,
        coalesce(stg_shipments.country, places.country, default_addresses.country, 'unknown') as country,
        case
            when stg_shipments.city is not null then 'shipment'
            when orders.shipping_city is not null then 'order'
            when default_addresses.city is not null then 'default address'
            else 'unknown'
        end as city_basis,
        case
            when stg_shipments.region is not null then 'shipment'
            when places.region is not null then 'city table'
            when default_addresses.region is not null then 'default address'
            else 'unknown'
        end as region_basis,
        stg_shipments.delivery_fee,
        coalesce(stg_shipments.currency, orders.currency) as currency,
        stg_shipments.is_express,
        coalesce(
            {{ day_of('stg_shipments.promised_at') }},
            {{ add_days(
                'orders.order_date',
                'case when stg_shipments.is_express then ' ~ var('sla_days_express')
                ~ ' else ' ~ var('sla_days_standard') ~ ' end'
            ) }}
        ) as promised_date,
        stg_shipments.dispatched_at,
        stg_shipments.delivered_at,
        case when stg_shipments.is_delivered then {{ day_of('stg_shipments.delivered_at') }} end
            as delivered_date,
        stg_shipments.is_delivered,
        stg_shipments.status = 'DELIVERED' as is_stated_delivered,
        stg_shipments.status = 'FAILED'
        or (stg_shipments.status = 'RETURNED' and stg_shipments.delivered_at is null) as is_failed,
        stg_shipments.failure_reason,
        coalesce(orders.is_test, false) as is_test
    from stg_shipments
    left join orders on stg_shipments.order_id = orders.order_id
    left join default_addresses on orders.customer_id = default_addresses.user_id
    left join places
        on {{ place_key('coalesce(stg_shipments.city, orders.shipping_city)') }} = places.city_key
),

shipments as (
    select
        shipment_id,
        order_id,
        delivery_partner_id,
        order_date,
        status,
        city,
        region,
        country,
        city_basis,
        region_basis,
        delivery_fee,
        currency,
        is_express,
        promised_date,
        dispatched_at,
        delivered_at,
        delivered_date,
        case when delivered_date >= order_date then {{ days_between('order_date', 'delivered_date') }} end
            as delivery_days,
        coalesce(delivered_date < order_date, false) as has_negative_days,
        is_delivered,
        is_delivered and (is_stated_delivered or not coalesce(delivered_date < order_date, false))
            as proves_delivery,
        is_failed,
        failure_reason,
        is_test
    from located
)

select * from shipments
