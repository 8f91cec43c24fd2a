-- Gold tickets are the accepted staging rows without tickets about test orders.
{{ config(meta={'compared_by': {'stg_support_tickets': 'ticket_id', 'fact_tickets': 'ticket_id'}}) }}

with test_orders as (
    select order_id
    from {{ ref('stg_orders') }}
    where _rejected is null and is_test = true
),

accepted as (
    select count(ticket_id) as row_count
    from {{ ref('stg_support_tickets') }}
    where
        _rejected is null
        and coalesce(order_id not in (select order_id from test_orders), true)
),

published as (
    select count(ticket_id) as row_count
    from {{ ref('fact_tickets') }}
)

select
    accepted.row_count as accepted_row_count,
    published.row_count as published_row_count
from accepted
cross join published
where
    accepted.row_count is distinct from published.row_count
