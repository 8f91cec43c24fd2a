-- Every product, listed or not. Listed: not a draft. Active: status ACTIVE and switched on; a source may set
-- the two in conflict. Sellable: active and not known to be out of stock. The category is the additive one:
-- primary, else smallest id.
-- grain: one row per product
-- owner: catalogue data
-- personal data: none
-- kind: change-driven
with products as (
    select
        product_id,
        product_name,
        sku,
        category_id,
        vendor_id,
        price,
        currency,
        stock_quantity,
        low_stock_threshold,
        status,
        is_switched_on,
        listed_at
    from {{ ref('products') }}
),

dim_categories as (
    select
        category_id,
        category_name,
        top_category_id,
        top_category_name
    from {{ ref('dim_categories') }}
),

dim_products as (
    select
        products.product_id,
        products.product_name,
        products.sku,
        products.category_id,
        coalesce(dim_categories.category_name, 'unknown') as category_name,
        dim_categories.top_category_id,
        coalesce(dim_categories.top_category_name, 'unknown') as top_category_name,
        products.vendor_id,
        products.price,
        products.currency,
        products.stock_quantity,
        products.low_stock_threshold,
        products.status,
        products.status = 'ACTIVE' and products.is_switched_on as is_active,
        products.status <> 'DRAFT' as is_listed,
        products.status = 'ACTIVE'
        and products.is_switched_on
        and coalesce(products.stock_quantity > 0, true) as is_sellable,
        {{ day_of('products.listed_at') }} as listed_on
    from products
    left join dim_categories on products.category_id = dim_categories.category_id
)

select * from dim_products
