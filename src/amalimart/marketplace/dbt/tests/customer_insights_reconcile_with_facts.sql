-- Customers' lifetime values hold every order of a known customer, to the row and the cent.
{{ config(meta={'compared_by': {'customer_insights': 'customer_id', 'fact_orders': 'customer_id'}}) }}

with in_facts as (
    select
        currency,
        count(*) as order_count,
        sum(total_amount) as lifetime_value
    from {{ ref('fact_orders') }}
    where customer_id is not null
    group by currency
),

in_dataset as (
    select
        currency,
        sum(order_count) as order_count,
        sum(lifetime_value) as lifetime_value
    from {{ ref('customer_insights') }}
    group by currency
)

select
    currency,
    in_facts.order_count as fact_order_count,
    in_dataset.order_count as dataset_order_count,
    in_facts.lifetime_value as fact_lifetime_value,
    in_dataset.lifetime_value as dataset_lifetime_value
from in_facts
full outer join in_dataset using (currency)
where
    in_facts.order_count is distinct from in_dataset.order_count
    or in_facts.lifetime_value is distinct from in_dataset.lifetime_value
