-- tags, part 2 of shop: generated from the source mapping.
-- grain: one row per tag_id (rejected duplicates aside)
-- owner: data platform
-- personal data: none
-- kind: change-driven
with source_rows as (
    select
        "id" as "from id",
        {{ trimmed('"label"') }} as "from label",
        _op,
        _batch,
        _sequence,
        _unchanged
    from {{ ref('rows_shop__orders_archive') }}
),

typed as (
    select
        *,
        'gh:' || {{ as_text('"from id"') }} as tag_id,
        {{ as_text('"from label"') }} as tag_name,
        cast(null as {{ moment_type() }}) as created_at,
        cast(null as {{ moment_type() }}) as updated_at
    from source_rows
),

part_tags__shop__2 as (
    select
        typed.tag_id,
        typed.tag_name,
        typed.created_at,
        typed.updated_at,
        case
            when typed._op = 'duplicate' then 'another row of the same batch has the same key'
            when typed."from id" is null then 'tag_id is missing'
            when typed.tag_id is null then 'tag_id is unreadable'
        end as _rejected,
        cast(null as {{ text_type() }}) as _repairs,
        'shop' as _source,
        2 as _part,
        typed._batch,
        typed._sequence
    from typed
)

select * from part_tags__shop__2
