-- Every product on a wish list, by the day it was added, and the first order by which its customer bought it
-- then or later. A line that cannot be judged (no customer, product or day known) counts as not bought.
-- grain: one row per entry of a wish list
-- owner: customer data
-- personal data: none
-- kind: change-driven
with wishlist_lines as (
    select
        wishlist_item_id,
        wishlist_id,
        customer_id,
        product_id,
        vendor_id,
        added_date
    from {{ ref('wishlist_lines') }}
),

wishlist_purchases as (
    select
        wishlist_item_id,
        purchase_date
    from {{ ref('wishlist_purchases') }}
),

fact_wishlist_lines as (
    select
        wishlist_lines.wishlist_item_id,
        wishlist_lines.wishlist_id,
        wishlist_lines.customer_id,
        wishlist_lines.product_id,
        wishlist_lines.vendor_id,
        wishlist_lines.added_date,
        wishlist_purchases.purchase_date,
        {{ days_between('wishlist_lines.added_date', 'wishlist_purchases.purchase_date') }}
            as days_to_purchase,
        wishlist_purchases.purchase_date is not null as is_purchased
    from wishlist_lines
    left join wishlist_purchases on wishlist_lines.wishlist_item_id = wishlist_purchases.wishlist_item_id
)

select * from fact_wishlist_lines
