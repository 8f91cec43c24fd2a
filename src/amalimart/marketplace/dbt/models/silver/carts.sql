-- Every accepted cart with what is in it and whether it became an order. A cart that names an order was
-- converted, also where that order is unknown. Lines of several currencies (a line without one is another)
-- have no common value: cart_value is null and the cart is marked.
-- grain: one row per cart
-- owner: customer data
-- personal data: none
-- kind: change-driven
with stg_carts as (
    select
        cart_id,
        customer_id,
        order_id,
        created_at
    from {{ ref('stg_carts') }}
    where _rejected is null
),

cart_lines as (
    select
        cart_id,
        quantity,
        line_amount,
        currency,
        added_at
    from {{ ref('cart_lines') }}
    where cart_id is not null
),

orders as (
    select
        order_id,
        is_test
    from {{ ref('orders') }}
),

lines_by_cart as (
    select
        cart_id,
        count(*) as line_count,
        count(line_amount) as priced_line_count,
        cast(sum(quantity) as bigint) as unit_count,
        count(distinct coalesce(currency, 'unknown')) > 1 as has_mixed_currencies,
        {{ money('sum(line_amount)') }} as line_amount,
        min(currency) as currency,
        max(added_at) as last_added_at
    from cart_lines
    group by cart_id
),

carts as (
    select
        stg_carts.cart_id,
        stg_carts.customer_id,
        stg_carts.order_id,
        stg_carts.created_at as opened_at,
        {{ day_of('stg_carts.created_at') }} as opened_date,
        lines_by_cart.last_added_at,
        coalesce(lines_by_cart.line_count, 0) as line_count,
        coalesce(lines_by_cart.priced_line_count, 0) as priced_line_count,
        coalesce(lines_by_cart.unit_count, 0) as unit_count,
        case when not lines_by_cart.has_mixed_currencies then lines_by_cart.line_amount end as cart_value,
        case when not lines_by_cart.has_mixed_currencies then lines_by_cart.currency end as currency,
        coalesce(lines_by_cart.has_mixed_currencies, false) as has_mixed_currencies,
        stg_carts.order_id is not null as is_converted,
        coalesce(orders.is_test, false) as is_test
    from stg_carts
    left join lines_by_cart on stg_carts.cart_id = lines_by_cart.cart_id
    left join orders on stg_carts.order_id = orders.order_id
)

select * from carts
