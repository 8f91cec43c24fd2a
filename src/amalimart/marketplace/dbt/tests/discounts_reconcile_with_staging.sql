-- Gold uses of discounts are the accepted orders that name a discount or hold one, without test orders, to
-- the row and the cent.
{{ config(meta={'compared_by': {'stg_orders': 'order_id', 'fact_discounts': 'order_id'}}) }}

with accepted as (
    select
        currency,
        count(*) as row_count,
        sum(discount_amount) as discount_amount
    from {{ ref('stg_orders') }}
    where
        _rejected is null
        and is_test is distinct from true
        and (discount_id is not null or discount_amount <> 0)
    group by currency
),

published as (
    select
        currency,
        count(*) as row_count,
        sum(discount_amount) as discount_amount
    from {{ ref('fact_discounts') }}
    group by currency
)

select
    currency,
    accepted.row_count as accepted_row_count,
    published.row_count as published_row_count,
    accepted.discount_amount as accepted_discount_amount,
    published.discount_amount as published_discount_amount
from accepted
full outer join published using (currency)
where
    accepted.row_count is distinct from published.row_count
    or accepted.discount_amount is distinct from published.discount_amount
