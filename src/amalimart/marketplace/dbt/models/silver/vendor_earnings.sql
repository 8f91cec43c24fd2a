-- Every accepted earning of a vendor with the order line that it comes from. Seller and currency are the
-- earning's own, else the line's. Dated when it was earned, else when it was written.
-- grain: one row per earning
-- owner: finance data
-- personal data: none
-- kind: change-driven
with stg_vendor_earnings as (
    select
        earning_id,
        vendor_id,
        order_item_id,
        payout_id,
        amount,
        currency,
        earned_at,
        created_at
    from {{ ref('stg_vendor_earnings') }}
    where _rejected is null
),

order_items as (
    select
        order_item_id,
        order_id,
        product_id,
        vendor_id,
        order_date,
        item_amount,
        commission_amount,
        currency,
        is_test
    from {{ ref('order_items') }}
),

vendor_earnings as (
    select
        stg_vendor_earnings.earning_id,
        coalesce(stg_vendor_earnings.vendor_id, order_items.vendor_id) as vendor_id,
        stg_vendor_earnings.payout_id,
        stg_vendor_earnings.order_item_id,
        order_items.order_id,
        order_items.product_id,
        order_items.order_date,
        {{ day_of('coalesce(stg_vendor_earnings.earned_at, stg_vendor_earnings.created_at)') }}
            as earned_date,
        {{ money('stg_vendor_earnings.amount') }} as amount,
        coalesce(stg_vendor_earnings.currency, order_items.currency) as currency,
        case
            when coalesce(stg_vendor_earnings.currency, order_items.currency) = order_items.currency
                then order_items.item_amount
        end as line_item_amount,
        case
            when coalesce(stg_vendor_earnings.currency, order_items.currency) = order_items.currency
                then order_items.commission_amount
        end as line_commission_amount,
        coalesce(order_items.is_test, false) as is_test
    from stg_vendor_earnings
    left join order_items on stg_vendor_earnings.order_item_id = order_items.order_item_id
)

select * from vendor_earnings
