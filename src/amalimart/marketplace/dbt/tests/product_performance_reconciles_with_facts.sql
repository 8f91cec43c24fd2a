-- Products' days hold every line, return and review of the facts that has a day, to the row and the cent.
{{ config(meta={'compared_by': {
    'sales_and_product_performance': 'activity_date', 'fact_order_items': 'order_date',
    'fact_returns': 'request_date', 'fact_reviews': 'review_date'
}}) }}

with facts as (
    select
        order_date as activity_date,
        currency,
        1 as line_count,
        quantity as units_sold,
        item_amount as item_revenue,
        0 as return_count,
        0 as return_amount,
        0 as review_count
    from {{ ref('fact_order_items') }}
    where order_date is not null
    union all
    select
        request_date as activity_date,
        currency,
        0 as line_count,
        0 as units_sold,
        0 as item_revenue,
        1 as return_count,
        return_amount,
        0 as review_count
    from {{ ref('fact_returns') }}
    union all
    select
        review_date as activity_date,
        null as currency,
        0 as line_count,
        0 as units_sold,
        0 as item_revenue,
        0 as return_count,
        0 as return_amount,
        1 as review_count
    from {{ ref('fact_reviews') }}
),

in_facts as (
    select
        coalesce(currency, 'none') as currency,
        sum(line_count) as line_count,
        sum(units_sold) as units_sold,
        coalesce(sum(item_revenue), 0) as item_revenue,
        sum(return_count) as return_count,
        coalesce(sum(return_amount), 0) as return_amount,
        sum(review_count) as review_count
    from facts
    group by coalesce(currency, 'none')
),

in_dataset as (
    select
        coalesce(currency, 'none') as currency,
        sum(line_count) as line_count,
        sum(units_sold) as units_sold,
        sum(item_revenue) as item_revenue,
        sum(return_count) as return_count,
        sum(return_amount) as return_amount,
        sum(review_count) as review_count
    from {{ ref('sales_and_product_performance') }}
    group by coalesce(currency, 'none')
)

select
    currency,
    in_facts.line_count as fact_line_count,
    in_dataset.line_count as dataset_line_count,
    in_facts.item_revenue as fact_item_revenue,
    in_dataset.item_revenue as dataset_item_revenue,
    in_facts.return_count as fact_return_count,
    in_dataset.return_count as dataset_return_count,
    in_facts.review_count as fact_review_count,
    in_dataset.review_count as dataset_review_count
from in_facts
full outer join in_dataset using (currency)
where
    in_facts.line_count is distinct from in_dataset.line_count
    or in_facts.units_sold is distinct from in_dataset.units_sold
    or in_facts.item_revenue is distinct from in_dataset.item_revenue
    or in_facts.return_count is distinct from in_dataset.return_count
    or in_facts.return_amount is distinct from in_dataset.return_amount
    or in_facts.review_count is distinct from in_dataset.review_count
