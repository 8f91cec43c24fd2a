-- A smell of the source: parcels dated as delivered before their order. They have no delivery days.
{{ config(
    severity='warn',
    meta={'compared_by': {'fact_shipments': 'shipment_id'}}
) }}

select
    shipment_id,
    order_id,
    order_date,
    delivered_date
from {{ ref('fact_shipments') }}
where has_negative_days
