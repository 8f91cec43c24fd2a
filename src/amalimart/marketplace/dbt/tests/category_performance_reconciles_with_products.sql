-- The sum over categories is the sum over products, day by day, to the row and the cent.
{{ config(meta={'compared_by': {
    'sales_and_product_performance': 'activity_date', 'category_performance': 'activity_date'
}}) }}

with by_product as (
    select
        activity_date,
        coalesce(currency, 'none') as currency,
        sum(units_sold) as units_sold,
        sum(item_revenue) as item_revenue,
        sum(return_count) as return_count,
        sum(review_count) as review_count
    from {{ ref('sales_and_product_performance') }}
    group by activity_date, coalesce(currency, 'none')
),

by_category as (
    select
        activity_date,
        coalesce(currency, 'none') as currency,
        sum(units_sold) as units_sold,
        sum(item_revenue) as item_revenue,
        sum(return_count) as return_count,
        sum(review_count) as review_count
    from {{ ref('category_performance') }}
    group by activity_date, coalesce(currency, 'none')
)

select
    activity_date,
    currency,
    by_product.item_revenue as product_item_revenue,
    by_category.item_revenue as category_item_revenue,
    by_product.units_sold as product_units_sold,
    by_category.units_sold as category_units_sold
from by_product
full outer join by_category using (activity_date, currency)
where
    by_product.units_sold is distinct from by_category.units_sold
    or by_product.item_revenue is distinct from by_category.item_revenue
    or by_product.return_count is distinct from by_category.return_count
    or by_product.review_count is distinct from by_category.review_count
