-- Every discount code.
-- grain: one row per discount
-- owner: marketing data
-- personal data: none
-- kind: view
{{ config(materialized='view') }}

with stg_discounts as (
    select
        discount_id,
        campaign_id,
        code,
        discount_name,
        discount_type,
        discount_value,
        usage_limit,
        start_date,
        end_date,
        is_active
    from {{ ref('stg_discounts') }}
    where _rejected is null
),

discounts as (
    select
        discount_id,
        campaign_id,
        code,
        discount_name,
        discount_type,
        discount_value,
        usage_limit,
        start_date,
        end_date,
        coalesce(is_active, false) as is_active
    from stg_discounts
)

select * from discounts
