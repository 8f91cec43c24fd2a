-- Will a parcel be late? Features: what was known when its order was placed (who delivers is not, so it is no
-- feature). Label: is_late, not delivered on or before the promised day. Known at label_known_on: the day of
-- a delivery in time, else the day after the promised day; null while the parcel is not due, without a
-- promised day, and where it was delivered on a day that the source does not tell. City and region: the
-- parcel's or the order's own, else where the customer lived then, by dim_customers_history; country: where
-- the customer lived then. Amount, place and promise of a parcel are as they stand now: sources keep no
-- history of them. Documented filters: parcels of test orders, and of unknown orders, which have no moment.
-- grain: one row per shipment of a known order
-- owner: logistics data
-- personal data: none
-- kind: view
{{ config(materialized='view') }}

with fact_shipments as (
    select
        shipment_id,
        order_id,
        city,
        region,
        is_express,
        promised_date,
        delivered_date,
        is_due and not (status = 'DELIVERED' and delivered_date is null) as is_decided,
        is_on_time
    from {{ ref('fact_shipments') }}
),

shipments as (
    select
        shipment_id,
        city_basis,
        region_basis
    from {{ ref('shipments') }}
),

dim_customers_history as (
    select
        customer_id,
        valid_from,
        valid_to,
        city,
        region,
        country
    from {{ ref('dim_customers_history') }}
),

fact_orders as (
    select
        order_id,
        customer_id,
        ordered_at,
        order_date,
        total_amount,
        currency,
        customer_order_number
    from {{ ref('fact_orders') }}
),

features_late_delivery as (
    select
        fact_shipments.shipment_id,
        fact_shipments.order_id,
        fact_orders.ordered_at as known_at,
        case
            when shipments.city_basis in ('shipment', 'order') then fact_shipments.city
            else coalesce(dim_customers_history.city, 'unknown')
        end as city,
        case
            when shipments.region_basis in ('shipment', 'city table') then fact_shipments.region
            else coalesce(dim_customers_history.region, 'unknown')
        end as region,
        coalesce(dim_customers_history.country, 'unknown') as country,
        fact_shipments.is_express,
        {{ days_between('fact_orders.order_date', 'fact_shipments.promised_date') }} as promised_days,
        {{ day_of_week('fact_orders.order_date') }} as order_day_of_week,
        {{ day_of_week('fact_shipments.promised_date') }} as promised_day_of_week,
        fact_orders.total_amount,
        fact_orders.currency,
        fact_orders.customer_order_number - 1 as earlier_order_count,
        case
            when fact_shipments.is_on_time then fact_shipments.delivered_date
            when fact_shipments.is_decided then {{ add_days('fact_shipments.promised_date', 1) }}
        end as label_known_on,
        case
            when fact_shipments.is_decided and fact_shipments.promised_date is not null
                then not fact_shipments.is_on_time
        end as is_late
    from fact_shipments
    inner join fact_orders on fact_shipments.order_id = fact_orders.order_id
    left join shipments on fact_shipments.shipment_id = shipments.shipment_id
    left join dim_customers_history
        on {{ as_was('fact_orders', 'customer_id', 'ordered_at', 'dim_customers_history') }}
)

select * from features_late_delivery
