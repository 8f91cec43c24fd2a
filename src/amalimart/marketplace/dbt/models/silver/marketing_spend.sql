-- Every accepted entry of marketing spend.
-- grain: one row per entry
-- owner: marketing data
-- personal data: none
-- kind: view
{{ config(materialized='view') }}

with stg_marketing_spend as (
    select
        spend_id,
        spend_date,
        channel,
        amount,
        currency
    from {{ ref('stg_marketing_spend') }}
    where _rejected is null
),

marketing_spend as (
    select
        spend_id,
        spend_date,
        channel,
        amount,
        currency
    from stg_marketing_spend
)

select * from marketing_spend
