-- Every payout to a vendor, by the day it was paid, else made. A payout belongs to no order: those made with
-- earnings of test orders are here as they were made.
-- grain: one row per payout
-- owner: finance data
-- personal data: none
-- kind: view
{{ config(materialized='view') }}

with payouts as (
    select
        payout_id,
        vendor_id,
        payout_date,
        period_start,
        period_end,
        status,
        gross_earnings,
        platform_commission,
        net_payout,
        currency,
        earning_count,
        earned_amount,
        unexplained_amount,
        is_paid
    from {{ ref('payouts') }}
),

fact_payouts as (
    select
        payout_id,
        vendor_id,
        payout_date,
        period_start,
        period_end,
        status,
        gross_earnings,
        platform_commission,
        net_payout,
        currency,
        earning_count,
        earned_amount,
        unexplained_amount,
        is_paid
    from payouts
)

select * from fact_payouts
