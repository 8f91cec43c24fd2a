-- Every application to sell, by the day it was sent.
-- grain: one row per application
-- owner: vendor data
-- personal data: none
-- kind: view
{{ config(materialized='view') }}

with vendor_applications as (
    select
        application_id,
        vendor_id,
        applied_at,
        status,
        rejection_reason,
        account_type
    from {{ ref('vendor_applications') }}
),

fact_vendor_applications as (
    select
        application_id,
        vendor_id,
        {{ day_of('applied_at') }} as applied_on,
        status,
        rejection_reason,
        account_type
    from vendor_applications
)

select * from fact_vendor_applications
