-- The first order by which a customer bought what was on the wish list, on the day it was added or later.
-- Documented filters: entries without customer, product or day, and those never bought, have no row; test
-- orders do not count.
-- grain: one row per entry of a wish list that was bought
-- owner: customer data
-- personal data: none
-- kind: change-driven
with wishlist_lines as (
    select
        wishlist_item_id,
        customer_id,
        product_id,
        added_date
    from {{ ref('wishlist_lines') }}
    where customer_id is not null
),

order_items as (
    select
        customer_id,
        product_id,
        order_date
    from {{ ref('order_items') }}
    where not is_test
),

wishlist_purchases as (
    select
        wishlist_lines.wishlist_item_id,
        wishlist_lines.customer_id,
        min(order_items.order_date) as purchase_date
    from wishlist_lines
    inner join order_items
        on
            wishlist_lines.customer_id = order_items.customer_id
            and wishlist_lines.product_id = order_items.product_id
            and wishlist_lines.added_date <= order_items.order_date
    group by wishlist_lines.wishlist_item_id, wishlist_lines.customer_id
)

select * from wishlist_purchases
