-- Every calendar day from 2000 to the end of the year after the business day. Weeks start on Monday.
-- grain: one row per day
-- owner: data platform
-- personal data: none
-- kind: day-driven
with run_context as (
    select business_day
    from {{ source('meta', 'run_context') }}
),

days as (
    select
        cast(
            unnest(
                {{ days_from_to(
                    "date '2000-01-01'", "make_date(cast(year(business_day) as integer) + 1, 12, 31)"
                ) }}
            ) as date
        ) as day
    from run_context
),

dim_date as (
    select
        day,
        {{ start_of('week', 'day') }} as week_start,
        {{ start_of('month', 'day') }} as month_start,
        {{ start_of('quarter', 'day') }} as quarter_start,
        {{ start_of('year', 'day') }} as year_start,
        {{ day_of_week('day') }} as day_of_week,
        {{ day_of_week('day') }} >= 6 as is_weekend
    from days
)

select * from dim_date
