-- A smell of the source: lines whose stored total is not quantity x unit price. The stored total is reported
-- here and used nowhere else.
{{ config(
    severity='warn',
    meta={'compared_by': {'fact_order_items': 'order_item_id'}}
) }}

select
    order_item_id,
    order_id,
    item_amount,
    line_total,
    line_total - item_amount as difference
from {{ ref('fact_order_items') }}
where line_total <> item_amount
