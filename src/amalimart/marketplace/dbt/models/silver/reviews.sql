-- Every accepted review, hidden and deleted ones included: they are filtered where facts are made.
-- grain: one row per review
-- owner: customer data
-- personal data: none
-- kind: change-driven
with stg_reviews as (
    select
        review_id,
        customer_id,
        product_id,
        order_id,
        rating,
        status,
        created_at
    from {{ ref('stg_reviews') }}
    where _rejected is null
),

products as (
    select
        product_id,
        vendor_id
    from {{ ref('products') }}
),

orders as (
    select
        order_id,
        is_test
    from {{ ref('orders') }}
),

reviews as (
    select
        stg_reviews.review_id,
        stg_reviews.customer_id,
        stg_reviews.product_id,
        products.vendor_id,
        stg_reviews.order_id,
        stg_reviews.rating,
        stg_reviews.status,
        stg_reviews.created_at as reviewed_at,
        {{ day_of('stg_reviews.created_at') }} as review_date,
        coalesce(orders.is_test, false) as is_test
    from stg_reviews
    left join products on stg_reviews.product_id = products.product_id
    left join orders on stg_reviews.order_id = orders.order_id
)

select * from reviews
