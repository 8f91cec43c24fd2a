-- Every entry of marketing spend.
-- grain: one row per entry
-- owner: marketing data
-- personal data: none
-- kind: view
{{ config(materialized='view') }}

with marketing_spend as (
    select
        spend_id,
        spend_date,
        channel,
        amount,
        currency
    from {{ ref('marketing_spend') }}
),

fact_marketing_spend as (
    select
        spend_id,
        spend_date,
        channel,
        amount,
        currency
    from marketing_spend
)

select * from fact_marketing_spend
