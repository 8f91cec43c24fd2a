-- Every active review. Documented filters: hidden and deleted reviews and reviews of test orders stay out.
-- grain: one row per active review
-- owner: customer data
-- personal data: none
-- kind: view
{{ config(materialized='view') }}

with reviews as (
    select
        review_id,
        customer_id,
        product_id,
        vendor_id,
        review_date,
        rating,
        order_id
    from {{ ref('reviews') }}
    where status = 'ACTIVE' and not is_test
),

fact_reviews as (
    select
        review_id,
        customer_id,
        product_id,
        vendor_id,
        review_date,
        rating,
        order_id
    from reviews
)

select * from fact_reviews
