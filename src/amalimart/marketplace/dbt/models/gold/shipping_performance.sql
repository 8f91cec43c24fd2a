-- Parcels by destination and the day of their order. On time and due as in fact_shipments. Every column but
-- order_count may be added over days and places, money within one currency; delivery_days_sum by
-- delivery_days_count is the mean. Documented filters: parcels of test orders, and of unknown orders, which
-- have no day.
-- grain: one row per city, region, country, day and currency
-- owner: logistics data
-- personal data: none
-- kind: change-driven
with fact_shipments as (
    select
        order_date,
        city,
        region,
        country,
        currency,
        order_id,
        delivered_date,
        delivery_days,
        has_negative_days,
        delivery_fee,
        is_express,
        is_due,
        is_on_time,
        is_failed
    from {{ ref('fact_shipments') }}
    where order_date is not null
),

shipping_performance as (
    select
        city,
        region,
        country,
        order_date,
        currency,
        count(*) as shipment_count,
        count(distinct order_id) as order_count,
        count(delivered_date) as delivered_count,
        count(*) filter (where is_on_time) as on_time_count,
        count(*) filter (where is_due) as due_count,
        count(*) filter (where is_due and is_on_time) as due_on_time_count,
        count(*) filter (where is_failed) as failed_count,
        count(*) filter (where is_express) as express_count,
        cast(coalesce(sum(delivery_days), 0) as bigint) as delivery_days_sum,
        count(delivery_days) as delivery_days_count,
        count(*) filter (where has_negative_days) as negative_days_count,
        {{ money('coalesce(sum(delivery_fee), 0)') }} as delivery_fee,
        count(delivery_fee) as delivery_fee_count
    from fact_shipments
    group by city, region, country, order_date, currency
)

select * from shipping_performance
