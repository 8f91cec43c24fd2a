"""The mark of order lines in tables that a test fills itself: one line of each order and product has it.

Products that are unknown count as one, as in gold.
"""

from __future__ import annotations

MARK_LINES = """
update gold.fact_order_items as marked set is_first_of_product = numbered.is_first
from (
    select
        i.order_item_id,
        i.order_id is not null and row_number() over (
            partition by i.order_id, coalesce(p.product_id, 'unknown') order by i.order_item_id
        ) = 1 as is_first
    from gold.fact_order_items as i left join gold.dim_products as p on i.product_id = p.product_id
) as numbered
where marked.order_item_id = numbered.order_item_id;
"""
