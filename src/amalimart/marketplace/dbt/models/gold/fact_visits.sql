-- Every visit to the shop.
-- grain: one row per visit
-- owner: marketing data
-- personal data: visitor_id
-- kind: view
{{ config(materialized='view') }}

with visits as (
    select
        visit_id,
        visitor_id,
        user_id,
        visit_date,
        channel
    from {{ ref('visits') }}
),

fact_visits as (
    select
        visit_id,
        visitor_id,
        user_id,
        visit_date,
        channel
    from visits
)

select * from fact_visits
