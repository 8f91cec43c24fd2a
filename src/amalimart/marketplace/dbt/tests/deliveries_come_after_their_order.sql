-- A smell of the source: parcels dated as delivered before their order. They have no delivery days.
{{ config(severity='warn') }}

select
    shipment_id,
    order_id,
    order_date,
    delivered_date
from {{ ref('fact_shipments') }}
where has_negative_days
