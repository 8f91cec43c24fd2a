-- Every accepted account, product, category and delivery partner is in its dimension, once. Vendors may only
-- lose rows by their documented filter, and none that owns a product.
with counted as (
    select
        'dim_customers' as dimension,
        (
            select count(*)
            from {{ ref('stg_users') }}
            where _rejected is null
        ) as accepted_rows,
        (select count(*) from {{ ref('dim_customers') }}) as published_rows
    union all
    select
        'dim_products' as dimension,
        (
            select count(*)
            from {{ ref('stg_products') }}
            where _rejected is null
        ) as accepted_rows,
        (select count(*) from {{ ref('dim_products') }}) as published_rows
    union all
    select
        'dim_categories' as dimension,
        (
            select count(*)
            from {{ ref('stg_categories') }}
            where _rejected is null
        ) as accepted_rows,
        (select count(*) from {{ ref('dim_categories') }}) as published_rows
    union all
    select
        'dim_delivery_partners' as dimension,
        (
            select count(*)
            from {{ ref('stg_delivery_partners') }}
            where _rejected is null
        ) as accepted_rows,
        (select count(*) from {{ ref('dim_delivery_partners') }}) as published_rows
    union all
    select
        'dim_vendors that own a product' as dimension,
        (
            select count(*)
            from {{ ref('stg_vendors') }}
            where
                _rejected is null
                and vendor_id in (
                    select vendor_id
                    from {{ ref('stg_products') }}
                    where _rejected is null
                )
        ) as accepted_rows,
        (
            select count(*)
            from {{ ref('dim_vendors') }}
            where vendor_id in (
                select vendor_id
                from {{ ref('stg_products') }}
                where _rejected is null
            )
        ) as published_rows
)

select
    dimension,
    accepted_rows,
    published_rows
from counted
where accepted_rows <> published_rows
