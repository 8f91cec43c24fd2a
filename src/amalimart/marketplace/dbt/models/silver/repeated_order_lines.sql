-- Order lines whose product an earlier line of their order holds, too; products that are unknown count as
-- one. There are few such lines, and a product has as many orders as lines without them. Documented filter:
-- lines without an order stay out.
-- grain: one row per order line that repeats a product
-- owner: finance data
-- personal data: none
-- kind: change-driven
with stg_order_items as (
    select
        order_item_id,
        order_id,
        product_id
    from {{ ref('stg_order_items') }}
    where _rejected is null and order_id is not null
),

products as (
    select product_id
    from {{ ref('products') }}
),

numbered as (
    select
        stg_order_items.order_item_id,
        stg_order_items.order_id,
        row_number() over (
            partition by stg_order_items.order_id, coalesce(products.product_id, 'unknown')
            order by {{ in_id_order('stg_order_items.order_item_id') }}
        ) as line_number
    from stg_order_items
    left join products on stg_order_items.product_id = products.product_id
),

repeated_order_lines as (
    select
        order_item_id,
        order_id
    from numbered
    where line_number > 1
)

select * from repeated_order_lines
