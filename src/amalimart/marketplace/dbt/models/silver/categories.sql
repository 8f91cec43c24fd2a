-- The category tree. A file drop may write a whole-number parent id as 7.0; where only category 7 exists,
-- that is the parent meant.
-- grain: one row per category
-- owner: catalogue data
-- personal data: none
-- kind: change-driven
with stg_categories as (
    select
        category_id,
        category_name,
        parent_category_id,
        {{ without_point('parent_category_id') }} as whole_parent_id
    from {{ ref('stg_categories') }}
    where _rejected is null
),

categories as (
    select
        stg_categories.category_id,
        stg_categories.category_name,
        coalesce(
            parents.category_id, whole_parents.category_id, stg_categories.parent_category_id
        ) as parent_category_id
    from stg_categories
    left join stg_categories as parents on stg_categories.parent_category_id = parents.category_id
    left join stg_categories as whole_parents on stg_categories.whole_parent_id = whole_parents.category_id
)

select * from categories
