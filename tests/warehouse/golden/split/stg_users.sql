-- users: generated from the source mapping.
-- grain: one row per user_id (rejected duplicates aside)
-- owner: data platform
-- personal data: birth_date, email, full_name, gender, phone
-- kind: change-driven
with source_rows as not materialized (
    select
        nullif(trim("buyer_mail", e' \t\n\r' || chr(160)), '') as "from buyer_mail",
        nullif(trim("buyer_name", e' \t\n\r' || chr(160)), '') as "from buyer_name",
        nullif(trim("state", e' \t\n\r' || chr(160)), '') as "from state",
        nullif(trim("placed", e' \t\n\r' || chr(160)), '') as "from placed",
        _op,
        _batch,
        _sequence,
        _unchanged
    from {{ ref('rows_shop__orders') }}
),

kept_rows as not materialized (
    select
        source_rows.*,
        nullif(trim(cast(try(LOWER("from buyer_mail")) as varchar), e' \t\n\r' || chr(160)), '') as "sql for user_id"
    from source_rows
    where coalesce(try(cast(NOT "from buyer_mail" IS NULL AND "from state" <> 'draft' as boolean)), false)
),

typed as not materialized (
    select
        *,
        cast("sql for user_id" as varchar) as user_id,
        cast("from buyer_mail" as varchar) as email,
        cast(null as varchar) as phone,
        cast("from buyer_name" as varchar) as full_name,
        cast('UNKNOWN' as varchar) as gender,
        cast(null as date) as birth_date,
        cast('UNKNOWN' as varchar) as role,
        cast('UNKNOWN' as varchar) as customer_kind,
        cast('UNKNOWN' as varchar) as auth_provider,
        cast(null as boolean) as is_verified,
        cast(null as boolean) as is_enabled,
        cast(null as timestamp) as created_at,
        cast(null as timestamp) as updated_at
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
            order by try_cast(typed."from placed" as decimal(38, 9)) desc nulls last, try_cast(typed."from placed" as timestamp) desc nulls last, typed."from placed" desc nulls last, typed._batch desc, typed._sequence desc
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
        cast(null as varchar) as _repairs,
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
