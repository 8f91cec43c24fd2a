-- Every accepted order line with its seller (the line's, else the product's) and its order's customer and
-- day. item_amount = quantity x unit_price; the stored line total is kept for reconciliation only. No money
-- of the order is here: order-grain money never joins item rows.
-- grain: one row per order line
-- owner: finance data
-- personal data: none
-- kind: change-driven
with stg_order_items as (
    select
        order_item_id,
        order_id,
        product_id,
        variant_id,
        vendor_id,
        quantity,
        unit_price,
        line_total,
        commission_amount,
        currency,
        status
    from {{ ref('stg_order_items') }}
    where _rejected is null
),

orders as (
    select
        order_id,
        customer_id,
        order_date,
        is_test
    from {{ ref('orders') }}
),

products as (
    select
        product_id,
        vendor_id
    from {{ ref('products') }}
),

repeated_order_lines as (
    select order_item_id
    from {{ ref('repeated_order_lines') }}
),

order_items as (
    select
        stg_order_items.order_item_id,
        stg_order_items.order_id,
        stg_order_items.product_id,
        stg_order_items.variant_id,
        coalesce(stg_order_items.vendor_id, products.vendor_id) as vendor_id,
        orders.customer_id,
        orders.order_date,
        stg_order_items.quantity,
        stg_order_items.unit_price,
        {{ money('stg_order_items.quantity * stg_order_items.unit_price') }} as item_amount,
        stg_order_items.line_total,
        stg_order_items.commission_amount,
        stg_order_items.currency,
        stg_order_items.status,
        coalesce(orders.is_test, false) as is_test,
        stg_order_items.order_id is not null and repeated_order_lines.order_item_id is null
            as is_first_of_product
    from stg_order_items
    left join orders on stg_order_items.order_id = orders.order_id
    left join products on stg_order_items.product_id = products.product_id
    left join repeated_order_lines on stg_order_items.order_item_id = repeated_order_lines.order_item_id
)

select * from order_items
