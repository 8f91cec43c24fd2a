-- Every place that the city table lists or a parcel went to, by the names that facts carry. A name spelled in
-- two ways is two places; what is not known of a place is 'unknown'.
-- grain: one row per country, region and city
-- owner: logistics data
-- personal data: none
-- kind: change-driven
with stg_cities as (
    select
        city_name,
        region_id
    from {{ ref('stg_cities') }}
    where _rejected is null
),

stg_regions as (
    select
        region_id,
        region_name,
        country_id
    from {{ ref('stg_regions') }}
    where _rejected is null
),

stg_countries as (
    select
        country_id,
        country_name
    from {{ ref('stg_countries') }}
    where _rejected is null
),

shipping_performance as (
    select
        city,
        region,
        country
    from {{ ref('shipping_performance') }}
),

places as (
    select
        stg_cities.city_name as city,
        coalesce(stg_regions.region_name, 'unknown') as region,
        coalesce(stg_countries.country_name, 'unknown') as country,
        true as is_listed
    from stg_cities
    left join stg_regions on stg_cities.region_id = stg_regions.region_id
    left join stg_countries on stg_regions.country_id = stg_countries.country_id
    union all
    select
        city,
        region,
        country,
        false as is_listed
    from shipping_performance
),

dim_geography as (
    select
        country || ' / ' || region || ' / ' || city as place_id,
        city,
        region,
        country,
        bool_or(is_listed) as is_listed
    from places
    group by city, region, country
)

select * from dim_geography
