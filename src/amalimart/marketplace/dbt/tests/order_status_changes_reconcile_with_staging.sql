-- Gold status changes are the accepted staging rows that name an order, without changes of test orders, to
-- the row; each order has one latest change.
{{ config(meta={'compared_by': {
    'stg_order_status_history': 'order_id', 'fact_order_status_changes': 'order_id'
}}) }}

with test_orders as (
    select order_id
    from {{ ref('stg_orders') }}
    where _rejected is null and is_test = true
),

accepted as (
    select
        count(*) as row_count,
        count(distinct order_id) as latest_count
    from {{ ref('stg_order_status_history') }}
    where
        _rejected is null
        and order_id is not null
        and order_id not in (select order_id from test_orders)
),

published as (
    select
        count(*) as row_count,
        count(*) filter (where is_latest) as latest_count
    from {{ ref('fact_order_status_changes') }}
)

select
    accepted.row_count as accepted_row_count,
    published.row_count as published_row_count,
    accepted.latest_count as accepted_latest_count,
    published.latest_count as published_latest_count
from accepted
cross join published
where
    accepted.row_count is distinct from published.row_count
    or accepted.latest_count is distinct from published.latest_count
