-- Every category with the top of its branch. A category below an unknown parent is its branch's top as far
-- as we can see; a category whose parents form a circle has no top and is 'unknown'.
-- grain: one row per category
-- owner: catalogue data
-- personal data: none
-- kind: change-driven
with recursive categories as (
    select
        category_id,
        category_name,
        parent_category_id
    from {{ ref('categories') }}
),

ancestors as (
    select
        category_id,
        category_id as ancestor_id
    from categories
    union distinct
    select
        ancestors.category_id,
        parents.category_id as ancestor_id
    from ancestors
    inner join categories as children on ancestors.ancestor_id = children.category_id
    inner join categories as parents on children.parent_category_id = parents.category_id
),

tops as (
    select
        categories.category_id as top_category_id,
        categories.category_name as top_category_name
    from categories
    left join categories as parents on categories.parent_category_id = parents.category_id
    where parents.category_id is null
),

branches as (
    select
        ancestors.category_id,
        tops.top_category_id,
        tops.top_category_name
    from ancestors
    inner join tops on ancestors.ancestor_id = tops.top_category_id
),

dim_categories as (
    select
        categories.category_id,
        coalesce(categories.category_name, 'unknown') as category_name,
        categories.parent_category_id,
        branches.top_category_id,
        coalesce(branches.top_category_name, 'unknown') as top_category_name
    from categories
    left join branches on categories.category_id = branches.category_id
)

select * from dim_categories
