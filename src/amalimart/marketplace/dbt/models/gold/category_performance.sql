-- What happened in each category on each day: the sum over its products, each counted under one category, so
-- that the total holds. Products without a category are the category 'unknown'. Distinct orders cannot be
-- added over products and are not here. rating_sum by rating_count is the mean of reviews.
-- grain: one row per category, day and currency
-- owner: catalogue data
-- personal data: none
-- kind: change-driven
with sales_and_product_performance as (
    select
        category_id,
        activity_date,
        currency,
        category_name,
        top_category_id,
        top_category_name,
        units_sold,
        item_revenue,
        line_count,
        return_count,
        approved_return_count,
        return_amount,
        review_count,
        rating_sum,
        rating_count
    from {{ ref('sales_and_product_performance') }}
),

category_performance as (
    select
        category_id,
        activity_date,
        currency,
        min(category_name) as category_name,
        min(top_category_id) as top_category_id,
        min(top_category_name) as top_category_name,
        count(*) filter (where line_count > 0) as products_sold,
        cast(sum(units_sold) as bigint) as units_sold,
        {{ money('sum(item_revenue)') }} as item_revenue,
        cast(sum(line_count) as bigint) as line_count,
        cast(sum(return_count) as bigint) as return_count,
        cast(sum(approved_return_count) as bigint) as approved_return_count,
        {{ money('sum(return_amount)') }} as return_amount,
        cast(sum(review_count) as bigint) as review_count,
        cast(sum(rating_sum) as bigint) as rating_sum,
        cast(sum(rating_count) as bigint) as rating_count
    from sales_and_product_performance
    group by category_id, activity_date, currency
)

select * from category_performance
