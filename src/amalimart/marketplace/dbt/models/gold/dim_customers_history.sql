-- What each account was, from when to when: one version for each change of a tracked attribute. Place: that
-- of the address that dim_customers would have shown. A version that a snapshot brought and that is the
-- first of its account counts from the account's registration on; known_from says when it was seen.
-- Names, gender, birth date, e-mail and phone are not kept in history.
-- grain: one row per account and version
-- owner: customer data
-- personal data: none
-- kind: change-driven
with ranked_versions as (
    select
        user_id,
        role,
        customer_kind,
        auth_provider,
        coalesce(is_verified, false) as is_verified,
        coalesce(is_enabled, false) as is_enabled,
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
        dense_rank() over (partition by user_id order by _precedence) as preference
    from {{ ref('versions_users') }}
),

versions as (
    select *
    from ranked_versions
    where preference = 1
),

addresses as (
    select
        user_id,
        address_id,
        coalesce(city, 'unknown') as city,
        coalesce(region, 'unknown') as region,
        coalesce(country, 'unknown') as country,
        coalesce(is_default, false) as is_default,
        created_at,
        {{ member_since() }} as _from_order,
        _from_position,
        _from_at,
        _to_order,
        _to_position,
        _to_at,
        _is_snapshot,
        _is_ended_by_snapshot,
        _sequence
    from {{ ref('versions_addresses') }}
    where user_id is not null
),

user_states as (
    {{ history_states('versions', 'user_id', [
        'role', 'customer_kind', 'auth_provider', 'is_verified', 'is_enabled', 'created_at'
    ]) }}
),

user_addresses as (
    {{ history_members('addresses', 'user_id', [
        'address_id', 'city', 'region', 'country', 'is_default', 'created_at'
    ]) }}
),

ranked_addresses as (
    select
        *,
        row_number() over (
            partition by user_id, _order
            order by
                is_default desc nulls last,
                created_at desc nulls last,
                {{ in_id_order('address_id', 'desc') }},
                _member_since desc nulls last,
                _member desc nulls last
        ) as preference
    from user_addresses
),

address_states as (
    select *
    from ranked_addresses
    where preference = 1
),

moments as (
    select
        user_id,
        _order,
        _at,
        _position,
        _order as _user_order,
        null as _address_order
    from user_states
    union all
    select
        user_id,
        _order,
        _at,
        _position,
        null as _user_order,
        _order as _address_order
    from address_states
),

moments_in_order as (
    select
        user_id,
        _order,
        min(_at) as _at,
        min(_position) as _position,
        max(_user_order) as _user_order,
        max(_address_order) as _address_order
    from moments
    group by user_id, _order
),

pointed as (
    select
        user_id,
        _order,
        _at,
        _position,
        max(_user_order) over (partition by user_id order by _order) as _user_order,
        max(_address_order) over (partition by user_id order by _order) as _address_order
    from moments_in_order
),

states as (
    select
        pointed.user_id as customer_id,
        pointed._order,
        pointed._at,
        pointed._position,
        coalesce(user_states._is_there, false) as _is_there,
        coalesce(pointed._user_order = pointed._order and user_states._is_snapshot, false)
        or coalesce(
            pointed._address_order = pointed._order and address_states._is_snapshot = 1, false
        ) as _is_snapshot,
        user_states.created_at,
        user_states.role,
        user_states.customer_kind,
        user_states.auth_provider,
        user_states.is_verified,
        user_states.is_enabled,
        coalesce(address_states.city, 'unknown') as city,
        coalesce(address_states.region, 'unknown') as region,
        coalesce(address_states.country, 'unknown') as country
    from pointed
    left join user_states
        on pointed.user_id = user_states.user_id and pointed._user_order = user_states._order
    left join address_states
        on pointed.user_id = address_states.user_id and pointed._address_order = address_states._order
),

{{ history_spans('states', 'customer_id', [
    'role', 'customer_kind', 'auth_provider', 'is_verified', 'is_enabled', 'city', 'region', 'country'
]) }},

dim_customers_history as (
    select
        customer_id,
        {{ history_columns() }},
        role,
        customer_kind,
        auth_provider,
        is_verified,
        is_enabled,
        city,
        region,
        country
    from spans
    where _is_there
)

select * from dim_customers_history
