-- Every accepted payout with what its earnings add up to. Earnings of the payout's own currency are added,
-- those of test orders too, since the payout was made with them; unexplained_amount is what they leave open.
-- Dated when it was paid, else when it was made.
-- grain: one row per payout
-- owner: finance data
-- personal data: none
-- kind: change-driven
with stg_vendor_payouts as (
    select
        payout_id,
        vendor_id,
        period_start,
        period_end,
        gross_earnings,
        platform_commission,
        net_payout,
        currency,
        status,
        processed_at,
        created_at
    from {{ ref('stg_vendor_payouts') }}
    where _rejected is null
),

vendor_earnings as (
    select
        payout_id,
        amount,
        currency
    from {{ ref('vendor_earnings') }}
    where payout_id is not null
),

earnings_by_payout as (
    select
        payout_id,
        currency,
        count(*) as earning_count,
        sum(amount) as amount
    from vendor_earnings
    group by payout_id, currency
),

payouts as (
    select
        stg_vendor_payouts.payout_id,
        stg_vendor_payouts.vendor_id,
        {{ day_of('coalesce(stg_vendor_payouts.processed_at, stg_vendor_payouts.created_at)') }}
            as payout_date,
        {{ day_of('stg_vendor_payouts.period_start') }} as period_start,
        {{ day_of('stg_vendor_payouts.period_end') }} as period_end,
        stg_vendor_payouts.status,
        {{ money('stg_vendor_payouts.gross_earnings') }} as gross_earnings,
        {{ money('stg_vendor_payouts.platform_commission') }} as platform_commission,
        {{ money('stg_vendor_payouts.net_payout') }} as net_payout,
        stg_vendor_payouts.currency,
        coalesce(earnings_by_payout.earning_count, 0) as earning_count,
        {{ money('earnings_by_payout.amount') }} as earned_amount,
        {{ money('stg_vendor_payouts.net_payout - earnings_by_payout.amount') }} as unexplained_amount,
        stg_vendor_payouts.status = 'PAID' as is_paid
    from stg_vendor_payouts
    left join earnings_by_payout
        on
            stg_vendor_payouts.payout_id = earnings_by_payout.payout_id
            and stg_vendor_payouts.currency is not distinct from earnings_by_payout.currency
)

select * from payouts
