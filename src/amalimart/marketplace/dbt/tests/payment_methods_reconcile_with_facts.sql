-- The days of payment methods hold every attempt that has a day, to the row and the cent, by outcome.
{{ config(meta={'compared_by': {'payment_methods': 'payment_date', 'fact_payments': 'payment_date'}}) }}

with in_facts as (
    select
        currency,
        count(*) as payment_count,
        sum(amount) as payment_amount,
        coalesce(sum(amount) filter (where is_success), 0) as success_amount
    from {{ ref('fact_payments') }}
    where payment_date is not null
    group by currency
),

in_dataset as (
    select
        currency,
        sum(payment_count) as payment_count,
        sum(payment_amount) as payment_amount,
        sum(success_amount) as success_amount
    from {{ ref('payment_methods') }}
    group by currency
)

select
    currency,
    in_facts.payment_count as fact_payment_count,
    in_dataset.payment_count as dataset_payment_count,
    in_facts.payment_amount as fact_payment_amount,
    in_dataset.payment_amount as dataset_payment_amount,
    in_facts.success_amount as fact_success_amount,
    in_dataset.success_amount as dataset_success_amount
from in_facts
full outer join in_dataset using (currency)
where
    in_facts.payment_count is distinct from in_dataset.payment_count
    or in_facts.payment_amount is distinct from in_dataset.payment_amount
    or in_facts.success_amount is distinct from in_dataset.success_amount
