-- Every accepted visit to the shop.
-- grain: one row per visit
-- owner: marketing data
-- personal data: visitor_id
-- kind: view
{{ config(materialized='view') }}

with stg_web_visits as (
    select
        visit_id,
        visitor_id,
        user_id,
        channel,
        visited_at
    from {{ ref('stg_web_visits') }}
    where _rejected is null
),

visits as (
    select
        visit_id,
        visitor_id,
        user_id,
        channel,
        visited_at,
        {{ day_of('visited_at') }} as visit_date
    from stg_web_visits
)

select * from visits
