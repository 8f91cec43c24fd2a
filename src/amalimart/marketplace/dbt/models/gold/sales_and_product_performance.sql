-- What happened to each product on each day, with the product's name, category and vendor as they are now.
-- Rows as in silver sales_product_performance: reviews are rows without a currency, order_count may be added
-- over days only. A product sold but unknown keeps its id; its names are 'unknown'.
-- grain: one row per product, day and currency
-- owner: catalogue data
-- personal data: none
-- kind: change-driven
with sales_product_performance as (
    select
        product_id,
        activity_date,
        currency,
        units_sold,
        item_revenue,
        line_count,
        order_count,
        return_count,
        approved_return_count,
        return_amount,
        review_count,
        rating_sum,
        rating_count
    from {{ ref('sales_product_performance') }}
),

dim_products as (
    select
        product_id,
        product_name,
        category_id,
        category_name,
        top_category_id,
        top_category_name,
        vendor_id
    from {{ ref('dim_products') }}
),

sales_and_product_performance as (
    select
        sales_product_performance.product_id,
        sales_product_performance.activity_date,
        sales_product_performance.currency,
        coalesce(dim_products.product_name, 'unknown') as product_name,
        coalesce(dim_products.category_id, 'unknown') as category_id,
        coalesce(dim_products.category_name, 'unknown') as category_name,
        dim_products.top_category_id,
        coalesce(dim_products.top_category_name, 'unknown') as top_category_name,
        dim_products.vendor_id,
        sales_product_performance.units_sold,
        sales_product_performance.item_revenue,
        sales_product_performance.line_count,
        sales_product_performance.order_count,
        sales_product_performance.return_count,
        sales_product_performance.approved_return_count,
        sales_product_performance.return_amount,
        sales_product_performance.review_count,
        sales_product_performance.rating_sum,
        sales_product_performance.rating_count
    from sales_product_performance
    left join dim_products on sales_product_performance.product_id = dim_products.product_id
)

select * from sales_and_product_performance
