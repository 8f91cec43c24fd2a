-- Every change of an order's status, by the day it happened. Documented filter: changes of test orders stay
-- out.
-- grain: one row per change of status
-- owner: logistics data
-- personal data: none
-- kind: view
{{ config(materialized='view') }}

with order_timeline as (
    select
        status_change_id,
        order_id,
        change_number,
        changed_at,
        changed_date,
        previous_status,
        status,
        changed_by,
        hours_in_status,
        is_latest
    from {{ ref('order_timeline') }}
    where not is_test
),

fact_order_status_changes as (
    select
        status_change_id,
        order_id,
        change_number,
        changed_at,
        changed_date,
        previous_status,
        status,
        changed_by,
        hours_in_status,
        is_latest
    from order_timeline
)

select * from fact_order_status_changes
