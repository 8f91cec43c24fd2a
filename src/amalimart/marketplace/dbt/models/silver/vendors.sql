-- Every seller. A source without a table of vendors maps its accounts here: then an account counts as a
-- seller when its role says so or when it owns a product, an order line or a business. Documented filter:
-- a row without a standing of its own, whose account has another role and which owns nothing, is no vendor.
-- A vendor without a location of its own is where its account's address is. Its business is the one that its
-- own row names, else the only one that is registered for it: of several, none is the vendor's.
-- grain: one row per vendor
-- owner: vendor data
-- personal data: none
-- kind: change-driven
with stg_vendors as (
    select
        vendor_id,
        user_id,
        business_id,
        vendor_name,
        status,
        city,
        region,
        country,
        commission_rate,
        created_at
    from {{ ref('stg_vendors') }}
    where _rejected is null
),

users as (
    select
        user_id,
        role
    from {{ ref('users') }}
),

user_addresses as (
    select
        user_id,
        city,
        region,
        country
    from {{ ref('user_addresses') }}
),

only_businesses as (
    select
        vendor_id,
        min(business_id) as business_id
    from {{ ref('stg_businesses') }}
    where _rejected is null
    group by vendor_id
    having count(*) = 1
),

owners as (
    select vendor_id
    from {{ ref('stg_products') }}
    where _rejected is null
    union distinct
    select vendor_id
    from {{ ref('stg_order_items') }}
    where _rejected is null
    union distinct
    select vendor_id
    from {{ ref('stg_businesses') }}
    where _rejected is null
),

vendors as (
    select
        stg_vendors.vendor_id,
        stg_vendors.user_id,
        coalesce(stg_vendors.business_id, only_businesses.business_id) as business_id,
        stg_vendors.vendor_name,
        stg_vendors.status,
        coalesce(stg_vendors.city, user_addresses.city) as city,
        coalesce(stg_vendors.region, user_addresses.region) as region,
        coalesce(stg_vendors.country, user_addresses.country) as country,
        stg_vendors.commission_rate,
        stg_vendors.created_at as joined_at
    from stg_vendors
    left join users on stg_vendors.user_id = users.user_id
    left join user_addresses on stg_vendors.user_id = user_addresses.user_id
    left join only_businesses on stg_vendors.vendor_id = only_businesses.vendor_id
    left join owners on stg_vendors.vendor_id = owners.vendor_id
    where
        stg_vendors.status <> 'UNKNOWN'
        or users.user_id is null
        or users.role = 'VENDOR'
        or owners.vendor_id is not null
)

select * from vendors
