-- tags: the rows of its 3 parts.
-- grain: one row per tag_id (rejected duplicates aside)
-- owner: data platform
-- personal data: none
-- kind: change-driven
with parts as (
    select
        tag_id,
        tag_name,
        created_at,
        updated_at,
        _rejected,
        _repairs,
        _source,
        _part,
        _batch,
        _sequence,
        1 as _precedence
    from {{ ref('part_tags__shop__1') }}

    union all

    select
        tag_id,
        tag_name,
        created_at,
        updated_at,
        _rejected,
        _repairs,
        _source,
        _part,
        _batch,
        _sequence,
        2 as _precedence
    from {{ ref('part_tags__shop__2') }}

    union all

    select
        tag_id,
        tag_name,
        created_at,
        updated_at,
        _rejected,
        _repairs,
        _source,
        _part,
        _batch,
        _sequence,
        1000000000 as _precedence
    from {{ ref('part_tags__shop__3') }}
),

claimed as (
    select
        tag_id,
        min(_precedence) as _first
    from parts
    where
        tag_id is not null
    group by 1
),

stg_tags as (
    select
        parts.tag_id,
        parts.tag_name,
        parts.created_at,
        parts.updated_at,
        parts._rejected,
        parts._repairs,
        parts._source,
        parts._part,
        parts._batch,
        parts._sequence
    from parts
    left join claimed on parts.tag_id = claimed.tag_id
    where
        claimed._first is null
        or parts._precedence = claimed._first
)

select * from stg_tags
