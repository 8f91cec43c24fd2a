-- Every calendar day from 2000 to the end of the year after the business day, which the current fiscal year
-- ends before. Fiscal years start with the month that the project says and are named by the year in which
-- they end; weeks start on the day that it says, ISO weeks on Monday.
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

fiscal_years as (
    select
        day,
        {{ fiscal_year_start('day') }} as fiscal_year_start,
        {{ fiscal_month('day') }} as fiscal_month
    from days
),

fiscal_quarters as (
    select
        day,
        fiscal_year_start,
        fiscal_month,
        {{ fiscal_quarter('fiscal_month') }} as fiscal_quarter
    from fiscal_years
),

fiscal_days as (
    select
        day,
        fiscal_year_start,
        fiscal_month,
        fiscal_quarter,
        {{ add_months('fiscal_year_start', '3 * (fiscal_quarter - 1)') }} as fiscal_quarter_start,
        {{ start_of('month', 'day') }} as fiscal_month_start
    from fiscal_quarters
),

dim_date as (
    select
        day,
        {{ business_week_start('day') }} as week_start,
        {{ start_of('month', 'day') }} as month_start,
        {{ start_of('quarter', 'day') }} as quarter_start,
        {{ start_of('year', 'day') }} as year_start,
        {{ day_of_week('day') }} as day_of_week,
        {{ day_of_week('day') }} >= 6 as is_weekend,
        {{ iso_year('day') }} as iso_year,
        {{ iso_week('day') }} as iso_week,
        {{ start_of('week', 'day') }} as iso_week_start,
        {{ fiscal_year('day') }} as fiscal_year,
        fiscal_quarter,
        fiscal_month,
        {{ fiscal_week('day', 'fiscal_year_start') }} as fiscal_week,
        cast({{ days_between('fiscal_year_start', 'day') }} + 1 as integer) as fiscal_day_of_year,
        fiscal_year_start,
        {{ add_days(add_months('fiscal_year_start', 12), -1) }} as fiscal_year_end,
        fiscal_quarter_start,
        {{ add_days(add_months('fiscal_quarter_start', 3), -1) }} as fiscal_quarter_end,
        fiscal_month_start,
        {{ add_days(add_months('fiscal_month_start', 1), -1) }} as fiscal_month_end
    from fiscal_days
)

select * from dim_date
