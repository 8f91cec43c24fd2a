-- What each seller was, from when to when: one version for each change of a tracked attribute. A version that
-- a snapshot brought and that is the first of its vendor counts from the day it joined on; known_from says
-- when it was seen. Place: the vendor's own only. Every row that the source maps as a vendor is here, those
-- that dim_vendors does not count as sellers too.
-- grain: one row per vendor and version
-- owner: vendor data
-- personal data: none
-- kind: change-driven
with ranked_versions as (
    select
        vendor_id,
        coalesce(vendor_name, 'unknown') as vendor_name,
        status,
        coalesce(city, 'unknown') as city,
        coalesce(region, 'unknown') as region,
        coalesce(country, 'unknown') as country,
        commission_rate,
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
        dense_rank() over (partition by vendor_id order by _precedence) as preference
    from {{ ref('versions_vendors') }}
),

versions as (
    select *
    from ranked_versions
    where preference = 1
),

states as (
    {{ history_states('versions', 'vendor_id', [
        'vendor_name', 'status', 'city', 'region', 'country', 'commission_rate', 'created_at'
    ]) }}
),

{{ history_spans('states', 'vendor_id', [
    'vendor_name', 'status', 'city', 'region', 'country', 'commission_rate'
]) }},

dim_vendors_history as (
    select
        vendor_id,
        {{ history_columns() }},
        vendor_name,
        status,
        city,
        region,
        country,
        commission_rate
    from spans
    where _is_there
)

select * from dim_vendors_history
