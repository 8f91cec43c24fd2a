-- Every company or rider that delivers parcels.
-- grain: one row per delivery partner
-- owner: logistics data
-- personal data: none
-- kind: change-driven
with delivery_partners as (
    select
        delivery_partner_id,
        partner_name,
        country
    from {{ ref('delivery_partners') }}
),

dim_delivery_partners as (
    select
        delivery_partner_id,
        coalesce(partner_name, 'unknown') as partner_name,
        coalesce(country, 'unknown') as country
    from delivery_partners
)

select * from dim_delivery_partners
