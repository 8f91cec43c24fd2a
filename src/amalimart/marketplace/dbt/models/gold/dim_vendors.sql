-- Every seller, whatever its standing.
-- grain: one row per vendor
-- owner: vendor data
-- personal data: none
-- kind: view
{{ config(materialized='view') }}

with vendors as (
    select
        vendor_id,
        business_id,
        vendor_name,
        status,
        city,
        region,
        country,
        commission_rate,
        joined_at
    from {{ ref('vendors') }}
),

dim_vendors as (
    select
        vendor_id,
        business_id,
        coalesce(vendor_name, 'unknown') as vendor_name,
        status,
        coalesce(city, 'unknown') as city,
        coalesce(region, 'unknown') as region,
        coalesce(country, 'unknown') as country,
        commission_rate,
        {{ day_of('joined_at') }} as joined_on
    from vendors
)

select * from dim_vendors
