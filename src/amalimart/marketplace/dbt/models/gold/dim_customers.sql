-- Every account, whatever its role: orders of accounts that are not CUSTOMER count too, and role is a filter.
-- The age group is the age on the business day. First and last order: of any status, without test orders. The
-- segment says how lately, seen from the business day, and how often somebody ordered; money is not in it,
-- because it may be in several currencies.
-- grain: one row per account
-- owner: customer data
-- personal data: full_name, gender, age_group
-- kind: day-driven
with users as (
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
        registered_at
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

orders as (
    select
        customer_id,
        order_date
    from {{ ref('orders') }}
    where not is_test and customer_id is not null
),

run_context as (
    select business_day
    from {{ source('meta', 'run_context') }}
),

order_dates as (
    select
        customer_id,
        min(order_date) as first_order_date,
        max(order_date) as last_order_date,
        count(*) as order_count
    from orders
    group by customer_id
),

dim_customers as (
    select
        users.user_id as customer_id,
        users.full_name,
        users.gender,
        {{ age_band(age_on('users.birth_date', 'run_context.business_day')) }} as age_group,
        users.role,
        users.customer_kind,
        users.auth_provider,
        coalesce(user_addresses.city, 'unknown') as city,
        coalesce(user_addresses.region, 'unknown') as region,
        coalesce(user_addresses.country, 'unknown') as country,
        users.is_verified,
        users.is_enabled,
        {{ day_of('users.registered_at') }} as registered_on,
        order_dates.first_order_date,
        order_dates.last_order_date,
        case
            when order_dates.last_order_date is null then 'NO_ORDER'
            when {{ days_between('order_dates.last_order_date', 'run_context.business_day') }} > 180
                then 'LOST'
            when {{ days_between('order_dates.last_order_date', 'run_context.business_day') }} > 90
                then 'AT_RISK'
            when order_dates.order_count >= 5 then 'CHAMPION'
            when order_dates.order_count >= 2 then 'LOYAL'
            else 'NEW'
        end as customer_segment
    from users
    cross join run_context
    left join user_addresses on users.user_id = user_addresses.user_id
    left join order_dates on users.user_id = order_dates.customer_id
)

select * from dim_customers
