-- Every account known to the shop, whatever its role. E-mail and phone stay in staging: no KPI needs them.
-- grain: one row per account
-- owner: customer data
-- personal data: full_name, gender, birth_date
-- kind: view
{{ config(materialized='view') }}

with stg_users as (
    select
        user_id,
        full_name,
        gender,
        birth_date,
        role,
        customer_kind,
        auth_provider,
        is_verified,
        is_enabled,
        created_at
    from {{ ref('stg_users') }}
    where _rejected is null
),

users as (
    select
        user_id,
        full_name,
        gender,
        birth_date,
        role,
        customer_kind,
        auth_provider,
        coalesce(is_verified, false) as is_verified,
        coalesce(is_enabled, false) as is_enabled,
        created_at as registered_at
    from stg_users
)

select * from users
