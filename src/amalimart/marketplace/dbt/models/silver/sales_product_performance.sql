-- What happened to each product on each day: sales on the order's day, returns on the day they were asked
-- for, active reviews on the day they were written. Sales of any status count. Every column but order_count
-- may be added over products, days and, money apart, currencies; order_count over days only. Reviews have no
-- money: theirs are rows without a currency.
-- grain: one row per product, day and currency
-- owner: catalogue data
-- personal data: none
-- kind: change-driven
with product_activity as (
    select
        product_id,
        activity_date,
        currency,
        order_id,
        units_sold,
        item_amount,
        line_count,
        return_count,
        approved_return_count,
        return_amount,
        review_count,
        rating
    from {{ ref('product_activity') }}
),

sales_product_performance as (
    select
        product_id,
        activity_date,
        currency,
        cast(sum(units_sold) as bigint) as units_sold,
        {{ money('coalesce(sum(item_amount), 0)') }} as item_revenue,
        cast(sum(line_count) as bigint) as line_count,
        count(distinct order_id) as order_count,
        cast(sum(return_count) as bigint) as return_count,
        cast(sum(approved_return_count) as bigint) as approved_return_count,
        {{ money('coalesce(sum(return_amount), 0)') }} as return_amount,
        cast(sum(review_count) as bigint) as review_count,
        cast(coalesce(sum(rating), 0) as bigint) as rating_sum,
        count(rating) as rating_count
    from product_activity
    group by product_id, activity_date, currency
)

select * from sales_product_performance
