-- The stock of every product on the business day. Sources keep no history of stock, so the business day is
-- the only day here: days before it are not invented. Low: at or below the product's own threshold, and not
-- out.
-- grain: one row per product, on the business day
-- owner: catalogue data
-- personal data: none
-- kind: day-driven
with dim_products as (
    select
        product_id,
        vendor_id,
        category_id,
        stock_quantity,
        low_stock_threshold,
        price,
        currency,
        is_active
    from {{ ref('dim_products') }}
),

run_context as (
    select business_day
    from {{ source('meta', 'run_context') }}
),

fact_inventory_daily as (
    select
        dim_products.product_id,
        run_context.business_day as stock_date,
        dim_products.vendor_id,
        dim_products.category_id,
        dim_products.stock_quantity,
        dim_products.low_stock_threshold,
        dim_products.price,
        {{ money('dim_products.stock_quantity * dim_products.price') }} as stock_value,
        dim_products.currency,
        dim_products.is_active,
        coalesce(dim_products.stock_quantity <= 0, false) as is_out_of_stock,
        coalesce(
            dim_products.stock_quantity > 0
            and dim_products.stock_quantity <= dim_products.low_stock_threshold,
            false
        ) as is_low_stock
    from dim_products
    cross join run_context
)

select * from fact_inventory_daily
