-- Every change of an order's status, in sequence, with the hours until the next. The status before is what
-- the source recorded, else the one that the change before led to. Changes of one moment stand in the order
-- of their ids. Documented filter: a change that names no order belongs to no timeline; one of an unknown
-- order stays.
-- grain: one row per change of status
-- owner: logistics data
-- personal data: none
-- kind: change-driven
with stg_order_status_history as (
    select
        status_change_id,
        order_id,
        previous_status,
        new_status,
        changed_by,
        created_at
    from {{ ref('stg_order_status_history') }}
    where _rejected is null and order_id is not null
),

orders as (
    select
        order_id,
        is_test
    from {{ ref('orders') }}
),

sequenced as (
    select
        status_change_id,
        order_id,
        previous_status,
        new_status,
        changed_by,
        created_at,
        row_number() over (
            partition by order_id
            order by created_at nulls last, {{ in_id_order('status_change_id') }}
        ) as change_number,
        lag(new_status) over (
            partition by order_id
            order by created_at nulls last, {{ in_id_order('status_change_id') }}
        ) as status_before,
        lead(created_at) over (
            partition by order_id
            order by created_at nulls last, {{ in_id_order('status_change_id') }}
        ) as left_at
    from stg_order_status_history
),

order_timeline as (
    select
        sequenced.status_change_id,
        sequenced.order_id,
        sequenced.change_number,
        sequenced.created_at as changed_at,
        {{ day_of('sequenced.created_at') }} as changed_date,
        coalesce(nullif(sequenced.previous_status, 'UNKNOWN'), sequenced.status_before) as previous_status,
        sequenced.new_status as status,
        sequenced.changed_by,
        sequenced.left_at,
        {{ hours_between('sequenced.created_at', 'sequenced.left_at') }} as hours_in_status,
        sequenced.left_at is null as is_latest,
        coalesce(orders.is_test, false) as is_test
    from sequenced
    left join orders on sequenced.order_id = orders.order_id
)

select * from order_timeline
