-- Every accepted cart line with its cart's customer and its product's seller. A cart names no currency: the
-- money of a line is in the currency of its product, and in none that we know where the product is unknown.
-- grain: one row per cart line
-- owner: customer data
-- personal data: none
-- kind: change-driven
with stg_cart_items as (
    select
        cart_item_id,
        cart_id,
        product_id,
        quantity,
        unit_price,
        created_at
    from {{ ref('stg_cart_items') }}
    where _rejected is null
),

stg_carts as (
    select
        cart_id,
        customer_id,
        order_id,
        created_at
    from {{ ref('stg_carts') }}
    where _rejected is null
),

products as (
    select
        product_id,
        vendor_id,
        currency
    from {{ ref('products') }}
),

orders as (
    select
        order_id,
        is_test
    from {{ ref('orders') }}
),

cart_lines as (
    select
        stg_cart_items.cart_item_id,
        stg_cart_items.cart_id,
        stg_carts.customer_id,
        stg_cart_items.product_id,
        products.vendor_id,
        stg_cart_items.quantity,
        stg_cart_items.unit_price,
        {{ money('stg_cart_items.quantity * stg_cart_items.unit_price') }} as line_amount,
        products.currency,
        coalesce(stg_cart_items.created_at, stg_carts.created_at) as added_at,
        coalesce(orders.is_test, false) as is_test
    from stg_cart_items
    left join stg_carts on stg_cart_items.cart_id = stg_carts.cart_id
    left join products on stg_cart_items.product_id = products.product_id
    left join orders on stg_carts.order_id = orders.order_id
)

select * from cart_lines
