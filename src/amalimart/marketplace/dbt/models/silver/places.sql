-- City names that mean one region: the city -> region table of the mapping, by name.
-- A name that occurs in several regions says nothing about the region and is left out.
-- grain: one row per city name
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

places as (
    select
        {{ place_key('stg_cities.city_name') }} as city_key,
        min(stg_cities.city_name) as city_name,
        min(stg_regions.region_name) as region,
        min(stg_countries.country_name) as country
    from stg_cities
    inner join stg_regions on stg_cities.region_id = stg_regions.region_id
    left join stg_countries on stg_regions.country_id = stg_countries.country_id
    group by {{ place_key('stg_cities.city_name') }}
    having count(distinct stg_regions.region_id) = 1
)

select * from places
