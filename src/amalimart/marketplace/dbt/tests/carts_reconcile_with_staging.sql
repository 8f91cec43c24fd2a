-- Gold carts are the accepted staging rows without carts that became test orders, to the row and the unit.
{{ config(meta={'compared_by': {
    'stg_carts': 'cart_id', 'stg_cart_items': 'cart_id', 'fact_carts': 'cart_id'
}}) }}

with test_orders as (
    select order_id
    from {{ ref('stg_orders') }}
    where _rejected is null and is_test = true
),

accepted_carts as (
    select
        cart_id,
        order_id
    from {{ ref('stg_carts') }}
    where
        _rejected is null
        and coalesce(order_id not in (select order_id from test_orders), true)
),

accepted_lines as (
    select
        cart_id,
        quantity
    from {{ ref('stg_cart_items') }}
    where _rejected is null and cart_id in (select cart_id from accepted_carts)
),

accepted as (
    select
        (select count(*) from accepted_carts) as row_count,
        (select count(order_id) from accepted_carts) as converted_count,
        (select count(*) from accepted_lines) as line_count,
        (select coalesce(sum(quantity), 0) from accepted_lines) as unit_count
),

published as (
    select
        count(*) as row_count,
        count(*) filter (where is_converted) as converted_count,
        coalesce(sum(line_count), 0) as line_count,
        coalesce(sum(unit_count), 0) as unit_count
    from {{ ref('fact_carts') }}
)

select
    accepted.row_count as accepted_row_count,
    published.row_count as published_row_count,
    accepted.converted_count as accepted_converted_count,
    published.converted_count as published_converted_count,
    accepted.line_count as accepted_line_count,
    published.line_count as published_line_count,
    accepted.unit_count as accepted_unit_count,
    published.unit_count as published_unit_count
from accepted
cross join published
where
    accepted.row_count is distinct from published.row_count
    or accepted.converted_count is distinct from published.converted_count
    or accepted.line_count is distinct from published.line_count
    or accepted.unit_count is distinct from published.unit_count
