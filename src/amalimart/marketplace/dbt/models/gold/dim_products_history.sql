-- What each product was, from when to when: one version for each change of a tracked attribute. Category: the
-- one that dim_products would have counted it under. A version that a snapshot brought and that is the first
-- of its product counts from the product's listing on; known_from says when it was seen. Stock is not
-- tracked, and neither are names of categories: a renamed category is renamed in every version.
-- grain: one row per product and version
-- owner: catalogue data
-- personal data: none
-- kind: change-driven
with ranked_versions as (
    select
        product_id,
        vendor_id,
        product_name,
        sku,
        price,
        currency,
        status,
        status = 'ACTIVE' and coalesce(is_active, true) as is_active,
        created_at,
        _from_order,
        _from_position,
        _from_at,
        _to_order,
        _to_position,
        _to_at,
        _is_snapshot,
        _is_ended_by_snapshot,
        _batch,
        _sequence,
        dense_rank() over (partition by product_id order by _precedence) as preference
    from {{ ref('versions_products') }}
),

versions as (
    select *
    from ranked_versions
    where preference = 1
),

categories as (
    select
        product_id,
        category_id,
        coalesce(is_primary, false) as is_primary,
        {{ member_since() }} as _from_order,
        _from_position,
        _from_at,
        _to_order,
        _to_position,
        _to_at,
        _is_snapshot,
        _is_ended_by_snapshot,
        _sequence
    from {{ ref('versions_product_categories') }}
),

product_states as (
    {{ history_states('versions', 'product_id', [
        'vendor_id', 'product_name', 'sku', 'price', 'currency', 'status', 'is_active', 'created_at'
    ]) }}
),

product_categories as (
    {{ history_members('categories', 'product_id', ['category_id', 'is_primary']) }}
),

ranked_categories as (
    select
        *,
        row_number() over (
            partition by product_id, _order
            order by
                is_primary desc nulls last,
                {{ in_id_order('category_id') }},
                _member_since desc nulls last,
                _member desc nulls last
        ) as preference
    from product_categories
),

category_states as (
    select *
    from ranked_categories
    where preference = 1
),

moments as (
    select
        product_id,
        _order,
        _at,
        _position,
        _order as _product_order,
        null as _category_order
    from product_states
    union all
    select
        product_id,
        _order,
        _at,
        _position,
        null as _product_order,
        _order as _category_order
    from category_states
),

moments_in_order as (
    select
        product_id,
        _order,
        min(_at) as _at,
        min(_position) as _position,
        max(_product_order) as _product_order,
        max(_category_order) as _category_order
    from moments
    group by product_id, _order
),

pointed as (
    select
        product_id,
        _order,
        _at,
        _position,
        max(_product_order) over (partition by product_id order by _order) as _product_order,
        max(_category_order) over (partition by product_id order by _order) as _category_order
    from moments_in_order
),

states as (
    select
        pointed.product_id,
        pointed._order,
        pointed._at,
        pointed._position,
        coalesce(product_states._is_there, false) as _is_there,
        coalesce(pointed._product_order = pointed._order and product_states._is_snapshot, false)
        or coalesce(
            pointed._category_order = pointed._order and category_states._is_snapshot = 1, false
        ) as _is_snapshot,
        product_states.created_at,
        product_states.vendor_id,
        category_states.category_id,
        product_states.product_name,
        product_states.sku,
        product_states.price,
        product_states.currency,
        product_states.status,
        product_states.is_active
    from pointed
    left join product_states
        on
            pointed.product_id = product_states.product_id
            and pointed._product_order = product_states._order
    left join category_states
        on
            pointed.product_id = category_states.product_id
            and pointed._category_order = category_states._order
),

{{ history_spans('states', 'product_id', [
    'vendor_id', 'category_id', 'product_name', 'sku', 'price', 'currency', 'status', 'is_active'
]) }},

dim_products_history as (
    select
        product_id,
        {{ history_columns() }},
        vendor_id,
        category_id,
        product_name,
        sku,
        price,
        currency,
        status,
        is_active
    from spans
    where _is_there
)

select * from dim_products_history
