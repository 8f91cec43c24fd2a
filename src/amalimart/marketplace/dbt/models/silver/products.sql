-- Every product with the one category it is counted under: its primary category, else the one with the
-- smallest id. Stock is the product's own; the sum of its variants only where the product has none.
-- grain: one row per product
-- owner: catalogue data
-- personal data: none
-- kind: change-driven
with stg_products as (
    select
        product_id,
        vendor_id,
        product_name,
        sku,
        price,
        currency,
        stock_quantity,
        low_stock_threshold,
        status,
        is_active,
        created_at
    from {{ ref('stg_products') }}
    where _rejected is null
),

stg_product_categories as (
    select
        product_id,
        category_id,
        coalesce(is_primary, false) as is_primary
    from {{ ref('stg_product_categories') }}
    where _rejected is null
),

stg_product_variants as (
    select
        product_id,
        stock_quantity
    from {{ ref('stg_product_variants') }}
    where _rejected is null
),

ranked_categories as (
    select
        product_id,
        category_id,
        row_number() over (
            partition by product_id
            order by is_primary desc, {{ in_id_order('category_id') }}
        ) as preference
    from stg_product_categories
),

main_categories as (
    select
        product_id,
        category_id
    from ranked_categories
    where preference = 1
),

variant_stock as (
    select
        product_id,
        cast(sum(stock_quantity) as bigint) as stock_quantity
    from stg_product_variants
    group by product_id
),

products as (
    select
        stg_products.product_id,
        stg_products.vendor_id,
        stg_products.product_name,
        stg_products.sku,
        main_categories.category_id,
        stg_products.price,
        stg_products.currency,
        coalesce(stg_products.stock_quantity, variant_stock.stock_quantity) as stock_quantity,
        stg_products.low_stock_threshold,
        stg_products.status,
        coalesce(stg_products.is_active, stg_products.status = 'ACTIVE') as is_switched_on,
        stg_products.created_at as listed_at
    from stg_products
    left join main_categories on stg_products.product_id = main_categories.product_id
    left join variant_stock on stg_products.product_id = variant_stock.product_id
)

select * from products
