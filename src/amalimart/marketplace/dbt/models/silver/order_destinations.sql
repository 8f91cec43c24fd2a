-- Where each order goes. Region: its first parcel's, else through the table of cities, else the customer's
-- default address, else unknown; region_basis says which, so the share of unknown regions can be shown.
-- City: the order's, else the first parcel's, else the default address's. The first parcel is the one created
-- first; the city table is asked about the order's or parcel's city only.
-- grain: one row per order
-- owner: logistics data
-- personal data: none
-- kind: change-driven
with orders as (
    select
        order_id,
        customer_id,
        shipping_city
    from {{ ref('orders') }}
),

stg_shipments as (
    select
        shipment_id,
        order_id,
        city,
        region,
        country,
        created_at
    from {{ ref('stg_shipments') }}
    where _rejected is null and order_id is not null
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

ranked_shipments as (
    select
        order_id,
        city,
        region,
        country,
        row_number() over (
            partition by order_id
            order by created_at asc nulls last, {{ in_id_order('shipment_id') }}
        ) as preference
    from stg_shipments
),

first_shipments as (
    select
        order_id,
        city,
        region,
        country
    from ranked_shipments
    where preference = 1
),

order_destinations as (
    select
        orders.order_id,
        coalesce(orders.shipping_city, first_shipments.city, default_addresses.city, 'unknown')
            as shipping_city,
        coalesce(first_shipments.region, places.region, default_addresses.region, 'unknown')
            as shipping_region,
        coalesce(first_shipments.country, places.country, default_addresses.country, 'unknown')
            as shipping_country,
        case
            when first_shipments.region is not null then 'shipment'
            when places.region is not null then 'city table'
            when default_addresses.region is not null then 'default address'
            else 'unknown'
        end as region_basis
    from orders
    left join first_shipments on orders.order_id = first_shipments.order_id
    left join default_addresses on orders.customer_id = default_addresses.user_id
    left join places
        on {{ place_key('coalesce(orders.shipping_city, first_shipments.city)') }} = places.city_key
)

select * from order_destinations
