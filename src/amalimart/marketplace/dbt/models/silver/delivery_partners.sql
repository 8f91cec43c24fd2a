-- Every company or rider that delivers parcels.
-- grain: one row per delivery partner
-- owner: logistics data
-- personal data: none
-- kind: view
{{ config(materialized='view') }}

with stg_delivery_partners as (
    select
        delivery_partner_id,
        partner_name,
        country,
        is_active
    from {{ ref('stg_delivery_partners') }}
    where _rejected is null
),

delivery_partners as (
    select
        delivery_partner_id,
        partner_name,
        country,
        is_active
    from stg_delivery_partners
)

select * from delivery_partners
