-- Which business stands behind which vendor: what the vendor's row says, and what the business's row says. A
-- business may trade as several vendors, and a vendor may have several businesses.
-- grain: one row per vendor and business
-- owner: vendor data
-- personal data: none
-- kind: view
{{ config(materialized='view') }}

with stg_vendors as (
    select
        vendor_id,
        business_id
    from {{ ref('stg_vendors') }}
    where _rejected is null and business_id is not null
),

stg_businesses as (
    select
        vendor_id,
        business_id
    from {{ ref('stg_businesses') }}
    where _rejected is null and vendor_id is not null
),

vendor_businesses as (
    select
        vendor_id,
        business_id
    from stg_vendors
    union distinct
    select
        vendor_id,
        business_id
    from stg_businesses
)

select * from vendor_businesses
