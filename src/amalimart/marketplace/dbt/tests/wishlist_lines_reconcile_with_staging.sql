-- Gold wish list entries are the accepted staging rows, to the row.
{{ config(meta={'compared_by': {
    'stg_wishlist_items': 'wishlist_item_id', 'fact_wishlist_lines': 'wishlist_item_id'
}}) }}

with accepted as (
    select count(wishlist_item_id) as row_count
    from {{ ref('stg_wishlist_items') }}
    where _rejected is null
),

published as (
    select count(wishlist_item_id) as row_count
    from {{ ref('fact_wishlist_lines') }}
)

select
    accepted.row_count as accepted_row_count,
    published.row_count as published_row_count
from accepted
cross join published
where accepted.row_count <> published.row_count
