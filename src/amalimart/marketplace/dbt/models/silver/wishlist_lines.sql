-- Every product on a wish list, with whose list it is. Dated when it was added, else when the list was made.
-- grain: one row per entry of a wish list
-- owner: customer data
-- personal data: none
-- kind: change-driven
with stg_wishlist_items as (
    select
        wishlist_item_id,
        wishlist_id,
        product_id,
        created_at
    from {{ ref('stg_wishlist_items') }}
    where _rejected is null
),

stg_wishlists as (
    select
        wishlist_id,
        customer_id,
        created_at
    from {{ ref('stg_wishlists') }}
    where _rejected is null
),

products as (
    select
        product_id,
        vendor_id
    from {{ ref('products') }}
),

wishlist_lines as (
    select
        stg_wishlist_items.wishlist_item_id,
        stg_wishlist_items.wishlist_id,
        stg_wishlists.customer_id,
        stg_wishlist_items.product_id,
        products.vendor_id,
        coalesce(stg_wishlist_items.created_at, stg_wishlists.created_at) as added_at,
        {{ day_of('coalesce(stg_wishlist_items.created_at, stg_wishlists.created_at)') }} as added_date
    from stg_wishlist_items
    left join stg_wishlists on stg_wishlist_items.wishlist_id = stg_wishlists.wishlist_id
    left join products on stg_wishlist_items.product_id = products.product_id
)

select * from wishlist_lines
