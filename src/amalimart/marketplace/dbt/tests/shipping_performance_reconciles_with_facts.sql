-- The days of destinations hold every parcel whose order is known, to the row and the cent.
{{ config(meta={'compared_by': {'shipping_performance': 'order_date', 'fact_shipments': 'order_date'}}) }}

with in_facts as (
    select
        coalesce(currency, 'none') as currency,
        count(*) as shipment_count,
        count(*) filter (where is_on_time) as on_time_count,
        coalesce(sum(delivery_days), 0) as delivery_days_sum,
        coalesce(sum(delivery_fee), 0) as delivery_fee
    from {{ ref('fact_shipments') }}
    where order_date is not null
    group by coalesce(currency, 'none')
),

in_dataset as (
    select
        coalesce(currency, 'none') as currency,
        sum(shipment_count) as shipment_count,
        sum(on_time_count) as on_time_count,
        sum(delivery_days_sum) as delivery_days_sum,
        sum(delivery_fee) as delivery_fee
    from {{ ref('shipping_performance') }}
    group by coalesce(currency, 'none')
)

select
    currency,
    in_facts.shipment_count as fact_shipment_count,
    in_dataset.shipment_count as dataset_shipment_count,
    in_facts.on_time_count as fact_on_time_count,
    in_dataset.on_time_count as dataset_on_time_count,
    in_facts.delivery_fee as fact_delivery_fee,
    in_dataset.delivery_fee as dataset_delivery_fee
from in_facts
full outer join in_dataset using (currency)
where
    in_facts.shipment_count is distinct from in_dataset.shipment_count
    or in_facts.on_time_count is distinct from in_dataset.on_time_count
    or in_facts.delivery_days_sum is distinct from in_dataset.delivery_days_sum
    or in_facts.delivery_fee is distinct from in_dataset.delivery_fee
