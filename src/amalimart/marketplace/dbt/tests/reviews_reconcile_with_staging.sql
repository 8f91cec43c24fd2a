-- Gold reviews are the accepted, active staging rows without reviews of test orders.
{{ config(meta={'compared_by': {'stg_reviews': 'review_id', 'fact_reviews': 'review_id'}}) }}

with test_orders as (
    select order_id
    from {{ ref('stg_orders') }}
    where _rejected is null and is_test = true
),

accepted as (
    select
        count(*) as row_count,
        sum(rating) as rating
    from {{ ref('stg_reviews') }}
    where
        _rejected is null
        and status = 'ACTIVE'
        and coalesce(order_id not in (select order_id from test_orders), true)
),

published as (
    select
        count(*) as row_count,
        sum(rating) as rating
    from {{ ref('fact_reviews') }}
)

select
    accepted.row_count as accepted_row_count,
    published.row_count as published_row_count,
    accepted.rating as accepted_rating,
    published.rating as published_rating
from accepted
cross join published
where
    accepted.row_count is distinct from published.row_count
    or accepted.rating is distinct from published.rating
