-- Gold shipments are the accepted staging rows without shipments of test orders, to the row and the cent.
{{ config(meta={'compared_by': {'stg_shipments': 'shipment_id', 'fact_shipments': 'shipment_id'}}) }}

with test_orders as (
    select order_id
    from {{ ref('stg_orders') }}
    where _rejected is null and is_test = true
),

accepted as (
    select
        count(*) as row_count,
        sum(delivery_fee) as delivery_fee
    from {{ ref('stg_shipments') }}
    where
        _rejected is null
        and coalesce(order_id not in (select order_id from test_orders), true)
),

published as (
    select
        count(*) as row_count,
        sum(delivery_fee) as delivery_fee
    from {{ ref('fact_shipments') }}
)

select
    accepted.row_count as accepted_row_count,
    published.row_count as published_row_count,
    accepted.delivery_fee as accepted_delivery_fee,
    published.delivery_fee as published_delivery_fee
from accepted
cross join published
where
    accepted.row_count is distinct from published.row_count
    or accepted.delivery_fee is distinct from published.delivery_fee
