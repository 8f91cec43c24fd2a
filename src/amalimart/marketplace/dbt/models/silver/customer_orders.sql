-- The place of each order in the sequence of its customer's orders, of any status. Documented filters: test
-- orders and orders without a customer have none. Orders of one moment are counted in the order of their ids.
-- grain: one row per order of a known customer
-- owner: customer data
-- personal data: none
-- kind: change-driven
with orders as (
    select
        order_id,
        customer_id,
        ordered_at
    from {{ ref('orders') }}
    where not is_test and customer_id is not null
),

customer_orders as (
    select
        order_id,
        customer_id,
        row_number() over (
            partition by customer_id
            order by ordered_at nulls last, {{ in_id_order('order_id') }}
        ) as customer_order_number
    from orders
)

select * from customer_orders
