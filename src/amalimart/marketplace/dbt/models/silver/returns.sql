-- Every accepted return. What the source leaves out is read from the returned line: order, product, seller;
-- a return without a line belongs to its product's vendor. Refund days are calendar days; a refund dated
-- before its request has none.
-- grain: one row per return
-- owner: finance data
-- personal data: none
-- kind: change-driven
with stg_returns as (
    select
        return_id,
        order_id,
        order_item_id,
        customer_id,
        product_id,
        status,
        reason,
        return_amount,
        currency,
        request_at,
        approved_at,
        refunded_at
    from {{ ref('stg_returns') }}
    where _rejected is null
),

order_items as (
    select
        order_item_id,
        order_id,
        product_id,
        vendor_id
    from {{ ref('order_items') }}
),

orders as (
    select
        order_id,
        customer_id,
        currency,
        is_test
    from {{ ref('orders') }}
),

products as (
    select
        product_id,
        vendor_id
    from {{ ref('products') }}
),

attributed as (
    select
        stg_returns.return_id,
        coalesce(stg_returns.order_id, order_items.order_id) as order_id,
        stg_returns.order_item_id,
        stg_returns.customer_id,
        coalesce(stg_returns.product_id, order_items.product_id) as product_id,
        order_items.vendor_id as line_vendor_id,
        stg_returns.status,
        stg_returns.reason,
        stg_returns.return_amount,
        stg_returns.currency,
        stg_returns.request_at,
        stg_returns.approved_at,
        stg_returns.refunded_at
    from stg_returns
    left join order_items on stg_returns.order_item_id = order_items.order_item_id
),

returns as (
    select
        attributed.return_id,
        attributed.order_id,
        attributed.order_item_id,
        coalesce(attributed.customer_id, orders.customer_id) as customer_id,
        attributed.product_id,
        coalesce(attributed.line_vendor_id, products.vendor_id) as vendor_id,
        attributed.status,
        attributed.reason,
        attributed.return_amount,
        coalesce(attributed.currency, orders.currency) as currency,
        attributed.request_at as requested_at,
        {{ day_of('attributed.request_at') }} as request_date,
        attributed.approved_at,
        attributed.refunded_at,
        case
            when {{ day_of('attributed.refunded_at') }} >= {{ day_of('attributed.request_at') }}
                then
                    {{ days_between(day_of('attributed.request_at'), day_of('attributed.refunded_at')) }}
        end as refund_days,
        attributed.status in ('APPROVED', 'COMPLETED') as is_approved,
        coalesce(orders.is_test, false) as is_test
    from attributed
    left join orders on attributed.order_id = orders.order_id
    left join products on attributed.product_id = products.product_id
)

select * from returns
