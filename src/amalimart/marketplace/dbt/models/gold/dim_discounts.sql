-- Every discount code with its campaign.
-- grain: one row per discount
-- owner: marketing data
-- personal data: none
-- kind: change-driven
with discounts as (
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
    from {{ ref('discounts') }}
),

stg_campaigns as (
    select
        campaign_id,
        campaign_name
    from {{ ref('stg_campaigns') }}
    where _rejected is null
),

dim_discounts as (
    select
        discounts.discount_id,
        discounts.code,
        coalesce(discounts.discount_name, discounts.code, 'unknown') as discount_name,
        discounts.campaign_id,
        coalesce(stg_campaigns.campaign_name, 'unknown') as campaign_name,
        discounts.discount_type,
        discounts.discount_value,
        discounts.usage_limit,
        discounts.start_date,
        discounts.end_date,
        discounts.is_active
    from discounts
    left join stg_campaigns on discounts.campaign_id = stg_campaigns.campaign_id
)

select * from dim_discounts
