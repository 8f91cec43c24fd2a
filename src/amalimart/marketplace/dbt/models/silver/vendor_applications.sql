-- Every application to sell. Where the source does not say which vendor an approved application became, it is
-- the vendor of the registered business of that name; a name that several vendors carry decides nothing.
-- grain: one row per application
-- owner: vendor data
-- personal data: none
-- kind: change-driven
with stg_vendor_applications as (
    select
        application_id,
        vendor_id,
        business_name,
        account_type,
        status,
        rejection_reason,
        created_at
    from {{ ref('stg_vendor_applications') }}
    where _rejected is null
),

stg_businesses as (
    select
        business_name,
        vendor_id
    from {{ ref('stg_businesses') }}
    where _rejected is null and vendor_id is not null
),

businesses_by_name as (
    select
        {{ place_key('business_name') }} as name_key,
        min(vendor_id) as vendor_id
    from stg_businesses
    group by {{ place_key('business_name') }}
    having count(distinct vendor_id) = 1
),

vendor_applications as (
    select
        stg_vendor_applications.application_id,
        coalesce(
            stg_vendor_applications.vendor_id,
            case when stg_vendor_applications.status = 'APPROVED' then businesses_by_name.vendor_id end
        ) as vendor_id,
        stg_vendor_applications.account_type,
        stg_vendor_applications.status,
        stg_vendor_applications.rejection_reason,
        stg_vendor_applications.created_at as applied_at
    from stg_vendor_applications
    left join businesses_by_name
        on {{ place_key('stg_vendor_applications.business_name') }} = businesses_by_name.name_key
)

select * from vendor_applications
