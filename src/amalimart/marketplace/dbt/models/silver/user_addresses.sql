-- The one address that says where a user lives: the default address, else the one added last.
-- A user with several defaults lives at the default added last. City, region and country come from one
-- address, so that they belong together. A user without any address has no row.
-- grain: one row per user with an address
-- owner: customer data
-- personal data: none
-- kind: change-driven
with stg_addresses as (
    select
        address_id,
        user_id,
        city,
        region,
        country,
        created_at,
        coalesce(is_default, false) as is_default
    from {{ ref('stg_addresses') }}
    where _rejected is null and user_id is not null
),

ranked as (
    select
        user_id,
        address_id,
        city,
        region,
        country,
        is_default,
        row_number() over (
            partition by user_id
            order by is_default desc, created_at desc nulls last, {{ in_id_order('address_id', 'desc') }}
        ) as preference
    from stg_addresses
),

user_addresses as (
    select
        user_id,
        address_id,
        city,
        region,
        country,
        is_default
    from ranked
    where preference = 1
)

select * from user_addresses
