-- users: generated from the source mapping.
-- grain: one row per user_id (rejected duplicates aside)
-- owner: data platform
-- personal data: birth_date, email, full_name, gender, phone
-- kind: change-driven
with source_rows as {{ inlined() }}(
    select
        {{ trimmed('"buyer_mail"') }} as "from buyer_mail",
        {{ trimmed('"buyer_name"') }} as "from buyer_name",
        {{ trimmed('"state"') }} as "from state",
        {{ trimmed('"placed"') }} as "from placed",
        _op,
        _batch,
        _sequence,
        _unchanged
    from {{ ref('rows_shop__orders') }}
),

kept_rows as {{ inlined() }}(
    select
        source_rows.*,
        {{ trimmed(as_text(formula('LOWER("from buyer_mail")'))) }} as "sql for user_id"
    from source_rows
    where coalesce({{ formula('cast(NOT "from buyer_mail" IS NULL AND "from state" <> \'draft\' as boolean)') }}, false)
),

typed as {{ inlined() }}(
    select
        *,
        {{ as_text('"sql for user_id"') }} as user_id,
        {{ as_text('"from buyer_mail"') }} as email,
        cast(null as {{ text_type() }}) as phone,
        {{ as_text('"from buyer_name"') }} as full_name,
        cast('UNKNOWN' as {{ text_type() }}) as gender,
        cast(null as date) as birth_date,
        cast('UNKNOWN' as {{ text_type() }}) as role,
        cast('UNKNOWN' as {{ text_type() }}) as customer_kind,
        cast('UNKNOWN' as {{ text_type() }}) as auth_provider,
        cast(null as boolean) as is_verified,
        cast(null as boolean) as is_enabled,
        cast(null as {{ moment_type() }}) as created_at,
        cast(null as {{ moment_type() }}) as updated_at
    from kept_rows
),

doubled as (
    select
        typed.user_id
    from typed
    where
        typed._op <> 'duplicate'
        and typed.user_id is not null
    group by 1
    having count(*) > 1
),

ranked as (
    select
        typed._batch,
        typed._sequence,
        row_number() over (
            partition by typed.user_id
            order by {{ text_to_order_as_number('typed."from placed"') }} desc nulls last, {{ text_to_order_as_moment('typed."from placed"') }} desc nulls last, typed."from placed" desc nulls last, typed._batch desc, typed._sequence desc
        ) as _rank
    from typed
    inner join doubled on typed.user_id = doubled.user_id
    where typed._op <> 'duplicate'
),

passed_over as (
    select
        _batch,
        _sequence
    from ranked
    where _rank > 1
),

stg_users as (
    select
        typed.user_id,
        typed.email,
        typed.phone,
        typed.full_name,
        typed.gender,
        typed.birth_date,
        typed.role,
        typed.customer_kind,
        typed.auth_provider,
        typed.is_verified,
        typed.is_enabled,
        typed.created_at,
        typed.updated_at,
        case
            when typed._op = 'duplicate' then 'another row of the same batch has the same key'
            when typed."sql for user_id" is null then 'user_id is missing'
            when typed.user_id is null then 'user_id is unreadable'
        end as _rejected,
        cast(null as {{ text_type() }}) as _repairs,
        'shop' as _source,
        1 as _part,
        typed._batch,
        typed._sequence
    from typed
    left join passed_over
        on typed._batch = passed_over._batch and typed._sequence = passed_over._sequence
    where passed_over._batch is null
)

select * from stg_users
