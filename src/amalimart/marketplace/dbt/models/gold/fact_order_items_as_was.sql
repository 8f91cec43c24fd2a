-- Every order line with what its product was when the order was placed: the seller, category, price and
-- standing of the moment. One row for each row of fact_order_items, whatever history holds; where it holds
-- nothing for the moment, the attributes are null and version_number says so. fact_order_items itself is
-- always read with the dimensions as they are.
-- grain: one row per order line
-- owner: catalogue data
-- personal data: none
-- kind: view
{{ config(materialized='view') }}

with fact_order_items as (
    select
        order_item_id,
        order_id,
        product_id,
        order_date
    from {{ ref('fact_order_items') }}
),

fact_orders as (
    select
        order_id,
        ordered_at
    from {{ ref('fact_orders') }}
),

dim_products_history as (
    select
        product_id,
        version_number,
        valid_from,
        valid_to,
        is_from_snapshot,
        known_from,
        vendor_id,
        category_id,
        price,
        currency,
        status,
        is_active
    from {{ ref('dim_products_history') }}
),

placed_items as (
    select
        fact_order_items.order_item_id,
        fact_order_items.order_id,
        fact_order_items.product_id,
        fact_order_items.order_date,
        fact_orders.ordered_at
    from fact_order_items
    left join fact_orders on fact_order_items.order_id = fact_orders.order_id
),

fact_order_items_as_was as (
    select
        placed_items.order_item_id,
        placed_items.order_id,
        placed_items.product_id,
        placed_items.order_date,
        dim_products_history.version_number,
        dim_products_history.is_from_snapshot
        and dim_products_history.known_from > placed_items.ordered_at as is_assumed,
        dim_products_history.vendor_id,
        dim_products_history.category_id,
        dim_products_history.price as list_price,
        dim_products_history.currency as list_price_currency,
        dim_products_history.status as product_status,
        dim_products_history.is_active as is_product_active
    from placed_items
    left join dim_products_history
        on {{ as_was('placed_items', 'product_id', 'ordered_at', 'dim_products_history') }}
)

select * from fact_order_items_as_was
